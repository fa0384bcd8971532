import assert from "node:assert/strict"
import { setTimeout as sleep } from "node:timers/promises"
import { describe, it } from "node:test"
import {
  brokenChecksum,
  exception,
  FAILURES,
  finish,
  neverAnswers,
  pause,
  reasoning,
  reset,
  resetBeforeHeaders,
  silence,
  stream,
  text,
  toolUse,
  truncated,
  type Script,
  type Steps,
} from "../support/fake-kiro/index.ts"
import { openStage } from "./stage.ts"
import { eventually, within } from "../support/clock.ts"
import { OLD_BUN } from "../support/old-bun.ts"

const MODEL = "kiro/claude-sonnet-4-5"
const CALL = finish({ stopReason: "TOOL_USE" })

describe("OpenCode 2 when Kiro says no", () => {
  it("hears nothing of throttles that pass, nor of a model that is busy for a while", async () => {
    for (const failure of [
      FAILURES.throttled,
      FAILURES.capacity,
      FAILURES.internalError,
      FAILURES.highLoad,
    ]) {
      await using stage = await openStage()
      stage.fake.fail(failure)
      stage.fake.answer(text("At last."), finish())
      const turn = await stage.session(MODEL).prompt("Hello")
      assert.equal(turn.text, "At last.")
      assert.deepEqual(turn.waits, [])
      assert.equal(stage.fake.chats.length, 2)
    }
  })

  it("waits as long as it is told where all is throttled, and is answered then", async () => {
    await using stage = await openStage({ settings: { rateLimitMaxRetries: 0 } })
    stage.fake.fail(FAILURES.throttled)
    stage.fake.answer(text("At last."), finish())
    const turn = await stage.session(MODEL).prompt("Hello")
    assert.equal(turn.text, "At last.")
    assert.deepEqual(turn.waits, [5000])
  })

  it("goes on with a second account where the first has nothing left, and stays with it", async () => {
    await using stage = await openStage({ accounts: ["one", "two"] })
    stage.fake.fail(FAILURES.monthlyLimit)
    stage.fake.answer(text("From the other one."), finish())
    stage.fake.answer(text("And again."), finish())
    const session = stage.session(MODEL)
    assert.equal((await session.prompt("Hello")).text, "From the other one.")
    await stage.harness.gateway.close()
    assert.equal((await session.prompt("And now?")).text, "And again.")
    const [first, second, third] = stage.harness.sent()
    assert.notEqual(first, second)
    assert.equal(third, second)
  })

  it("is told once what is final, in our words, and repeats nothing", async () => {
    const FATAL = [
      "suspended",
      "monthlyLimit",
      "dailyLimit",
      "overageLimit",
      "notAuthorized",
      "improperlyFormed",
    ] as const
    for (const name of FATAL) {
      await using stage = await openStage()
      stage.fake.otherwise = FAILURES[name]
      const turn = await stage.session(MODEL).prompt("Hello")
      assert.match(turn.failure?.message ?? "", /^Kiro: /, name)
      assert.equal(turn.failure?.shouldRetry, "false", name)
      assert.deepEqual(turn.waits, [], name)
      assert.equal(turn.compactions, 0, name)
    }
  })

  it("says what to do where nobody is signed in, and the next message works after a sign-in", async () => {
    await using stage = await openStage({ accounts: [] })
    const session = stage.session(MODEL)
    const turn = await session.prompt("Hello")
    assert.match(turn.failure?.message ?? "", /no account is signed in/)
    assert.equal(turn.failure?.status, 401)
    assert.deepEqual(turn.waits, [])
    assert.deepEqual(stage.fake.requests, [])
    await stage.harness.add("new")
    assert.equal((await session.prompt("And now?")).text, "Hello from the fake Kiro.")
  })

  it("compacts once where the conversation is too long in its smallest form too, and is then told", async () => {
    await using stage = await openStage()
    stage.fake.otherwise = FAILURES.inputTooLong
    stage.fake.when(
      ({ text: sent }) => sent.includes("Summarise the conversation"),
      stream(text("A summary"), finish()),
    )
    const turn = await stage.session(MODEL).prompt("Hello")
    assert.equal(turn.compactions, 1)
    assert.match(turn.failure?.message ?? "", /does not fit into/)
    assert.deepEqual(turn.waits, [])
  })

  it("goes on in the same session behind a compaction", async () => {
    await using stage = await openStage()
    const session = stage.session(MODEL)
    await session.prompt("Hello")
    stage.fake.when(
      ({ text: sent }) => sent.includes("Summarise the conversation"),
      stream(text("A summary"), finish()),
    )
    stage.fake.fail(FAILURES.inputTooLong)
    const turn = await session.prompt("And now?")
    assert.equal(turn.compactions, 1)
    assert.match(turn.text, /Hello from/)
    assert.equal((await session.prompt("Still there?")).text, "Hello from the fake Kiro.")
  })

  const GONE_ON: readonly (readonly [string, readonly Steps[]])[] = [
    ["is cut inside a message", [text("half"), truncated(text(" an answer"))]],
    ["loses its connection", [text("half"), pause(500), reset]],
    [
      "loses its connection inside a tool call",
      [text("half"), toolUse({ name: "bash", fragments: ['{"comm'], stop: false }), pause(500), reset],
    ],
    ["is throttled", [text("half"), exception("ThrottlingException", { message: "Too many requests." })]],
  ]
  for (const [name, steps] of GONE_ON)
    it(`goes on from what it has of an answer that ${name}`, async () => {
      await using stage = await openStage()
      stage.fake.answer(...steps)
      stage.fake.answer(text(" and the rest."), finish())
      const turn = await stage.session(MODEL).prompt("Hello")
      assert.match(turn.text, /^half.* and the rest\.$/)
      assert.equal(turn.continuations, 1)
      assert.equal(turn.failure, undefined)
      assert.deepEqual(stage.fake.refused, [])
    })

  const FINAL: readonly (readonly [string, readonly Steps[]])[] = [
    ["has a wrong checksum", [text("half"), brokenChecksum(text(" an answer"))]],
    ["ends inside a tool call", [text("half"), toolUse({ name: "bash", input: { a: "b" }, stop: false })]],
    [
      "reaches a limit",
      [
        text("half"),
        exception("ServiceQuotaExceededException", { message: "Limit.", reason: "MONTHLY_REQUEST_COUNT" }),
      ],
    ],
  ]
  for (const [name, steps] of FINAL)
    it(`ends a turn whose answer ${name}, and asks nobody again`, async () => {
      await using stage = await openStage()
      const ran: unknown[] = []
      stage.fake.answer(...steps)
      const session = stage.session(MODEL, { tools: { bash: { execute: (input) => `${ran.push(input)}` } } })
      const turn = await session.prompt("Hello")
      assert.match(turn.failure?.message ?? "", /^Kiro: /)
      assert.equal(stage.fake.chats.length, 1)
      assert.deepEqual(ran, [])
      // The session lives on, with another account where this one has nothing left.
      await stage.harness.add("other")
      assert.equal((await session.prompt("Again?")).text, "Hello from the fake Kiro.")
      assert.deepEqual(stage.fake.refused, [])
    })

  it("hears nothing of an answer that broke off with nothing in it, where the next is whole", async () => {
    await using stage = await openStage()
    stage.fake.answer(reset)
    const turn = await stage.session(MODEL).prompt("Hello")
    assert.equal(turn.text, "Hello from the fake Kiro.")
    assert.deepEqual(turn.waits, [])
  })
})

