import { createHash } from "node:crypto"
import { isBlank, joinTexts, type Conversation, type DocumentPart } from "./conversation.ts"

/** What the service takes as a tool name: the stricter of the reported rules. */
const VALID_TOOL_NAME = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/
const TOOL_NAME_LENGTH = 50

/**
 * Gives every tool, declared or only used, a name that the service takes and that no other has, compared without
 * case. A valid name stays. `toolNames` leads back to the name that OpenCode knows.
 */
export function nameTools(conversation: Conversation): Conversation {
  if (areNamed(conversation)) return conversation
  const names = new ToolNames(conversation.toolNames)
  const rename = <T extends { readonly name: string }>(named: T): T => {
    const name = names.of(named.name)
    return name === named.name ? named : { ...named, name }
  }
  // Of those of one name the first is meant.
  const tools = conversation.tools.flatMap((tool) => (names.has(tool.name) ? [] : [rename(tool)]))
  const turns = conversation.turns.map((turn) =>
    turn.role === "assistant" && turn.uses.length > 0 ? { ...turn, uses: turn.uses.map(rename) } : turn,
  )
  return { ...conversation, tools, turns, toolNames: names.toHost }
}

/** Whether the step was taken before, and no name has come since: every conversation is made canonical twice. */
function areNamed({ tools, turns, toolNames }: Conversation): boolean {
  const isNamed = ({ name }: { readonly name: string }): boolean => toolNames.has(name)
  return (
    toolNames.size > 0 &&
    tools.every(isNamed) &&
    turns.every((turn) => turn.role === "user" || turn.uses.every(isNamed))
  )
}

class ToolNames {
  /** The name on the wire → the name that OpenCode knows. */
  readonly toHost = new Map<string, string>()
  readonly #before: ReadonlyMap<string, string>
  /** Original → wire. */
  readonly #toWire = new Map<string, string>()
  readonly #taken = new Set<string>()

  constructor(before: ReadonlyMap<string, string>) {
    this.#before = before
  }

  has(original: string): boolean {
    return this.#toWire.has(original)
  }

  of(original: string): string {
    const known = this.#toWire.get(original)
    if (known !== undefined) return known
    let name = original
    for (let repeat = 0; !VALID_TOOL_NAME.test(name) || this.#taken.has(name.toLowerCase()); repeat += 1)
      name = derivedName(original, repeat)
    this.#taken.add(name.toLowerCase())
    this.#toWire.set(original, name)
    this.toHost.set(name, this.#before.get(original) ?? original)
    return name
  }
}

/** Readable at the front, told apart by a hash of the whole name at the end; the same in every request. */
function derivedName(original: string, repeat: number): string {
  const digest = createHash("sha256").update(`${repeat}:${original}`).digest("hex")
  const readable = original.replaceAll(/[^A-Za-z0-9_-]/g, "_").replace(/^[^A-Za-z]+/, "")
  return `${readable === "" ? "tool" : readable.slice(0, TOOL_NAME_LENGTH)}_${digest.slice(0, 12)}`
}

/** The service takes 10 240 bytes; the official client stays under 10 004 characters. */
const DESCRIPTION_LIMIT_BYTES = 10_000
/** How far back from the limit a cut looks for whitespace. */
const WORD_LENGTH = 200

/**
 * A missing description becomes the tool's own name, because the service refuses an empty one. What is over the limit
 * goes on in the system prompt, under the tool's name.
 */
export function describeTools(conversation: Conversation): Conversation {
  const continued: string[] = []
  const tools = conversation.tools.map((tool) => {
    if (isBlank(tool.description)) {
      const original = conversation.toolNames.get(tool.name) ?? ""
      return { ...tool, description: isBlank(original) ? tool.name : original }
    }
    const [head, rest] = splitDescription(tool.description)
    if (rest === "") return tool
    continued.push(`${tool.name}: ${rest}`)
    return { ...tool, description: head }
  })
  if (continued.length === 0) return { ...conversation, tools }
  return { ...conversation, tools, system: joinTexts([conversation.system, ...continued]) }
}

function splitDescription(description: string): readonly [head: string, rest: string] {
  // A UTF-16 unit takes at most three bytes.
  if (description.length * 3 <= DESCRIPTION_LIMIT_BYTES) return [description, ""]
  const { read } = new TextEncoder().encodeInto(description, new Uint8Array(DESCRIPTION_LIMIT_BYTES))
  if (read === description.length) return [description, ""]
  const space = description.slice(read - WORD_LENGTH, read + 1).search(/\s\S*$/)
  const end = space === -1 ? read : read - WORD_LENGTH + space
  return [description.slice(0, end), description.slice(end).trimStart()]
}

/** What Bedrock takes: letters, digits, hyphens, brackets and single spaces, up to 200 characters. */
const VALID_DOCUMENT_NAME = /^(?!.* {2})[A-Za-z0-9\-()[\] ]{1,200}$/
const DOCUMENT_NAME_LENGTH = 100

/** Gives every document a valid name of its own; the first of a name keeps it, in every request. */
export function nameDocuments(conversation: Conversation): Conversation {
  const taken = new Set<string>()
  const turns = conversation.turns.map((turn) => {
    if (turn.role === "assistant" || !turn.parts.some((part) => part.type === "document")) return turn
    return {
      ...turn,
      parts: turn.parts.map((part) => (part.type === "document" ? named(part, taken) : part)),
    }
  })
  return { ...conversation, turns }
}

function named(document: DocumentPart, taken: Set<string>): DocumentPart {
  const wanted = VALID_DOCUMENT_NAME.test(document.name) ? document.name : readableName(document.filename)
  let name = wanted
  for (let repeat = 2; taken.has(name); repeat += 1) name = `${wanted} (${repeat})`
  taken.add(name)
  return { ...document, name }
}

/** The format stands in a field of its own: the name goes without its extension. */
function readableName(filename: string): string {
  const stem = filename.replace(/\.[^.]*$/, "").replaceAll(/[^A-Za-z0-9\-()[\]]+/g, " ")
  return stem.trim().slice(0, DOCUMENT_NAME_LENGTH).trim() || "document"
}
