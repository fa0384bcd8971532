import assert from "node:assert/strict"
import { describe, it } from "node:test"
import type { ChatRequestBody } from "../support/fake-kiro/check/conversation.ts"
import { PromptCache } from "../support/fake-kiro/prompt-cache.ts"
import { assistant, plain, user, type Body } from "./known-good.ts"

const point = { cachePoint: { type: "default" } }
const long = "x".repeat(8_000)

function body(change: (body: Body) => void): ChatRequestBody {
  const made = plain()
  change(made)
  return JSON.parse(JSON.stringify(made)) as ChatRequestBody
}

const first = body((made) => (made.conversationState.currentMessage = user(long, point)))
const second = body((made) => {
  made.conversationState.history = [user(long, point), assistant("Yes?")]
  made.conversationState.currentMessage = user(long, point)
})

describe("the fake's opinion about a prompt cache", () => {
  it("is that a request reads what stood before a point of an earlier one, and writes the rest", () => {
    const cache = new PromptCache()
    const written = cache.use(first, "one")
    assert.equal(written.cacheReadInputTokens, 0)
    assert.ok(written.cacheWriteInputTokens >= 2_000 && written.uncachedInputTokens === 0)
    const read = cache.use(second, "one")
    assert.equal(read.cacheReadInputTokens, written.cacheWriteInputTokens)
    assert.ok(read.cacheWriteInputTokens >= 2_000)
    assert.equal(cache.use(second, "one").cacheWriteInputTokens, 0)
  })

  it("is that nothing is read by another account, in another conversation, or behind a change", () => {
    const other = body((made) => {
      made.conversationState.conversationId = "c0ffee00-1111-4222-8333-444455556667"
      made.conversationState.currentMessage = user(long, point)
    })
    const changed = body((made) => (made.conversationState.currentMessage = user(`${long}.`, point)))
    const cache = new PromptCache()
    cache.use(first, "one")
    assert.equal(cache.use(first, "two").cacheReadInputTokens, 0)
    assert.equal(cache.use(other, "one").cacheReadInputTokens, 0)
    assert.equal(cache.use(changed, "one").cacheReadInputTokens, 0)
  })
})
