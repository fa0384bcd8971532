import { present } from "../../json.ts"
import { type Chat, sizeOf } from "../chat.ts"
import type { GatewayContext } from "../context.ts"
import type { Refusal } from "../door.ts"
import { overflow, tooLarge } from "./texts.ts"

/**
 * What to say when even the smallest form of a conversation was too long. OpenCode 1.18 compacts on an overflow and
 * sends the message again, without end: so the same session hears it once, until an answer of purpose main came.
 */
export async function refuseOverflow(
  { store }: GatewayContext,
  chat: Chat,
  tried: { readonly estimatedTokens?: number | undefined; readonly tokenRatio?: number | undefined },
): Promise<Refusal> {
  const { purpose, sessionId, request, conversation } = chat
  const session = await store.session(sessionId)
  // What its refusals taught fits the compaction that follows.
  const learnt = purpose === "generate" ? {} : present({ tokenRatio: tried.tokenRatio })
  const isFirst = purpose === "main" && !session.overflowAnswered
  await store.updateSession(sessionId, (current) => ({
    ...current,
    ...learnt,
    ...(isFirst && { overflowAnswered: true }),
  }))
  if (isFirst) {
    return { status: 400, message: overflow(request.model), overflow: true }
  }
  const estimatedTokens = tried.estimatedTokens ?? sizeOf(chat)
  const largest = largestPart(conversation)
  return { status: 400, message: tooLarge({ model: request.model, purpose, estimatedTokens, largest }) }
}

function largestPart({ system, tools, turns }: Chat["conversation"]): string {
  const users = turns.flatMap((turn) => (turn.role === "user" ? [turn] : []))
  const longest = (lengths: readonly number[]): number => Math.max(0, ...lengths)
  const sizes: readonly (readonly [string, number])[] = [
    ["the system prompt and the tools", system.length + JSON.stringify(tools).length],
    ["tool outputs", longest(users.map(({ results }) => lengthOf(results.map(({ text }) => text))))],
    [
      "a message",
      longest(
        users.map(({ parts }) =>
          lengthOf(parts.map((part) => (part.type === "text" ? part.text : part.bytes))),
        ),
      ),
    ],
  ]
  return sizes.reduce((largest, next) => (next[1] > largest[1] ? next : largest))[0]
}

function lengthOf(texts: readonly string[]): number {
  return texts.reduce((sum, text) => sum + text.length, 0)
}
