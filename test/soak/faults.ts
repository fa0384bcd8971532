import {
  brokenChecksum,
  contextUsage,
  exception,
  failure,
  FAILURES,
  finish,
  pause,
  type ReceivedRequest,
  type Reply,
  reset,
  resetBeforeHeaders,
  stream,
  text,
  toolNamesIn,
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

/** A part of the request that the service does not take, as its words name it. */
const REFUSED_TOOL = "refused_"
const PICTURE_REFUSED = 0.3

/** The refusal of a tool is for good; that of a picture is a mood. */
export function refusedPart({ text: body }: ReceivedRequest, random: () => number): Reply | undefined {
  const place = toolNamesIn(body).findIndex((name) => name.startsWith(REFUSED_TOOL))
  if (place >= 0) return refusal(`tools.${place}.custom.input_schema: it is not taken`)
  if (body.includes('"images":[') && random() < PICTURE_REFUSED) return refusal("Could not process image")
  return undefined
}

function refusal(message: string): Reply {
  return failure({ status: 400, type: "ValidationException", message, reason: null })
}
