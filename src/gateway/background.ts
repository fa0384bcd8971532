import type { Clock, Log } from "../runtime.ts"

/** Work that goes on behind an answer, so that it can be waited for and never rejects unseen. */
export interface Background {
  /** `topic`: what must be done before the next request of the same topic, or of any, is looked at. */
  start(topic: string, work: () => Promise<unknown>): void
  /** Resolves when the work of a topic, or all of it, is done. */
  settled(topic?: string): Promise<void>
}

/** What every next request waits for. */
export const ANY_TOPIC = "any"
/** What no request waits for. */
export const OF_NO_REQUEST = "no request"

export function createBackground(log: Log, clock: Clock): Background {
  const running = new Map<string, Set<Promise<void>>>()
  // A burst of answers that end must not hold the event loop either.
  const turnstile = createTurnstile(clock)

  async function run(topic: string, work: () => Promise<unknown>): Promise<void> {
    try {
      await clock.turn()
      await turnstile()
      await work()
    } catch (error) {
      log.error("background work failed", { topic, error })
    }
  }

  function start(topic: string, work: () => Promise<unknown>): void {
    const ofTopic = running.get(topic) ?? new Set()
    running.set(topic, ofTopic)
    const task = run(topic, work).finally(() => {
      ofTopic.delete(task)
      if (ofTopic.size === 0) running.delete(topic)
    })
    ofTopic.add(task)
  }

  return {
    start,
    async settled(topic) {
      const topics = topic === undefined ? [...running.keys()] : [topic, ANY_TOPIC]
      const work = topics.flatMap((each) => [...(running.get(each) ?? [])])
      if (work.length > 0) await Promise.all(work)
    },
  }
}

/**
 * What it gives resolves when it is one's turn. Those who come at once are let through one by one, each in a turn of the
 * event loop of its own: a burst of chats must not hold it. Whoever comes alone goes through at once, and nobody waits
 * for what another does behind it.
 */
export function createTurnstile(clock: Clock): () => Promise<void> {
  let free: Promise<void> = Promise.resolve()
  return () => {
    const mine = free
    free = mine.then(() => clock.turn())
    return mine
  }
}
