import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { FAILURE_KINDS } from "../../../src/kiro/failure.ts"
import type { KiroEvent } from "../../../src/kiro/index.ts"
import { contextUsage, failure, metadata, reasoning, stop, text, toolUse, translate } from "./translate.ts"

describe("the end of an answer in order", () => {
  for (const [reason, finishReason] of [
    ["END_TURN", "stop"],
    ["end_turn", "stop"],
    ["STOP_SEQUENCE", "stop"],
    ["MAX_TOKENS", "length"],
    ["CONTENT_FILTERED", "content_filter"],
    ["MODEL_CONTEXT_WINDOW_EXCEEDED", "length"],
    ["REFUSAL", "content_filter"],
    ["GUARDRAIL_INTERVENED", "content_filter"],
    ["TOOL_USE", "stop"],
    ["NEVER_HEARD_OF", "stop"],
  ] as const) {
    it(`is ${finishReason} for ${reason}`, () => {
      const { summary, end } = translate([text("hi"), metadata(reason)])
      assert.equal(summary.finishReason, finishReason)
      assert.equal("chunks" in end && end.chunks.at(-1)?.finishReason, finishReason)
    })
  }

  it("needs no metadata", () => {
    assert.equal(translate([text("hi")]).summary.finishReason, "stop")
  })

  it("is a failure where there was no content at all and nothing ended it; the host does not ask again", () => {
    for (const events of [[], [contextUsage(12)], [text("")], [{ type: "unknown" }]] as KiroEvent[][]) {
      const { end } = translate(events)
      assert.ok(end.outcome === "failed" && end.failure.kind === "empty-answer" && end.afterwards === "stop")
    }
  })

  it("is an answer without a word where the turn was ended, by its reason or by what it cost", () => {
    const metered: KiroEvent = { type: "meteringEvent", usage: 0.1, unit: "credit" }
    const counted: KiroEvent = {
      type: "metadataEvent",
      tokenUsage: {
        uncachedInputTokens: 9,
        outputTokens: 0,
        cacheReadInputTokens: 0,
        cacheWriteInputTokens: 0,
      },
    }
    for (const events of [[metadata("END_TURN")], [metered], [contextUsage(3), counted]]) {
      const { end, summary } = translate(events)
      assert.equal(end.outcome === "finished" && end.chunks.at(-1)?.finishReason, "stop")
      assert.equal(summary.metered.credits, events[0] === metered ? 0.1 : 0)
    }
    const cut = translate([metered], { failure: failure("truncated") })
    assert.equal(cut.end.outcome, "failed")
  })

  it("is an end without content where the service says why", () => {
    assert.equal(translate([metadata("CONTENT_FILTERED")]).summary.finishReason, "content_filter")
    assert.equal(translate([metadata("MAX_TOKENS")]).summary.finishReason, "length")
  })

  it("is a length, for the host to compact, where a full window left no room for the rest of a call", () => {
    const { summary, usage, message } = translate([toolUse("a"), toolUse("a", "{"), contextUsage(100)])
    assert.equal(summary.finishReason, "length")
    assert.equal(usage?.total_tokens, 200_000)
    assert.deepEqual(
      message.tool_calls?.map((call) => call.function.arguments),
      ["{"],
    )
    const begun = translate([toolUse("a"), toolUse("a", '{"x":'), toolUse("a", "1"), contextUsage(100)])
    assert.equal(begun.message.tool_calls?.[0]?.function.arguments, '{"x":')
  })

  it("is an error that is not repeated where a call never got its stop", () => {
    for (const events of [[toolUse("a")], [text("x"), toolUse("a"), toolUse("a", '{"x":1}')]]) {
      const { end, summary } = translate([...events, metadata("END_TURN")])
      assert.ok("failure" in end && end.failure.kind === "truncated" && end.afterwards === "stop")
      assert.equal(summary.finishReason, undefined)
      assert.equal(summary.openCallIds.length, 1)
    }
  })

  it("is length where the service says so, with the open call made unparsable", () => {
    for (const events of [
      [toolUse("a")],
      [toolUse("a"), toolUse("a", '{"x":1}')],
      [toolUse("a"), toolUse("a", '{"x":'), toolUse("a", "1}")],
      [toolUse("a"), toolUse("a", '{"x":1}'), toolUse("a", " ")],
    ]) {
      const { summary, message } = translate([...events, metadata("MAX_TOKENS")])
      assert.equal(summary.finishReason, "length")
      assertUnparsable(message.tool_calls?.[0]?.function.arguments)
    }
  })
})

