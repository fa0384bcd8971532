import type { Dispatcher } from "undici"
import { present } from "./json.ts"

/** The effects, as values that are passed in. Rooms never reach for a global clock, timer, fetch or random source. */

export interface Clock {
  /** Epoch milliseconds. */
  now(): number
  /** Resolves after `ms`; rejects at once with the signal's reason when it aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
  /**
   * Calls `expired` once when `ms` have passed; the returned function cancels it. `sleep` is a wait of our own, which
   * a test's clock lets pass at once; a deadline limits something else, and a test's clock lets it pass only when told.
   */
  deadline(ms: number, expired: () => void): () => void
  /** Resolves in another turn of the event loop, so that what waits there gets to run first. */
  turn(): Promise<void>
}

export type LogFields = { readonly [field: string]: unknown }

/** Fields are redacted by construction: a `Secret` serialises to a placeholder. */
export interface Log {
  debug(message: string, fields?: LogFields): void
  info(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields): void
  error(message: string, fields?: LogFields): void
}

export type Fetch = (url: string, init: RequestInit) => Promise<Response>

export interface Runtime {
  readonly fetch: Fetch
  readonly clock: Clock
  readonly log: Log
  /** Uniform in [0, 1). */
  random(): number
  randomUUID(): string
}

export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} }

/**
 * Behind a laptop's sleep, or where the process stood still, every timer is due before anything is read that has long
 * arrived: a deadline that fires so late, in ms, first lets that be read for a while.
 */
const OVERSLEPT_MS = 1000
const AWAKE_MS = 2000

export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason)
      const timer = setTimeout(() => {
        signal?.removeEventListener("abort", onAbort)
        resolve()
      }, ms)
      const onAbort = (): void => {
        clearTimeout(timer)
        reject(signal?.reason)
      }
      signal?.addEventListener("abort", onAbort, { once: true })
    }),
  deadline: (ms, expired) => {
    const dueAt = Date.now() + ms
    let timer = setTimeout(() => {
      if (Date.now() - dueAt < OVERSLEPT_MS) expired()
      else timer = setTimeout(expired, AWAKE_MS)
    }, ms)
    return () => clearTimeout(timer)
  },
  turn: () => new Promise((resolve) => setImmediate(resolve)),
}

/** Waits for work until the signal aborts, then rejects with its reason; the work itself goes on. */
export function untilAborted<Value>(work: Promise<Value>, signal: AbortSignal | undefined): Promise<Value> {
  if (signal === undefined) return work
  return new Promise((resolve, reject) => {
    const leave = (): void => reject(signal.reason)
    if (signal.aborted) leave()
    signal.addEventListener("abort", leave, { once: true })
    const settle =
      <Result>(pass: (result: Result) => void) =>
      (result: Result): void => {
        signal.removeEventListener("abort", leave)
        pass(result)
      }
    work.then(settle(resolve), settle(reject))
  })
}

/** What the work comes to, or nothing after so long; it goes on then. */
export async function atMost<Value>(
  ms: number,
  work: Promise<Value>,
  clock: Pick<Clock, "deadline">,
): Promise<Value | undefined> {
  let cancel = (): void => undefined
  const late = new Promise<undefined>((resolve) => {
    cancel = clock.deadline(ms, () => resolve(undefined))
  })
  try {
    return await Promise.race([work, late])
  } finally {
    cancel()
  }
}

export function systemRuntime(log: Log): Runtime {
  return {
    fetch: systemFetch(process.env),
    clock: systemClock,
    log,
    random: () => Math.random(),
    randomUUID: () => crypto.randomUUID(),
  }
}

type Environment = { readonly [name: string]: string | undefined }

/** Where people name a proxy. */
export const PROXY_VARIABLES = ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"]

/**
 * The runtime's own fetch. Bun's honours HTTPS_PROXY and NO_PROXY by itself; Node's only in newer versions that were
 * started with NODE_USE_ENV_PROXY, so under Node a proxy is served by undici, loaded with the first request. Nothing
 * global changes.
 */
export function systemFetch(env: Environment): Fetch {
  const own: Fetch = (url, init) => globalThis.fetch(url, init)
  if ("Bun" in globalThis) return own
  if (PROXY_VARIABLES.every((name) => (env[name] ?? "") === "")) return answering407(own)
  let proxied: Promise<Fetch> | undefined
  return answering407(async (url, init) => (await (proxied ??= proxyFetch(env)))(url, init))
}

/**
 * Node's fetch makes of a proxy's 407 a failure without a word, the only one that it has, as the standard wants it of what
 * can't ask its user for a password. Here it is the answer that it was, so that it can be told.
 */
function answering407(fetch: Fetch): Fetch {
  return async (url, init) => {
    try {
      return await fetch(url, init)
    } catch (error) {
      const { cause } = error instanceof Error ? error : {}
      if (!(cause instanceof Error) || cause.message !== "" || "code" in cause) throw error
      return new Response(null, { status: 407 })
    }
  }
}

/** The address that people give of a proxy: `proxy.corp:8080` is one too, as curl and Bun have it. */
export function proxyAddress(stated: string): string {
  return stated.includes("://") ? stated : `http://${stated}`
}

async function proxyFetch(env: Environment): Promise<Fetch> {
  const { EnvHttpProxyAgent, Pool, fetch } = await import("undici")
  // One that hangs up instead of opening a tunnel would be asked again at once, without end, for its error's code.
  const clientFactory = (origin: URL, options: object): Dispatcher => {
    const pool = new Pool(origin, options)
    const connect = pool.connect.bind(pool)
    return Object.assign(pool, {
      connect: (asked: Dispatcher.ConnectOptions) => connect(asked).catch(hungUp),
    })
  }
  const proxyFor = (scheme: "http" | "https"): string | undefined => {
    const stated = env[`${scheme}_proxy`] || env[`${scheme.toUpperCase()}_PROXY`]
    return stated && proxyAddress(stated)
  }
  const proxies = { httpProxy: proxyFor("http"), httpsProxy: proxyFor("https") }
  const dispatcher = new EnvHttpProxyAgent({ ...present(proxies), clientFactory })
  // undici's types name their own Request, Response and body: the same standard, declared once more.
  const fetchThrough: unknown = (url: string, init: object) => fetch(url, { ...init, dispatcher })
  return fetchThrough as Fetch
}

function hungUp(error: unknown): never {
  const isCut = error instanceof Error && "code" in error && error.code === "UND_ERR_SOCKET"
  throw isCut ? Object.assign(new Error("the proxy hung up"), { code: "ECONNRESET" }) : error
}

/** Far more than any answer of the services that is no stream, in bytes: a model list is some tens of kilobytes. */
const MOST_BYTES = 4 * 1024 * 1024

/**
 * The text of a response's body, cut where it is longer than four megabytes: nothing on the way can fill the memory,
 * also not by a small body that unpacks to a large one. Rejects as the body's stream does, and where `signal`, which the
 * request was sent with, has ended it: the Bun of OpenCode 1 then ends the stream as if that had been all.
 */
export async function readBody({ body }: Response, signal: AbortSignal): Promise<string> {
  if (body === null) return ""
  const reader = body.getReader()
  const decoder = new TextDecoder()
  let text = ""
  for (let bytes = 0; bytes <= MOST_BYTES;) {
    const { value } = await reader.read()
    signal.throwIfAborted()
    if (value === undefined) return text + decoder.decode()
    text += decoder.decode(value, { stream: true })
    bytes += value.byteLength
  }
  await reader.cancel()
  return text
}
