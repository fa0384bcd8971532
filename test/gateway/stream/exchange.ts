import { once } from "node:events"
import { createServer, type Server, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { batchesOf, openAnswer, type OpenAnswerOptions } from "../../../src/gateway/stream/answer.ts"
import type { KiroFailure } from "../../../src/kiro/index.ts"
import { answerBody, type FailedEnd } from "../../../src/plugin/front.ts"
import type { TurnSummary } from "../../../src/translate/index.ts"
import { openTranslator } from "../../translate/answer/translate.ts"
import { fakeClock, type FakeClock } from "../../support/clock.ts"

/** A server that answers each request by handing its response, headers sent, to the test. */
export async function startUpstream(): Promise<Upstream> {
  const waiting: ((response: ServerResponse) => void)[] = []
  const server = createServer((_request, response) => {
    response.writeHead(200, { "content-type": "application/vnd.amazon.eventstream" })
    response.flushHeaders()
    waiting.shift()?.(response)
  })
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  return new Upstream(server, waiting)
}

export class Upstream {
  readonly #server: Server
  readonly #waiting: ((response: ServerResponse) => void)[]

  constructor(server: Server, waiting: ((response: ServerResponse) => void)[]) {
    this.#server = server
    this.#waiting = waiting
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** The response of the next request. Ask before the request is made. */
  next(): Promise<ServerResponse> {
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, "close")
  }
}

export interface Exchange {
  readonly response: ServerResponse
  /** Resolves when the server sees that the connection is gone. */
  readonly closed: Promise<void>
  /** The caller's signal. */
  readonly abort: AbortController
  readonly clock: CountingClock
  readonly opened: ReturnType<typeof openAnswer>
}

/** Asks the server and opens its answer as the gateway does: one controller for the socket, tied to the caller's. */
export async function exchange(
  upstream: Upstream,
  options: Partial<Pick<OpenAnswerOptions, "firstContentMs" | "silenceMs">> = {},
): Promise<Exchange> {
  const abort = new AbortController()
  const socket = new AbortController()
  abort.signal.addEventListener("abort", () => socket.abort(abort.signal.reason))
  const clock = countingClock()
  const served = upstream.next()
  const response = await fetch(upstream.url, { signal: socket.signal })
  const opened = openAnswer({
    ...answerOptions(response),
    clock,
    askedAt: clock.now(),
    signal: abort.signal,
    cancelUpstream: () => socket.abort(),
    ...options,
  })
  const serverResponse = await served
  const closed = once(serverResponse, "close").then(() => undefined)
  return { response: serverResponse, closed, abort, clock, opened }
}

interface CountingClock extends FakeClock {
  /** Deadlines that were neither cancelled nor have expired. */
  pending(): number
}

export function countingClock(): CountingClock {
  const clock = fakeClock()
  const pending = new Set<() => void>()
  return {
    ...clock,
    pending: () => pending.size,
    deadline(ms, expired) {
      const cancel = clock.deadline(ms, () => {
        pending.delete(release)
        expired()
      })
      const release = (): void => {
        pending.delete(release)
        cancel()
      }
      pending.add(release)
      return release
    },
  }
}

export const HEAD = { id: "chatcmpl-1", created: 1, model: "claude-sonnet-4-5" }

export function answerOptions(response: Response): OpenAnswerOptions {
  const clock = fakeClock()
  return {
    response,
    translator: openTranslator(),
    clock,
    askedAt: clock.now(),
    signal: new AbortController().signal,
    firstContentMs: 300_000,
    silenceMs: 120_000,
    cancelUpstream: () => undefined,
  }
}

export interface Listening {
  readonly reader: ReadableStreamDefaultReader<Uint8Array>
  readonly ends: { readonly summary: TurnSummary; readonly failure: KiroFailure | undefined }[]
}

/** Streams an answer that must have been committed. Its errors say what failed and whether it may be repeated. */
export async function listen(opened: Exchange["opened"]): Promise<Listening> {
  const result = await opened
  if (result.outcome === "failed") throw new Error(`no answer: ${result.failure.kind}`)
  const ends: Listening["ends"] = []
  const batches = batchesOf(
    result.answer.read((summary, failure) => ends.push({ summary, failure })),
    ({ kind }) => ({ status: 400, message: kind }),
  )
  const toError = ({ refusal, afterwards }: FailedEnd): Error =>
    new Error(`${refusal.message} ${afterwards === "repeat" ? "retryable" : "fatal"}`)
  return { reader: answerBody({ head: HEAD, batches }, toError).getReader(), ends }
}

export async function readText(reader: Listening["reader"]): Promise<string> {
  const { value } = await reader.read()
  return value === undefined ? "" : new TextDecoder().decode(value)
}

export async function readAll(reader: Listening["reader"]): Promise<string> {
  let all = ""
  for (let text = await readText(reader); text !== ""; text = await readText(reader)) all += text
  return all
}
