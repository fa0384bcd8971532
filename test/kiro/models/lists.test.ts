import assert from "node:assert/strict"
import { describe, it } from "node:test"
import {
  type AccountModelList,
  encodeModelLists,
  mergeModelLists,
  readModelLists,
} from "../../../src/kiro/index.ts"

const list = (accountId: string, models: readonly unknown[], fetchedAt = 1): AccountModelList => ({
  accountId,
  serviceRegion: "us-east-1",
  fetchedAt,
  models,
})

const entry = (modelId: string, maxInputTokens: number, types: readonly string[]): unknown => ({
  modelId,
  tokenLimits: { maxInputTokens, maxOutputTokens: 1000 },
  supportedInputTypes: types,
})

describe("the lists of several accounts", () => {
  it("give the union of their models with the smallest limits", () => {
    const merged = mergeModelLists([
      list("a", [entry("auto", 200, ["TEXT", "IMAGE"]), entry("opus", 5, ["TEXT"])]),
      list("b", [entry("auto", 100, ["TEXT"]), entry("glm", 7, ["TEXT"])]),
    ])
    assert.deepEqual(
      merged?.map((model) => [model.wireId, model.maxInputTokens, model.input]),
      [
        ["auto", 100, ["text"]],
        ["opus", 5, ["text"]],
        ["glm", 7, ["text"]],
      ],
    )
  })

  it("take from one what the other does not say", () => {
    const said = entry("auto", 200, ["TEXT", "IMAGE"])
    for (const lists of [
      [list("a", [said]), list("b", [{ modelId: "auto" }])],
      [list("a", [{ modelId: "auto" }]), list("b", [said])],
    ])
      assert.deepEqual(mergeModelLists(lists), [
        { wireId: "auto", maxInputTokens: 200, maxOutputTokens: 1000, input: ["text", "image"] },
      ])
  })

  it("count only the newest list of an account", () => {
    const old = { ...list("a", [entry("auto", 1, [])], 1), serviceRegion: "eu-central-1" }
    const merged = mergeModelLists([list("a", [entry("glm", 1, [])], 2), old])
    assert.deepEqual(
      merged?.map((model) => model.wireId),
      ["glm"],
    )
  })

  it("are nothing before the first", () => {
    assert.equal(mergeModelLists([]), undefined)
    assert.equal(mergeModelLists([list("a", [])]), undefined)
  })
})

describe("the file of lists", () => {
  it("comes back as it was written", () => {
    const lists = [list("a", [entry("auto", 200, ["TEXT"])])]
    assert.deepEqual(readModelLists(JSON.parse(encodeModelLists(lists, "1.0.0"))), lists)
  })

  it("leaves out what it can't read", () => {
    const lists = [null, {}, { ...list("a", []), models: 3 }, list("b", [])]
    assert.deepEqual(readModelLists({ version: 9, lists }), [list("b", [])])
  })

  it("is none of ours where it holds something else", () => {
    for (const other of [undefined, [], {}, { lists: {} }]) assert.equal(readModelLists(other), undefined)
  })
})
