import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { createModelReader, lacksModel } from "../../src/gateway/asked-model.ts"

const list = (accountId: string, ...ids: readonly string[]) => ({
  accountId,
  serviceRegion: "us-east-1",
  fetchedAt: 1,
  models: ids.map((modelId) => ({ modelId })),
})

describe("an account that lacks a model", () => {
  const lists = [list("pro", "auto", "claude-opus-5"), list("free", "auto")]
  const lacks = (accountId: string, model: string): boolean =>
    lacksModel(createModelReader().read(model, lists).asked, accountId)

  it("is passed over where another has it", () => {
    assert.equal(lacks("free", "kiro/claude-opus-5"), true)
    assert.equal(lacks("pro", "kiro/claude-opus-5"), false)
  })

  it("is asked all the same where nobody's list has it, or it has no list", () => {
    assert.equal(lacks("free", "kiro/brand-new"), false)
    assert.equal(lacks("unknown", "kiro/claude-opus-5"), false)
  })
})
