import type { Clock } from "../../runtime.ts"
import { passesSoon, type StoreFailure, storeFailure } from "./database.ts"

/** How long a locked database is waited for before the caller is told, in ms. */
export const PATIENCE_MS = 5000
const FIRST_WAIT_MS = 2
const LONGEST_WAIT_MS = 40

export type Attempt<Value> =
  | { readonly done: true; readonly value: Value }
  | { readonly done: false; readonly failure: StoreFailure; readonly error: unknown }

export function attempted<Value>(action: () => Value): Attempt<Value> {
  try {
    return { done: true, value: action() }
  } catch (error) {
    return { done: false, failure: storeFailure(error), error }
  }
}

export interface Patience {
  readonly clock: Clock
  /** Uniform in [0, 1): the jitter of waits. */
  readonly random: () => number
  readonly patienceMs?: number
}

/**
 * Tries until it is done, or fails for what does not pass soon, or nobody waits any longer. A lock, and a file handle, is
 * waited for on the clock, so that the event loop never stands still.
 */
export async function patiently<Value>(
  attempt: () => Attempt<Value>,
  { clock, random, patienceMs = PATIENCE_MS }: Patience,
): Promise<Attempt<Value>> {
  const deadline = clock.now() + patienceMs
  for (let wait = FIRST_WAIT_MS; ; wait = Math.min(wait * 1.6, LONGEST_WAIT_MS)) {
    const tried = attempt()
    if (tried.done || !passesSoon(tried.failure) || clock.now() >= deadline) return tried
    await clock.sleep(wait * (0.5 + random()))
  }
}
