export type ControlOperation = "usage" | "models" | "profiles"

interface ControlPath {
  readonly method: "GET" | "POST"
  readonly path: string
}

/** The same operations under two spellings: that of `q.*.amazonaws.com` and the hyphenated one of `management.*.kiro.dev`. */
export const CONTROL_PATHS: Readonly<
  Record<ControlOperation, Readonly<Record<"q" | "management", ControlPath>>>
> = {
  usage: {
    q: { method: "GET", path: "/getUsageLimits" },
    management: { method: "GET", path: "/Get-Usage-Limits" },
  },
  models: {
    q: { method: "GET", path: "/ListAvailableModels" },
    management: { method: "GET", path: "/List-Available-Models" },
  },
  profiles: {
    q: { method: "POST", path: "/ListAvailableProfiles" },
    management: { method: "POST", path: "/List-Available-Profiles" },
  },
}
