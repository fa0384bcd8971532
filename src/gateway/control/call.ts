import { parseJson } from "../../json.ts"
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
import { readBody } from "../../read-body.ts"
import type { Runtime } from "../../runtime.ts"
import type { Secret } from "../../secret.ts"
import { CONTROL_PATHS, type ControlOperation } from "./operation.ts"

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
  readonly version: string
  readonly endpointOverride?: string | undefined
}

export interface ControlQuestion {
  readonly operation: ControlOperation
  readonly parameters: Readonly<Record<string, string>>
  readonly signal?: AbortSignal | undefined
}

/** `host` is the name to remember. */
export type ControlAnswer =
  | { readonly body: unknown; readonly host: string }
  | { readonly failure: KiroFailure }

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
    plane: "control",
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
    if ("body" in answer || !belongsElsewhere(answer.failure)) return answer
    last = answer.failure
  }
  return { failure: last }
}

function isRefusedToken(answer: ControlAnswer): boolean {
  return "failure" in answer && answer.failure.kind === "bearer-rejected"
}

function belongsElsewhere({ kind }: KiroFailure): boolean {
  return kind === "unreachable" || kind === "unknown-operation" || kind === "bearer-rejected"
}

interface Attempt {
  readonly host: KiroHost
  readonly access: ControlAccess
  readonly question: ControlQuestion
}

async function send(
  { runtime, version }: ControlClient,
  { host, access, question }: Attempt,
): Promise<ControlAnswer> {
  const { method, path } = CONTROL_PATHS[question.operation][kindOf(host)]
  const query = method === "GET" ? `?${new URLSearchParams(question.parameters).toString()}` : ""
  const limit = new AbortController()
  const cancel = runtime.clock.deadline(DEADLINE_MS, () => limit.abort(new Error("no answer in time")))
  try {
    const response = await runtime.fetch(`${host.baseUrl}${path}${query}`, {
      method,
      headers: {
        ...authorizationHeaders({ ...access, version }),
        ...hostHeaders(host),
        accept: "application/json",
        ...(method === "POST" && { "content-type": "application/json" }),
      },
      ...(method === "POST" && { body: JSON.stringify(question.parameters) }),
      // A redirect would carry the token to a host that nobody chose.
      redirect: "error",
      signal: question.signal === undefined ? limit.signal : AbortSignal.any([limit.signal, question.signal]),
    })
    return judge(response, await readBody(response), host)
  } catch (error) {
    question.signal?.throwIfAborted()
    return { failure: limit.signal.aborted ? TOO_LATE : networkFailure(error) }
  } finally {
    cancel()
  }
}

const TOO_LATE: KiroFailure = { kind: "timeout", status: 0, message: "no answer in time" }

function judge(response: Response, text: string, host: KiroHost): ControlAnswer {
  if (!response.ok)
    return { failure: readKiroFailure({ status: response.status, headers: response.headers, body: text }) }
  const body = parseJson(text)
  if (body === undefined) return { failure: networkFailure(new Error("the answer is not JSON")) }
  return { body, host: host.name }
}

function kindOf(host: KiroHost): "q" | "management" {
  return host.name.startsWith("management.") ? "management" : "q"
}
