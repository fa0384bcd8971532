import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { type Account, localDay } from "../../src/accounts/index.ts"
import {
  eventFrame,
  exception,
  FAILURES,
  finish,
  metadata,
  metering,
  neverAnswers,
  pause,
  reasoning,
  reset,
  stream,
  text,
} from "../support/fake-kiro/index.ts"
import { systemClock } from "../../src/runtime.ts"
import { eventually, fakeClock } from "../support/clock.ts"
import { cutAnswers } from "./cut-answers.ts"
import { assertAnswered, errorText, type Harness, hear, startHarness } from "./harness.ts"
import { addTurn } from "../support/add-turn.ts"

describe("credits", () => {
  it("are booked with what they were for", async () => {
    await using harness = await startHarness({ accounts: ["work"] })
    harness.fake.answer(text("hi"), finish({ credits: 0.25 }))
    await hear(await harness.ask({}, { session: "ses_2", parent: "ses_1" }))
    const [turn] = await turns(harness)
    assert.deepEqual(turn, {
      sessionId: "ses_2",
      parentSessionId: "ses_1",
      accountId: "work",
      modelId: "claude-sonnet-4-5",
      credits: 0.25,
      at: turn?.at,
      day: localDay(turn?.at ?? 0),
      purpose: "main",
      attempt: 1,
      project: "/home/me/project",
    })
  })

  it("that were metered for attempts that failed are booked too", async () => {
    await using harness = await startHarness({ settings: { rateLimitRetryDelayMs: 1000 } })
    const account = await harness.add("work")
    account.script(
      stream(metering(0.3), exception("ThrottlingException", { message: "slow down" })),
      stream(metering(0.5), exception("internalServerException", { message: "boom" })),
      stream(metering(0.1), text("Hello"), finish({ credits: 0 })),
    )
    await assertAnswered(harness.ask())
    assert.deepEqual(
      (await turns(harness)).map(({ credits, attempt, failed }) => [credits, attempt, failed]),
      [
        [0.1, 3, undefined],
        [0.5, 2, true],
        [0.3, 1, true],
      ],
    )
  })

  it("that cost money are told of when they begin, and not paid where the user does not want to", async () => {
    for (const useOverage of [true, false]) {
      await using harness = await startHarness({ settings: { useOverage } })
      await harness.add("work")
      const used = { checkedAt: harness.clock.now(), limit: 50, used: 50, bonuses: [] }
      const quota = { ...used, overage: { enabled: true, used: 0 } }
      await harness.store.update("work", (account) => ({ ...account, quota }))
      const response = await harness.ask()
      assert.equal(response.status, useOverage ? 200 : 402)
      assert.deepEqual(
        harness.notices.map((notice) => notice.kind === "paid-credits" && notice.account),
        [useOverage && "work"],
      )
    }
  })

  it("that are used up are looked at once more, of no other account, before their user is told that none can serve", async () => {
    await using harness = await startHarness({ accounts: ["work", "empty", "busy", "off"] })
    const now = harness.clock.now()
    const quota = { checkedAt: now, limit: 50, used: 50, bonuses: [], overage: { enabled: false, used: 0 } }
    const cooling = { state: "cooling", since: now, until: now + 60_000, times: 1 } as const
    const empty = { health: { ...cooling, reason: "monthly-quota" } } as const
    const changes: Readonly<Record<string, Partial<Account>>> = {
      work: { quota },
      empty,
      busy: { health: { ...cooling, reason: "throttled" } },
      off: { ...empty, enabled: false },
    }
    for (const [id, change] of Object.entries(changes))
      await harness.store.update(id, (account) => ({ ...account, ...change }))
    assert.equal((await harness.ask()).status, 429)
    assert.deepEqual(harness.usageAsked, ["work", "empty"])
    assert.equal(harness.notices.length, 0)
    await harness.store.update("busy", (account) => ({ ...account, enabled: false }))
    assert.equal((await harness.ask()).status, 402)
    assert.deepEqual(
      harness.notices.map((notice) => notice.kind === "none-left" && notice.accounts.map(({ name }) => name)),
      [["work", "empty", "busy", "off"]],
    )
  })

  it("are booked behind a full window too, which is no answer", async () => {
    await using harness = await startHarness({ accounts: ["work"] })
    for (const ends of [[], [text("Too late.")], [pause(20), reset]] as const)
      harness.fake.answer(finish({ percentage: 100, credits: 0.25 }), ...ends)
    harness.fake.answer(text("Dear"), finish({ credits: 1 }))
    const task = { role: "user", content: "A task. ".repeat(5_000) }
    await hear(
      await harness.ask({ messages: [task, { role: "assistant", content: "Done. ".repeat(5_000) }, task] }),
    )
    assert.deepEqual(await booked(harness), [
      [1, undefined],
      [0.25, true],
      [0.25, true],
      [0.25, true],
    ])
  })

  it("are booked with what was read from the cache, also of a failed attempt and of one that cost nothing", async () => {
    await using harness = await startHarness({ settings: { rateLimitRetryDelayMs: 1000 } })
    const account = await harness.add("work")
    const counts = (uncachedInputTokens: number, cache: object) =>
      metadata({ tokenUsage: { uncachedInputTokens, outputTokens: 1, totalTokens: 0, ...cache } })
    account.script(
      stream(
        counts(50, { cacheReadInputTokens: 0, cacheWriteInputTokens: 50 }),
        exception("internalServerException", { message: "boom" }),
      ),
      stream(text("Hello"), counts(30, { cacheReadInputTokens: 70 }), finish({ credits: 0.1 })),
      stream(text("Hello"), counts(30, {}), finish({ credits: 0.1 })),
    )
    for (let times = 0; times < 2; times++) await hear(await harness.ask())
    assert.deepEqual(
      (await turns(harness)).map((turn) => [
        turn.credits,
        turn.failed,
        turn.inputTokens,
        turn.cacheReadTokens,
        turn.cacheWriteTokens,
      ]),
      [
        [0.1, undefined, 30, undefined, undefined],
        [0.1, undefined, 100, 70, undefined],
        [0, true, 100, 0, 50],
      ],
    )
  })

  it("of an answer that broke off behind its first word are booked as a failure's", async () => {
    const { fetch, cut } = cutAnswers()
    await using harness = await startHarness({ fetch })
    const account = await harness.add("work")
    account.script(cut(text("Hello"), metering(0.2)))
    await hear(await harness.ask())
    assert.deepEqual(await booked(harness), [[0.2, true]])
  })

  it("of an answer that broke off behind nothing else are spent twice at most", async () => {
    const { fetch, cut } = cutAnswers()
    await using harness = await startHarness({ fetch })
    const account = await harness.add("work")
    account.script(...Array.from({ length: 5 }, () => cut(metering(0.2))))
    const response = await harness.ask()
    assert.equal(response.status, 400)
    assert.match(await response.text(), /without any content/)
    assert.deepEqual(await booked(harness), [
      [0.2, true],
      [0.2, true],
    ])
  })

  it("are booked also where the user stops before anything is shown", async () => {
    const metered = eventFrame("meteringEvent", { unit: "credit", usage: 0.3 })
    const said = eventFrame("assistantResponseEvent", { content: "Hello" })
    for (const [isStreamed, frames] of [
      [true, [metered]],
      [false, [said, metered]],
    ] as const) {
      const caller = new AbortController()
      const coming = frames.values()
      // The user stops when all that came was read.
      const pull = (answer: ReadableStreamDefaultController<Uint8Array>): void => {
        const { value } = coming.next()
        if (value === undefined) caller.abort()
        else answer.enqueue(value)
      }
      const body = new ReadableStream({ pull }, { highWaterMark: 0 })
      await using harness = await startHarness({ accounts: ["work"], fetch: async () => new Response(body) })
      const asked = harness.ask({ stream: isStreamed }, { signal: caller.signal })
      await assert.rejects(asked, { name: "AbortError" })
      await eventually(async () => (await booked(harness)).length > 0)
      assert.deepEqual(await booked(harness), [[0.3, true]])
    }
  })

  it("of an answer that outlives its instance are booked all the same", async () => {
    await using harness = await startHarness()
    const account = await harness.add("work")
    account.script(stream(text("Hello"), pause(100), finish({ credits: 0.4 })))
    const response = await harness.ask()
    await harness.gateway.close()
    await harness.store.close()
    assert.equal((await hear(response)).finishReason, "stop")
    assert.deepEqual(
      (await turns(harness)).map(({ credits }) => credits),
      [0.4],
    )
    assert.deepEqual(harness.notices, [])
  })

  it("of a whole answer that broke off are booked before it is repeated", async () => {
    const { fetch, cut } = cutAnswers()
    await using harness = await startHarness({ fetch })
    const account = await harness.add("work")
    account.script(cut(text("Hello"), metering(0.2)))
    assert.equal((await harness.ask({ stream: false })).status, 200)
    assert.deepEqual(
      (await turns(harness)).filter(({ failed }) => failed).map(({ credits }) => credits),
      [0.2],
    )
  })
})

