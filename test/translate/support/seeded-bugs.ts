/** Bugs that the canonical step could have: each is the list of its steps with one broken. */

import {
  closeEnds,
  dropBlanks,
  fillEmptyUserTurns,
  mergeTurns,
  CANONICAL_STEPS,
  declareTools,
  flattenTools,
  type CanonicalStep,
} from "../../../src/translate/conversation/canonical.ts"
import { cleanSchemas } from "../../../src/translate/conversation/schemas.ts"
import {
  textPart,
  type AssistantTurn,
  type Conversation,
  type UserPart,
  type UserTurn,
} from "../../../src/translate/conversation/conversation.ts"
import { describeTools, nameDocuments, nameTools } from "../../../src/translate/conversation/names.ts"
import { pairResults } from "../../../src/translate/conversation/pairing.ts"

type Steps = readonly CanonicalStep[]

const without = (missing: CanonicalStep): Steps => CANONICAL_STEPS.filter((step) => step !== missing)
const instead = (right: CanonicalStep, wrong: CanonicalStep): Steps =>
  CANONICAL_STEPS.map((step) => (step === right ? wrong : step))
const before = (right: CanonicalStep, wrong: CanonicalStep): Steps =>
  instead(right, (turns) => right(wrong(turns)))
const after = (right: CanonicalStep, wrong: CanonicalStep): Steps =>
  instead(right, (turns) => wrong(right(turns)))
const atTheEnd = (wrong: CanonicalStep): Steps => [...CANONICAL_STEPS, wrong]

export const SEEDED_BUGS: Readonly<Record<string, Steps>> = {
  "leaves uses and results in a request without tools": without(flattenTools),
  "flattens calls to their names": before(flattenTools, withoutArguments),
  "leaves results out where it flattens": before(flattenTools, withoutResultsIfNoTools),
  "keeps texts of whitespace": without(dropBlanks),
  "does not merge neighbours of one role": without(mergeTurns),
  "keeps only the last of neighbours of one role": before(mergeTurns, lastOfNeighbours),
  "glues the texts of one turn together": atTheEnd(eachUser(withGluedTexts)),
  "puts the newest text of a turn first": atTheEnd(
    eachUser((turn) => ({ ...turn, parts: turn.parts.toReversed() })),
  ),
  "puts a word into tool-result turns": atTheEnd(eachUser(withFiller)),
  "leaves empty messages empty": without(fillEmptyUserTurns),
  "fills only the newest of the empty messages": instead(fillEmptyUserTurns, fillNewest),
  "does not pair results with uses": without(pairResults),
  "drops results that have no use": before(pairResults, withoutOrphans),
  "reverses the results of parallel calls": atTheEnd(eachUser(withReversedResults)),
  "leaves a call unanswered that was interrupted": atTheEnd(eachUser(withoutErrors)),
  "shortens ids without telling them apart": after(pairResults, withoutIdHashes),
  "begins and ends with the model": without(closeEnds),
  "does not make tool names valid": without(nameTools),
  "shortens tool names without telling them apart": after(nameTools, withoutNameHashes),
  "does not declare tools that are only used": without(declareTools),
  "leaves descriptions as they are": without(describeTools),
  "cuts long descriptions silently": instead(describeTools, (turns) => ({
    ...describeTools(turns),
    system: turns.system,
  })),
  "leaves schemas as they are": without(cleanSchemas),
  "gives two documents one name": without(nameDocuments),
}

function eachUser(change: (turn: UserTurn) => UserTurn): CanonicalStep {
  return (conversation) => ({
    ...conversation,
    turns: conversation.turns.map((turn) => (turn.role === "user" ? change(turn) : turn)),
  })
}

function eachAssistant(change: (turn: AssistantTurn) => AssistantTurn): CanonicalStep {
  return (conversation) => ({
    ...conversation,
    turns: conversation.turns.map((turn) => (turn.role === "assistant" ? change(turn) : turn)),
  })
}

function withoutArguments(conversation: Conversation): Conversation {
  return eachAssistant((turn) => ({
    ...turn,
    uses: turn.uses.map((use) => Object.assign({ ...use }, { argumentsText: "" })),
  }))(conversation)
}

function withoutResultsIfNoTools(conversation: Conversation): Conversation {
  return conversation.tools.length > 0
    ? conversation
    : eachUser((turn) => ({ ...turn, results: [] }))(conversation)
}

function lastOfNeighbours(conversation: Conversation): Conversation {
  const { turns } = conversation
  return { ...conversation, turns: turns.filter((turn, index) => turns[index + 1]?.role !== turn.role) }
}

function isText(part: UserPart): boolean {
  return part.type === "text"
}

function withGluedTexts(turn: UserTurn): UserTurn {
  const glued = turn.parts.map((part) => (part.type === "text" ? part.text : "")).join("")
  return glued === ""
    ? turn
    : { ...turn, parts: [textPart(glued), ...turn.parts.filter((part) => !isText(part))] }
}

function withFiller(turn: UserTurn): UserTurn {
  return turn.results.length === 0 || turn.parts.some(isText)
    ? turn
    : { ...turn, parts: [textPart("Continue"), ...turn.parts] }
}

function fillNewest(conversation: Conversation): Conversation {
  const { turns } = conversation
  const newest = fillEmptyUserTurns({ ...conversation, turns: turns.slice(-1), system: "" }).turns
  return {
    ...conversation,
    turns: [...turns.slice(0, -1), ...newest].filter(
      (turn, index) =>
        index === 0 || turn.role === "assistant" || turn.parts.length + turn.results.length > 0,
    ),
  }
}

function withoutOrphans(conversation: Conversation): Conversation {
  const used = new Set(
    conversation.turns.flatMap((turn) => (turn.role === "assistant" ? turn.uses.map(({ id }) => id) : [])),
  )
  return eachUser((turn) => ({ ...turn, results: turn.results.filter(({ id }) => used.has(id)) }))(
    conversation,
  )
}

function withReversedResults(turn: UserTurn): UserTurn {
  const texts = turn.results.map(({ text }) => text).toReversed()
  return {
    ...turn,
    results: turn.results.map((result, index) => Object.assign({ ...result }, { text: texts[index] ?? "" })),
  }
}

function withoutErrors(turn: UserTurn): UserTurn {
  return { ...turn, results: turn.results.filter(({ status }) => status === "success") }
}

function withoutIdHashes(conversation: Conversation): Conversation {
  const cut = <T extends { readonly id: string }>(value: T): T => ({
    ...value,
    id: value.id.replace(/_[0-9a-f]{32}$/, "_"),
  })
  const users = eachUser((turn) => ({ ...turn, results: turn.results.map(cut) }))(conversation)
  return eachAssistant((turn) => ({ ...turn, uses: turn.uses.map(cut) }))(users)
}

function withoutNameHashes(conversation: Conversation): Conversation {
  const cut = <T extends { readonly name: string }>(value: T): T => ({
    ...value,
    name: value.name.replace(/_[0-9a-f]{12}$/, ""),
  })
  const named = eachAssistant((turn) => ({ ...turn, uses: turn.uses.map(cut) }))(conversation)
  return { ...named, tools: named.tools.map(cut) }
}
