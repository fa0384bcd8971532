import type { ChildProcess } from "node:child_process"
import { createServer, type AddressInfo } from "node:net"
import { isObject, parseJson, type JsonObject } from "../../../src/json.ts"
import { ended, spawnOpencode } from "./run.ts"
import type { Sandbox } from "./sandbox.ts"

export interface HostEvent {
  readonly type: string
  readonly properties: JsonObject
}

/** A running `opencode serve`: its HTTP interface and everything on its event stream. */
export class OpencodeServer {
  readonly url: string
  /** All events so far, oldest first. */
  readonly events: HostEvent[] = []
  /** What the process printed. */
  output = ""
  readonly #child: ChildProcess
  readonly #stop = new AbortController()
  readonly #listeners = new Set<(event: HostEvent) => void>()

  constructor(child: ChildProcess, url: string) {
    this.#child = child
    this.url = url
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding("utf8").on("data", (chunk: string) => (this.output += chunk))
  }

  async get(path: string): Promise<unknown> {
    return this.#call("GET", path)
  }

  async post(path: string, body: unknown = {}): Promise<unknown> {
    return this.#call("POST", path, body)
  }

  async newSession(): Promise<string> {
    const session = await this.post("/session")
    return isObject(session) ? String(session["id"]) : ""
  }

  /** Sends a message and waits for the end of the turn: the last assistant message with its parts. */
  async prompt(session: string, text: string, options: PromptOptions = {}): Promise<Turn> {
    return (await this.post(`/session/${session}/message`, promptBody(text, options))) as Turn
  }

  /** Sends a message and does not wait. */
  async promptAsync(session: string, text: string, options: PromptOptions = {}): Promise<void> {
    await this.post(`/session/${session}/prompt_async`, promptBody(text, options))
  }

  /** Every event from now on; the returned function ends it. */
  onEvent(listener: (event: HostEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** The first event, past or coming, that matches. */
  event(matches: (event: HostEvent) => boolean, timeoutMs = 120_000): Promise<HostEvent> {
    const past = this.events.find(matches)
    if (past !== undefined) return Promise.resolve(past)
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no such event in ${timeoutMs} ms`)), timeoutMs)
      const listener = (event: HostEvent): void => {
        if (!matches(event)) return
        clearTimeout(timer)
        this.#listeners.delete(listener)
        resolve(event)
      }
      this.#listeners.add(listener)
    })
  }

  /** Opens the event stream; resolves when it is open. */
  async listen(): Promise<void> {
    const response = await fetch(`${this.url}/event`, { signal: this.#stop.signal })
    const lines = response.body?.pipeThrough(new TextDecoderStream())
    if (lines !== undefined) void this.#read(lines)
  }

  async close(): Promise<void> {
    this.#stop.abort()
    const gone = ended(this.#child, 5_000)
    this.#child.kill()
    await gone
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #call(method: string, path: string, body?: unknown): Promise<unknown> {
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: { "content-type": "application/json" },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text.slice(0, 500)}`)
    return parseJson(text)
  }

  async #read(stream: ReadableStream<string>): Promise<void> {
    let rest = ""
    try {
      for await (const chunk of stream) {
        const lines = (rest + chunk).split("\n")
        rest = lines.pop() ?? ""
        for (const line of lines) if (line.startsWith("data: ")) this.#take(parseJson(line.slice(6)))
      }
    } catch (error) {
      if (!this.#stop.signal.aborted) throw error
    }
  }

  #take(value: unknown): void {
    if (!isObject(value) || !isObject(value["properties"])) return
    const event = { type: String(value["type"]), properties: value["properties"] }
    this.events.push(event)
    for (const listener of this.#listeners) listener(event)
  }
}

export interface PromptOptions {
  /** `kiro/<id>`'s id. */
  readonly model?: string
  readonly variant?: string
}

export interface Turn {
  readonly info: JsonObject & { readonly id: string }
  readonly parts: readonly (JsonObject & { readonly type: string })[]
}

const DEFAULT_MODEL = "claude-sonnet-4-5"

function promptBody(text: string, options: PromptOptions): object {
  return {
    model: { providerID: "kiro", modelID: options.model ?? DEFAULT_MODEL },
    ...(options.variant && { variant: options.variant }),
    parts: [{ type: "text", text }],
  }
}

/** Starts `opencode serve` and opens its event stream. */
export async function startOpencodeServer(
  sandbox: Sandbox,
  environment: Readonly<Record<string, string>> = {},
): Promise<OpencodeServer> {
  const port = await freePort()
  const child = spawnOpencode(
    sandbox,
    ["serve", "--hostname", "127.0.0.1", "--port", String(port)],
    environment,
  )
  const server = new OpencodeServer(child, `http://127.0.0.1:${port}`)
  await untilListening(child)
  await server.listen()
  return server
}

function untilListening(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("opencode serve did not start in time")), 60_000)
    child.stdout?.on("data", (chunk: string | Buffer) => {
      if (!String(chunk).includes("listening on")) return
      clearTimeout(timer)
      resolve()
    })
    child.once("exit", (code) => reject(new Error(`opencode serve ended with ${code}`)))
  })
}

async function freePort(): Promise<number> {
  const probe = createServer()
  await new Promise<void>((resolve) => probe.listen(0, "127.0.0.1", resolve))
  const { port } = probe.address() as AddressInfo
  await new Promise((resolve) => probe.close(resolve))
  return port
}
