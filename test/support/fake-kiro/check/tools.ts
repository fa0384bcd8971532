import type { ToolSpecification } from "@aws/codewhisperer-streaming-client"
import { currentOf, toolUsesOf, turnsOf, type ChatRequestBody } from "./conversation.ts"
import { improperlyFormed, refuse, type Rule } from "./rule.ts"
import { invalidToolUse } from "./tool-pairs.ts"

const TOOL_NAME = /^[a-zA-Z][a-zA-Z0-9_-]{0,63}$/
const LONGEST_DESCRIPTION_BYTES = 10_240
const MOST_TOOLS = 1_400
const LARGEST_TOOLS_BYTES = 2_000_000

/** Tools used in the history are declared now. */
export const checkToolsDeclared: Rule = (body) => {
  const used = turnsOf(body)
    .flatMap(toolUsesOf)
    .map(({ name }) => name)
  if (used.length === 0) return undefined
  const declared = toolsOf(body).map(({ name }) => name)
  if (declared.length === 0) return improperlyFormed
  return used.every((name) => declared.includes(name))
    ? undefined
    : refuse("Tools of the conversation are missing from the tool configuration.", "TOOL_CONFIG_MISSING")
}

/** Names are compared without case. */
export const checkToolsUnique: Rule = (body) => {
  const names = toolsOf(body).map(({ name }) => (name ?? "").toLowerCase())
  return new Set(names).size === names.length
    ? undefined
    : refuse("The tool configuration holds a tool twice.", "TOOL_DUPLICATE")
}

export const checkToolNames: Rule = (body) => {
  const bad = toolsOf(body).find(({ name }) => !TOOL_NAME.test(name ?? ""))
  return bad && refuse(`Invalid tool name: ${bad.name ?? ""}`, "TOOL_SCHEMA_INVALID")
}

export const checkToolDescriptions: Rule = (body) =>
  toolsOf(body).every(({ description }) => {
    const bytes = Buffer.byteLength(description ?? "")
    return (description ?? "").trim() !== "" && bytes <= LONGEST_DESCRIPTION_BYTES
  })
    ? undefined
    : improperlyFormed

export const checkToolBudget: Rule = (body) => {
  const tools = toolsOf(body)
  const tooMany = tools.length >= MOST_TOOLS || Buffer.byteLength(JSON.stringify(tools)) > LARGEST_TOOLS_BYTES
  return tooMany ? invalidToolUse : undefined
}

/** Modelled in the client, refused by the service. */
export const checkNoCachePointInTools: Rule = (body) =>
  declarationsOf(body).some((tool) => tool.cachePoint != null) ? improperlyFormed : undefined

export function toolsOf(body: ChatRequestBody): ToolSpecification[] {
  return declarationsOf(body).flatMap(({ toolSpecification }) => toolSpecification ?? [])
}

function declarationsOf(body: ChatRequestBody): readonly {
  readonly toolSpecification?: ToolSpecification | undefined
  readonly cachePoint?: unknown
}[] {
  return currentOf(body).userInputMessageContext?.tools ?? []
}
