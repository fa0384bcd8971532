import { type Clock, systemClock } from "../../src/runtime.ts"

export interface FakeClock extends Clock {
  /** The waits asked for so far, in milliseconds and in order. */
  readonly slept: readonly number[]
  /** Moves `now`, and lets the deadlines that are then due expire, earliest first. */
  advance(ms: number): void
}

interface Deadline {
  readonly at: number
  readonly expired: () => void
}

/** A clock on which every sleep passes at once, moves `now` and is written down; deadlines pass by `advance` only. */
export function fakeClock(start: number = Date.UTC(2026, 10, 24)): FakeClock {
  const slept: number[] = []
  const deadlines = new Set<Deadline>()
  let now = start
  return {
    slept,
    now: () => now,
    async sleep(ms, signal) {
      signal?.throwIfAborted()
      slept.push(ms)
      now += ms
      // One turn of the event loop, so that whoever is being waited for gets to run.
      await systemClock.turn()
      signal?.throwIfAborted()
    },
    deadline(ms, expired) {
      const deadline = { at: now + ms, expired }
      deadlines.add(deadline)
      return () => deadlines.delete(deadline)
    },
    turn: systemClock.turn,
    advance(ms) {
      now += ms
      const due = [...deadlines].filter(({ at }) => at <= now).toSorted((one, other) => one.at - other.at)
      for (const deadline of due) if (deadlines.delete(deadline)) deadline.expired()
    },
  }
}

/** The real time where a test's clock is asked for: its sleeps take their time, and nobody moves it. */
export function realClock(): FakeClock {
  return {
    ...systemClock,
    slept: [],
    advance() {
      throw new Error("the real time can't be moved")
    },
  }
}
