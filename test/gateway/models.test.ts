import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { askedModel, lacksModel } from "../../src/gateway/asked-model.ts"

const list = (accountId: string, ...ids: readonly string[]) => ({
  accountId,
  serviceRegion: "us-east-1",
  fetchedAt: 1,
  models: ids.map((modelId) => ({ modelId })),
})

describe("an account that lacks a model", () => {
  const lists = [list("pro", "auto", "claude-opus-5"), list("free", "auto")]

  it("is passed over where another has it", () => {
    assert.equal(lacksModel(askedModel("kiro/claude-opus-5", lists), "free"), true)
    assert.equal(lacksModel(askedModel("kiro/claude-opus-5", lists), "pro"), false)
  })

  it("is asked all the same where nobody's list has it, or it has no list", () => {
    assert.equal(lacksModel(askedModel("kiro/brand-new", lists), "free"), false)
    assert.equal(lacksModel(askedModel("kiro/claude-opus-5", lists), "unknown"), false)
  })
})
