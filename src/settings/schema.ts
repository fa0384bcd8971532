import { type ParseError, parse } from "jsonc-parser"
import * as z from "zod/mini"
import { isObject, type JsonObject, present, PROFILE_ARN_SHAPE, REGION_SHAPE, withoutParts } from "../json.ts"

/** What is said of a key beside its schema, whose error message is the allowed range in words. */
interface About {
  readonly description: string
  /**
   * What a project's file, which may be an untrusted repository's, may not do: `set` a value that decides where a
   * credential goes, what is spent or what is written down, `switch on` what does that only when it is on. Absent: it
   * may do anything.
   */
  readonly projectMayNot?: "set" | "switch on"
  /** A part that is wrong is left out, and the others count. */
  readonly inParts?: true
}

export const ABOUT = z.registry<About>()

function key<Schema extends z.ZodMiniType>(schema: Schema, about: About): Schema {
  ABOUT.add(schema, about)
  return schema
}

/** A key without a default. */
function optional<Schema extends z.ZodMiniType>(
  schema: Schema,
  about: About,
): z.ZodMiniExactOptional<Schema> {
  return key(z.exactOptional(schema), about)
}

/** `acceptedFrom`: the lower bound of older versions, taken without a complaint. */
function integer(range: {
  readonly minimum: number
  readonly maximum: number
  readonly acceptedFrom?: number
}): z.ZodMiniInt {
  const { minimum, maximum, acceptedFrom = minimum } = range
  const allowed = `a whole number from ${minimum} to ${maximum}`
  return z.int(allowed).check(z.gte(acceptedFrom, allowed), z.lte(maximum, allowed))
}

function choice<const Choices extends readonly [string, ...string[]]>(choices: Choices) {
  return z.enum(choices, `one of ${choices.join(", ")}`)
}

function text(allowed: string, shape: RegExp) {
  return z.string(allowed).check(z.regex(shape, allowed))
}

const LOOPBACK: ReadonlySet<string> = new Set(["localhost", "127.0.0.1", "[::1]"])

/** An https URL without a user name or password in it; with `loopback` also http on this machine. */
function url({ loopback }: { readonly loopback: boolean }) {
  const allowed = loopback ? "an https URL, or http on localhost" : "an https URL"
  const isAllowed = (address: string): boolean => {
    if (!URL.canParse(address)) return false
    const { protocol, hostname, username, password } = new URL(address)
    if (username !== "" || password !== "") return false
    return protocol === "https:" || (loopback && protocol === "http:" && LOOPBACK.has(hostname))
  }
  return z.url(allowed).check(z.refine(isAllowed, allowed))
}

const boolean = () => z.boolean("true or false")
const words = (allowed: string) => z.string(allowed).check(z.trim(), z.minLength(1, allowed))
const region = () => text("an AWS region such as us-east-1", REGION_SHAPE)

const ACCOUNT_RULE = z.readonly(
  z.strictObject(
    {
      project: optional(words("a folder or a glob"), {
        description: "The folder with all that is in it, or a glob; ~ is your home. Absent: any.",
      }),
      agent: optional(words("an agent's name"), { description: "The agent's name. Absent: any." }),
      model: optional(words("a model's id or a glob"), {
        description: "The model's id or a glob, such as claude-opus-*. Absent: any.",
      }),
      account: key(words("the account's whole id, as `accounts --json` shows it, or its label"), {
        description: "The account's whole id, as `accounts --json` shows it, or its label.",
      }),
      fallback: optional(boolean(), {
        description: "false: rather an error than another account. Absent: another one answers.",
      }),
    },
    "a rule such as { project, agent, model, account, fallback }",
  ),
)

