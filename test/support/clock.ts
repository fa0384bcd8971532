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

/** Real waits, and no time but that of the waits: a busy machine uses up nobody's patience. */
export function patientClock(): Clock {
  let now = Date.now()
  return {
    ...systemClock,
    now: () => now,
    async sleep(ms, signal) {
      await systemClock.sleep(ms, signal)
      now += ms
    },
  }
}

/**
 * Rejects where `promise` takes longer than `ms` of an event loop that turns: a busy machine, on which this process stands
 * still, uses up little of it.
 */
export async function within<Value>(ms: number, promise: Promise<Value>): Promise<Value> {
  const over = new AbortController()
  const turns = async (): Promise<never> => {
    for (let turned = 0; turned < ms; turned += TURN_MS) await systemClock.sleep(TURN_MS, over.signal)
    throw new Error(`it took longer than ${ms} ms`)
  }
  try {
    return await Promise.race([promise, turns()])
  } finally {
    over.abort()
  }
}

const TURN_MS = 5

/** Until it is so: an error where it is not after half a minute, or longer on a busy machine. */
export async function eventually(isSo: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 3000; tries += 1) {
    if (await isSo()) return
    await systemClock.sleep(10)
  }
  throw new Error(`it never came: ${isSo}`)
}

/** The CPU time that this process takes for `action`, in ms: whatever else the machine does, it is the same. */
export async function cpuTime(action: () => unknown): Promise<number> {
  const before = process.cpuUsage()
  await action()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
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
