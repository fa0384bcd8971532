import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { estimateTokens, learnRatio } from "../../src/translate/index.ts"
import { conversationOf, says } from "./support/chat.ts"

const sizeOf = (text: string): number => estimateTokens(conversationOf({ messages: [says(text)], tools: [] }))

describe("the size of a text", () => {
  it("is a token for four characters, and for one of Chinese, Japanese or Korean", () => {
    for (const [text, tokens] of [
      ["four", 1],
      ["five!", 2],
      ["漢字かなカナ", 6],
      ["한국어", 3],
      ["（全角。）", 5],
      ["𠮷", 2],
      ["abcd漢字", 3],
    ] as const)
      assert.equal(sizeOf(text), tokens, text)
  })

  it("is told of a long text within a few per cent", () => {
    for (const [text, tokens] of [
      ["漢字".repeat(50_000), 100_000],
      ["word ".repeat(40_000), 50_000],
      ["const 名前 = 1;\n".repeat(10_000), 50_000],
      [`${"a".repeat(100_000)}${"字".repeat(100_000)}`, 125_000],
    ] as const)
      assert.ok(Math.abs(sizeOf(text) / tokens - 1) < 0.03, `${sizeOf(text)} of ${tokens}`)
  })
})

describe("the size of reasoning", () => {
  it("is that of what is sent of it, shown or hidden", () => {
    const { turns, ...rest } = conversationOf({ messages: [says("four")], tools: [] })
    const sizeWith = (reasoning: { readonly text: string; readonly redacted?: string }): number =>
      estimateTokens({ ...rest, turns: [...turns, { role: "assistant", texts: [], uses: [], reasoning }] })
    assert.equal(sizeWith({ text: "x".repeat(400) }), 101)
    assert.equal(sizeWith({ text: "", redacted: "x".repeat(400) }), 101)
  })
})

describe("what a session teaches of its sizes", () => {
  const answered = { estimated: 100_000, counted: 100_000, request: "whole" } as const

  it("is the service's count for one estimated token, with some room", () => {
    assert.equal(learnRatio(undefined, { ...answered, counted: 200_000 }), 2.1)
    assert.equal(learnRatio(undefined, answered), 1.05)
    assert.equal(learnRatio(2.1, { ...answered, counted: 300_000 }), 3.15)
  })

  it("stays as it is while it is nearly right, so that no border moves", () => {
    assert.equal(learnRatio(2.1, { ...answered, counted: 210_000 }), 2.1)
    assert.equal(learnRatio(2.1, { ...answered, counted: 170_000 }), 2.1)
    assert.equal(learnRatio(2.1, { ...answered, counted: 160_000 }), 1.68)
  })

  it("stays for longer where the session is cut, as far as four fifths of the window have room for it", () => {
    const cut = { ...answered, request: "cut" } as const
    assert.equal(learnRatio(2, { ...cut, counted: 230_000 }), 2)
    assert.equal(learnRatio(2, { ...cut, counted: 240_000 }), 2.52)
    assert.equal(learnRatio(2, { ...cut, counted: 100_000 }), 2)
    assert.equal(learnRatio(2, { ...cut, counted: 80_000 }), 0.84)
  })

  it("grows with each refusal: what was refused was at least a window", () => {
    const refused = { estimated: 100_000, counted: 200_000, request: "refused" } as const
    assert.equal(learnRatio(undefined, refused), 2.1)
    assert.equal(learnRatio(2.1, { ...refused, estimated: 90_000 }), 2.33)
    assert.equal(learnRatio(2.4, refused), 2.52)
    assert.equal(learnRatio(undefined, { ...refused, counted: 50_000 }), 1.05)
  })

  it("is nothing from a few words, and never beyond what any language costs", () => {
    assert.equal(learnRatio(undefined, { ...answered, estimated: 3_999 }), undefined)
    assert.equal(learnRatio(1.5, { ...answered, estimated: 3_999 }), 1.5)
    assert.equal(learnRatio(1.5, { ...answered, counted: 0 }), 1.5)
    assert.equal(learnRatio(undefined, { ...answered, counted: 10_000_000 }), 8)
    assert.equal(learnRatio(undefined, { ...answered, counted: 1 }), 0.5)
  })
})
