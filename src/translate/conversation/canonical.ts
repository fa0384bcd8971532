import { present } from "../../json.ts"
import {
  isBlank,
  textPart,
  type AssistantTurn,
  type Conversation,
  type ToolSchema,
  type Turn,
  type UserPart,
  type UserTurn,
} from "./conversation.ts"
import { limitMedia } from "./limits.ts"
import { describeTools, nameDocuments, nameTools } from "./names.ts"
import { pairResults } from "./pairing.ts"
import { cleanSchemas } from "./schemas.ts"
import { EMPTY_MESSAGE, NO_WORDS } from "./filler.ts"

export type CanonicalStep = (conversation: Conversation) => Conversation

/** In this order each step finds what it relies on, and none undoes an earlier one. */
export const CANONICAL_STEPS: readonly CanonicalStep[] = [
  flattenTools,
  dropBlanks,
  mergeTurns,
  fillEmptyUserTurns,
  pairResults,
  mergeTurns,
  closeEnds,
  nameTools,
  declareTools,
  describeTools,
  cleanSchemas,
  nameDocuments,
  limitMedia,
]

/**
 * Makes any conversation acceptable to Kiro: user first, user last, turns alternate, every use answered once in
 * the next turn, every name, id, schema and medium within the service's limits. Loses no text and adds none
 * but the invented words. Idempotent.
 */
export function canonical(conversation: Conversation): Conversation {
  return CANONICAL_STEPS.reduce((current, step) => step(current), conversation)
}

/** Text that is whitespace alone says nothing, and the service refuses it. */
export function dropBlanks(conversation: Conversation): Conversation {
  return { ...conversation, turns: conversation.turns.map(withoutBlanks) }
}

function withoutBlanks(turn: Turn): Turn {
  if (turn.role === "user")
    return turn.parts.some(isBlankPart)
      ? { ...turn, parts: turn.parts.filter((part) => !isBlankPart(part)) }
      : turn
  return turn.texts.some(isBlank) ? { ...turn, texts: turn.texts.filter((text) => !isBlank(text)) } : turn
}

function isBlankPart(part: UserPart): boolean {
  return part.type === "text" && isBlank(part.text)
}

/** Leaves out assistant turns that say nothing, and makes one turn of neighbours of one role, in their order. */
export function mergeTurns(conversation: Conversation): Conversation {
  if (conversation.turns.every(alternates)) return conversation
  const groups: Turn[][] = []
  for (const turn of conversation.turns) {
    if (turn.role === "assistant" && isSilent(turn)) continue
    const last = groups.at(-1)
    if (last?.[0]?.role === turn.role) last.push(turn)
    else groups.push([turn])
  }
  return { ...conversation, turns: groups.flatMap(combine) }
}

function alternates(turn: Turn, index: number, turns: readonly Turn[]): boolean {
  return turn.role !== turns[index - 1]?.role && !(turn.role === "assistant" && isSilent(turn))
}

/** Reasoning is only ever given back beside a use: alone it can't stand in a conversation. */
function isSilent(turn: AssistantTurn): boolean {
  return turn.texts.length === 0 && turn.uses.length === 0
}

function combine(group: readonly Turn[]): readonly Turn[] {
  if (group.length === 1) return group
  const users = group.filter((turn) => turn.role === "user")
  if (users.length > 0) return [combineUsers(users)]
  return [combineAssistants(group.filter((turn) => turn.role === "assistant"))]
}

function combineUsers(turns: readonly UserTurn[]): UserTurn {
  return {
    role: "user",
    spoken: turns.some(({ spoken }) => spoken),
    parts: turns.flatMap((turn) => turn.parts),
    results: turns.flatMap((turn) => turn.results),
  }
}

