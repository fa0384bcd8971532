import type { NoticeText } from "../accounts/index.ts"
import type { AnswerBatch, ChatAnswer, ChatCall, ChatGateway, Refusal } from "../gateway/index.ts"
import { type Clock, type Log, systemClock, systemRuntime } from "../runtime.ts"
import {
  DEFAULT_SETTINGS,
  loadSchema,
  openLog,
  openSettings,
  type Paths,
  pathsFor,
  type Place,
  type Project,
  type Settings,
} from "../settings/index.ts"
import type { Services } from "./services.ts"

/**
 * What stands among a host's credentials instead of a token: it lists Kiro there, and is good for nothing. The accounts
 * are in kiro.db.
 */
export const AUTH_MARKER = "kept-by-opencode-kiro-auth"

/** Set by our own hooks on the host's requests, read by the front: what a request is for, and which agent asks. */
export const PURPOSE_HEADER = "x-kiro-purpose"
export const AGENT_HEADER = "x-kiro-agent"
/** The session that a subagent works for, as either OpenCode says it. */
export const PARENT_HEADER = "x-parent-session-id"

/** The logins of other programs are taken in this long after the start, so that the first message finds them. */
const TAKE_IN_AFTER_MS = 2000

export interface HostOptions {
  readonly place: Place
  readonly project: Project
  /** Shows the user what happened beside an answer; not called where `toasts` is off. */
  show(text: NoticeText): void
}

/** What a plugin instance of either host begins with. Everything that takes time is opened by its first use. */
export interface Host {
  readonly clock: Clock
  readonly startedAt: number
  readonly paths: Paths
  /** Opened by the first line. */
  readonly log: Log
  /** Aborted when the instance ends. */
  readonly signal: AbortSignal
  /** Those of the settings that are known by now: the defaults until the files were read. */
  settings(): Settings
  readSettings(): Promise<Settings>
  /** Whether one of these keys is named in any of them. */
  mentionsSetting(keys: readonly string[]): boolean
  services(): Promise<Services>
  /** Works beside everything else; what goes wrong is a line in the log. */
  inBackground(work: () => Promise<void>, failed: string): void
  /** Reads the settings right behind the start, and a while later the logins of other programs; then does what wants them. */
  warmUp(afterwards?: () => Promise<void>): void
  /** Ends what is under way, then closes what was opened. */
  close(): Promise<void>
}

/** Nothing is read or opened by this call. */
export function startHost({ place, project, show }: HostOptions): Host {
  const clock = systemClock
  const stop = new AbortController()
  const { signal } = stop
  const paths = pathsFor(place)
  const stated = lazy(() => openSettings({ ...place, project }))
  let known = DEFAULT_SETTINGS
  const loaded = lazy(async () => {
    const result = await stated().load()
    known = result.settings
    return result
  })
  const log = logOpenedBy(
    lazy(async () => openLog({ path: paths.log, level: (await loaded()).settings.logLevel, clock })),
  )
  const open = async (): Promise<Services> => {
    // The last of our files that load late: from here on an update or a rebuild can't break the window.
    const [{ openServices }] = await Promise.all([import("./services.ts"), loadSchema()])
    const runtime = systemRuntime(log)
    const settings = await loaded()
    return openServices({
      place,
      paths,
      loaded: settings,
      runtime,
      project,
      show,
      signal,
    })
  }
  let opened: Promise<Services> | undefined
  const host: Host = {
    clock,
    startedAt: clock.now(),
    paths,
    log,
    signal,
    settings: () => known,
    readSettings: async () => (await loaded()).settings,
    mentionsSetting: (keys) => stated().mentions(keys),
    async services() {
      signal.throwIfAborted()
      opened ??= open().catch((error: unknown) => {
        // The next request tries anew: nothing needs a restart.
        opened = undefined
        throw error
      })
      return opened
    },
    inBackground(work, failed) {
      work().catch((error: unknown) => {
        if (!signal.aborted) log.warn(failed, { error })
      })
    },
    warmUp(afterwards) {
      host.inBackground(async () => {
        // OpenCode paints before anything is loaded that it does not wait for.
        await clock.turn()
        await loaded()
      }, "the settings were not read")
      host.inBackground(async () => {
        await clock.sleep(TAKE_IN_AFTER_MS, signal)
        await (await host.services()).importLogins()
        await afterwards?.()
      }, "the logins of other programs were not taken in")
    },
    async close() {
      // Shown to whoever waits for what it ends, as a sign-in.
      stop.abort(new Error("OpenCode has reloaded or ended the plugin meanwhile. Begin once more."))
      // What can't be opened has nothing to close; who asked for it is told.
      const services = await opened?.catch(() => undefined)
      await services?.close()
    },
  }
  return host
}

const RELOADED: Refusal = {
  status: 503,
  message: "Kiro: the plugin was reloaded while this was being answered.",
}

/** The gateway of a host, opened by its first chat. What is under way when the host ends is refused, to be asked again. */
export function gatewayOf({
  services,
  signal: stop,
}: {
  readonly services: () => Promise<ChatGateway>
  readonly signal: AbortSignal
}): ChatGateway {
  return {
    async chat(call) {
      const signal = AbortSignal.any([call.signal, stop])
      try {
        const outcome = await (await services()).chat({ ...call, signal })
        if (outcome.outcome === "refusal") return outcome
        const { head, batches } = outcome.answer
        return { outcome: "answer", answer: { head, batches: untilStopped(batches, call, stop) } }
      } catch (error) {
        call.signal.throwIfAborted()
        if (stop.aborted) return { outcome: "refusal", refusal: RELOADED }
        throw error
      }
    },
  }
}

async function* untilStopped(
  batches: ChatAnswer["batches"],
  { signal }: ChatCall,
  stop: AbortSignal,
): AsyncGenerator<AnswerBatch, void> {
  try {
    yield* batches
  } catch (error) {
    signal.throwIfAborted()
    if (!stop.aborted) throw error
    yield { chunks: [], end: { outcome: "failed", refusal: RELOADED, afterwards: "repeat" } }
  }
}

function logOpenedBy(open: () => Promise<Log>): Log {
  const line =
    (level: keyof Log): Log["info"] =>
    (message, fields) =>
      // Nobody waits for a line; without the settings that name the level there is none.
      void open().then(
        (log) => log[level](message, fields),
        () => undefined,
      )
  return { debug: line("debug"), info: line("info"), warn: line("warn"), error: line("error") }
}

/** The same value for every call, made by the first. */
function lazy<Value>(make: () => Value): () => Value {
  let made: { readonly value: Value } | undefined
  return () => (made ??= { value: make() }).value
}