describe("an answer of Kiro with nothing in it", () => {
  it("is an answer where the service ended it", async () => {
    await using stage = await openStage()
    stage.fake.answer(finish())
    const turn = await stage.session(MODEL).prompt("Hello")
    assert.equal(turn.finish, "stop")
    assert.equal(turn.text, "")
    assert.equal(stage.fake.chats.length, 1)
  })

  it("is asked for once more, unseen, where the service did not, and is then final", async () => {
    await using stage = await openStage()
    stage.fake.otherwise = stream()
    const turn = await stage.session(MODEL).prompt("Hello")
    assert.match(turn.failure?.message ?? "", /^Kiro: /)
    assert.deepEqual(turn.waits, [])
    assert.equal(stage.fake.chats.length, 2)
  })
})

describe("OpenCode 2 when the user stops it", () => {
  const PHASES: readonly (readonly [string, Script])[] = [
    ["before the headers", neverAnswers],
    ["before the first content", stream(silence)],
    ["in the middle of a text", stream(text("half"), silence)],
    ["in the middle of reasoning", stream(reasoning({ text: "half" }), silence)],
    ["inside a tool call", stream(toolUse({ name: "bash", input: { a: "b" }, stop: false }), silence)],
  ]
  for (const [phase, script] of PHASES)
    it(`closes the connection to Kiro ${phase}, at once`, { skip: OLD_BUN }, async () => {
      await using stage = await openStage()
      const { fake } = stage
      fake.script(script)
      const received = Promise.withResolvers<void>()
      fake.onRequest = () => received.resolve()
      const stop = new AbortController()
      const session = stage.session(MODEL)
      const turn = session.prompt("Hello", { signal: stop.signal })
      if (script === neverAnswers) await eventually(() => fake.chats.length > 0)
      else await received.promise
      await sleep(50)
      stop.abort()
      assert.equal((await within(300, turn)).interrupted, true)
      assert.equal(await within(300, fake.chats[0]?.ended ?? assert.fail()), "aborted")
      const again = await session.prompt("Go on")
      assert.equal(again.text, "Hello from the fake Kiro.")
      assert.deepEqual(fake.refused, [])
    })

  it("asks for nothing more where it waits for another try", async () => {
    await using stage = await openStage()
    stage.fake.script(resetBeforeHeaders)
    stage.fake.otherwise = stream(pause(100), text("late"), finish())
    const stop = new AbortController()
    const turn = stage.session(MODEL).prompt("Hello", { signal: stop.signal })
    await eventually(() => stage.fake.chats.length === 2)
    stop.abort()
    assert.equal((await turn).interrupted, true)
    await sleep(200)
    assert.equal(stage.fake.chats.length, 2)
  })

  it("keeps the calls that were whole, and the session goes on", async () => {
    await using stage = await openStage()
    stage.fake.answer(toolUse({ name: "read", input: { path: "a" } }), silence)
    const ran = Promise.withResolvers<void>()
    const session = stage.session(MODEL, {
      tools: {
        read: {
          execute: () => {
            ran.resolve()
            return "A"
          },
        },
      },
    })
    const stop = new AbortController()
    const turn = session.prompt("Read", { signal: stop.signal })
    await ran.promise
    stop.abort()
    assert.equal((await turn).interrupted, true)
    stage.fake.answer(toolUse({ name: "read" }), CALL)
    assert.match((await session.prompt("Go on")).text, /Hello from/)
    assert.deepEqual(stage.fake.refused, [])
  })
})
