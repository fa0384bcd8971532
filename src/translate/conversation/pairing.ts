import { createHash } from "node:crypto"
import {
  isBlank,
  textPart,
  type Conversation,
  type Turn,
  type TurnResult,
  type TurnUse,
  type UserPart,
  type UserTurn,
} from "./conversation.ts"
import { EMPTY_MESSAGE, INTERRUPTED_RESULT } from "./filler.ts"

/**
 * Every use is answered exactly once, in the very next turn, in the order of the uses. A late result moves under
 * its use; one that repeats an earlier answer word by word is left out; one that differs, or has no use before it,
 * stays where it is as plain text; a use without a result gets the honest error result. A turn that is empty then is
 * left out. Expects merged turns.
 */
export function pairResults(conversation: Conversation): Conversation {
  if (arePaired(conversation.turns)) return conversation
  const openUses = createOpenUses()
  // All turns are read before one is written: what answers a use may stand far behind it.
  const read = conversation.turns.map((turn) => {
    if (turn.role === "assistant") return { ...turn, uses: openUses.add(turn.uses) }
    const strays = turn.results.filter((result) => !openUses.answer(result))
    return { ...turn, parts: [...strayTexts(strays), ...turn.parts] }
  })

  const turns: Turn[] = []
  let unanswered: readonly OpenUse[] = []
  const answerWith = (parts: readonly UserPart[], spoken: boolean): void => {
    if (parts.length + unanswered.length > 0)
      turns.push({ role: "user", spoken, parts, results: unanswered.map(answerOf) })
    unanswered = []
  }
  for (const turn of read) {
    if (turn.role === "user") {
      answerWith(turn.parts, turn.spoken)
      continue
    }
    answerWith([], false)
    unanswered = turn.uses
    turns.push({ ...turn, uses: turn.uses.map(({ use }) => use) })
  }
  answerWith([], false)
  return { ...conversation, turns }
}

function strayTexts(strays: readonly TurnResult[]): UserPart[] {
  return strays.flatMap(({ text }) => (isBlank(text) ? [] : [textPart(text)]))
}

/** Bedrock takes no blank text block, not even as what a tool returned. */
function answerOf({ use, answer }: OpenUse): TurnResult {
  if (answer === undefined) return { id: use.id, status: "error", text: INTERRUPTED_RESULT }
  return { ...answer, id: use.id, text: isBlank(answer.text) ? EMPTY_MESSAGE : answer.text }
}

/** A use under its id on the wire, the id that OpenCode gave it, and the result that was found for it. */
interface OpenUse {
  readonly use: TurnUse
  readonly givenId: string
  answer?: TurnResult
}

/** The uses of one id of OpenCode's: several of one turn, or of several turns, may share it. */
interface SameId {
  /** Those of the newest turn first, within it in their order: the first is meant. */
  readonly waiting: OpenUse[]
  /** The texts of those that were answered. */
  readonly answers: Set<string>
}

interface OpenUses {
  /** Takes the uses of the next assistant turn. */
  add(uses: readonly TurnUse[]): OpenUse[]
  /** False where the result has no use before it, or differs from the answer that its use already has. */
  answer(result: TurnResult): boolean
}

function createOpenUses(): OpenUses {
  const allocateId = createIdAllocator()
  const known = new Map<string, SameId>()

  return {
    add(uses) {
      const added = uses.map((use): OpenUse => ({ use: { ...use, id: allocateId(use.id) }, givenId: use.id }))
      for (const [id, newest] of Map.groupBy(added, ({ givenId }) => givenId)) {
        const { waiting, answers } = known.get(id) ?? { waiting: [], answers: new Set() }
        known.set(id, { waiting: [...newest, ...waiting], answers })
      }
      return added
    },

    answer(result) {
      const sameId = known.get(result.id)
      if (sameId === undefined) return false
      const meant = sameId.waiting.shift()
      if (meant === undefined) return sameId.answers.has(result.text)
      meant.answer = result
      sameId.answers.add(result.text)
      return true
    },
  }
}

/** True where pairing would change nothing, which is so for nearly every conversation: it is dear, this is not. */
function arePaired(turns: readonly Turn[]): boolean {
  const ids = turns.flatMap((turn) => (turn.role === "assistant" ? turn.uses.map(({ id }) => id) : []))
  if (new Set(ids).size < ids.length || !ids.every(isValidId)) return false
  return turns.every((turn, index) =>
    turn.role === "user"
      ? answers(turn, usesOf(turns[index - 1]))
      : turn.uses.length === 0 || turns[index + 1]?.role === "user",
  )
}

function usesOf(turn: Turn | undefined): readonly TurnUse[] {
  return turn?.role === "assistant" ? turn.uses : []
}

function answers({ results }: UserTurn, uses: readonly TurnUse[]): boolean {
  return (
    results.length === uses.length &&
    results.every(({ id, text }, index) => id === uses[index]?.id && !isBlank(text))
  )
}

/** What the service takes as a tool-use id. */
const VALID_ID = /^[A-Za-z0-9_-]{1,64}$/

function isValidId(id: string): boolean {
  return VALID_ID.test(id)
}

/**
 * Gives each use an id of its own. A valid id that is still free stays as it is, so the service's own ids come back
 * unchanged; any other becomes one derived from it, the same in every turn of the conversation.
 */
function createIdAllocator(): (original: string) => string {
  const taken = new Set<string>()
  const repeats = new Map<string, number>()
  return (original) => {
    let id = original
    while (!isValidId(id) || taken.has(id)) {
      const repeat = repeats.get(original) ?? 0
      repeats.set(original, repeat + 1)
      id = derivedId(original, repeat)
    }
    taken.add(id)
    return id
  }
}

function derivedId(original: string, repeat: number): string {
  const digest = createHash("sha256").update(`${repeat}:${original}`).digest("hex")
  return `${original.replaceAll(/[^A-Za-z0-9_-]/g, "_").slice(0, 31)}_${digest.slice(0, 32)}`
}