/** Every key of kiro.json that means something. */
export const SCHEMA = z.object({
  auto_sync_kiro_cli: key(boolean(), {
    projectMayNot: "switch on",
    description: "Import, re-read and keep in step the login of kiro-cli.",
  }),
  account_selection_strategy: key(choice(["sticky", "round-robin", "lowest-usage"]), {
    description: "Which account a new conversation is given.",
  }),
  account_rules: key(
    z.readonly(z.array(ACCOUNT_RULE, "a list of rules such as { project, agent, model, account }")),
    {
      projectMayNot: "set",
      description:
        "Which account serves a project (folder or glob), an agent or a model. With fallback: false rather an error than another account.",
    },
  ),
  default_region: key(region(), {
    projectMayNot: "set",
    description: "Login region where none is given, and service region of a login that tells none.",
  }),
  idc_start_url: optional(url({ loopback: false }), {
    projectMayNot: "set",
    description: "Start URL of your company's IAM Identity Center.",
  }),
  idc_region: optional(region(), {
    projectMayNot: "set",
    description: "Login region of your IAM Identity Center.",
  }),
  idc_profile_arn: optional(
    text("a profile ARN (arn:aws:codewhisperer:<region>:<account>:profile/<id>)", PROFILE_ARN_SHAPE),
    { projectMayNot: "set", description: "Profile that a new login uses." },
  ),
  rate_limit_retry_delay_ms: key(integer({ minimum: 1000, maximum: 60_000 }), {
    description: "First wait or cool-down, in ms, when the service names none. It doubles, jittered.",
  }),
  rate_limit_max_retries: key(integer({ minimum: 0, maximum: 10 }), {
    description: "Most waits inside one request.",
  }),
  max_request_iterations: key(integer({ minimum: 10, maximum: 1000, acceptedFrom: 5 }), {
    description: "Most HTTP sends for one request.",
  }),
  request_timeout_ms: key(integer({ minimum: 60_000, maximum: 600_000, acceptedFrom: 30_000 }), {
    description:
      "Longest silence, in ms, before and between the parts of an answer, before the first of a model that thinks 2.5 times as long; no limit on a whole answer.",
  }),
  token_expiry_buffer_ms: key(integer({ minimum: 30_000, maximum: 300_000 }), {
    description: "How long before its expiry, in ms, a token is refreshed in the background.",
  }),
  usage_sync_max_retries: key(integer({ minimum: 0, maximum: 5 }), {
    description: "Repeats of a failed usage call, in the background.",
  }),
  usage_tracking_enabled: key(boolean(), {
    description: "Ask Kiro for the used credits now and then, and show quota toasts.",
  }),
  use_overage: key(boolean(), {
    projectMayNot: "switch on",
    description: "Use accounts with overage enabled beyond their limit, after all others. It costs money.",
  }),
  daily_credit_budget: optional(z.number("a number above 0").check(z.gt(0, "a number above 0")), {
    projectMayNot: "set",
    description:
      "Credits of all accounts for one local day: a notice at 80 %, then new messages are stopped until you lift it for the day.",
  }),
  account_reserve: key(integer({ minimum: 0, maximum: 50 }), {
    projectMayNot: "set",
    description:
      "Per cent of an account's credits that new conversations leave untouched while another account is above its own reserve.",
  }),
  fallback_models: key(
    z.readonly(
      z.record(
        z.string(),
        z.readonly(z.array(words("a model's id"), "a list of model ids")),
        'models and lists of models, such as { "claude-opus-5": ["claude-sonnet-5"] }',
      ),
    ),
    {
      projectMayNot: "set",
      inParts: true,
      description: "Models to ask instead, in this order, while a model stays at capacity.",
    },
  ),
  web_search: key(boolean(), {
    projectMayNot: "switch on",
    description: "Offer web search through Kiro, which is billed in credits.",
  }),
  enable_log_api_request: key(boolean(), {
    projectMayNot: "switch on",
    description: "Write requests and answers to the log, redacted and without prompts.",
  }),
  log_prompts: key(boolean(), {
    projectMayNot: "switch on",
    description: "Together with enable_log_api_request: the log also holds the conversation that is sent.",
  }),
  log_level: key(choice(["debug", "info", "warn", "error"]), {
    projectMayNot: "set",
    description: "The least important line that is written to the log.",
  }),
  toasts: key(boolean(), { description: "Show notices as toasts." }),
  endpoint_override: optional(url({ loopback: true }), {
    projectMayNot: "set",
    description: "One base URL that stands for every Kiro and AWS host, for tests and demonstrations.",
  }),
})

type Values = z.infer<typeof SCHEMA>

type CamelCase<Key extends string> = Key extends `${infer Head}_${infer Tail}`
  ? `${Head}${Capitalize<CamelCase<Tail>>}`
  : Key

/** kiro.json, the project's file and the environment, checked and merged. Durations are ms. */
export type Settings = { readonly [Key in keyof Values as CamelCase<Key>]: Values[Key] }

/** `from`: a file's path, or the environment and the variable in it. */
export type SettingsProblem =
  | { readonly kind: "bad-value"; readonly key: string; readonly allowed: string; readonly from: string }
  | { readonly kind: "not-in-project" | "unknown-key"; readonly key: string; readonly from: string }
  | { readonly kind: "broken-file"; readonly from: string; readonly line: number }
  | { readonly kind: "unreadable-file"; readonly from: string; readonly reason: string }
  | { readonly kind: "broken-meanwhile"; readonly from: string }

export interface LoadedSettings {
  readonly settings: Settings
  readonly problems: readonly SettingsProblem[]
  readonly broken?: SettingsProblem
}

/** Other names of a key. */
export const ALIASES: ReadonlyMap<string, string> = new Map([["web_search_enabled", "web_search"]])

/** Keys of older plugins that mean nothing here: taken without a word. */
const IGNORED_KEYS: ReadonlySet<string> = new Set([
  "$schema",
  "auth_server_port_start",
  "auth_server_port_range",
  "usage_sync_cooldown_ms",
  "effort",
  "auto_effort_mapping",
  "image_carry_forward",
  "max_payload_bytes",
  "sdk_endpoint_mode",
])

