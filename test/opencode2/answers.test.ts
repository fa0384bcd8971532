import assert from "node:assert/strict"
import { describe, it } from "node:test"
import {
  conversationIdOf,
  FAILURES,
  conversationStateOf,
  historyIn,
  finish,
  inPieces,
  metadata,
  pause,
  reasoning,
  redactedReasoning,
  stream,
  text,
  toolUse,
  waitFor,
  type ReceivedRequest,
} from "../support/fake-kiro/index.ts"
import { openStage } from "./stage.ts"
import { PNG } from "../support/pixel.ts"

const MODEL = "kiro/claude-sonnet-4-5"
const THINKING = "kiro/claude-opus-4-6#high"
const PDF = Buffer.from("%PDF-1.4\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer\n%%EOF\n").toString(
  "base64",
)
const CALL = finish({ stopReason: "TOOL_USE" })

describe("an answer of Kiro in OpenCode 2", () => {
  it("is the text as it came, also byte by byte", async () => {
    await using stage = await openStage()
    stage.fake.answer(inPieces(3), text("Grüße ", "aus der ", "Attrappe 🙂"), finish())
    const turn = await stage.session(MODEL).prompt("Hello")
    assert.equal(turn.text, "Grüße aus der Attrappe 🙂")
    assert.equal(turn.finish, "stop")
    assert.deepEqual(turn.waits, [])
  })

  it("goes over several tools, two of them at once, by requests that are all accepted", async () => {
    await using stage = await openStage()
    const { fake } = stage
    const ran: unknown[] = []
    const content = 'Hello "Kiro"\nüber \\ 🙂\n'
    fake.answer(
      text("I write it."),
      toolUse({ name: "write", input: { path: "a", content }, pieces: 9 }),
      CALL,
    )
    fake.answer(
      toolUse({ name: "read", input: { path: "a" } }),
      toolUse({ name: "read", input: { path: "b" } }),
      CALL,
    )
    fake.answer(inPieces(1), toolUse({ name: "bash" }), CALL)
    fake.answer(text("All done."), finish())
    const session = stage.session(MODEL, {
      tools: {
        write: { execute: (input) => `written ${ran.push(input)}` },
        read: { execute: ({ path }) => `content of ${String(path)}` },
        bash: {
          execute: () => {
            throw new Error("no such command")
          },
        },
      },
    })
    const turn = await session.prompt("Write a and read it")
    assert.equal(turn.text, "I write it.All done.")
    assert.deepEqual(ran, [{ path: "a", content }])
    assert.equal(turn.steps.length, 4)
    const last = fake.chats.at(-1)?.text ?? ""
    assert.equal(last.match(/"toolResults"/g)?.length, 3)
    assert.match(last, /content of a.*content of b/)
    assert.match(last, /no such command/)
  })

  it("begins a tool as soon as its call is whole, before the answer ends", async () => {
    await using stage = await openStage()
    const begun = Promise.withResolvers<void>()
    stage.fake.answer(
      toolUse({ name: "read", input: { path: "a" } }),
      pause(0),
      { do: "wait", for: begun.promise },
      CALL,
    )
    const session = stage.session(MODEL, {
      tools: {
        read: {
          execute: () => {
            begun.resolve()
            return "A"
          },
        },
      },
    })
    const turn = await session.prompt("Read")
    assert.equal(turn.text, "Hello from the fake Kiro.")
  })

  it("takes pictures and documents, of the user and of a tool", async () => {
    await using stage = await openStage()
    const { fake } = stage
    const session = stage.session(MODEL, {
      tools: { shot: { execute: () => [{ type: "file", mime: "image/png", data: PNG, name: "shot.png" }] } },
    })
    const files = [
      { mime: "image/png", data: PNG, name: "dot.png" },
      { mime: "application/pdf", data: PDF, name: "plan 2026.pdf" },
    ]
    await session.prompt("What is this?", { files })
    assert.match(fake.chats[0]?.text ?? "", /"images":\[\{"format":"png","source":\{"bytes":"iVBOR/)
    assert.match(fake.chats[0]?.text ?? "", /"documents":\[\{"name":"plan 2026","format":"pdf"/)
    fake.answer(toolUse({ name: "shot" }), CALL)
    fake.answer(text("A dot."), finish())
    const turn = await session.prompt("Look at the screen")
    assert.equal(turn.text, "A dot.")
    assert.match(fake.chats.at(-1)?.text ?? "", /"toolResults".*|"images":\[\{"format":"png"/)
    const current = JSON.stringify(currentMessage(fake.chats.at(-1)))
    assert.match(current, /"toolResults":\[\{/)
    assert.match(current, /"images":\[\{"format":"png"/)
  })

  it("gives reasoning back byte for byte with its signature, over several loops, from its metadata alone", async () => {
    await using stage = await openStage()
    const { fake } = stage
    const signatures = ["EqQBCkYIBxgCKkA=", "EqQBCkYIBxgCKkB=", "EqQBCkYIBxgCKkC="]
    const session = stage.session(THINKING, { tools: { read: { execute: () => "A" } } })
    for (const [index, signature] of signatures.entries()) {
      const thought = [`Step ${index}, \n`, "über “quotes” 🙂  "]
      fake.answer(reasoning({ text: thought, signature }), toolUse({ name: "read" }), CALL)
    }
    fake.answer(redactedReasoning("aGlkZGVu"), toolUse({ name: "read" }), CALL)
    fake.answer(text("Done."), finish())
    const turn = await session.prompt("Think")
    assert.equal(turn.text, "Done.")
    assert.match(turn.reasoning, /^Step 0, \nüber “quotes” 🙂 {2}Step 1/)
    const sent = signaturesIn(fake.chats.at(-1))
    for (const signature of signatures) assert.ok(sent.includes(signature), signature)
    assert.match(fake.chats.at(-1)?.text ?? "", /aGlkZGVu/)

    // Nothing is remembered of a fork: what travels with the conversation is enough.
    fake.answer(text("Here too."), finish())
    const fork = await session.fork(session.messages.slice(0, -1)).resume()
    assert.equal(fork.text, "Here too.")
    const again = signaturesIn(fake.chats.at(-1))
    for (const signature of signatures) assert.ok(again.includes(signature), signature)
    assert.deepEqual(fake.refused, [])
  })

  it("gives no model the proof of one that stood in for it, or for which it stands in", async () => {
    const other = "claude-opus-4-7"
    await using stage = await openStage({
      settings: { rateLimitMaxRetries: 0, fallbackModels: { "claude-opus-4-6": [other] } },
    })
    const { fake } = stage
    const session = stage.session(THINKING, { tools: { read: { execute: () => "A" } } })
    const step = (signature: string) => [
      ...reasoning({ text: `I look for ${signature}.`, signature }),
      ...toolUse({ name: "read" }),
      CALL,
    ]
    // The second step is the other model's, the third that of the one that was asked.
    fake.answer(...step("Zmlyc3Q="))
    fake.fail(FAILURES.capacity)
    fake.answer(...step("c2Vjb25k"))
    fake.answer(...step("dGhpcmQ="))
    fake.answer(text("Done."), finish())
    assert.equal((await session.prompt("Think")).text, "Done.")
    assert.deepEqual(fake.refused, [])
    assert.deepEqual(fake.chats.map(signaturesIn), [
      [],
      ["Zmlyc3Q="],
      [],
      ["Zmlyc3Q="],
      ["Zmlyc3Q=", "dGhpcmQ="],
    ])
  })

  it("sends reasoning to another model as words, and the loop goes on", async () => {
    await using stage = await openStage()
    const { fake } = stage
    const session = stage.session(THINKING, { tools: { read: { execute: () => "A" } } })
    fake.answer(
      reasoning({ text: "I look.", signature: "EqQBCkYIBxgCKkA=" }),
      toolUse({ name: "read" }),
      CALL,
    )
    await session.prompt("Think")
    session.model = MODEL
    const turn = await session.prompt("And now?")
    assert.equal(turn.failure, undefined)
    assert.deepEqual(signaturesIn(fake.chats.at(-1)), [])
    assert.match(fake.chats.at(-1)?.text ?? "", /I look\./)
  })

  it("is not closed as a loop by an update of the instructions", async () => {
    await using stage = await openStage()
    const { fake } = stage
    const session = stage.session(THINKING, {
      tools: {
        read: {
          execute: () => {
            session.systemUpdate("The date is new.")
            return "A"
          },
        },
      },
    })
    fake.answer(
      reasoning({ text: "I look.", signature: "EqQBCkYIBxgCKkA=" }),
      toolUse({ name: "read" }),
      CALL,
    )
    fake.answer(text("Done."), finish())
    const turn = await session.prompt("Think")
    assert.equal(turn.text, "Done.")
    assert.deepEqual(signaturesIn(fake.chats[1]), ["EqQBCkYIBxgCKkA="])
    assert.match(JSON.stringify(currentMessage(fake.chats[1])), /system-update/)
    assert.match(JSON.stringify(currentMessage(fake.chats[1])), /"toolResults":\[\{/)
  })

  it("counts what the service counted, with its cache", async () => {
    await using stage = await openStage()
    const tokenUsage = {
      uncachedInputTokens: 1000,
      cacheReadInputTokens: 200,
      cacheWriteInputTokens: 34,
      outputTokens: 56,
      totalTokens: 1290,
    }
    stage.fake.answer(text("Hello"), metadata({ stopReason: "END_TURN", tokenUsage }))
    const turn = await stage.session(MODEL).prompt("Hi")
    assert.deepEqual(turn.usages, [
      {
        inputTokens: { total: 1234, noCache: 1000, cacheRead: 200, cacheWrite: 34 },
        outputTokens: { total: 56, text: 56, reasoning: 0 },
      },
    ])
  })

  it("ends as the service ended it", async () => {
    await using stage = await openStage()
    const ENDS = { END_TURN: "stop", MAX_TOKENS: "length", CONTENT_FILTERED: "content-filter" }
    for (const [stopReason, unified] of Object.entries(ENDS)) {
      stage.fake.answer(text("Hello"), finish({ stopReason }))
      const turn = await stage.session(MODEL).prompt("Hi")
      assert.equal(turn.finish, unified, stopReason)
      assert.deepEqual(turn.waits, [])
    }
  })

  it("keeps the room for the answer out of what it sends where it differs from step to step", async () => {
    await using stage = await openStage()
    const { fake } = stage
    const session = stage.session(MODEL, { tools: { read: { execute: () => "A" } } })
    for (const percentage of [10, 60, 80]) fake.answer(toolUse({ name: "read" }), finish({ percentage }))
    fake.answer(text("Done."), finish())
    await session.prompt("Go")
    const limits = session.requests.map(({ maxOutputTokens }) => maxOutputTokens)
    assert.ok(new Set(limits).size > 1, limits.join(" "))
    const [first, ...later] = fake.chats.map(({ body }) => historyIn(body))
    for (const [index, history] of later.entries())
      assert.deepEqual(history.slice(0, (later[index - 1] ?? first ?? []).length), later[index - 1] ?? first)
  })

  it("is asked for a title, a question aside and a compaction by requests of their own", async () => {
    await using stage = await openStage()
    const session = stage.session(MODEL)
    await session.prompt("Hello")
    const title = await session.title("Hello")
    assert.equal(title.text, "A short title")
    await session.generate("What is this about?")
    await session.compact()
    await session.prompt("Go on")
    const ids = stage.fake.received("GenerateAssistantResponse").map(({ body }) => conversationIdOf(body))
    assert.equal(ids.length, 5)
    assert.notEqual(ids[0], ids[1])
    assert.notEqual(ids[0], ids[3])
    assert.deepEqual(stage.fake.refused, [])
  })

  it("comes to sixteen sessions at once: none waits for another", async () => {
    await using stage = await openStage()
    const { fake } = stage
    await stage.session(MODEL).prompt("Hi")
    fake.forget()
    const allAsked = Promise.withResolvers<void>()
    fake.onRequest = () => {
      if (fake.chats.length === 16) allAsked.resolve()
    }
    fake.when(() => true, stream(waitFor(allAsked.promise), text("Hello"), finish()))
    const turns = await Promise.all(Array.from({ length: 16 }, () => stage.session(MODEL).prompt("Hi")))
    assert.deepEqual(
      turns.map((turn) => turn.text),
      Array.from({ length: 16 }, () => "Hello"),
    )
  })
})

function currentMessage(request: ReceivedRequest | undefined): unknown {
  return conversationStateOf(request?.body)["currentMessage"]
}

function signaturesIn(request: ReceivedRequest | undefined): string[] {
  return [...(request?.text ?? "").matchAll(/"signature":"([^"]*)"/g)].map((match) => match[1] ?? "")
}
