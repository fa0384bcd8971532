/** The words of a request and of what became of it. */

import type { ConversationState } from "../../../src/kiro/index.ts"
import type { RawMessage } from "./arbitrary-request.ts"

const WORD = /w\d+w/g

export function wordsOf(value: unknown): string[] {
  return (JSON.stringify(value) ?? "").match(WORD) ?? []
}

/** Each word of the value with how often it stands there. */
export function countsOf(value: unknown): Map<string, number> {
  const counts = new Map<string, number>()
  for (const word of wordsOf(value)) counts.set(word, (counts.get(word) ?? 0) + 1)
  return counts
}

/** Every text that the model reads as something that was said. */
export function textsOfState(state: ConversationState): string[] {
  const messages = [...state.history, state.currentMessage]
  return messages.flatMap((message) => {
    if ("assistantResponseMessage" in message) {
      const { content, toolUses = [] } = message.assistantResponseMessage
      return [content, ...toolUses.flatMap(({ input }) => stringsOf(input))]
    }
    const { content, userInputMessageContext } = message.userInputMessage
    const results = userInputMessageContext?.toolResults ?? []
    return [content, ...results.flatMap((result) => result.content.map(({ text }) => text))]
  })
}

/** Every text in the value, however deep. */
export function stringsOf(value: unknown): string[] {
  if (typeof value === "string") return [value]
  if (typeof value !== "object" || value === null) return []
  return Object.values(value).flatMap(stringsOf)
}

/** What the user and the model said in their own words, in order; no call and no result. */
export function spokenWords(messages: readonly RawMessage[]): string[] {
  return messages.filter(({ role }) => role !== "tool").flatMap(({ content }) => wordsOf(content))
}
