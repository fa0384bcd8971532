import { boolean, choice, integer, type Rule, text, url } from "./rule.ts"
import type { Settings } from "./settings.ts"

export interface Key<Value> {
  readonly rule: Rule<Value>
  readonly description: string
  /**
   * What a project's file, which may be an untrusted repository's, may not do: `set` a value that decides where a
   * credential goes or what is written down, `switch on` what costs money. Absent: it may do anything.
   */
  readonly projectMayNot?: "set" | "switch on"
}

export type SettingName = keyof Settings

type Keys = { readonly [Name in SettingName]-?: Key<Exclude<Settings[Name], undefined>> }

/** A name of this shape can be put into a host name as it is. */
const REGION = text({
  allowed: "an AWS region such as us-east-1",
  pattern: /^[a-z]{2}(?:-[a-z]{2,})+-[0-9]{1,2}$/,
})

const PROFILE_ARN = text({
  allowed: "a profile ARN (arn:aws:codewhisperer:<region>:<account>:profile/<id>)",
  pattern: /^arn:aws[a-z-]*:codewhisperer:[a-z0-9-]+:[0-9]{12}:profile\/[A-Za-z0-9._-]+$/,
})

/** Every key of kiro.json that means something; its name there is the snake_case of the one here. */
export const KEYS: Keys = {
  autoSyncKiroCli: {
    rule: boolean,
    description: "Import, re-read and keep in step the login of kiro-cli.",
  },
  accountSelectionStrategy: {
    rule: choice(["sticky", "round-robin", "lowest-usage"]),
    description: "Which account a new conversation is given.",
  },
  defaultRegion: {
    rule: REGION,
    projectMayNot: "set",
    description: "Login region where none is given; the service region is derived from it.",
  },
  idcStartUrl: {
    rule: url({ loopback: false }),
    projectMayNot: "set",
    description: "Start URL of your company's IAM Identity Center.",
  },
  idcRegion: { rule: REGION, projectMayNot: "set", description: "Login region of your IAM Identity Center." },
  idcProfileArn: { rule: PROFILE_ARN, projectMayNot: "set", description: "Profile that a new login uses." },
  rateLimitRetryDelayMs: {
    rule: integer({ minimum: 1000, maximum: 60_000 }),
    description: "First wait or cool-down, in ms, when the service names none. It doubles, jittered.",
  },
  rateLimitMaxRetries: {
    rule: integer({ minimum: 0, maximum: 10 }),
    description: "Most waits inside one request.",
  },
  maxRequestIterations: {
    rule: integer({ minimum: 10, maximum: 1000, acceptedFrom: 5 }),
    description: "Most HTTP sends for one request.",
  },
  requestTimeoutMs: {
    rule: integer({ minimum: 60_000, maximum: 600_000, acceptedFrom: 30_000 }),
    description:
      "Longest silence, in ms, before and between the parts of an answer; no limit on a whole answer.",
  },
  tokenExpiryBufferMs: {
    rule: integer({ minimum: 30_000, maximum: 300_000 }),
    description: "How long before its expiry, in ms, a token is refreshed in the background.",
  },
  usageSyncMaxRetries: {
    rule: integer({ minimum: 0, maximum: 5 }),
    description: "Repeats of a failed usage call, in the background.",
  },
  usageTrackingEnabled: {
    rule: boolean,
    description: "Ask Kiro for the used credits now and then, and show quota toasts.",
  },
  useOverage: {
    rule: boolean,
    projectMayNot: "switch on",
    description: "Use accounts with overage enabled beyond their limit, after all others. It costs money.",
  },
  enableLogApiRequest: {
    rule: boolean,
    description: "Write requests and answers to the log, redacted and without prompts.",
  },
  logPrompts: {
    rule: boolean,
    projectMayNot: "set",
    description: "Together with enable_log_api_request: the log also holds your prompts and the answers.",
  },
  logLevel: {
    rule: choice(["debug", "info", "warn", "error"]),
    description: "The least important line that is written to the log.",
  },
  toasts: { rule: boolean, description: "Show notices as toasts." },
  endpointOverride: {
    rule: url({ loopback: true }),
    projectMayNot: "set",
    description: "One base URL that stands for every Kiro and AWS host, for tests and demonstrations.",
  },
}

/** Keys of older plugins that mean nothing here: taken without a word. */
export const IGNORED_KEYS: ReadonlySet<string> = new Set([
  "$schema",
  "auth_server_port_start",
  "auth_server_port_range",
  "usage_sync_cooldown_ms",
  "effort",
  "auto_effort_mapping",
  "web_search_enabled",
  "image_carry_forward",
  "max_payload_bytes",
  "sdk_endpoint_mode",
])

export const SETTING_NAMES: readonly SettingName[] = Object.keys(KEYS).filter(isSettingName)

/** `idcStartUrl` → `idc_start_url`. */
export function keyOf(name: SettingName): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}

function isSettingName(name: string): name is SettingName {
  return Object.hasOwn(KEYS, name)
}