function combineAssistants(turns: readonly AssistantTurn[]): AssistantTurn {
  // A message has room for one block, and the service takes no part of several.
  const [reasoning, ...others] = turns.flatMap((turn) => turn.reasoning ?? [])
  return {
    role: "assistant",
    texts: turns.flatMap((turn) => turn.texts),
    uses: turns.flatMap((turn) => turn.uses),
    ...present({ reasoning: others.length > 0 ? undefined : reasoning }),
  }
}

/**
 * A message that is empty as the user sent it gets the placeholder wherever it stands, not only while it is the
 * newest: else the prefix would change one turn later. The first one carries the system prompt, where there is one.
 */
export function fillEmptyUserTurns(conversation: Conversation): Conversation {
  const carriesSystem = !isBlank(conversation.system)
  const turns = conversation.turns.map((turn, index) => {
    if (turn.role === "assistant" || (index === 0 && carriesSystem)) return turn
    if (isEmpty(turn)) return { ...turn, parts: [textPart(EMPTY_MESSAGE)] }
    const isWordless = turn.parts.length > 0 && turn.parts.every(({ type }) => type !== "text")
    return isWordless ? { ...turn, parts: [textPart(NO_WORDS), ...turn.parts] } : turn
  })
  return { ...conversation, turns }
}

/** A conversation begins and ends with a user turn; the first may be empty where the system prompt stands in it. */
export function closeEnds(conversation: Conversation): Conversation {
  const { turns, system } = conversation
  const first: Turn[] = isBlank(system) ? [emptyMessage()] : [{ ...emptyMessage(), parts: [] }]
  const before = turns[0]?.role === "user" ? [] : first
  const after = turns.at(-1)?.role === "assistant" ? [emptyMessage()] : []
  return before.length + after.length === 0
    ? conversation
    : { ...conversation, turns: [...before, ...turns, ...after] }
}

function isEmpty(turn: UserTurn): boolean {
  return turn.parts.length === 0 && turn.results.length === 0
}

function emptyMessage(): UserTurn {
  return { role: "user", spoken: false, parts: [textPart(EMPTY_MESSAGE)], results: [] }
}

/**
 * A request without tools (title, compaction) may not hold uses or results. What they say becomes text: a call is its
 * name and its arguments, a result is itself.
 */
export function flattenTools(conversation: Conversation): Conversation {
  if (conversation.tools.length > 0) return conversation
  return { ...conversation, turns: conversation.turns.map(flatten) }
}

function flatten(turn: Turn): Turn {
  return turn.role === "user" ? flattenResults(turn) : flattenUses(turn)
}

function flattenResults(turn: UserTurn): UserTurn {
  if (turn.results.length === 0) return turn
  return {
    ...turn,
    parts: [
      ...turn.results.map(({ text }) => ({ ...textPart(text), isResult: true as const })),
      ...turn.parts,
    ],
    results: [],
  }
}

/** Without its use, reasoning can't be given back either. */
function flattenUses(turn: AssistantTurn): AssistantTurn {
  const calls = turn.uses.map(
    ({ name, argumentsText }) => `${name} ${isBlank(argumentsText) ? "{}" : argumentsText}`,
  )
  return { role: "assistant", texts: [...turn.texts, ...calls], uses: [] }
}

/** `cleanSchemas` makes one of it. */
const NO_SCHEMA: ToolSchema = { json: {}, text: "{}" }

/**
 * A use of a tool that is not declared now is refused. OpenCode's own `invalid`, or a tool of an MCP server that was
 * switched off, gets a minimal declaration: its name and an empty schema.
 */
export function declareTools(conversation: Conversation): Conversation {
  const declared = new Set(conversation.tools.map(({ name }) => name))
  const used = conversation.turns.flatMap((turn) => (turn.role === "assistant" ? turn.uses : []))
  const missing = new Set(used.map(({ name }) => name).filter((name) => !declared.has(name)))
  if (missing.size === 0) return conversation
  const added = [...missing].map((name) => ({ name, description: "", schema: NO_SCHEMA }))
  return { ...conversation, tools: [...conversation.tools, ...added] }
}
