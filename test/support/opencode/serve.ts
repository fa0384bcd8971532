import type { ChildProcess } from "node:child_process"
import { setTimeout as sleep } from "node:timers/promises"
import { asObject, isObject, parseJson, type JsonObject } from "../../../src/json.ts"
import { EventFeed, type HostEvent, type Listener } from "./events.ts"
import { ended, spawnOpencode } from "./run.ts"
import { OF_MANY_SESSIONS, type Sandbox } from "./sandbox.ts"

/** What a process printed so far. */
interface Printed {
  text: string
}

/** A running `opencode serve`: its HTTP interface and everything on its event stream. */
export class OpencodeServer {
  readonly url: string
  /** Where OpenCode is asked to be: of each folder it has an instance of its own. */
  directory: string
  readonly #printed: Printed
  readonly #child: ChildProcess
  readonly #stop = new AbortController()
  readonly #feed = new EventFeed()

  constructor(child: ChildProcess, { project }: Sandbox, url: string, printed: Printed) {
    this.#child = child
    this.#printed = printed
    this.url = url
    this.directory = project
  }

  /** What the process printed. */
  get output(): string {
    return this.#printed.text
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

  /** All events so far, oldest first. */
  get events(): HostEvent[] {
    return this.#feed.past
  }

  /** Every event from now on; the returned function ends it. */
  onEvent(listener: Listener): () => void {
    return this.#feed.listen(listener)
  }

  /** The first event, past or coming, that matches. */
  event(matches: (event: HostEvent) => boolean, timeoutMs = 120_000): Promise<HostEvent> {
    return this.#feed.first(matches, timeoutMs)
  }

  /** Opens the event stream; resolves when it is open. */
  async listen(): Promise<void> {
    const response = await fetch(this.#at("/event"), { signal: this.#stop.signal })
    const lines = response.body?.pipeThrough(new TextDecoderStream())
    if (lines !== undefined) void this.#feed.read(lines, this.#stop.signal)
  }

  /** Ends the instance and begins a new one, as the terminal UI does after a sign-in. The event stream ends with it. */
  async startAnew(): Promise<void> {
    await this.post("/instance/dispose")
    await this.listen()
  }

  /** Lists these plugins alone in opencode.json, with which a new instance begins. */
  async listPlugins(plugin: readonly string[]): Promise<void> {
    await this.#call("PATCH", "/global/config", { plugin })
    await this.startAnew()
  }

  /** Until no session is at work or waits to try again: what has not been asked for by then never is. */
  async idle(timeoutMs = 60_000): Promise<void> {
    const deadline = Date.now() + timeoutMs
    let busy: unknown
    do {
      busy = await this.get("/session/status")
      if (isObject(busy) && Object.keys(busy).length === 0) return
      await sleep(50)
    } while (Date.now() < deadline)
    throw new Error(`still at work: ${JSON.stringify(busy)}`)
  }

  /** The models of ours, as OpenCode takes them after every merge, by id. */
  async models(): Promise<ReadonlyMap<string, JsonObject>> {
    const document = await this.get("/config/providers")
    const { providers } = asObject(document)
    const kiro = (Array.isArray(providers) ? providers : []).map(asObject).find(({ id }) => id === "kiro")
    return new Map(Object.entries(asObject(kiro?.["models"])).map(([id, model]) => [id, asObject(model)]))
  }

  /** At once, where nothing can be waited for. */
  kill(): void {
    this.#child.kill("SIGKILL")
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

  #at(path: string): URL {
    const url = new URL(path, this.url)
    url.searchParams.set("directory", this.directory)
    return url
  }

  async #call(method: string, path: string, body?: unknown): Promise<unknown> {
    const response = await fetch(this.#at(path), {
      method,
      headers: { "content-type": "application/json" },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text.slice(0, 500)}`)
    return parseJson(text)
  }
}

export interface PromptOptions {
  /** Files that stand beside the words, as data URLs. */
  readonly files?: readonly { readonly mime: string; readonly filename: string; readonly url: string }[]
  /** `kiro/<id>`'s id. */
  readonly model?: string
  readonly variant?: string
  readonly agent?: string
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
    ...(options.agent && { agent: options.agent }),
    parts: [{ type: "text", text }, ...(options.files ?? []).map((file) => ({ type: "file", ...file }))],
  }
}

/** A start takes seconds, on a machine with eight times the work that it can do a minute. */
const START_MS = 150_000

/** Starts `opencode serve` and opens its event stream. With `many` sessions to come it keeps its memory small where there is little. */
export async function startOpencodeServer(
  sandbox: Sandbox,
  sessions: "few" | "many" = "few",
): Promise<OpencodeServer> {
  // A free port of its own choice: one chosen here could be another's by the time the server wants it.
  const child = spawnOpencode(
    sandbox,
    ["serve", "--hostname", "127.0.0.1", "--port", "0"],
    sessions === "many" ? OF_MANY_SESSIONS : {},
  )
  const printed: Printed = { text: "" }
  try {
    const server = new OpencodeServer(child, sandbox, await listeningAt(child, printed), printed)
    await server.listen()
    return server
  } catch (error) {
    // Its pipes would keep this process from its end.
    child.kill("SIGKILL")
    throw error
  }
}

/** The address that `opencode serve` prints once it can be reached. */
function listeningAt(child: ChildProcess, printed: Printed): Promise<string> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("opencode serve did not start in time")), START_MS)
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding("utf8").on("data", (chunk: string) => {
        printed.text += chunk
        const address = /listening on (http:\S+)\s/.exec(printed.text)?.[1]
        if (address === undefined) return
        clearTimeout(timer)
        resolve(address)
      })
    child.once("close", (code) => reject(new Error(`opencode serve ended with ${code}: ${printed.text}`)))
  })
}
