import type { SourceStore } from "../accounts/index.ts"
import type { Clock } from "../runtime.ts"

/** The stores' files are not looked at more often than this, in ms. */
const LOOK_EVERY_MS = 5000

export interface SourceWatch {
  /** Whether another program wrote to one of the stores since the last time it was asked. A few file times, nothing opened. */
  changed(): boolean
}

export function watchSources(sources: readonly SourceStore[], clock: Clock): SourceWatch {
  const look = (): string => sources.map((source) => source.fingerprint()).join("\n")
  let seen = look()
  let lookedAt = clock.now()
  return {
    changed() {
      if (Math.abs(clock.now() - lookedAt) < LOOK_EVERY_MS) return false
      lookedAt = clock.now()
      const before = seen
      seen = look()
      return seen !== before
    },
  }
}
