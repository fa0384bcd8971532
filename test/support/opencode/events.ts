import { isObject, parseJson, type JsonObject } from "../../../src/json.ts"

export interface HostEvent {
  readonly type: string
  readonly properties: JsonObject
}

export type Listener = (event: HostEvent) => void

/** The event stream of a running OpenCode: everything so far, and a way to wait for what comes. */
export class EventFeed {
  /** All events so far, oldest first. */
  readonly past: HostEvent[] = []
  readonly #listeners = new Set<Listener>()

  /** Every event from now on; the returned function ends it. */
  listen(listener: Listener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** The first event, past or coming, that matches. */
  first(matches: (event: HostEvent) => boolean, timeoutMs: number): Promise<HostEvent> {
    const past = this.past.find(matches)
    if (past !== undefined) return Promise.resolve(past)
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no such event in ${timeoutMs} ms`)), timeoutMs)
      const stop = this.listen((event) => {
        if (!matches(event)) return
        clearTimeout(timer)
        stop()
        resolve(event)
      })
    })
  }

  /** Takes server-sent events in until the stream ends; an abort is such an end. */
  async read(stream: ReadableStream<string>, signal: AbortSignal): Promise<void> {
    let rest = ""
    try {
      for await (const chunk of stream) {
        const lines = (rest + chunk).split("\n")
        rest = lines.pop() ?? ""
        for (const line of lines) if (line.startsWith("data: ")) this.#take(parseJson(line.slice(6)))
      }
    } catch (error) {
      if (!signal.aborted) throw error
    }
  }

  #take(value: unknown): void {
    if (!isObject(value) || !isObject(value["properties"])) return
    const event = { type: String(value["type"]), properties: value["properties"] }
    this.past.push(event)
    for (const listener of this.#listeners) listener(event)
  }
}
