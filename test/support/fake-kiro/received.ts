import type { IncomingMessage, ServerResponse } from "node:http"
import { parseJson } from "../../../src/json.ts"
import type { FakeAccount } from "./account.ts"
import { operationOf, type Operation } from "./operation.ts"

/** A request as the fake saw it. */
export interface ReceivedRequest {
  /** `undefined`: the service knows no such path or target. */
  readonly operation: Operation | undefined
  readonly method: string
  /** The host that the client meant: `x-kiro-original-host` where an override stands for all hosts. */
  readonly host: string
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: Readonly<Record<string, string>>
  readonly text: string
  /** The parsed JSON or form, `undefined` where the text is neither. */
  readonly body: unknown
  /** Whose token it carried, once that is known. */
  account?: FakeAccount
  /** The status that the answer began with; `undefined` where the connection was cut before. */
  status?: number
  /** How it ended: `answered` when the whole answer left, `aborted` when the client hung up before. */
  readonly ended: Promise<"answered" | "aborted">
}

/** `undefined` where the client hung up before its request was whole. */
export async function receive(
  request: IncomingMessage,
  response: ServerResponse,
): Promise<ReceivedRequest | undefined> {
  const ended = new Promise<"answered" | "aborted">((resolve) => {
    response.once("close", () => resolve(response.writableFinished ? "answered" : "aborted"))
  })
  const text = await readText(request)
  if (text === undefined) return undefined
  const url = new URL(request.url ?? "/", "http://fake")
  const headers = flatHeaders(request)
  const host = headers["x-kiro-original-host"] ?? headers["host"] ?? ""
  const method = request.method ?? "GET"
  const route = { method, host, path: url.pathname, target: headers["x-amz-target"] }
  return {
    operation: operationOf(route),
    method,
    host,
    path: url.pathname,
    query: url.searchParams,
    headers,
    text,
    body: parseBody(text, headers["content-type"] ?? ""),
    ended,
  }
}

function readText(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = []
  return new Promise((resolve) => {
    request.on("data", (chunk: Buffer) => chunks.push(chunk))
    request.once("end", () => resolve(Buffer.concat(chunks).toString("utf8")))
    request.once("error", () => resolve(undefined))
    request.once("close", () => resolve(undefined))
  })
}

function flatHeaders(request: IncomingMessage): Record<string, string> {
  const entries = Object.entries(request.headers).map(([name, value]) => [name, String(value)] as const)
  return Object.fromEntries(entries)
}

function parseBody(text: string, contentType: string): unknown {
  if (contentType.includes("x-www-form-urlencoded")) return Object.fromEntries(new URLSearchParams(text))
  return parseJson(text)
}
