import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { createModelReader, lacksModel } from "../../src/gateway/asked-model.ts"
import { asObject } from "../../src/json.ts"
import { FAKE_MODELS } from "../support/fake-kiro/index.ts"
import { PNG } from "../support/pixel.ts"
import { hear, startHarness } from "./harness.ts"

const list = (accountId: string, ...ids: readonly string[]) => ({
  accountId,
  serviceRegion: "us-east-1",
  fetchedAt: 1,
  models: ids.map((modelId) => ({ modelId })),
})

describe("an account that lacks a model", () => {
  const lists = [list("pro", "auto", "claude-opus-5"), list("free", "auto")]
  const lacks = (accountId: string, model: string): boolean =>
    lacksModel(createModelReader()(model, lists), accountId)

  it("is passed over where another has it", () => {
    assert.equal(lacks("free", "kiro/claude-opus-5"), true)
    assert.equal(lacks("pro", "kiro/claude-opus-5"), false)
  })

  it("is asked all the same where nobody's list has it, or it has no list", () => {
    assert.equal(lacks("free", "kiro/brand-new"), false)
    assert.equal(lacks("unknown", "kiro/claude-opus-5"), false)
  })
})

describe("an account that has no list yet", () => {
  it("is asked for a new model, and chosen for it by a rule, by the name that another account's list gives it", async () => {
    const accountRules = [{ model: "claude-brand-new-9.1", account: "unlisted" }]
    await using harness = await startHarness({ accounts: ["listed", "unlisted"], settings: { accountRules } })
    const { fake, store } = harness
    const [first] = FAKE_MODELS
    assert.ok(first !== undefined)
    fake.models = [...FAKE_MODELS, { ...first, modelId: "claude-brand-new-9.1" }]
    await store.setModelList(list("listed", "claude-brand-new-9.1"))
    await hear(await harness.ask({ model: "kiro/claude-brand-new-9-1" }))
    assert.deepEqual(harness.sent(), ["unlisted"])
    const [chat] = fake.chats
    const { currentMessage } = asObject(asObject(chat?.body)["conversationState"])
    const { modelId } = asObject(asObject(currentMessage)["userInputMessage"])
    assert.deepEqual([modelId, chat?.status], ["claude-brand-new-9.1", 200])
  })
})

describe("an account that is switched off", () => {
  it("narrows no model: what it would not take still arrives", async () => {
    await using harness = await startHarness({ accounts: ["on", "off"] })
    const { fake, store } = harness
    const of = (accountId: string, ...supportedInputTypes: readonly string[]) => ({
      ...list(accountId),
      models: [{ modelId: "claude-sonnet-4.5", supportedInputTypes }],
    })
    await store.setModelList(of("on", "TEXT", "IMAGE"))
    await store.setModelList(of("off", "TEXT"))
    await store.update("off", (account) => ({ ...account, enabled: false }))
    const image_url = { url: `data:image/png;base64,${PNG}` }
    await hear(
      await harness.ask({ messages: [{ role: "user", content: [{ type: "image_url", image_url }] }] }),
    )
    assert.deepEqual(harness.sent(), ["on"])
    assert.ok(fake.chats[0]?.text.includes(PNG))
  })
})
