import { assistant, contextOf, toolResult, toolUse, user, type Body } from "../known-good.ts"
import { PNG } from "../../support/pixel.ts"

export const SIGNED: { readonly signature: string; readonly text: string } = {
  signature: "EqQBCkYIBxgCKkA=",
  text: "I need both files.",
}
export const REDACTED = "LktUUn5+AAAA"

/** "Improperly formed request." with `reason: null`. */
export const IMPROPER = null
export const BODY_INVALID = "REQUEST_BODY_INVALID"

/** A known-good request and a change to it. */
export interface Case {
  readonly name: string
  readonly from?: () => Body
  readonly change: (body: Body) => void
}

/** The change breaks one rule, and this is the reason that the service names. */
export interface Broken extends Case {
  readonly reason: string | null
  /** What the service says, where it tells more than its word for nearly everything. */
  readonly words?: RegExp
}

export const current = (body: Body): Body["conversationState"]["currentMessage"]["userInputMessage"] =>
  body.conversationState.currentMessage.userInputMessage
export const opus = (body: Body): void => {
  for (const { userInputMessage } of [
    ...body.conversationState.history,
    body.conversationState.currentMessage,
  ])
    if (userInputMessage) userInputMessage.modelId = "claude-opus-4.6"
}
export const lastAssistant = (body: Body): Record<string, unknown> =>
  body.conversationState.history.at(-1)?.assistantResponseMessage ?? {}
export const image = (format: string = "png", bytes: string = PNG): object => ({ format, source: { bytes } })
export const document = (name: string): object => ({ name, format: "pdf", source: { bytes: "JVBERi0xLjQK" } })
export const manyMessages = (count: number): Body["conversationState"]["history"] =>
  Array.from({ length: count }, (_, index) => (index % 2 === 0 ? user("u") : assistant("a")))

export function pngOf(width: number): string {
  const bytes = Buffer.from(PNG, "base64")
  bytes.writeUInt32BE(width, 16)
  return bytes.toString("base64")
}

/** One tool use id, in the call and in its result. */
export function renameToolUse(body: Body, toolUseId: string): void {
  lastAssistant(body)["toolUses"] = [toolUse(toolUseId)]
  contextOf(body)["toolResults"] = [toolResult(toolUseId)]
}
