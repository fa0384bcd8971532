import { derivedLoginId, type SourceStore } from "../accounts/index.ts"
import { Secret } from "../secret.ts"
import type { Place } from "../settings/index.ts"

const API_KEY_VARIABLE = "KIRO_API_KEY"

/** The API key of the environment: an account of its own, never refreshed and never written anywhere. */
export function openEnvironmentSource(env: Place["env"]): SourceStore {
  const text = env[API_KEY_VARIABLE]?.trim() ?? ""
  const key = text === "" ? undefined : new Secret(text)
  return {
    source: "environment",
    owns: (login) =>
      login.source === "environment" &&
      login.kind === "api-key" &&
      key !== undefined &&
      login.key.equals(key),
    fingerprint: () => "",
    async read() {
      if (key === undefined) return { logins: [], problems: [] }
      const id = derivedLoginId("environment", API_KEY_VARIABLE, key)
      return {
        logins: [{ login: { kind: "api-key", id, source: "environment", sourceKey: API_KEY_VARIABLE, key } }],
        problems: [],
      }
    },
    async reread() {
      return { state: "gone" }
    },
    async writeBack() {
      return "changed"
    },
  }
}
