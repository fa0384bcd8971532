import type { Log } from "../runtime.ts"
import type { Turnstile } from "./turnstile.ts"

/** Work that goes on behind an answer, so that it can be waited for and never rejects unseen. */
export interface Background {
  /** `topic`: what must be done before the next request of the same topic is looked at. */
  start(topic: string, work: () => Promise<unknown>): void
  /** Resolves when the work of a topic, or all of it, is done. */
  settled(topic?: string): Promise<void>
}

export function createBackground(log: Log, turnstile: Turnstile): Background {
  const running = new Map<string, Set<Promise<void>>>()

  async function run(topic: string, work: () => Promise<unknown>): Promise<void> {
    try {
      await turnstile()
      await work()
    } catch (error) {
      log.error("background work failed", { topic, error })
    }
  }

  return {
    start(topic, work) {
      const ofTopic = running.get(topic) ?? new Set()
      running.set(topic, ofTopic)
      const task = run(topic, work).finally(() => {
        ofTopic.delete(task)
        if (ofTopic.size === 0) running.delete(topic)
      })
      ofTopic.add(task)
    },
    async settled(topic) {
      const topics = topic === undefined ? [...running.values()] : [running.get(topic) ?? new Set()]
      await Promise.all(topics.flatMap((tasks) => [...tasks]))
    },
  }
}
