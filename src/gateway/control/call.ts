import type { Login } from "../../accounts/index.ts"
import { parseJson, present } from "../../json.ts"
import {
  authorizationHeaders,
  hostHeaders,
  hostsFor,
  type KiroFailure,
  type KiroHost,
  networkFailure,
  readKiroFailure,
  type TokenType,
} from "../../kiro/index.ts"
import { readBody, type Runtime } from "../../runtime.ts"
import type { Secret } from "../../secret.ts"

/** The longest that one look-up may take, in ms, up to the last byte of its answer. */
const DEADLINE_MS = 15_000

export interface ControlAccess {
  readonly accessToken: Secret
  readonly tokenType?: TokenType | undefined
  readonly profileArn?: string | undefined
}

/** Whose question it is, and where it is asked. */
export interface ControlTarget {
  readonly serviceRegion: string
  readonly access: ControlAccess
  /** The host that last worked for the account. */
  readonly rememberedHost?: string | undefined
  /** Asked once, after the token was refused; `undefined` where there is no other. */
  readonly renew?: ((rejected: Secret) => Promise<ControlAccess | undefined>) | undefined
}

export interface ControlClient {
  readonly runtime: Runtime
  readonly endpointOverride?: string | undefined
}

/** An account with a token that works, ready to be asked about. */
interface OpenedAccount {
  /** The login whose token was sent last: after a refusal it may be another one of the account. */
  readonly asked: () => Login
  readonly target: ControlTarget
}

/** `undefined` where the account is gone or none of its logins gives a token now. */
export type OpenAccount = (accountId: string, signal: AbortSignal) => Promise<OpenedAccount | undefined>

export interface ControlQuestion {
  readonly operation: ControlOperation
  readonly parameters: Readonly<Record<string, unknown>>
  readonly signal?: AbortSignal | undefined
}

export interface Unanswered {
  readonly outcome: "failed"
  readonly failure: KiroFailure
}

/** `host` is the name to remember. */
export type ControlAnswer =
  | { readonly outcome: "answer"; readonly body: unknown; readonly host: string }
  | Unanswered

type ControlOperation = "usage" | "models" | "profiles" | "profile" | "search"

/** Asked of the hosts that answer chats. */
const RUNTIME_OPERATIONS: ReadonlySet<ControlOperation> = new Set(["search"])

/**
 * Asks the control plane one question. The other host is asked only where the first was not reached, does not know the
 * operation, or refuses a token that was just renewed; never on throttle, quota, suspension or a client fault. Rejects
 * only with the reason of the caller's signal.
 */
export async function callControl(
  client: ControlClient,
  target: ControlTarget,
  question: ControlQuestion,
): Promise<ControlAnswer> {
  const hosts = hostsFor({
    plane: RUNTIME_OPERATIONS.has(question.operation) ? "runtime" : "control",
    serviceRegion: target.serviceRegion,
    override: client.endpointOverride,
    remembered: target.rememberedHost,
  })
  let { access } = target
  let renewed = false
  let last: KiroFailure = networkFailure(new Error("no host to ask"))
  for (const host of hosts) {
    let answer = await send(client, { host, access, question })
    if (isRefusedToken(answer) && !renewed && target.renew !== undefined) {
      renewed = true
      const next = await target.renew(access.accessToken)
      if (next === undefined) return answer
      access = next
      answer = await send(client, { host, access, question })
    }
    if (answer.outcome === "answer" || !belongsElsewhere(answer.failure)) return answer
    last = answer.failure
  }
  return { outcome: "failed", failure: last }
}

function isRefusedToken(answer: ControlAnswer): boolean {
  return answer.outcome === "failed" && answer.failure.kind === "bearer-rejected"
}

function belongsElsewhere({ kind }: KiroFailure): boolean {
  return kind === "unreachable" || kind === "unknown-operation" || kind === "bearer-rejected"
}

interface Asking {
  readonly host: KiroHost
  readonly access: ControlAccess
  readonly question: ControlQuestion
}

async function send({ runtime }: ControlClient, { host, access, question }: Asking): Promise<ControlAnswer> {
  const { method, path, target } = CONTROL_PATHS[question.operation][kindOf(host)]
  const query = method === "GET" ? `?${queryOf(question.parameters)}` : ""
  const limit = new AbortController()
  const cancel = runtime.clock.deadline(DEADLINE_MS, () => limit.abort(new Error("no answer in time")))
  const signal =
    question.signal === undefined ? limit.signal : AbortSignal.any([limit.signal, question.signal])
  try {
    const response = await runtime.fetch(`${host.baseUrl}${path}${query}`, {
      method,
      headers: {
        ...authorizationHeaders(access),
        ...hostHeaders(host),
        accept: "application/json",
        ...(method === "POST" && { "content-type": "application/json" }),
        ...(target !== undefined && { "content-type": "application/x-amz-json-1.0", "x-amz-target": target }),
        ...(question.operation === "search" && present({ "x-amzn-kiro-profile-arn": access.profileArn })),
      },
      ...(method === "POST" && { body: JSON.stringify(question.parameters) }),
      // A redirect would carry the token to a host that nobody chose.
      redirect: "error",
      signal,
    })
    return judge(response, { text: await readBody(response, signal), host, now: runtime.clock.now() })
  } catch (error) {
    question.signal?.throwIfAborted()
    return { outcome: "failed", failure: limit.signal.aborted ? TOO_LATE : networkFailure(error) }
  } finally {
    cancel()
  }
}

const TOO_LATE: KiroFailure = { kind: "timeout", status: 0, message: "no answer in time" }

function judge(
  { ok, status, headers }: Response,
  { text, host, now }: { readonly text: string; readonly host: KiroHost; readonly now: number },
): ControlAnswer {
  if (!ok) return { outcome: "failed", failure: readKiroFailure({ status, headers, body: text, now }) }
  const body = parseJson(text)
  if (body !== undefined) return { outcome: "answer", body, host: host.name }
  return { outcome: "failed", failure: networkFailure(new Error("the answer is not JSON")) }
}

function queryOf(parameters: ControlQuestion["parameters"]): string {
  return new URLSearchParams(
    Object.entries(parameters).map(([name, value]): [string, string] => [name, String(value)]),
  ).toString()
}

function kindOf(host: KiroHost): "q" | "management" {
  return host.name.startsWith("management.") ? "management" : "q"
}

interface ControlPath {
  readonly method: "GET" | "POST"
  readonly path: string
  /** Of an operation that only the RPC protocol has. */
  readonly target?: string
}

/** The same operations under two spellings: that of `q.*.amazonaws.com` and the hyphenated one of `management.*.kiro.dev`. */
const CONTROL_PATHS: Readonly<Record<ControlOperation, Readonly<Record<"q" | "management", ControlPath>>>> = {
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
  profile: {
    q: { method: "POST", path: "/", target: "AmazonCodeWhispererService.GetProfile" },
    management: { method: "POST", path: "/", target: "KiroControlPlaneBearerService.GetProfile" },
  },
  search: { q: { method: "POST", path: "/mcp" }, management: { method: "POST", path: "/mcp" } },
}
