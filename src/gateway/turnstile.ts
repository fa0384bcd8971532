import type { Clock } from "../runtime.ts"

/** Resolves when it is one's turn. */
export type Turnstile = () => Promise<void>

/**
 * Lets those who come at once through one by one, each in a turn of the event loop of its own: a burst of chats, or of
 * answers that end, must not hold it. Nobody waits for what another does behind it.
 */
export function createTurnstile(clock: Clock): Turnstile {
  let last: Promise<void> = Promise.resolve()
  return () => {
    last = last.then(() => clock.turn())
    return last
  }
}
