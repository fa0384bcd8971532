import { ChatRequestError } from "../../openai/index.ts"
import type { ToolDeclaration } from "./conversation.ts"

/**
 * All declarations together, in characters of JSON. 380 declarations of 1.2 MB have been sent and about 1 400 of 2 MB
 * refused ("Invalid tool use format."); nothing is published.
 */
const TOOL_BUDGET_CHARACTERS = 1_500_000
const MEGABYTE = 1_000_000

/** Throws `ChatRequestError` for `tools` beyond the budget, before the service answers without naming a cause. */
export function checkToolBudget(tools: readonly ToolDeclaration[]): void {
  const characters = tools.reduce((sum, tool) => sum + sizeOf(tool), 0)
  if (characters <= TOOL_BUDGET_CHARACTERS) return
  throw new ChatRequestError(
    "tools",
    `are ${inMegabytes(characters)} of declarations and Kiro takes ${inMegabytes(TOOL_BUDGET_CHARACTERS)}: ` +
      "switch off MCP servers that this session does not need",
  )
}

function sizeOf({ name, description, schema }: ToolDeclaration): number {
  return name.length + description.length + JSON.stringify(schema).length
}

function inMegabytes(characters: number): string {
  return `${(characters / MEGABYTE).toFixed(1)} MB`
}
