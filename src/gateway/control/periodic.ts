import type { KiroFailure } from "../../kiro/index.ts"
import type { Clock, Log } from "../../runtime.ts"

/** How one run for one account ended. */
export type TaskOutcome =
  | "done"
  /** Worth another try soon. */
  | "retry"
  /** The account has no such thing. */
  | "unsupported"

export interface PeriodicTask {
  readonly name: string
  /** The least time between two runs for one account, in ms. */
  readonly everyMs: number
  /** Further tries of one run, backed off. */
  readonly retries: number
  /** How long the account is not due yet, by what is stored, in ms, where other processes' runs count as well. */
  waitMs?(accountId: string): Promise<number>
  run(accountId: string, signal: AbortSignal): Promise<TaskOutcome>
}

export interface Periodic {
  /** Runs the task for the account if it is due, and does not wait. */
  soon(accountId: string): void
  /** The same, once and waited for. */
  now(accountId: string): Promise<void>
  /** Runs it whether due or not, once and waited for. */
  force(accountId: string): Promise<void>
  /** Ends what is under way. */
  close(): Promise<void>
}

interface Host {
  readonly clock: Clock
  readonly random: () => number
  readonly log: Log
}

const FIRST_RETRY_MS = 1000
/** An account without the feature is asked again after this. */
const UNSUPPORTED_MS = 24 * 3_600_000

/** Runs a task beside the requests: one run per account at a time, none too often, none after `close`. It never rejects. */
export function createPeriodic(task: PeriodicTask, { clock, random, log }: Host): Periodic {
  const stop = new AbortController()
  const running = new Map<string, Promise<void>>()
  const quietUntil = new Map<string, number>()

  const carryOut = async (accountId: string, retries: number, forced: boolean): Promise<void> => {
    const wait = forced ? 0 : ((await task.waitMs?.(accountId)) ?? 0)
    if (wait > 0) {
      quietUntil.set(accountId, clock.now() + wait)
      return
    }
    for (let failures = 0; ; failures++) {
      quietUntil.set(accountId, clock.now() + task.everyMs)
      const outcome = await task.run(accountId, stop.signal)
      if (outcome === "unsupported") quietUntil.set(accountId, clock.now() + UNSUPPORTED_MS)
      if (outcome !== "retry" || failures >= retries) return
      await clock.sleep(FIRST_RETRY_MS * 2 ** failures * (0.5 + random()), stop.signal)
    }
  }

  const start = (accountId: string, retries: number, forced = false): Promise<void> => {
    const underWay = running.get(accountId)
    if (underWay !== undefined) return underWay
    if (stop.signal.aborted) return Promise.resolve()
    if (!forced && clock.now() < (quietUntil.get(accountId) ?? 0)) return Promise.resolve()
    const run = carryOut(accountId, retries, forced)
      .catch((error: unknown) => {
        if (!stop.signal.aborted) log.warn(`${task.name} failed`, { accountId, error })
      })
      .finally(() => running.delete(accountId))
    running.set(accountId, run)
    return run
  }

  return {
    soon: (accountId) => void start(accountId, task.retries),
    now: (accountId) => start(accountId, 0),
    force: (accountId) => start(accountId, 0, true),
    async close() {
      stop.abort(new Error("closed"))
      await Promise.all(running.values())
    },
  }
}

/** Only what passes by itself is worth another try: never a 403 or a 429. */
export function isPassing({ kind }: KiroFailure): boolean {
  return kind === "network" || kind === "unreachable" || kind === "timeout" || kind === "service-error"
}