describe("the user's budget for a day", () => {
  const settings = { dailyCreditBudget: 10 }
  const spend = async (harness: Harness, credits: number): Promise<void> =>
    addTurn(harness.store, { sessionId: "before", accountId: "work", credits, at: harness.clock.now() })
  /** A step behind a tool, with what comes behind its result. */
  const step = (...behind: readonly (readonly [role: string, content: string | readonly object[]])[]) => ({
    messages: [
      { role: "user", content: "Read it." },
      {
        role: "assistant",
        content: "",
        tool_calls: [{ id: "c", type: "function", function: { name: "read", arguments: "{}" } }],
      },
      { role: "tool", tool_call_id: "c", content: "its text" },
      ...behind.map(([role, content]) => ({ role, content })),
    ],
  })

  const ATTACHED = { type: "text", text: "Attached media from tool result:" }
  const CUT_SHORT =
    "The previous response was interrupted. Continue from where you left off without repeating completed content."
  const SUBAGENT_ENDED = `<subagent sessionID="ses_3" state="completed" description="Look">\nFound.\n</subagent>`

  it("is told of from four fifths on", async () => {
    await using harness = await startHarness({ accounts: ["work"], settings })
    await spend(harness, 7.9)
    await assertAnswered(harness.ask())
    assert.equal(harness.notices.length, 0)
    await spend(harness, 0.2)
    await assertAnswered(harness.ask())
    const day = localDay(harness.clock.now())
    const told = harness.notices.map((notice) => notice.kind === "budget-near" && [notice.budget, notice.day])
    assert.deepEqual(told, [[10, day]])
  })

  it("stops a new message of the user's own, and says how to go on", async () => {
    await using harness = await startHarness({ accounts: ["work"], settings })
    await spend(harness, 10)
    const response = await harness.ask()
    assert.equal(response.status, 402)
    assert.match(
      await errorText(response),
      /budget of 10 credits is used up \(10\.00 so far\).*budget lift.*daily_credit_budget \(in kiro\.json or KIRO_DAILY_CREDIT_BUDGET\)/,
    )
    // A host may send the header of a subagent without a word in it.
    assert.equal((await harness.ask({}, { parent: "" })).status, 402)
    assert.deepEqual(harness.sent(), [])
    assert.deepEqual(harness.notices, [])
  })

  it("counts the answer that has ended just now", async () => {
    await using harness = await startHarness({ accounts: ["work"], settings })
    await hear(await harness.ask())
    harness.fake.answer(text("Dear"), finish({ credits: 11 }))
    await hear(await harness.ask())
    assert.equal((await harness.ask()).status, 402)
  })

  it("counts the answer that has ended just now in another session", async () => {
    await using harness = await startHarness({ accounts: ["work"], settings })
    const proof = reasoning({ text: "Hm.", signature: "c2ln" })
    harness.fake.answer(proof, text("Dear"), finish({ credits: 11 }))
    await hear(await harness.ask())
    assert.equal((await harness.ask({}, { session: "ses_2" })).status, 402)
  })

  it("lets all go on that is under way", async () => {
    await using harness = await startHarness({ accounts: ["work"], settings })
    await spend(harness, 11)
    for (const [body, options] of [
      [step(), {}],
      [step(["user", "Attached media from tool result:"]), {}],
      [step(["user", [ATTACHED, { type: "text", text: "ERROR: Cannot read image." }]]), {}],
      [step(["user", "<system-update>New instructions.</system-update>"]), {}],
      [step(["user", "Summarize the task tool output above and continue with your task."]), {}],
      [step(["assistant", "Half of"], ["user", CUT_SHORT]), {}],
      [step(["assistant", "I wait."], ["user", SUBAGENT_ENDED]), {}],
      [step(["assistant", "CRITICAL - MAXIMUM STEPS REACHED"]), {}],
      [{}, { session: "ses_2", parent: "ses_1" }],
      [{}, { purpose: "title" }],
      [{}, { purpose: "compaction" }],
      // What follows a compaction.
      [{}, {}],
    ] as const)
      await assertAnswered(harness.ask(body, options))
    assert.equal((await harness.ask()).status, 402)
  })

  it("lets a message through again whose answer broke off, also where it is used up by that", async () => {
    const { fetch, cut } = cutAnswers()
    await using harness = await startHarness({ settings, fetch })
    const account = await harness.add("work")
    account.script(cut(text("Dear"), metering(11)))
    assert.ok((await hear(await harness.ask())).error)
    await assertAnswered(harness.ask())
    const next = { role: "user", content: "And now?" }
    assert.equal((await harness.ask({ messages: [{ role: "user", content: "Hello" }, next] })).status, 402)
    assert.equal((await harness.ask({}, { session: "ses_2" })).status, 402)
  })

  it("lets a message through again that was refused for now, also where its attempts have used it up", async () => {
    await using harness = await startHarness({ settings })
    const account = await harness.add("work")
    const boom = stream(metering(4), exception("internalServerException", { message: "boom" }))
    account.script(boom, boom, boom, boom)
    assert.equal((await harness.ask()).status, 500)
    await assertAnswered(harness.ask())
  })

  it("stops the user's own message also behind a tool that was stopped or refused, and beside what the host adds", async () => {
    await using harness = await startHarness({ accounts: ["work"], settings })
    await spend(harness, 10)
    const own = ["user", "Do it another way."] as const
    for (const body of [
      step(own),
      step(["user", "Attached media from tool result:"], own),
      step(own, ["user", "<system-update>New instructions.</system-update>"]),
      // An agent of one step alone hears so behind the very message.
      step(own, ["assistant", "CRITICAL - MAXIMUM STEPS REACHED"]),
    ])
      assert.equal((await harness.ask(body)).status, 402)
    assert.deepEqual(harness.sent(), [])
  })

  it("is lifted for the day, and begins anew with the next", async () => {
    await using harness = await startHarness({ accounts: ["work"], settings })
    await spend(harness, 11)
    await harness.store.liftBudget(localDay(harness.clock.now()))
    await assertAnswered(harness.ask())
    assert.deepEqual(harness.notices, [])
    harness.clock.advance(24 * 3_600_000)
    await assertAnswered(harness.ask())
  })
})

