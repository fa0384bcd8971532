import { isBlank, joinTexts } from "./conversation.ts"
import type { Conversation } from "./conversation.ts"

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
