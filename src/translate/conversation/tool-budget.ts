import { ChatRequestError } from "../../openai/index.ts"
import type { ToolDeclaration } from "./conversation.ts"

/**
 * All declarations together. 380 of 1.2 MB have been sent, and about 1 400 of 2 MB refused ("Invalid tool use format.");
 * nothing is published.
 */
const MAX_TOOLS = 1_000
/** Of JSON. */
const MAX_CHARACTERS = 1_500_000
const MEGABYTE = 1_000_000
const REMEDY = "switch off MCP servers that this session does not need"

/** Throws `ChatRequestError` for `tools` beyond the budget, before the service answers without naming a cause. */
export function checkToolBudget(tools: readonly ToolDeclaration[]): void {
  // The message names no count: among them are numbers that OpenCode takes for a status to repeat on.
  if (tools.length > MAX_TOOLS)
    throw new ChatRequestError("tools", `are over a thousand, more than Kiro takes: ${REMEDY}`)
  const characters = tools.reduce((sum, tool) => sum + sizeOf(tool), 0)
  if (characters <= MAX_CHARACTERS) return
  const sizes = `${inMegabytes(characters)} of declarations and Kiro takes ${inMegabytes(MAX_CHARACTERS)}`
  throw new ChatRequestError("tools", `are ${sizes}: ${REMEDY}`)
}

function sizeOf({ name, description, schema }: ToolDeclaration): number {
  return name.length + description.length + JSON.stringify(schema).length
}

function inMegabytes(characters: number): string {
  return `${(characters / MEGABYTE).toFixed(1)} MB`
}