describe("a model that stays busy", () => {
  const settings = {
    rateLimitMaxRetries: 0,
    fallbackModels: { "claude-sonnet-4-5": ["claude-sonnet-4", "claude-haiku-4-5"] },
  }

  it("is left for the models that the user named, one after the other, and told of", async () => {
    await using harness = await startHarness({ settings })
    const account = await harness.add("work")
    account.fail(FAILURES.capacity)
    account.fail(FAILURES.capacity)
    await assertAnswered(harness.ask())
    assert.deepEqual(modelsSent(harness), ["claude-sonnet-4.5", "claude-sonnet-4", "claude-haiku-4.5"])
    assert.deepEqual(
      harness.fake.chats.map(({ headers }) => headers["amz-sdk-request"]),
      ["attempt=1; max=20", "attempt=2; max=20", "attempt=3; max=20"],
    )
    assert.deepEqual(
      harness.notices.map((notice) => notice.kind === "model-switched" && [notice.from, notice.to]),
      [["claude-sonnet-4-5", "claude-haiku-4-5"]],
    )
  })

  it("is left for the next one where no account is offered the first", async () => {
    await using harness = await startHarness({ settings })
    const accounts = [await harness.add("work"), await harness.add("home")]
    accounts[0]?.fail(FAILURES.capacity)
    for (const account of accounts) account.fail(FAILURES.invalidModel)
    await assertAnswered(harness.ask())
    assert.deepEqual(modelsSent(harness), [
      "claude-sonnet-4.5",
      "claude-sonnet-4",
      "claude-sonnet-4",
      "claude-haiku-4.5",
    ])
    assert.deepEqual(
      harness.notices.flatMap((notice) => (notice.kind === "model-switched" ? notice.to : [])),
      ["claude-haiku-4-5"],
    )
  })

  it("is what is told of where no account is offered any of the others", async () => {
    for (const maxRequestIterations of [20, 3]) {
      await using harness = await startHarness({ settings: { ...settings, maxRequestIterations } })
      const account = await harness.add("work")
      for (const kind of ["capacity", "invalidModel", "invalidModel"] as const) account.fail(FAILURES[kind])
      const refused = await harness.ask()
      assert.equal(refused.status, 429)
      assert.equal(refused.headers.get("retry-after-ms"), "5000")
      assert.match(await errorText(refused), /claude-sonnet-4-5 is very busy/)
      assert.equal(modelsSent(harness).length, 3)
      assert.deepEqual(harness.notices, [])
    }
  })

  it("is not left for others beyond the sends that the user allows", async () => {
    await using harness = await startHarness({ settings: { ...settings, maxRequestIterations: 1 } })
    ;(await harness.add("work")).fail(FAILURES.capacity)
    assert.match(await errorText(await harness.ask()), /claude-sonnet-4-5 is very busy/)
    assert.deepEqual(modelsSent(harness), ["claude-sonnet-4.5"])
  })

  it("is what is told of where the conversation is too long for the others: it may not be for this one", async () => {
    await using harness = await startHarness({ settings })
    const account = await harness.add("work")
    account.fail(FAILURES.capacity)
    harness.fake.when(({ text: body }) => /claude-(?:sonnet-4"|haiku)/.test(body), FAILURES.inputTooLong)
    const refused = await harness.ask()
    assert.equal(refused.status, 429)
    assert.match(await errorText(refused), /claude-sonnet-4-5 is very busy/)
    // Where it is, the host still hears that it has to compact.
    account.fail(FAILURES.inputTooLong)
    assert.match(await errorText(await harness.ask()), /^prompt is too long/)
  })

  it("is not told of where the request to the one that stands in for it is what is wrong", async () => {
    await using harness = await startHarness({ settings })
    const account = await harness.add("work")
    for (const kind of ["capacity", "improperlyFormed"] as const) account.fail(FAILURES[kind])
    const refused = await harness.ask()
    assert.equal(refused.status, 400)
    assert.match(await errorText(refused), /refused the form of this request/)
    assert.equal(modelsSent(harness).length, 2)
  })

  it("is left for those that stand behind its own id, before those behind another spelling of it", async () => {
    const fallbackModels = {
      "claude-sonnet-4.5": ["claude-haiku-4-5"],
      "claude-sonnet-4-5": ["claude-sonnet-4"],
    }
    await using harness = await startHarness({ settings: { ...settings, fallbackModels } })
    const account = await harness.add("work")
    account.fail(FAILURES.capacity)
    await assertAnswered(harness.ask())
    assert.deepEqual(modelsSent(harness), ["claude-sonnet-4.5", "claude-sonnet-4"])
  })

  it("is told to the host where none is left", async () => {
    await using harness = await startHarness({ settings })
    const account = await harness.add("work")
    for (let times = 0; times < 3; times++) account.fail(FAILURES.capacity)
    const refused = await harness.ask()
    assert.equal(refused.status, 429)
    assert.match(await errorText(refused), /claude-sonnet-4-5 is very busy/)
    assert.equal(modelsSent(harness).length, 3)
  })

  it("is waited for, and those that stand in for it no longer: all waits are one chat's", async () => {
    await using harness = await startHarness({
      settings: { ...settings, rateLimitMaxRetries: 2, rateLimitRetryDelayMs: 3000 },
    })
    const account = await harness.add("work")
    for (let times = 0; times < 5; times++) account.fail(FAILURES.capacity)
    const refused = await harness.ask()
    assert.equal(refused.status, 429)
    assert.deepEqual(harness.clock.slept, [3000, 6000])
    assert.deepEqual(modelsSent(harness), [
      ...Array.from({ length: 3 }, () => "claude-sonnet-4.5"),
      "claude-sonnet-4",
      "claude-haiku-4.5",
    ])
  })

  it("is never left for a quota, a throttle or a refusal", async () => {
    for (const reply of [FAILURES.throttled, FAILURES.monthlyLimit, FAILURES.improperlyFormed]) {
      await using harness = await startHarness({ settings })
      const account = await harness.add("work")
      account.fail(reply)
      assert.ok((await harness.ask()).status >= 400)
      assert.equal(modelsSent(harness).length, 1)
    }
  })
})

describe("an account that is waited for", () => {
  it("is parked for just as long, and may then answer though it is parked for longer meanwhile", async () => {
    const clock = fakeClock()
    const seen: number[] = []
    await using harness = await startHarness({
      settings: { rateLimitRetryDelayMs: 1000 },
      random: () => 0.5,
      clock: {
        ...clock,
        async sleep(ms, signal) {
          const { health } = await harness.account("work")
          seen.push(ms, health.state === "cooling" ? health.until - clock.now() : 0)
          // Another request parks it for longer.
          const until = clock.now() + 3_600_000
          const longer = {
            state: "cooling",
            since: clock.now(),
            until,
            reason: "throttled",
            times: 1,
          } as const
          await harness.store.update("work", (current) => ({ ...current, health: longer }))
          await clock.sleep(ms, signal)
        },
      },
    })
    const account = await harness.add("work")
    account.fail(FAILURES.throttled)
    await assertAnswered(harness.ask())
    assert.deepEqual(seen, [1100, 1100])
    assert.deepEqual(harness.sent(), ["work", "work"])
  })

  it("is asked about: too many requests may mean that its credits are used up", async () => {
    await using harness = await startHarness({ settings: { rateLimitRetryDelayMs: 1000 } })
    const account = await harness.add("work")
    account.fail(FAILURES.throttled)
    await hear(await harness.ask())
    assert.deepEqual(harness.usageAsked, ["work"])
  })
})

describe("a model that thinks", () => {
  for (const [model, effort, purpose, limit] of [
    ["claude-opus-4-6", "high", "main", 300_000],
    ["claude-opus-4-6", undefined, "main", 120_000],
    ["gpt-5-6-sol", "low", "main", 300_000],
    ["gpt-5-6-sol", "none", "main", 120_000],
    ["gpt-5-6-sol", "high", "title", 120_000],
  ] as const)
    it(`may be silent for ${limit} ms before its first word: ${model}, ${effort ?? "unsaid"}, ${purpose}`, async () => {
      await using harness = await startHarness()
      const account = await harness.add("work")
      account.script(neverAnswers, neverAnswers)
      const asked = (times: number): Promise<void> => eventually(() => harness.sent().length >= times)
      const answer = harness.ask({ model, ...(effort && { reasoning_effort: effort }) }, { purpose })
      await asked(1)
      harness.clock.advance(limit - 1)
      await systemClock.sleep(30)
      assert.equal(harness.sent().length, 1)
      harness.clock.advance(1)
      await asked(2)
      harness.clock.advance(limit)
      assert.equal((await answer).status, 504)
    })
})

/** The credits of each request, and whether it failed. */
async function booked(harness: Harness): Promise<unknown[][]> {
  return (await turns(harness)).map(({ credits, failed }) => [credits, failed])
}

async function turns({ gateway, store }: Harness): ReturnType<Harness["store"]["turns"]> {
  await gateway.close()
  return store.turns()
}

function modelsSent({ fake }: Harness): readonly (string | undefined)[] {
  return fake
    .received("GenerateAssistantResponse")
    .map(({ text: body }) => /"currentMessage":.*?"modelId":"([^"]+)"/.exec(body)?.[1])
}
