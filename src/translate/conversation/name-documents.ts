import type { Conversation, DocumentPart } from "./conversation.ts"

/** What Bedrock takes: letters, digits, hyphens, brackets and single spaces, up to 200 characters. */
const VALID_NAME = /^(?!.* {2})[A-Za-z0-9\-()[\] ]{1,200}$/
const READABLE_LENGTH = 100

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
  const wanted = VALID_NAME.test(document.name) ? document.name : readableName(document.filename)
  let name = wanted
  for (let repeat = 2; taken.has(name); repeat += 1) name = `${wanted} (${repeat})`
  taken.add(name)
  return { ...document, name }
}

/** The format stands in a field of its own: the name goes without its extension. */
function readableName(filename: string): string {
  const stem = filename.replace(/\.[^.]*$/, "").replaceAll(/[^A-Za-z0-9\-()[\]]+/g, " ")
  return stem.trim().slice(0, READABLE_LENGTH).trim() || "document"
}
