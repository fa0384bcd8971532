/**
 * The only words in a request that neither the user, nor the model, nor a tool said. Filler text changes how a
 * model behaves (it imitates it, or stops early), so these five are few, short and stand only where something is
 * really missing.
 */

/** The result of a call that has none. Wording of OpenCode 1.18 for a call that the user interrupted. */
export const INTERRUPTED_RESULT = "[Tool execution was interrupted]"

/** Where the user, or a tool, really sent nothing and the service refuses an empty text (whitespace counts as empty). */
export const EMPTY_MESSAGE = "(empty message)"

/** Beside a picture or a document that came without a word: once there is a history the service refuses it so. */
export const NO_WORDS = "(no text)"

/** Where text was cut to fit the context window; head and tail around it stand as they were. */
export const CUT_MARK = "[… left out to fit the context window …]"

/** Stands for media that can't be sent: what it was, and why it is not there. Form of OpenCode 1.18's own notes. */
export function mediaLeftOut(what: string, why: string): string {
  return `[${what} left out: ${why}]`
}
