import { cleanSchemas } from "./clean-schemas.ts"
import type { Conversation } from "./conversation.ts"
import { declareTools } from "./declare-tools.ts"
import { describeTools } from "./describe-tools.ts"
import { closeEnds, dropBlanks, fillEmptyUserTurns, mergeTurns } from "./alternate-turns.ts"
import { flattenTools } from "./flatten-tools.ts"
import { limitMedia } from "./limit-media.ts"
import { nameDocuments } from "./name-documents.ts"
import { nameTools } from "./name-tools.ts"
import { pairResults } from "./pair-results.ts"

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
