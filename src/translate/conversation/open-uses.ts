import type { TurnResult, TurnUse } from "./conversation.ts"
import { createIdAllocator } from "./use-ids.ts"

/** A use under its id on the wire, and the result that was found for it. */
export interface OpenUse {
  readonly use: TurnUse
  answer?: TurnResult
}

/** The uses under one id of OpenCode's: several of one turn, or of several turns, may share it. */
interface SameId {
  readonly groups: { readonly uses: OpenUse[]; next: number }[]
  readonly answers: Set<string>
}

export interface OpenUses {
  /** Takes the uses of the next assistant turn. */
  add(uses: readonly TurnUse[]): OpenUse[]
  /** False where the result has no use before it, or differs from the answer that its use already has. */
  answer(result: TurnResult): boolean
}

export function createOpenUses(): OpenUses {
  const allocateId = createIdAllocator()
  const known = new Map<string, SameId>()

  return {
    add(uses) {
      const added = uses.map((use): OpenUse => ({ use: { ...use, id: allocateId(use.id) } }))
      const originals = Map.groupBy(added.keys(), (index) => uses[index]?.id ?? "")
      for (const [id, indexes] of originals) {
        const sameId = known.get(id) ?? { groups: [], answers: new Set() }
        sameId.groups.push({ uses: [...indexes].flatMap((index) => added[index] ?? []), next: 0 })
        known.set(id, sameId)
      }
      return added
    },

    /** The newest turn that still waits is meant; within it the uses are answered in their order. */
    answer(result) {
      const sameId = known.get(result.id)
      if (sameId === undefined) return false
      while ((sameId.groups.at(-1)?.next ?? 0) >= (sameId.groups.at(-1)?.uses.length ?? 1))
        sameId.groups.pop()
      const group = sameId.groups.at(-1)
      if (group === undefined) return sameId.answers.has(result.text)
      const open = group.uses[group.next]
      group.next += 1
      if (open !== undefined) open.answer = result
      sameId.answers.add(result.text)
      return true
    },
  }
}
