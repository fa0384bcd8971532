import assert from "node:assert/strict"
import { describe, it } from "node:test"
import * as fc from "fast-check"
import { casesOf } from "../../fuzz/runs.ts"
import { argumentSteps, metadata, stop, text, toolUse, translate, type ToolUse } from "./translate.ts"

describe("a tool call", () => {
  it("is announced with its id and original name, and no arguments", () => {
    const { steps } = translate([toolUse("a"), stop("a")], { toolNames: new Map([["tool_a", "my tool"]]) })
    assert.deepEqual(steps[0], [
      {
        delta: {
          role: "assistant",
          tool_calls: [{ index: 0, id: "a", type: "function", function: { name: "my tool", arguments: "" } }],
        },
      },
    ])
  })

  it("has each piece leave one event late, the closing one with the stop", () => {
    const translated = translate([
      toolUse("a"),
      toolUse("a", '{"path": "s'),
      toolUse("a", "rc/a"),
      toolUse("a", '.ts"}'),
      stop("a"),
    ])
    assert.deepEqual(argumentSteps(translated), [
      ["0:tool_a"],
      [],
      ['0:{"path": "s'],
      ["0:rc/a"],
      ['0:.ts"}'],
      [],
    ])
  })

  it("says with its last piece that it is whole", () => {
    const { steps } = translate([toolUse("a.b"), stop("a.b", '{"x":1'), toolUse("c"), stop("c")])
    const ends = steps.map((chunks) => chunks.map(({ callEnd }) => callEnd))
    assert.deepEqual(ends, [[undefined], [0], [undefined], [1], [undefined]])
    const empty = translate([toolUse("a"), toolUse("a", '{"x":1'), toolUse("a", ""), stop("a")])
    assert.equal(empty.steps[3]?.at(-1)?.callEnd, 0)
    const cut = translate([toolUse("a"), toolUse("a", '{"x":')])
    assert.ok(cut.steps.flat().every(({ callEnd }) => callEnd === undefined))
  })

  it("keeps the piece that closes the JSON until the stop, whatever follows it", () => {
    const translated = translate([
      toolUse("a"),
      toolUse("a", '{"x":"}"'),
      toolUse("a", "}"),
      toolUse("a", " "),
      toolUse("a", "\n"),
      stop("a"),
    ])
    assert.deepEqual(argumentSteps(translated).slice(1), [[], ['0:{"x":"}"'], [], [], ["0:} \n"], []])
  })

  it("never gives out arguments that parse before the stop", () => {
    const pieces = fc.array(fc.string({ minLength: 1, unit: fc.constantFrom(...'{}[]",:\\ 1a') }), {
      minLength: 1,
      maxLength: 20,
    })
    fc.assert(
      fc.property(fc.oneof(pieces, splitJson()), (parts) => {
        const events = [toolUse("a"), ...parts.map((part) => toolUse("a", part)), stop("a")]
        const translated = translate(events)
        let given = ""
        for (const chunks of translated.steps.slice(0, events.length - 1)) {
          given += chunks.map(({ delta }) => delta.tool_calls?.[0]?.function.arguments ?? "").join("")
          assert.ok(!parses(given), given)
        }
        const whole = parts.join("")
        fc.pre(!/^\s*\{\}\s*\{/.test(whole))
        assert.equal(
          translated.message.tool_calls?.[0]?.function.arguments,
          whole.trim() === "" ? "{}" : whole,
        )
      }),
      casesOf(500),
    )
  })

  it("without arguments has {} and only with its stop", () => {
    assert.deepEqual(argumentSteps(translate([toolUse("a"), stop("a")])), [["0:tool_a"], ["0:{}"], []])
    assert.deepEqual(argumentSteps(translate([toolUse("a"), toolUse("a", ""), stop("a", "")])), [
      ["0:tool_a"],
      [],
      ["0:{}"],
      [],
    ])
  })

  it("does not begin with the empty object that some services send before its pieces", () => {
    const pieces = [toolUse("a", "{}"), toolUse("a", ' {"path": "s'), toolUse("a", 'rc"}')]
    for (const ending of [[stop("a")], [toolUse("a", ""), stop("a")]])
      assert.deepEqual(argumentsOf([toolUse("a"), ...pieces, ...ending]), [' {"path": "src"}'])
    assert.deepEqual(argumentsOf([toolUse("a", "{}"), stop("a", '{"x":1}')]), ['{"x":1}'])
    assert.deepEqual(argumentsOf([toolUse("a", "{}"), toolUse("a", "\n"), stop("a")]), ["{}\n"])
    // Anything else that is no JSON stays as the model wrote it.
    for (const written of [
      ["{}", "}"],
      ['{"x":1}', "{}"],
      ["{}", " ", "x"],
    ])
      assert.deepEqual(argumentsOf([...written.map((piece) => toolUse("a", piece)), stop("a")]), [
        written.join(""),
      ])
  })

  it("may come whole in one event, also with a stop that has input", () => {
    assert.deepEqual(argumentSteps(translate([stop("a", '{"x":1}')])), [["0:tool_a", '0:{"x":1}'], []])
    assert.deepEqual(argumentSteps(translate([toolUse("a"), toolUse("a", '{"x"'), stop("a", ":1}")])), [
      ["0:tool_a"],
      [],
      ['0:{"x":1}'],
      [],
    ])
  })

  it("is numbered in the order of opening, also where calls interleave", () => {
    const translated = translate([
      toolUse("a"),
      toolUse("b"),
      toolUse("a", '{"x":'),
      toolUse("b", '{"y":'),
      toolUse("a", "1}"),
      stop("b", "2}"),
      stop("a"),
    ])
    assert.deepEqual(translated.message.tool_calls, [
      { id: "a", type: "function", function: { name: "tool_a", arguments: '{"x":1}' } },
      { id: "b", type: "function", function: { name: "tool_b", arguments: '{"y":2}' } },
    ])
  })

  it("gets an id of its own where the service repeats one", () => {
    const { message } = translate([toolUse("a"), stop("a"), toolUse("a"), toolUse("a", '{"x":1}'), stop("a")])
    assert.deepEqual(
      message.tool_calls?.map((call) => [call.id, call.function.arguments]),
      [
        ["a", "{}"],
        ["a_2", '{"x":1}'],
      ],
    )
  })

  it("is another one where two that are whole have one id", () => {
    const { message, summary } = translate([stop("a", '{"x":1}'), stop("a", '{"x":2}'), stop("a", '{"x":2}')])
    assert.deepEqual(
      message.tool_calls?.map((call) => [call.id, call.function.arguments]),
      [
        ["a", '{"x":1}'],
        ["a_2", '{"x":2}'],
        ["a_3", '{"x":2}'],
      ],
    )
    assert.deepEqual(summary.completedCallIds, ["a", "a_2", "a_3"])
  })

  it("takes the pieces without a name that have its id, and no more of them after its stop", () => {
    const nameless = (event: ToolUse): ToolUse => ({ ...event, name: "" })
    const { message } = translate([
      toolUse("a"),
      toolUse("b"),
      nameless(toolUse("a", '{"x":')),
      nameless(toolUse("b", "{}")),
      nameless(stop("a", "1}")),
      nameless(stop("b")),
      nameless(stop("a", "2}")),
    ])
    assert.deepEqual(message.tool_calls, [
      { id: "a", type: "function", function: { name: "tool_a", arguments: '{"x":1}' } },
      { id: "b", type: "function", function: { name: "tool_b", arguments: "{}" } },
    ])
  })

  it("is announced with the name that a later piece of its id brings", () => {
    const nameless = (event: ToolUse): ToolUse => ({ ...event, name: "" })
    const { steps, message } = translate([
      nameless(toolUse("a")),
      nameless(toolUse("a", '{"x"')),
      nameless(toolUse("a", ":1")),
      toolUse("a", "2"),
      stop("a", "}"),
    ])
    assert.deepEqual(steps.slice(0, 3), [[], [], []])
    assert.deepEqual(message.tool_calls, [
      { id: "a", type: "function", function: { name: "tool_a", arguments: '{"x":12}' } },
    ])
  })

  it("is not given out without a name, nor paid for more than once again", () => {
    const nameless = (event: ToolUse): ToolUse => ({ ...event, name: "" })
    for (const event of [toolUse("a", '{"x"'), stop("a", '{"x":1}'), stop("a")]) {
      const { steps, end, summary } = translate([nameless(event), metadata("END_TURN")])
      assert.deepEqual(steps.flat(), [])
      assert.deepEqual(summary.openCallIds, ["a"])
      assert.equal(end.outcome === "failed" && end.failure.kind, "empty-answer")
    }
  })

  it("takes nothing more after its stop", () => {
    const { message } = translate([
      toolUse("a"),
      toolUse("a", '{"x":1}'),
      stop("a"),
      toolUse("a", '{"x":2}'),
      stop("a"),
    ])
    assert.deepEqual(
      message.tool_calls?.map((call) => call.function.arguments),
      ['{"x":1}'],
    )
  })

  it("has an id that the host gives back unchanged", () => {
    const { message, summary } = translate([{ ...toolUse("a.b/c"), stop: true }])
    assert.equal(message.tool_calls?.[0]?.id, "a_b_c")
    assert.equal(summary.completedCallIds.length, 1)
  })

  it("ends the turn as tool_calls, whatever the service says", () => {
    for (const reason of ["END_TURN", "TOOL_USE", "MAX_TOKENS", "SOMETHING_NEW"]) {
      assert.equal(translate([toolUse("a"), stop("a"), metadata(reason)]).summary.finishReason, "tool_calls")
    }
  })

  it("is only what the service calls one: prose that looks like a call is text", () => {
    const prose = '[Called read with args: {"path":"a"}] <function_calls><invoke name="x">'
    const { message } = translate([text(prose)])
    assert.equal(message.content, prose)
    assert.equal(message.tool_calls, undefined)
  })
})

function argumentsOf(events: readonly ToolUse[]): string[] | undefined {
  return translate([...events]).message.tool_calls?.map((call) => call.function.arguments)
}

function splitJson(): fc.Arbitrary<string[]> {
  const document = fc.dictionary(fc.string(), fc.jsonValue()).map((value) => JSON.stringify(value))
  return fc.tuple(document, fc.array(fc.nat(9), { minLength: 1 })).map(([json, sizes]) => {
    const parts: string[] = []
    let from = 0
    for (const size of sizes) {
      parts.push(json.slice(from, from + size))
      from += size
    }
    return [...parts, json.slice(from)]
  })
}

function parses(json: string): boolean {
  try {
    JSON.parse(json)
    return true
  } catch {
    return false
  }
}
