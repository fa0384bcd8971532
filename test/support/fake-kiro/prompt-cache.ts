import { createHash } from "node:crypto"
import { isObject } from "../../../src/json.ts"
import { turnsOf, type ChatRequestBody, type Turn } from "./check/conversation.ts"
import { turnTokens, toolTokens } from "./check/size.ts"
import { toolsOf } from "./check/tools.ts"

/** The service caches nothing shorter. */
const LEAST_TOKENS = 1_024

export interface CacheUse {
  readonly uncachedInputTokens: number
  readonly cacheReadInputTokens: number
  readonly cacheWriteInputTokens: number
}

/**
 * How a prompt cache may work, as an opinion and nothing more: what stands before a cache point is kept for its account
 * and conversation, and the longest kept prefix of a request is read.
 */
export class PromptCache {
  readonly #kept = new Set<string>()

  use(body: ChatRequestBody, account: string): CacheUse {
    const { conversationId = "" } = body.conversationState
    const hash = createHash("sha256").update(`${account} ${conversationId} ${JSON.stringify(toolsOf(body))}`)
    let tokens = toolTokens(body)
    let read = 0
    let written = 0
    const points: string[] = []
    for (const turn of turnsOf(body)) {
      tokens += turnTokens(turn)
      hash.update(JSON.stringify(withoutPoint(turn)))
      const prefix = hash.copy().digest("hex")
      if (this.#kept.has(prefix)) read = tokens
      if (turn.message.cachePoint == null || tokens < LEAST_TOKENS) continue
      points.push(prefix)
      written = tokens
    }
    for (const point of points) this.#kept.add(point)
    return {
      uncachedInputTokens: Math.ceil(tokens - Math.max(read, written)),
      cacheReadInputTokens: Math.floor(read),
      cacheWriteInputTokens: Math.floor(Math.max(0, written - read)),
    }
  }
}

/** Tools count before all messages, with the context that holds nothing else; a point is no part of what it ends. */
function withoutPoint({ message }: Turn): unknown {
  return JSON.parse(
    JSON.stringify(message, (key, value: unknown) => {
      const isEmpty =
        key === "userInputMessageContext" &&
        isObject(value) &&
        Object.keys(value).every((member) => member === "tools")
      return isEmpty || key === "cachePoint" || key === "tools" ? undefined : value
    }),
  ) as unknown
}
