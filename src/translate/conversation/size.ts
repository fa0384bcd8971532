import type { Conversation, ToolDeclaration, Turn, UserPart } from "./conversation.ts"

/** The service's own heuristic, as its official client states it. */
const CHARACTERS_PER_TOKEN = 4
/** About what a 1 500 × 800 pixel image costs; OpenCode sends none over 2 000 pixels. */
const IMAGE_TOKENS = 1_600
const DOCUMENT_PAGE_TOKENS = 2_000
/** A document does not say how many pages it has: one for each started 64 kB. */
const DOCUMENT_PAGE_BYTES = 64_000
const BASE64_CHARACTERS_PER_BYTE = 4 / 3

/** In tokens: characters ÷ 4, and a fixed number for each image and each page of a document. */
export function estimateTokens({ system, turns, tools }: Conversation): number {
  const fixed = tokensOf(system.length) + tools.reduce((sum, tool) => sum + sizeOfTool(tool), 0)
  return turns.reduce((sum, turn) => sum + sizeOfTurn(turn), fixed)
}

export function tokensOf(characters: number): number {
  return Math.ceil(characters / CHARACTERS_PER_TOKEN)
}

export function charactersOf(tokens: number): number {
  return Math.floor(tokens * CHARACTERS_PER_TOKEN)
}

export function sizeOfTurn(turn: Turn): number {
  if (turn.role === "user")
    return (
      turn.parts.reduce((sum, part) => sum + sizeOfPart(part), 0) +
      turn.results.reduce((sum, { text }) => sum + tokensOf(text.length), 0)
    )
  return (
    turn.texts.reduce((sum, text) => sum + tokensOf(text.length), 0) +
    turn.uses.reduce(
      (sum, { name, argumentsText }) => sum + tokensOf(name.length + argumentsText.length),
      0,
    ) +
    sizeOfReasoning(turn.reasoning)
  )
}

export function sizeOfPart(part: UserPart): number {
  switch (part.type) {
    case "text":
      return tokensOf(part.text.length)
    case "image":
      return IMAGE_TOKENS
    case "document":
      return (
        Math.ceil(part.bytes.length / BASE64_CHARACTERS_PER_BYTE / DOCUMENT_PAGE_BYTES) * DOCUMENT_PAGE_TOKENS
      )
    default:
      return part satisfies never
  }
}

function sizeOfReasoning(reasoning: (Turn & { readonly role: "assistant" })["reasoning"]): number {
  if (reasoning === undefined) return 0
  return tokensOf((reasoning.redacted ?? reasoning.text).length)
}

function sizeOfTool({ name, description, schema }: ToolDeclaration): number {
  return tokensOf(name.length + description.length + JSON.stringify(schema).length)
}