describe("a failure after the first content", () => {
  for (const kind of FAILURE_KINDS) {
    it(`ends the turn as tool_calls after a complete call: ${kind}`, () => {
      const { summary, message } = translate([text("x"), toolUse("a"), stop("a"), toolUse("b")], {
        failure: failure(kind),
      })
      assert.equal(summary.finishReason, "tool_calls")
      assert.equal(message.tool_calls?.[0]?.function.arguments, "{}")
      assertUnparsable(message.tool_calls?.[1]?.function.arguments)
    })

    it(`is never repeated while a call is open: ${kind}`, () => {
      const { end } = translate([toolUse("a"), toolUse("a", "{")], { failure: failure(kind) })
      if (kind === "input-too-long") assert.ok("chunks" in end)
      else assert.ok("failure" in end && end.afterwards !== "repeat" && end.failure.kind === kind)
    })
  }

  it("may be repeated after text, or gone on from inside a call, only where the service or the network was at fault", () => {
    for (const [words, wanted] of [
      [text("x"), "repeat"],
      [reasoning("x"), "repeat"],
      [toolUse("a"), "go-on"],
    ] as const) {
      const passing = FAILURE_KINDS.filter((kind) => {
        const { end } = translate([words], { failure: failure(kind) })
        return "failure" in end && end.afterwards === wanted
      })
      assert.deepEqual(passing, [
        "throttled",
        "capacity",
        "service-error",
        "unreachable",
        "network",
        "timeout",
        "empty-answer",
        "truncated",
      ])
    }
  })

  it("changes nothing of a turn that the service had ended with its reason", () => {
    const kinds = FAILURE_KINDS.filter((kind) => kind !== "input-too-long")
    for (const kind of kinds)
      for (const [reason, finishReason] of [
        ["END_TURN", "stop"],
        ["MAX_TOKENS", "length"],
      ] as const)
        for (const words of [[text("x")], []]) {
          const { end, summary } = translate([...words, metadata(reason)], { failure: failure(kind) })
          assert.equal(end.outcome === "finished" && end.chunks.at(-1)?.finishReason, finishReason)
          assert.equal(summary.hiddenFailure?.kind, kind)
        }
  })

  it("behind the reason of a turn with an open call is told as it is: the call lacks its end", () => {
    const { end } = translate([toolUse("a", "{"), metadata("END_TURN")], { failure: failure("network") })
    assert.equal(end.outcome === "failed" && end.failure.kind, "network")
  })

  it("behind what the turn cost, and no word of it, is an answer without content where the connection broke", () => {
    const broken = FAILURE_KINDS.filter((kind) => {
      const metered: KiroEvent = { type: "meteringEvent", usage: 0.1, unit: "credit" }
      const { end } = translate([metered], { failure: failure(kind) })
      return "failure" in end && end.failure.kind === "empty-answer" && end.afterwards === "stop"
    })
    assert.deepEqual(broken, ["unreachable", "network", "truncated", "corrupt-stream"])
    const { end } = translate([], { failure: failure("network") })
    assert.ok("failure" in end && end.failure.kind === "network" && end.afterwards === "repeat")
  })

  it("is the end as length, with the whole window as usage, where the input was too long", () => {
    for (const events of [[text("x")], [toolUse("a")]]) {
      const { summary, message } = translate(events, { failure: failure("input-too-long") })
      assert.equal(summary.finishReason, "length")
      assert.equal(summary.usage.total_tokens, 200_000)
      for (const call of message.tool_calls ?? []) assertUnparsable(call.function.arguments)
    }
  })

  it("has the host compact next where the input was too long, also after a complete call", () => {
    const { summary } = translate([toolUse("a"), stop("a")], { failure: failure("input-too-long") })
    assert.equal(summary.finishReason, "tool_calls")
    assert.equal(summary.usage.total_tokens, 200_000)
  })

  it("before any content gives nothing out, also what was held back", () => {
    const { end } = translate([text("\n<thin")], { failure: failure("input-too-long"), thinkingTags: true })
    assert.ok("failure" in end && end.failure.kind === "input-too-long")
  })
})

function assertUnparsable(json: string | undefined): void {
  // An empty text would be taken for a call without arguments.
  assert.ok(json !== undefined && json.trim() !== "")
  assert.throws(() => JSON.parse(json) as unknown, json)
}
