import type { Conversation } from "./conversation.ts"

/**
 * A use of a tool that is not declared now is refused. OpenCode's own `invalid`, or a tool of an MCP server that was
 * switched off, gets a minimal declaration: its name and an empty schema.
 */
export function declareTools(conversation: Conversation): Conversation {
  const declared = new Set(conversation.tools.map(({ name }) => name))
  const used = conversation.turns.flatMap((turn) => (turn.role === "assistant" ? turn.uses : []))
  const missing = new Set(used.map(({ name }) => name).filter((name) => !declared.has(name)))
  if (missing.size === 0) return conversation
  const added = [...missing].map((name) => ({ name, description: "", schema: {} }))
  return { ...conversation, tools: [...conversation.tools, ...added] }
}
