import assert from "node:assert/strict"
import { describe, it } from "node:test"
import * as fc from "fast-check"
import type { KiroEvent, TokenUsage } from "../../../src/kiro/index.ts"
import { contextUsage, reasoning, text, translate } from "./translate.ts"

const NO_TOKENS: TokenUsage = {
  uncachedInputTokens: 0,
  outputTokens: 0,
  cacheReadInputTokens: 0,
  cacheWriteInputTokens: 0,
}

function counted(usage: Partial<TokenUsage>): KiroEvent {
  return { type: "metadataEvent", stopReason: "END_TURN", tokenUsage: { ...NO_TOKENS, ...usage } }
}

describe("the usage of a turn", () => {
  it("is the service's own count where it gives one", () => {
    const { usage } = translate([
      text("hello"),
      counted({
        uncachedInputTokens: 100,
        cacheReadInputTokens: 4_000,
        cacheWriteInputTokens: 50,
        outputTokens: 7,
      }),
      contextUsage(90),
    ])
    assert.deepEqual(usage, {
      prompt_tokens: 4_150,
      completion_tokens: 7,
      total_tokens: 4_157,
      prompt_tokens_details: { cached_tokens: 4_000, cache_write_tokens: 50 },
      completion_tokens_details: { reasoning_tokens: 0 },
    })
  })

  it("never counts more read from the cache, or written to it, than there was", () => {
    const cached = (read: number, written: number): unknown =>
      translate([
        text("hello"),
        counted({ uncachedInputTokens: 1, cacheReadInputTokens: read, cacheWriteInputTokens: written }),
      ]).usage?.prompt_tokens_details
    assert.deepEqual(cached(150_000, 100_000), { cached_tokens: 150_000, cache_write_tokens: 49_998 })
    assert.deepEqual(cached(300_000, 0), { cached_tokens: 199_998 })
  })

  it("is else the percentage of the window that the service gives the model", () => {
    const { usage } = translate([text("hello world!"), contextUsage(10.867)], { serviceWindow: 1_000_000 })
    assert.equal(usage?.prompt_tokens, 108_670)
    assert.equal(usage?.completion_tokens, 3)
  })

  it("is else an estimate", () => {
    const { usage } = translate([text("hello world!")], { estimatedPromptTokens: 1_234 })
    assert.equal(usage?.prompt_tokens, 1_234)
  })

  it("takes counts of nothing for no counts", () => {
    assert.equal(translate([text("x"), counted({}), contextUsage(10)]).usage?.prompt_tokens, 20_000)
    assert.equal(translate([text("x"), counted({})]).usage?.prompt_tokens, 1_000)
    assert.equal(
      translate([text("x"), counted({ contextUsagePercentage: 50 })]).usage?.prompt_tokens,
      100_000,
    )
  })

  it("stays what was counted where a later event tells the end alone", () => {
    const end: KiroEvent = { type: "metadataEvent", stopReason: "END_TURN" }
    const { usage } = translate([text("x"), counted({ uncachedInputTokens: 100, outputTokens: 7 }), end])
    assert.deepEqual([usage?.prompt_tokens, usage?.completion_tokens], [100, 7])
  })

  it("tells the reasoning's part of the completion", () => {
    const { usage } = translate([reasoning("a".repeat(400)), text("b".repeat(40))])
    assert.deepEqual(usage?.completion_tokens_details, { reasoning_tokens: 100 })
    assert.equal(usage?.completion_tokens, 110)
    const few = translate([
      reasoning("a".repeat(400)),
      text("b"),
      counted({ uncachedInputTokens: 1, outputTokens: 30 }),
    ])
    assert.deepEqual(few.usage?.completion_tokens_details, { reasoning_tokens: 30 })
  })

  it("is the whole window where the host has to compact next", () => {
    const asked = translate([text("x"), contextUsage(40)], { reportWholeWindow: "always" })
    const full = translate([text("x"), contextUsage(104.5)])
    const fullByCount = translate([
      text("x"),
      counted({ uncachedInputTokens: 9, contextUsagePercentage: 100 }),
    ])
    for (const { usage } of [asked, full, fullByCount]) {
      assert.equal(usage?.total_tokens, 200_000)
      assert.equal(usage.prompt_tokens, 199_999)
    }
  })

  it("is the whole window as the host knows it, where that is larger than the service's", () => {
    const options = { reportWholeWindow: "always", hostWindow: 1_000_000 } as const
    assert.equal(translate([text("x"), contextUsage(40)], options).usage?.total_tokens, 1_000_000)
    const calm = translate([text("x"), contextUsage(40)], { hostWindow: 1_000_000 })
    assert.equal(calm.usage?.prompt_tokens, 80_000)
  })

  it("is an estimate where a full window can't be true, because the host has just compacted", () => {
    const options = { reportWholeWindow: "never" } as const
    const { usage, summary } = translate([text("x".repeat(40)), contextUsage(104.5)], options)
    assert.equal(usage?.total_tokens, 1_010)
    assert.equal(summary.reportedWholeWindow, false)
    const { usage: believed } = translate([text("x"), contextUsage(40)], options)
    assert.equal(believed?.prompt_tokens, 80_000)
  })

  it("is never nothing, never over the window, and always adds up", () => {
    const percentage = fc.oneof(fc.constant(0), fc.double({ min: 0, max: 500, noNaN: true }))
    const tokens = fc.nat(3_000_000)
    fc.assert(
      fc.property(
        percentage,
        fc.record({
          uncachedInputTokens: tokens,
          outputTokens: tokens,
          cacheReadInputTokens: tokens,
          cacheWriteInputTokens: tokens,
        }),
        fc.boolean(),
        fc.integer({ min: 2, max: 1_000_000 }),
        (share, tokenUsage, hasCounts, serviceWindow) => {
          const events = [text("x"), contextUsage(share), ...(hasCounts ? [counted(tokenUsage)] : [])]
          const { usage } = translate(events, { serviceWindow, estimatedPromptTokens: 0 })
          assert.ok(usage !== undefined)
          assert.ok(usage.prompt_tokens >= 1 && usage.completion_tokens >= 1)
          assert.ok(usage.total_tokens <= serviceWindow)
          assert.equal(usage.total_tokens, usage.prompt_tokens + usage.completion_tokens)
          assert.ok(usage.prompt_tokens_details.cached_tokens <= usage.prompt_tokens)
          assert.ok(usage.completion_tokens_details.reasoning_tokens <= usage.completion_tokens)
        },
      ),
    )
  })

  it("keeps what was told of the cache, and knows what was not told from none", () => {
    const metered = (usage: Partial<TokenUsage>): unknown => {
      const event = {
        type: "metadataEvent",
        tokenUsage: { uncachedInputTokens: 100, outputTokens: 1, ...usage },
      } as const
      return translate([text("x"), event]).summary.metered
    }
    assert.deepEqual(metered({ cacheReadInputTokens: 300, cacheWriteInputTokens: 50 }), {
      credits: 0,
      inputTokens: 450,
      cacheReadTokens: 300,
      cacheWriteTokens: 50,
    })
    assert.deepEqual(metered({ cacheReadInputTokens: 0 }), {
      credits: 0,
      inputTokens: 100,
      cacheReadTokens: 0,
    })
    assert.deepEqual(metered({}), { credits: 0, inputTokens: 100 })
    assert.deepEqual(metered({ uncachedInputTokens: 0 }), { credits: 0 })
  })

  it("adds up the credits", () => {
    const metering = (usage: number): KiroEvent => ({ type: "meteringEvent", usage, unit: "credit" })
    assert.equal(translate([text("x"), metering(0.25), metering(0.5)]).summary.metered.credits, 0.75)
  })

  it("takes nothing off for a metering below nothing", () => {
    const metering = (usage: number): KiroEvent => ({ type: "meteringEvent", usage, unit: "credit" })
    assert.equal(translate([text("x"), metering(0.5), metering(-5)]).summary.metered.credits, 0.5)
  })

  it("takes only credits for credits", () => {
    const metering = (unit: string): KiroEvent => ({ type: "meteringEvent", usage: 0.5, unit })
    const units = ["credit", "Credits", "", "token", "INVOCATIONS"]
    assert.equal(translate([text("x"), ...units.map(metering)]).summary.metered.credits, 1.5)
  })
})
