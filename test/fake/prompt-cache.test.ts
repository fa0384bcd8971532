import assert from "node:assert/strict"
import { describe, it } from "node:test"
import type { ChatRequestBody } from "../support/fake-kiro/check/conversation.ts"
import { PromptCache, startFakeKiro } from "../support/fake-kiro/index.ts"
import { assistant, plain, tool, user, type Body } from "./known-good.ts"
import { postChat } from "./requests.ts"

const point = { cachePoint: { type: "default" } }
/** The newest message alone has the tools with it. */
const newest = { ...point, userInputMessageContext: { tools: [tool("read_file")] } }
const long = "x".repeat(8_000)

function body(change: (body: Body) => void): ChatRequestBody {
  const made = plain()
  change(made)
  return JSON.parse(JSON.stringify(made)) as ChatRequestBody
}

const first = body((made) => (made.conversationState.currentMessage = user(long, newest)))
const second = body((made) => {
  made.conversationState.history = [user(long, point), assistant("Yes?")]
  made.conversationState.currentMessage = user(long, newest)
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
      made.conversationState.currentMessage = user(long, newest)
    })
    const changed = body((made) => (made.conversationState.currentMessage = user(`${long}.`, newest)))
    const cache = new PromptCache()
    cache.use(first, "one")
    assert.equal(cache.use(first, "two").cacheReadInputTokens, 0)
    assert.equal(cache.use(other, "one").cacheReadInputTokens, 0)
    assert.equal(cache.use(changed, "one").cacheReadInputTokens, 0)
  })

  it("is told in the answers of a fake that has one, and in no other's", async () => {
    await using fake = await startFakeKiro()
    const [one, two] = [fake.account(), fake.account()]
    const told = async (account: typeof one, request: object): Promise<readonly number[]> => {
      const answer = await (await postChat(fake, account, request)).text()
      const [, read, written] =
        /"cacheReadInputTokens":(\d+),"cacheWriteInputTokens":(\d+)/.exec(answer) ?? []
      return read === undefined ? [] : [Number(read), Number(written)]
    }
    assert.deepEqual(await told(one, first), [])
    fake.promptCache = new PromptCache()
    const [none, written] = await told(one, first)
    assert.equal(none, 0)
    assert.equal((await told(one, second))[0], written)
    assert.deepEqual(await told(two, first), [0, written])
    assert.deepEqual(fake.refused, [])
  })
})
