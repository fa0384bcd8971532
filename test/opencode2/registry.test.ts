import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { APICallError, type LanguageModelV3StreamPart } from "@ai-sdk/provider"
import type { AnswerBatch, ChatCall } from "../../src/gateway/index.ts"
import { createKiro } from "../../src/opencode2/provider.ts"
import { enterRegistry } from "../../src/opencode2/registry.ts"
import { answering, hello, read } from "./support.ts"
import { eventually, within } from "../support/clock.ts"

describe("the provider's module", () => {
  it("has one export, which makes the SDK", async () => {
    assert.deepEqual(Object.keys(await import("../../src/opencode2/provider.ts")), ["createKiro"])
  })

  it("asks the gateway of its own location", async () => {
    const asked: string[] = []
    const doorOf = (location: string) =>
      answering([{ delta: { content: location } }], () => void asked.push(location))
    const leave = ["/a", "/b"].map((location) => enterRegistry(location, doorOf(location)))
    const model = createKiro({ name: "kiro", location: "/b" }).languageModel("auto")
    assert.match(JSON.stringify(await read(model)), /"delta":"\/b"/)
    assert.deepEqual(asked, ["/b"])
    leave.forEach((out) => out())
  })

  it("begins a stream with what it can't do and what it is, and is told by headers who asks for what", async () => {
    const calls: ChatCall[] = []
    const door = answering([{ delta: { content: "Hi" } }], (call) => void calls.push(call))
    const leave = enterRegistry("/told", door)
    const model = createKiro({ location: "/told" }).languageModel("auto")
    const headers = { "X-Kiro-Purpose": "title", "x-kiro-agent": "caf%C3%A9" }
    const [start, response] = await read(model, hello({ temperature: 1, headers }))
    assert.deepEqual(start, {
      type: "stream-start",
      warnings: [{ type: "unsupported", feature: "temperature" }],
    })
    assert.deepEqual(response, {
      type: "response-metadata",
      id: "chatcmpl-1",
      modelId: "auto",
      timestamp: new Date(1_700_000_000_000),
    })
    await read(model)
    assert.deepEqual(
      calls.map(({ purpose, agent }) => [purpose, agent]),
      [
        ["title", "café"],
        ["main", undefined],
      ],
    )
    leave()
  })

  it("never throws in the factory, nor in doStream", async () => {
    for (const settings of [undefined, null, 7, "x", {}, { location: 3 }]) {
      const model = createKiro(settings).languageModel("auto")
      const { stream } = await model.doStream(undefined as never)
      await stream.cancel()
    }
  })

  it("waits for a location that is being reloaded, then says what is wrong", async () => {
    const model = createKiro({ location: "/later" }).languageModel("auto")
    const first = read(model)
    await new Promise((resolve) => setTimeout(resolve, 200))
    const leave = enterRegistry("/later", answering([{ delta: { content: "here" } }]))
    assert.match(JSON.stringify(await first), /"delta":"here"/)
    leave()
    const started = performance.now()
    const parts = await within(3500, read(model))
    assert.ok(performance.now() - started > 1900)
    assert.deepEqual(
      parts.map(({ type }) => type),
      ["error"],
    )
    const error = errorOf(parts)
    assert.ok(APICallError.isInstance(error))
    assert.equal(error.responseHeaders?.["x-should-retry"], "false")
    assert.match(error.message, /opencode-kiro-auth is not running for \/later/)
    await assert.rejects(async () => model.doGenerate(hello()), APICallError.isInstance)
  })

  it("reads from the gateway only as fast as it is read itself, and lets go of it when nobody reads on", async () => {
    let given = 0
    const closed = Promise.withResolvers<void>()
    async function* endless(): AsyncGenerator<AnswerBatch> {
      try {
        while (true) yield { chunks: [{ delta: { content: `${given++}` } }] }
      } finally {
        closed.resolve()
      }
    }
    const head = { id: "1", created: 0, model: "auto" }
    const leave = enterRegistry("/endless", {
      chat: async () => ({ outcome: "answer", answer: { head, batches: endless() } }),
    })
    const { stream } = await createKiro({ location: "/endless" }).languageModel("auto").doStream(hello())
    const reader = stream.getReader()
    for (let parts = 0; parts < 6; parts++) await reader.read()
    await new Promise((resolve) => setTimeout(resolve, 50))
    assert.ok(given <= 6, `${given}`)
    await reader.cancel()
    await closed.promise
    leave()
  })

  it("takes only itself out of the registry", async () => {
    const leaveOld = enterRegistry("/x", answering([{ delta: { content: "old" } }]))
    const leaveNew = enterRegistry("/x", answering([{ delta: { content: "new" } }]))
    leaveOld()
    const model = createKiro({ location: "/x" }).languageModel("auto")
    assert.match(JSON.stringify(await read(model)), /"delta":"new"/)
    leaveNew()
  })

  it("leaves the location to whoever else is there, in whatever order they go", async () => {
    const enter = (name: string) => enterRegistry("/twice", answering([{ delta: { content: name } }]))
    const model = createKiro({ location: "/twice" }).languageModel("auto")
    const expectAnswer = async (name: string): Promise<void> =>
      assert.match(JSON.stringify(await read(model)), new RegExp(`"delta":"${name}"`))
    const [leaveFirst, leaveSecond, leaveThird] = [enter("first"), enter("second"), enter("third")]
    leaveSecond()
    await expectAnswer("third")
    leaveThird()
    await expectAnswer("first")
    leaveThird()
    await expectAnswer("first")
    leaveFirst()
    assert.ok(APICallError.isInstance(errorOf(await read(model))))
  })

  it("asks whoever else is there where the last that entered is ending", async () => {
    const model = createKiro({ location: "/ending" }).languageModel("auto")
    const ending = new AbortController()
    const enter = (name: string, signal?: AbortSignal) =>
      enterRegistry("/ending", answering([{ delta: { content: name } }]), signal)
    const [leaveFirst, leaveLast] = [enter("first"), enter("last", ending.signal)]
    assert.match(JSON.stringify(await read(model)), /"delta":"last"/)
    ending.abort()
    assert.match(JSON.stringify(await read(model)), /"delta":"first"/)
    leaveFirst()
    const waiting = read(model)
    const leaveNext = enter("next")
    assert.match(JSON.stringify(await waiting), /"delta":"next"/)
    leaveLast()
    leaveNext()
  })

  it("starts nothing before the first pull, and ends at once when cancelled", async () => {
    const calls: ChatCall[] = []
    const leave = enterRegistry("/quiet", {
      chat: (call) => {
        calls.push(call)
        // A gateway that never answers, not even to an abort.
        return new Promise(() => undefined)
      },
    })
    const model = createKiro({ location: "/quiet" }).languageModel("auto")
    const idle = await model.doStream(hello())
    await new Promise((resolve) => setTimeout(resolve, 50))
    assert.equal(calls.length, 0)
    await idle.stream.cancel()
    assert.equal(calls.length, 0)

    const { stream } = await model.doStream(hello())
    const reader = stream.getReader()
    const pending = reader.read()
    await eventually(() => calls.length > 0)
    await within(50, reader.cancel())
    assert.deepEqual(await within(50, pending), { done: true, value: undefined })
    assert.equal(calls[0]?.signal.aborted, true)
    leave()
  })
})

function errorOf(parts: readonly LanguageModelV3StreamPart[]): unknown {
  return parts.flatMap((part) => (part.type === "error" ? [part.error] : []))[0]
}
