import { isObject } from "../json.ts"
import type { KiroFailure } from "./failure.ts"

/** Codes of Node, undici and Bun for a host that never heard us: DNS, connection, TLS. */
const NEVER_HEARD =
  /ENOTFOUND|EAI_|EHOSTUNREACH|EHOSTDOWN|ENETUNREACH|ENETDOWN|CONNECT_TIMEOUT|REFUSED|FailedToOpenSocket|DNS|CERT|SELF_SIGNED|UNABLE_TO_VERIFY|TLS|SSL|EPROTO|ERR_PROXY/i

/** What `fetch`, or reading a body, threw. An abort of the caller is no failure: ask the signal first. */
export function networkFailure(error: unknown): KiroFailure {
  const chain = causes(error)
  const code = chain.map(codeOf).findLast((found) => found !== undefined)
  const message = chain.findLast((link) => link instanceof Error)?.message ?? String(error)
  return {
    kind: NEVER_HEARD.test(code ?? message) || code === "ETIMEDOUT" ? "unreachable" : "network",
    status: 0,
    message: message.trim().slice(0, 300),
    ...(code !== undefined && { reason: code }),
  }
}

function causes(error: unknown): unknown[] {
  const chain: unknown[] = []
  let link = error
  while (link !== undefined && link !== null && chain.length < 8) {
    chain.push(link)
    if (link instanceof AggregateError && link.errors.length > 0) link = link.errors[0]
    else link = link instanceof Error ? link.cause : undefined
  }
  return chain
}

function codeOf(link: unknown): string | undefined {
  const code = isObject(link) ? link["code"] : undefined
  return typeof code === "string" ? code : undefined
}
