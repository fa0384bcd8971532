import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { shortenTarget } from "../../src/gateway/attempt/body.ts"
import { nextStep } from "../../src/gateway/attempt/progress.ts"
import {
  contextUsage,
  exception,
  FAILURES,
  finish,
  metadata,
  metering,
  type ReceivedRequest,
  stream,
  text,
} from "../support/fake-kiro/index.ts"
import { assertAnswered, errorText, type Harness, hear, startHarness } from "./harness.ts"

describe("gradual truncation, as values", () => {
  it("goes down in three steps", () => {
    assert.deepEqual(
      [nextStep(undefined), nextStep(0.8), nextStep(0.6), nextStep(0.4)],
      [0.8, 0.6, 0.4, undefined],
    )
  })

  it("measures against the request or the window, whichever is smaller", () => {
    assert.equal(shortenTarget({ step: 0.8, size: 900_000, window: 200_000 }), 160_000)
    assert.equal(shortenTarget({ step: 0.6, size: 100_000, window: 200_000 }), 60_000)
  })
})

describe("a conversation that is too long", () => {
  it("is sent smaller, step by step, and its answer reports the whole window", async () => {
    await using harness = await startHarness({ accounts: ["work"] })
    harness.fake.fail(FAILURES.inputTooLong)
    harness.fake.fail(FAILURES.inputTooLong)
    const heard = await hear(await harness.ask(longChat(40)))
    assert.equal(heard.finishReason, "stop")
    assert.equal(heard.totalTokens, 200_000)
    const [full = 0, ...shortened] = harness.fake.chats.map(({ text }) => text.length)
    assert.equal(shortened.length, 2)
    // A quarter goes at once, so that the next request finds the same history.
    for (const [index, most] of [0.8, 0.6].entries()) {
      const share = (shortened[index] ?? 0) / full
      assert.ok(share <= most + 0.02 && share >= most * 0.75 - 0.05, `${share} of ${most}`)
    }
    assert.deepEqual(harness.fake.refused, [])
  })

  it("keeps the step for the session and tells once, until the size falls", async () => {
    await using harness = await startHarness({ accounts: ["work"] })
    harness.fake.fail(FAILURES.inputTooLong)
    await hear(await harness.ask(longChat(40)))
    await hear(await harness.ask(longChat(41)))
    await hear(await harness.ask(longChat(10)))
    await hear(await harness.ask(longChat(40)))
    await harness.gateway.close()
    assert.equal(harness.fake.chats.length, 5)
    const [full, ...rest] = harness.fake.chats.map(({ text }) => text.length)
    assert.deepEqual(
      rest.map((size) => size < (full ?? 0) * 0.9),
      [true, true, true, false],
    )
    assert.deepEqual(harness.notices, [{ kind: "conversation-shortened", sessionId: "ses_1", share: 0.8 }])
  })

  it("is told by an overflow frame or a full window before the first word just as by a 400", async () => {
    await using harness = await startHarness({ accounts: ["work"] })
    harness.fake.script(stream(exception("ContentLengthExceededException", { message: "too long" })))
    harness.fake.script(stream(contextUsage(100.2)))
    const tokenUsage = {
      uncachedInputTokens: 1,
      outputTokens: 0,
      totalTokens: 1,
      contextUsagePercentage: 100,
    }
    harness.fake.script(stream(metadata({ tokenUsage })))
    assert.equal((await hear(await harness.ask(longChat(40)))).totalTokens, 200_000)
    assert.equal(harness.fake.chats.length, 4)
  })

  it("is cut to what the session's answers taught of its tokens", async () => {
    await using harness = await startHarness({ accounts: ["work"] })
    // 60 % of the window, where the estimate says a good 20 %.
    harness.fake.script(stream(text("Some words"), contextUsage(60), metering(0.1)))
    await hear(await harness.ask(longChat(60)))
    await harness.gateway.close()
    const { tokenRatio = 0 } = await harness.store.session("ses_1")
    assert.ok(tokenRatio > 2.5 && tokenRatio < 3.2, `${tokenRatio}`)
    harness.fake.fail(FAILURES.inputTooLong)
    await assertAnswered(harness.ask(longChat(130)))
    const [, whole = 0, cut = 0] = harness.fake.chats.map(({ text: body }) => body.length)
    assert.ok(cut < whole * 0.7, `${cut} of ${whole}`)
  })

  it("that fits in no form is told to the host as an overflow once, then as the end", async () => {
    await using harness = await startHarness({ accounts: ["work"] })
    refuseAlways(harness)
    const first = await harness.ask(longChat(40))
    assert.equal(first.status, 400)
    assert.match(await errorText(first), /prompt is too long/)
    assert.equal(harness.fake.chats.length, 4)
    const second = await harness.ask(longChat(30))
    assert.equal(second.status, 400)
    const message = await errorText(second)
    assert.doesNotMatch(message, /prompt is too long|limit of/)
    assert.match(message, /does not fit into claude-sonnet-4-5.*thousand tokens.*Start a new session/)
  })

  it("that holds nothing to leave out is not told of as shortened", async () => {
    await using harness = await startHarness({ accounts: ["work"] })
    refuseAlways(harness)
    assert.match(await errorText(await harness.ask()), /^prompt is too long: (?!.*shorten)/)
    assert.equal(harness.fake.chats.length, 1)
  })

  it("hears the overflow again after an answer of purpose main, not after a title or a summary", async () => {
    await using harness = await startHarness({ accounts: ["work"] })
    const overflows = async (): Promise<boolean> => {
      for (let times = 0; times < 4; times++) harness.fake.fail(FAILURES.inputTooLong)
      return /prompt is too long/.test(await errorText(await harness.ask(longChat(40))))
    }
    assert.equal(await overflows(), true)
    await hear(await harness.ask({}, { purpose: "compaction" }))
    await hear(await harness.ask({}, { purpose: "title" }))
    assert.equal(await overflows(), false)
    await hear(await harness.ask())
    assert.equal(await overflows(), true)
  })

  it("is cut inside where it is one text to be summarised, and reports its own usage", async () => {
    await using harness = await startHarness({ accounts: ["work"] })
    harness.fake.fail(FAILURES.inputTooLong)
    const bulk = { role: "user", content: `Summarise:\n${"a line of the conversation\n".repeat(30_000)}` }
    const messages = [{ role: "system", content: "You summarise." }, bulk]
    const heard = await hear(await harness.ask({ messages }, { purpose: "compaction" }))
    assert.equal(heard.finishReason, "stop")
    assert.notEqual(heard.totalTokens, 200_000)
    const [full = 0, shortened = 0] = harness.fake.chats.map(({ text }) => text.length)
    assert.ok(shortened < full * 0.85)
    assert.equal((await harness.store.session("ses_1")).shortenStep, undefined)
  })

  it("of a summary never asks the host to summarise that", async () => {
    await using harness = await startHarness({ accounts: ["work"] })
    refuseAlways(harness)
    const response = await harness.ask(longChat(40), { purpose: "compaction" })
    assert.equal(response.status, 400)
    assert.match(await errorText(response), /the compaction of this conversation does not fit/)
    assert.equal((await harness.store.session("ses_1")).overflowAnswered, false)
  })

  it("because of what the first message brought along goes on all the same", async () => {
    await using harness = await startHarness({ accounts: ["work"] })
    const data = Buffer.concat([Buffer.from("%PDF-1.4"), Buffer.alloc(2_000_000)]).toString("base64")
    const pdf = (name: string): object => ({
      type: "file",
      file: { filename: name, file_data: `data:application/pdf;base64,${data}` },
    })
    const words = { type: "text", text: "Read these." }
    const first = {
      role: "user",
      content: [words, ...["a", "b", "c", "d"].map((name) => pdf(`${name}.pdf`))],
    }
    const pdfs = (sent: string): number => sent.split('"format":"pdf"').length - 1
    harness.fake.when(({ text: sent }) => pdfs(sent) > 2, FAILURES.inputTooLong)
    harness.fake.answer(text("Two."), finish({ percentage: 64 }))
    await assertAnswered(harness.ask({ messages: [first] }))
    const next = [first, { role: "assistant", content: "Two." }, { role: "user", content: "And now?" }]
    await assertAnswered(harness.ask({ messages: next }))
    assert.deepEqual(
      harness.fake.chats.map(({ text: sent }) => pdfs(sent)),
      [4, 2, 2],
    )
    assert.match(harness.fake.chats[2]?.text ?? "", /Read these\..*\[a\.pdf left out: too large/)
  })

  it("that fits in no form names what most of it is in", async () => {
    const bulk = "words and ".repeat(20_000)
    const system = { role: "system", content: bulk }
    const call = { id: "call_1", type: "function", function: { name: "read", arguments: "{}" } }
    const output = [
      { role: "assistant", content: "", tool_calls: [call] },
      { role: "tool", tool_call_id: "call_1", content: bulk },
    ]
    const hello = { role: "user", content: "Hello" }
    for (const [what, messages] of [
      ["the system prompt and the tools", [system, hello]],
      ["tool outputs", [hello, ...output]],
      ["a message", [{ role: "user", content: bulk }]],
    ] as const) {
      const tools = [{ type: "function", function: { name: "read", parameters: { type: "object" } } }]
      await using harness = await startHarness({ accounts: ["work"] })
      refuseAlways(harness)
      const response = await harness.ask({ messages, tools }, { purpose: "compaction" })
      assert.match(await errorText(response), new RegExp(`most of it in ${what}\\.`))
    }
  })

  it("that compacting did not empty is not compacted again before the user speaks", async () => {
    await using harness = await startHarness({ accounts: ["work"] })
    const ends = [contextUsage(104), exception("ContentLengthExceededException", { message: "too long" })]
    for (const end of ends) {
      const session = `ses_${ends.indexOf(end)}`
      const answer = async (purpose: "main" | "compaction" | "title" = "main"): Promise<boolean> => {
        if (purpose === "main") harness.fake.script(stream(text("Some words"), end))
        return (await hear(await harness.ask({}, { session, purpose }))).totalTokens === 200_000
      }
      assert.deepEqual([await answer(), await answer(), await answer("title")], [true, true, false])
      await answer("compaction")
      assert.deepEqual([await answer(), await answer()], [false, true])
    }
  })

  it("in one message that no window makes acceptable is at last within the limit of a message", async () => {
    await using harness = await startHarness({ accounts: ["work"] })
    const isTooLong = ({ text: sent }: ReceivedRequest): boolean => sent.length > 620_000
    harness.fake.when(isTooLong, FAILURES.inputTooLong)
    const content = `Summarise:\n${"some words of this conversation ".repeat(160_000)}`
    const ask = { model: "claude-sonnet-4-6", messages: [{ role: "user", content }] }
    await assertAnswered(harness.ask(ask, { purpose: "compaction" }))
    assert.ok((harness.fake.chats.at(-1)?.text.length ?? 0) > 590_000)
    await assertAnswered(harness.ask(ask))
    const sends = harness.fake.chats.length
    await assertAnswered(harness.ask(ask))
    assert.equal(harness.fake.chats.length, sends + 1)
  })

  it("is sent whole when it moves to a model with a longer window", async () => {
    await using harness = await startHarness({ accounts: ["work"] })
    harness.fake.fail(FAILURES.inputTooLong)
    await hear(await harness.ask(longChat(40)))
    const { totalTokens = 0 } = await hear(await harness.ask({ ...longChat(40), model: "claude-opus-4-6" }))
    const [full = 0, shortened = 0, whole = 0] = harness.fake.chats.map(({ text }) => text.length)
    assert.ok(shortened < full * 0.9)
    assert.ok(whole > full * 0.99)
    assert.ok(totalTokens < 1_000_000)
  })

  it("goes on when it moves from a model with a long window to one with a short one", async () => {
    await using harness = await startHarness({ accounts: ["work"] })
    const heard = await hear(await harness.ask(longChat(900, 4000)))
    assert.equal(heard.finishReason, "stop")
    assert.deepEqual(
      harness.fake.refused.map(({ reply }) => JSON.parse(reply.body).reason),
      harness.fake.refused.map(() => "CONTENT_LENGTH_EXCEEDS_THRESHOLD"),
    )
    assert.ok(harness.fake.refused.length > 0)
  })
})

it("A conversation that was too long stays as short for the model that stands in for a busy one", async () => {
  const fallbackModels = { "claude-sonnet-4-5": ["claude-sonnet-4", "claude-opus-4-6"] }
  await using harness = await startHarness({ settings: { rateLimitMaxRetries: 0, fallbackModels } })
  const account = await harness.add("work")
  for (const kind of ["inputTooLong", "capacity", "capacity"] as const) account.fail(FAILURES[kind])
  await assertAnswered(harness.ask(longChat(40)))
  const [whole = 0, ...sizes] = harness.fake.chats.map(({ text }) => text.length)
  assert.deepEqual(
    sizes.map((size) => size < whole * 0.9),
    // The last one has a longer window.
    [true, true, false],
  )
})

it("A summary is left to no stand-in that could not take the whole conversation, in many messages or in one", async () => {
  const fallbackModels = {
    "claude-opus-4-6": ["claude-sonnet-4-5", "claude-opus-4-7"],
    "claude-sonnet-4-5": ["claude-haiku-4-5"],
  }
  const oneMessage = { messages: [{ role: "user", content: "words and ".repeat(65_000) }] }
  for (const [purpose, model, chat, models] of [
    ["compaction", "claude-opus-4-6", longChat(300), ["claude-opus-4.6", "claude-opus-4.7"]],
    ["compaction", "claude-opus-4-6", oneMessage, ["claude-opus-4.6", "claude-opus-4.7"]],
    ["compaction", "claude-opus-4-6", longChat(50), ["claude-opus-4.6", "claude-sonnet-4.5"]],
    // Its window is no smaller than that of the one that was asked.
    ["compaction", "claude-sonnet-4-5", longChat(150), ["claude-sonnet-4.5", "claude-haiku-4.5"]],
    // What an answer to the user leaves out is there again in the next request.
    ["main", "claude-opus-4-6", longChat(300), ["claude-opus-4.6", "claude-sonnet-4.5", "claude-sonnet-4.5"]],
  ] as const) {
    await using harness = await startHarness({ settings: { rateLimitMaxRetries: 0, fallbackModels } })
    const account = await harness.add("work")
    account.fail(FAILURES.capacity)
    assert.equal((await hear(await harness.ask({ ...chat, model }, { purpose }))).finishReason, "stop")
    assert.deepEqual(
      harness.fake.chats.map(({ text }) => /"modelId":"([^"]+)"/.exec(text)?.[1]),
      models,
    )
  }
})

function refuseAlways({ fake }: Harness): void {
  const isChat = ({ operation }: ReceivedRequest): boolean => operation === "GenerateAssistantResponse"
  fake.when(isChat, FAILURES.inputTooLong)
}

/** A task, then so many exchanges with a tool result of so many characters each. */
function longChat(exchanges: number, characters = 4000): object {
  const steps = Array.from({ length: exchanges }, (_, step) => [
    {
      role: "assistant",
      content: "",
      tool_calls: [
        { id: `call_${step}`, type: "function", function: { name: "read", arguments: `{"path":"${step}"}` } },
      ],
    },
    {
      role: "tool",
      tool_call_id: `call_${step}`,
      content: `${step} `.repeat(characters / 4).slice(0, characters),
    },
    { role: "assistant", content: `I have read file ${step}.` },
    { role: "user", content: `Now the file after ${step}.` },
  ])
  return {
    messages: [
      { role: "system", content: "You help." },
      { role: "user", content: "Read the files." },
      ...steps.flat(),
    ],
    tools: [{ type: "function", function: { name: "read", parameters: { type: "object" } } }],
  }
}
