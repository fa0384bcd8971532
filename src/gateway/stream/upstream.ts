import { networkFailure, type KiroFailure } from "../../kiro/index.ts"
import type { Clock } from "../../runtime.ts"

export interface UpstreamOptions extends SilenceLimits {
  readonly response: Response
  /** The caller's: it ends everything at once, in every phase. */
  readonly signal: AbortSignal
  /** Closes the connection. It may be called more than once. */
  readonly cancelUpstream: () => void
}

type UpstreamRead =
  | { readonly bytes: Uint8Array }
  | { readonly bytes: undefined; readonly failure?: KiroFailure }

export interface Upstream {
  /** The next bytes, or the end with its failure if it was none in order. Throws the signal's reason on abort. */
  read(): Promise<UpstreamRead>
  /** To be told of each whole event. */
  heard(so: Heard): void
  /** Lets everything else that is due run first. Throws the signal's reason on abort. */
  giveWay(): Promise<void>
  close(): void
}

/** How far an answer has come with an event. */
interface Heard {
  readonly hasContent: boolean
  /** The service has said why it stopped: only what it costs may follow. */
  readonly isOver: boolean
}

/** The body of an answer of Kiro, with the limit on its silence and the abort of its reader. */
export function openUpstream(options: UpstreamOptions): Upstream {
  const { response, signal, clock, cancelUpstream } = options
  const reader = response.body?.getReader()
  let silence: KiroFailure | undefined
  let isAtItsEnd = false

  function close(): void {
    watch.stop()
    signal.removeEventListener("abort", close)
    if (isAtItsEnd) return
    cancelUpstream()
    // Both are needed: the first closes the socket, the second ends a read that is under way.
    reader?.cancel().then(nothingToAdd, nothingToAdd)
  }

  const watch = watchSilence(options, (limitMs) => {
    silence = silenceFailure(limitMs)
    close()
  })
  signal.addEventListener("abort", close)
  if (signal.aborted) close()

  return {
    async read() {
      watch.wait()
      try {
        const { value } = (await reader?.read()) ?? {}
        isAtItsEnd = value === undefined
        if (signal.aborted) throw signal.reason
        return silence === undefined ? { bytes: value } : { bytes: undefined, failure: silence }
      } catch (error) {
        if (signal.aborted) throw signal.reason
        return { bytes: undefined, failure: silence ?? networkFailure(error) }
      } finally {
        watch.pause()
      }
    },
    heard: (so) => watch.heard(so),
    async giveWay() {
      await clock.turn()
      if (signal.aborted) throw signal.reason
    },
    close,
  }
}

function silenceFailure(limitMs: number): KiroFailure {
  const seconds = Math.round(limitMs / 1000)
  return { kind: "timeout", status: 0, message: `Kiro sent nothing for ${seconds} seconds.` }
}

/** How the answer ended is known before its connection is closed: what closing says is no news. */
function nothingToAdd(): void {}

/** So long an answer that is over is waited for, in ms, where its connection stays open. */
const LAST_WORDS_MS = 3000

interface SilenceLimits {
  readonly clock: Clock
  /** When the service was asked, in epoch ms: waiting for the headers is a part of its silence. */
  readonly askedAt: number
  /** The longest silence before the first content: models that think long get more. */
  readonly firstContentMs: number
  /** The longest silence between events after it. */
  readonly silenceMs: number
}

interface SilenceWatch {
  /** Waiting begins. A reader that pauses us does not make the service silent: only waiting counts. */
  wait(): void
  pause(): void
  /** An event arrived whole. */
  heard(so: Heard): void
  stop(): void
}

/** Calls `expired` once, with the limit, when the service was waited for without an event for longer than that. */
function watchSilence(
  { clock, askedAt, firstContentMs, silenceMs }: SilenceLimits,
  expired: (limitMs: number) => void,
): SilenceWatch {
  let limitMs = firstContentMs
  let armedFor = limitMs
  let quietSince = askedAt
  let pausedAt = clock.now()
  let waiting = false
  let stopped = false
  let cancel: (() => void) | undefined

  // One timer for the whole answer, set again only when it fires: a timer for each read would cost more than the read.
  function arm(): void {
    armedFor = limitMs
    // Where somebody sets the clock back the silence is as long as it was.
    quietSince = Math.min(quietSince, clock.now())
    cancel = clock.deadline(quietSince + limitMs - clock.now(), () => {
      cancel = undefined
      if (!waiting || stopped) return
      if (clock.now() - quietSince < limitMs) arm()
      else expired(limitMs)
    })
  }

  function disarm(): void {
    cancel?.()
    cancel = undefined
  }

  return {
    wait() {
      waiting = true
      quietSince += clock.now() - pausedAt
      // It is set for the other limit, which is later as a rule.
      if (armedFor !== limitMs) disarm()
      if (cancel === undefined && !stopped) arm()
    },
    pause() {
      waiting = false
      pausedAt = clock.now()
    },
    heard({ hasContent, isOver }) {
      quietSince = clock.now()
      pausedAt = quietSince
      // Content goes out first: the next wait sets the timer.
      if (hasContent) limitMs = silenceMs
      if (isOver) limitMs = LAST_WORDS_MS
    },
    stop() {
      stopped = true
      disarm()
    },
  }
}
