import {
  brokenChecksum,
  contextUsage,
  exception,
  FAILURES,
  finish,
  pause,
  type Reply,
  reset,
  resetBeforeHeaders,
  stream,
  text,
  toolUse,
  truncated,
} from "../support/fake-kiro/index.ts"

/** Every way in which an answer to a chat is known to fail, but for silence. */
export function faults(words: string): readonly Reply[] {
  return [
    ...Object.values(FAILURES),
    resetBeforeHeaders,
    stream(reset),
    stream(contextUsage(9)),
    stream(truncated(text(words))),
    stream(brokenChecksum(text(words))),
    stream(exception("throttlingException", { message: "slow down" })),
    stream(exception("ContentLengthExceededException", { message: "too long" })),
    stream(text(words), pause(1), reset),
    stream(text(words), brokenChecksum(text(" heard"))),
    stream(text(words), exception("internalServerException", { message: "boom" })),
    stream(text(words), exception("ContentLengthExceededException", { message: "too long" })),
    stream(toolUse({ name: "read", input: { path: "a" } }), pause(1), reset),
    stream(toolUse({ name: "read", input: { path: "a" }, stop: false }), finish()),
  ]
}
