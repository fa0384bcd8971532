import { createHash } from "node:crypto"
import type { Conversation } from "./conversation.ts"

/** What the service takes as a tool name: the stricter of the reported rules. */
const VALID_NAME = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/
const READABLE_LENGTH = 50

/**
 * Gives every tool, declared or only used, a name that the service takes and that no other has, compared without
 * case. A valid name stays. `toolNames` leads back to the name that OpenCode knows.
 */
export function nameTools(conversation: Conversation): Conversation {
  const nameOf = createNameAllocator()
  const rename = <T extends { readonly name: string }>(named: T): T => {
    const name = nameOf(named.name)
    return name === named.name ? named : { ...named, name }
  }
  const tools = firstOfEachName(conversation.tools).map(rename)
  const turns = conversation.turns.map((turn) =>
    turn.role === "assistant" && turn.uses.length > 0 ? { ...turn, uses: turn.uses.map(rename) } : turn,
  )
  const toolNames = new Map<string, string>()
  for (const [original, name] of nameOf.names)
    toolNames.set(name, conversation.toolNames.get(original) ?? original)
  return { ...conversation, tools, turns, toolNames }
}

function firstOfEachName<T extends { readonly name: string }>(tools: readonly T[]): T[] {
  const seen = new Set<string>()
  return tools.filter(({ name }) => !seen.has(name) && seen.add(name))
}

interface NameAllocator {
  (original: string): string
  /** Original → wire. */
  readonly names: ReadonlyMap<string, string>
}

function createNameAllocator(): NameAllocator {
  const names = new Map<string, string>()
  const taken = new Set<string>()
  const allocate = (original: string): string => {
    let name = original
    for (let repeat = 0; !VALID_NAME.test(name) || taken.has(name.toLowerCase()); repeat += 1)
      name = derivedName(original, repeat)
    taken.add(name.toLowerCase())
    names.set(original, name)
    return name
  }
  return Object.assign((original: string) => names.get(original) ?? allocate(original), { names })
}

/** Readable at the front, told apart by a hash of the whole name at the end; the same in every request. */
function derivedName(original: string, repeat: number): string {
  const digest = createHash("sha256").update(`${repeat}:${original}`).digest("hex")
  const readable = original.replaceAll(/[^A-Za-z0-9_-]/g, "_").replace(/^[^A-Za-z]+/, "")
  return `${readable === "" ? "tool" : readable.slice(0, READABLE_LENGTH)}_${digest.slice(0, 12)}`
}
