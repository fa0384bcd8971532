import type { Clock } from "../../runtime.ts"

export interface SilenceLimits {
  readonly clock: Clock
  /** When the service was asked, in epoch ms: waiting for the headers is a part of its silence. */
  readonly askedAt: number
  /** The longest silence before the first content: models that think long get more. */
  readonly firstContentMs: number
  /** The longest silence between events after it. */
  readonly silenceMs: number
}

export interface SilenceWatch {
  /** Waiting begins. A reader that pauses us does not make the service silent: only waiting counts. */
  wait(): void
  pause(): void
  /** An event arrived whole. */
  heard(event: { readonly hasContent: boolean }): void
  stop(): void
}

/** Calls `expired` once, with the limit, when the service was waited for without an event for longer than that. */
export function watchSilence(
  { clock, askedAt, firstContentMs, silenceMs }: SilenceLimits,
  expired: (limitMs: number) => void,
): SilenceWatch {
  let limitMs = firstContentMs
  let quietSince = askedAt
  let pausedAt = clock.now()
  let waiting = false
  let stopped = false
  let cancel: (() => void) | undefined

  // One timer for the whole answer, set again only when it fires: a timer for each read would cost more than the read.
  function arm(): void {
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
      if (cancel === undefined && !stopped) arm()
    },
    pause() {
      waiting = false
      pausedAt = clock.now()
    },
    heard({ hasContent }) {
      quietSince = clock.now()
      pausedAt = quietSince
      if (!hasContent || limitMs === silenceMs) return
      limitMs = silenceMs
      // The timer is set for the other limit, which is later as a rule: the next wait sets a new one.
      disarm()
    },
    stop() {
      stopped = true
      disarm()
    },
  }
}
