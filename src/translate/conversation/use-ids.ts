import { createHash } from "node:crypto"

/** What the service takes as a tool-use id. */
const VALID_ID = /^[A-Za-z0-9_-]{1,64}$/

export function isValidId(id: string): boolean {
  return VALID_ID.test(id)
}

/**
 * Gives each use an id of its own. A valid id that is still free stays as it is, so the service's own ids come back
 * unchanged; any other becomes one derived from it, the same in every turn of the conversation.
 */
export function createIdAllocator(): (original: string) => string {
  const taken = new Set<string>()
  const repeats = new Map<string, number>()
  return (original) => {
    let id = original
    while (!isValidId(id) || taken.has(id)) {
      const repeat = repeats.get(original) ?? 0
      repeats.set(original, repeat + 1)
      id = derivedId(original, repeat)
    }
    taken.add(id)
    return id
  }
}

function derivedId(original: string, repeat: number): string {
  const digest = createHash("sha256").update(`${repeat}:${original}`).digest("hex")
  return `${original.replaceAll(/[^A-Za-z0-9_-]/g, "_").slice(0, 31)}_${digest.slice(0, 32)}`
}
