import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { createHash } from "node:crypto"
import type { KiroEvent } from "../../../src/kiro/index.ts"
import { metadata, reasoning, stop, text, toolUse, translate } from "./translate.ts"

/** As `translate` names it. */
const MODEL = "claude-sonnet-4.5"

describe("text and reasoning", () => {
  it("leave with their own event", () => {
    const { steps } = translate([reasoning("think"), text("a"), text("b")])
    assert.deepEqual(steps.slice(0, 3), [
      [{ delta: { role: "assistant", reasoning_content: "think" } }],
      [{ delta: { content: "a" } }],
      [{ delta: { content: "b" } }],
    ])
  })

  it("keep genuine repeats", () => {
    assert.equal(translate(["##", "##", "  ", "  "].map(text)).message.content, "####    ")
  })

  it("never break a character between two events", () => {
    const [high, low] = ["\u{1f600}".charAt(0), "\u{1f600}".charAt(1)]
    const { steps, message } = translate([text(`a${high}`), reasoning("r"), text(`${low}b`)])
    assert.equal(message.content, "a\u{1f600}b")
    assert.deepEqual(steps[0], [{ delta: { role: "assistant", content: "a" } }])
    const alone = translate([text(`a${high}`), text("b"), text(high), metadata("END_TURN")])
    assert.ok(alone.steps.flat().every(({ delta }) => !/[\ud800-\udbff]$/.test(delta.content ?? "")))
  })

  it("write a half that never got its other half as the replacement character", () => {
    assert.equal(translate([text("a"), text("\ud83d")]).message.content, "a\uFFFD")
    assert.equal(translate([text("a\ud83db\ude00")]).message.content, "a\uFFFDb\uFFFD")
    assert.equal(translate([reasoning("a\ud83d"), text("b")]).message.reasoning_content, "a\uFFFD")
    const signed = translate([
      reasoning("a\ud83d"),
      { type: "reasoningContentEvent", signature: "c2ln" },
      reasoning("b"),
    ])
    assert.deepEqual(signed.steps[1], [
      { delta: { reasoning_content: "\uFFFD" } },
      { delta: {}, reasoningEnd: { signature: "c2ln", modelId: MODEL } },
    ])
  })

  it("take a code event for text", () => {
    assert.equal(translate([text("a"), { type: "codeEvent", content: "b" }]).message.content, "ab")
  })

  it("keep each signature with the text since the one before it", () => {
    const sign = (signature: string): KiroEvent => ({ type: "reasoningContentEvent", signature })
    const { summary } = translate([
      reasoning("First."),
      sign("b25l"),
      reasoning("Second."),
      sign("dHdv"),
      text("Done."),
    ])
    assert.deepEqual(
      summary.reasoning.map(({ textHash }) => textHash),
      [sha256("First."), sha256("Second.")],
    )
  })

  it("keep a signature with the hash of its text and the calls of the turn", () => {
    const sign = (signature: string): KiroEvent => ({ type: "reasoningContentEvent", signature })
    const { summary, steps } = translate([
      reasoning("I need "),
      reasoning("both."),
      sign("c2ln"),
      toolUse("a"),
      stop("a"),
      toolUse("b"),
      stop("b"),
    ])
    assert.deepEqual(steps[2], [{ delta: {}, reasoningEnd: { signature: "c2ln", modelId: MODEL } }])
    assert.deepEqual(summary.reasoning, [
      { signature: "c2ln", textHash: sha256("I need both."), toolUseIds: ["a", "b"] },
    ])
  })

  it("keep reasoning that the service hides, and show none of it", () => {
    const redacted: KiroEvent = { type: "reasoningContentEvent", redactedContent: "LktUUn5+" }
    const signed: KiroEvent = { type: "reasoningContentEvent", signature: "c2ln" }
    const { summary, message, steps } = translate([redacted, toolUse("a"), stop("a")])
    assert.deepEqual(summary.reasoning, [{ redacted: "LktUUn5+", textHash: sha256(""), toolUseIds: ["a"] }])
    assert.equal(message.reasoning_content, undefined)
    assert.deepEqual(steps[0], [{ delta: {}, reasoningEnd: { redacted: "LktUUn5+", modelId: MODEL } }])
    assert.equal(steps[1]?.[0]?.delta.role, "assistant")
    const shown = translate([reasoning("Hm."), redacted, reasoning("Yes."), signed, toolUse("a"), stop("a")])
    assert.deepEqual(shown.summary.reasoning, [
      { redacted: "LktUUn5+", textHash: sha256(""), toolUseIds: ["a"] },
      { signature: "c2ln", textHash: sha256("Hm.Yes."), toolUseIds: ["a"] },
    ])
  })
})

function sha256(text: string): string {
  return createHash("sha256").update(`${MODEL}\n${text}`).digest("hex")
}
