import assert from "node:assert/strict"
import { describe, it } from "node:test"
import type { AccountRule } from "../../src/settings/index.ts"
import { errorText, type Harness, hear, startHarness } from "./harness.ts"

const OFFICE = { project: "~/project", account: "office" } as const

const harnessWith = (rules: readonly AccountRule[], more: object = {}): Promise<Harness> =>
  startHarness({ accounts: ["own", "office"], settings: { accountRules: [...rules], ...more } })

const ask = async (harness: Harness, session: string, body: object = {}): Promise<void> => {
  await hear(await harness.ask(body, { session }))
}

describe("the user's rules for accounts", () => {
  it("of a project decide each request, before the account that the conversation has, and behind a choice", async () => {
    await using harness = await harnessWith([OFFICE])
    await harness.store.remember({ sessionId: "one", session: (memory) => ({ ...memory, accountId: "own" }) })
    await ask(harness, "one")
    await harness.store.remember({
      sessionId: "one",
      session: (memory) => ({ ...memory, chosenAccountId: "own" }),
    })
    await ask(harness, "one")
    assert.deepEqual(harness.sent(), ["office", "own"])
    assert.deepEqual(harness.notices, [])
  })

  it("stand behind a choice for the session that a subagent works for, if not behind one for its own", async () => {
    await using harness = await harnessWith([OFFICE])
    const choose = (sessionId: string, chosenAccountId: string): Promise<unknown> =>
      harness.store.remember({ sessionId, session: (memory) => ({ ...memory, chosenAccountId }) })
    const delegate = async (): Promise<void> =>
      void (await hear(await harness.ask({}, { session: "sub", parent: "one" })))
    await delegate()
    await choose("one", "own")
    await delegate()
    await choose("sub", "office")
    await delegate()
    assert.deepEqual(harness.sent(), ["office", "own", "office"])
  })

  it("may name an account by its label", async () => {
    await using harness = await harnessWith([{ ...OFFICE, account: "The office" }])
    await harness.store.update("office", (account) => ({ ...account, label: "The office" }))
    await ask(harness, "one")
    assert.deepEqual(harness.sent(), ["office"])
  })

  it("of a model decide new conversations only", async () => {
    await using harness = await harnessWith([{ model: "claude-sonnet-*", account: "office" }])
    await ask(harness, "one")
    await ask(harness, "two", { model: "claude-opus-4-5" })
    await harness.store.remember({
      sessionId: "three",
      session: (memory) => ({ ...memory, accountId: "own" }),
    })
    await ask(harness, "three")
    assert.deepEqual(harness.sent(), ["office", "own", "own"])
  })

  it("of a model know it with its provider before it, as OpenCode 1 asks for it, and as a user may write it", async () => {
    for (const model of ["claude-opus-*", "kiro/claude-opus-*"]) {
      await using harness = await harnessWith([{ model, account: "office" }])
      await ask(harness, "one", { model: "kiro/claude-opus-4-5" })
      await ask(harness, "two", { model: "claude-opus-4-5" })
      await ask(harness, "three", { model: "kiro/claude-sonnet-4-5" })
      assert.deepEqual(harness.sent(), ["office", "office", "own"], model)
    }
  })

  it("of a model know it by its dots, by its dashes and behind an ending of older configurations", async () => {
    for (const model of ["claude-opus-4.5", "claude-opus-4-5"])
      for (const asked of ["claude-opus-4-5", "claude-opus-4.5", "claude-opus-4-5-thinking"]) {
        await using harness = await harnessWith([{ model, account: "office" }])
        await ask(harness, "one", { model: asked })
        await ask(harness, "two", { model: "claude-sonnet-4-5" })
        assert.deepEqual(harness.sent(), ["office", "own"], `${model} ${asked}`)
      }
    await using harness = await harnessWith([{ model: "*-thinking", account: "office" }])
    await ask(harness, "one", { model: "claude-opus-4-5-thinking" })
    assert.deepEqual(harness.sent(), ["office"])
  })

  it("of a model decide the conversation, though its title is asked for before and of another model", async () => {
    const sonnet = { model: "claude-sonnet-*", account: "office" } as const
    const title = { model: "claude-haiku-4-5" }
    await using harness = await harnessWith([sonnet])
    await hear(await harness.ask(title, { session: "one", purpose: "title" }))
    await ask(harness, "one")
    await hear(await harness.ask(title, { session: "one", purpose: "title" }))
    assert.deepEqual(harness.sent(), ["own", "office", "office"])
    await using other = await harnessWith([{ ...sonnet, model: "claude-haiku-*" }])
    await hear(await other.ask(title, { session: "one", purpose: "title" }))
    await ask(other, "one")
    assert.deepEqual(other.sent(), ["office", "own"])
  })

  it("of a model leave a conversation that begins with its summary to the account that wrote that", async () => {
    await using harness = await harnessWith([{ model: "claude-opus-*", account: "office" }], {
      accountSelectionStrategy: "round-robin",
    })
    await hear(await harness.ask({}, { session: "one", purpose: "compaction" }))
    await ask(harness, "two")
    await ask(harness, "one")
    const [summary, , conversation] = harness.sent()
    assert.equal(conversation, summary)
  })

  it("go on with another account where theirs can't serve or is not here, and say so", async () => {
    await using harness = await harnessWith([OFFICE])
    await harness.store.update("office", (account) => ({ ...account, enabled: false }))
    await ask(harness, "one")
    await harness.store.remove("office")
    await ask(harness, "two")
    assert.deepEqual(harness.sent(), ["own", "own"])
    assert.deepEqual(harness.notices, [
      { kind: "rule-missed", to: "own", id: "office", wanted: "office" },
      { kind: "rule-missed", to: "own", id: "office" },
    ])
  })

  it("with fallback: false rather fail than ask another account", async () => {
    await using harness = await harnessWith([{ ...OFFICE, fallback: false }])
    await harness.store.update("office", (account) => ({ ...account, enabled: false }))
    const refused = await harness.ask()
    assert.equal(refused.status, 400)
    assert.match(await errorText(refused), /office.*switched off.*your rule for ~\/project.*fallback: false/)
    await harness.store.remove("office")
    assert.match(await errorText(await harness.ask()), /names the account office, which is not here/)
    assert.deepEqual(harness.sent(), [])
  })

  it("leave new conversations to accounts that are above their reserve", async () => {
    await using harness = await harnessWith([], { accountReserve: 30, accountSelectionStrategy: "sticky" })
    const quota = {
      checkedAt: harness.clock.now(),
      limit: 100,
      bonuses: [],
      overage: { enabled: false, used: 0 },
    }
    const use = (id: string, used: number) =>
      harness.store.update(id, (account) => ({ ...account, quota: { ...quota, used } }))
    await use("own", 10)
    await use("office", 80)
    await harness.store.remember({
      sessionId: "old",
      session: (memory) => ({ ...memory, accountId: "office" }),
    })
    for (const session of ["old", "one", "two"]) await ask(harness, session)
    await use("own", 90)
    await use("office", 75)
    await ask(harness, "three")
    assert.deepEqual(harness.sent().slice(0, 3), ["office", "own", "own"])
    assert.equal(harness.sent().length, 4)
  })
})