/** One place that settings come from. `from`: see `SettingsProblem`. */
export type Layer = { readonly from: string } & (
  | {
      /** A project's file may be an untrusted repository's. */
      readonly kind: "user" | "project"
      readonly file:
        | { readonly state: "text"; readonly text: string }
        | { readonly state: "failed"; readonly message: string }
    }
  /** Its values are texts, and may be no settings. */
  | { readonly kind: "environment"; readonly values: JsonObject }
)

/** The settings that the layers come to, the weakest first. */
export function applyLayers(defaults: Settings, layers: readonly Layer[]): LoadedSettings {
  const problems: SettingsProblem[] = []
  const chosen = layers.flatMap((layer) =>
    Object.entries(valuesOf(layer, problems)).flatMap(([stated, value]): [string, unknown][] => {
      const key = ALIASES.get(stated) ?? stated
      if (!isKey(key)) {
        if (layer.kind !== "environment" && !IGNORED_KEYS.has(stated))
          problems.push({ kind: "unknown-key", key: stated, from: layer.from })
        return []
      }
      const judged = value === null ? undefined : judge({ key, stated, value, layer, problems })
      return judged === undefined ? [] : [[camelCase(key), judged]]
    }),
  )
  // A broken file may have forbidden paid credits, and nothing says otherwise until it is repaired.
  const broken = problems.find(({ kind }) => kind === "broken-file" || kind === "unreadable-file")
  const settings = { ...defaults, ...Object.fromEntries(chosen), ...(broken && { useOverage: false }) }
  return { settings, problems, ...present({ broken }) }
}

/** What a layer holds: of a broken file what can be read. */
function valuesOf(layer: Layer, problems: SettingsProblem[]): JsonObject {
  if (layer.kind === "environment") return layer.values
  const { from, file } = layer
  const text = file.state === "text" ? file.text : ""
  const { value, errors } = parseLenient(text)
  const [first] = errors
  const reason = file.state === "failed" ? `it ${file.message}` : "it is not a JSON object"
  if (!isObject(value)) problems.push({ kind: "unreadable-file", from, reason })
  else if (first !== undefined)
    problems.push({ kind: "broken-file", from, line: text.slice(0, first.offset).split("\n").length })
  return isObject(value) ? value : {}
}

function parseLenient(text: string): { readonly value: unknown; readonly errors: readonly ParseError[] } {
  const errors: ParseError[] = []
  try {
    return { value: parse(text, errors, { allowTrailingComma: true }), errors }
  } catch {
    // Nested deeper than the parser's stack.
    return { value: undefined, errors }
  }
}

/** The value of a key as its schema takes it; else `undefined` and a problem. `stated` is the name it was given by. */
function judge({
  key,
  stated,
  value,
  layer: { kind, from },
  problems,
}: {
  readonly key: keyof Values
  readonly stated: string
  readonly value: unknown
  readonly layer: Layer
  readonly problems: SettingsProblem[]
}): unknown {
  const schema = SCHEMA.shape[key]
  const { projectMayNot, inParts = false } = ABOUT.get(schema) ?? {}
  if (kind === "project" && (projectMayNot === "set" || (projectMayNot === "switch on" && value !== false))) {
    problems.push({ kind: "not-in-project", key: stated, from })
    return undefined
  }
  const readings = kind === "environment" && typeof value === "string" ? readingsOf(value) : [value]
  const judged = readings.map((reading) => z.safeParse(schema, reading))
  const good = judged.find(({ success }) => success)
  if (good?.success === true) return good.data
  // Where a variable stands for an object, that says more exactly what is wrong than its text.
  const read = Math.max(0, readings.findIndex(isObject))
  const issues = judged[read]?.error?.issues ?? []
  const [issue] = issues
  const path = (issue?.path ?? []).map((step) =>
    typeof step === "number" ? `[${step}]` : `.${String(step)}`,
  )
  problems.push({ kind: "bad-value", key: `${stated}${path.join("")}`, allowed: issue?.message ?? "", from })
  if (!inParts) return undefined
  const paths = issues.map((each) => each.path)
  return z.safeParse(schema, withoutParts(readings[read], paths)).data
}

const BOOLEAN_WORDS: ReadonlyMap<string, boolean> = new Map([
  ["true", true],
  ["1", true],
  ["false", false],
  ["0", false],
])

/** The JSON values that the whole text of an environment variable may stand for: of "1,5" a parser takes the 1. */
function readingsOf(text: string): readonly unknown[] {
  const { value, errors } = parseLenient(text)
  return [text, BOOLEAN_WORDS.get(text.toLowerCase()), errors.length === 0 ? value : undefined]
}

function isKey(key: string): key is keyof Values {
  return Object.hasOwn(SCHEMA.shape, key)
}

function camelCase(key: string): string {
  return key.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
}
