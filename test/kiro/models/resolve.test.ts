import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { type LiveModel, listsModel, resolveModel } from "../../../src/kiro/index.ts"
import { describeModel, offeredModels } from "../../../src/kiro/models/index.ts"

const OLDER_IDS = [
  "claude-sonnet-4-5",
  "claude-sonnet-4-5-thinking",
  "claude-sonnet-4-5-1m",
  "claude-sonnet-4-6",
  "claude-sonnet-4-6-thinking",
  "claude-sonnet-4-6-1m",
  "claude-sonnet-4-6-1m-thinking",
  "claude-opus-4-5",
  "claude-opus-4-5-thinking",
  "claude-opus-4-6",
  "claude-opus-4-6-thinking",
  "claude-opus-4-6-1m",
  "claude-opus-4-6-1m-thinking",
  "claude-haiku-4-5",
  "qwen3-coder-480b",
]

const live = (...wireIds: readonly string[]): LiveModel[] => wireIds.map((wireId) => ({ wireId }))

describe("resolving a public id", () => {
  for (const [id, wireId] of [
    ["claude-sonnet-4-5", "claude-sonnet-4.5"],
    ["claude-sonnet-4.5", "claude-sonnet-4.5"],
    ["kiro/claude-sonnet-4-5-thinking", "claude-sonnet-4.5"],
    ["kiro/somebody-else-9", "somebody-else-9"],
    ["Claude-Sonnet-4.5", "claude-sonnet-4.5"],
    ["claude-sonnet-4-5-20250929", "claude-sonnet-4.5"],
    ["claude-sonnet-4-20250514", "claude-sonnet-4"],
    ["claude-haiku-4-5-20251001", "claude-haiku-4.5"],
    ["claude-sonnet-4-0", "claude-sonnet-4"],
    ["claude-sonnet-5.0-thinking", "claude-sonnet-5"],
    ["claude-opus-4-5-20251101-thinking", "claude-opus-4.5"],
    ["claude-sonnet-4-5-thinking", "claude-sonnet-4.5"],
    ["claude-sonnet-4-5-1m", "claude-sonnet-4.5"],
    ["claude-opus-4-6-1m-thinking", "claude-opus-4.6"],
    ["claude-opus-4.6-1m", "claude-opus-4.6"],
    ["claude-opus-4-6[1m]", "claude-opus-4.6"],
    ["claude-sonnet-4-6[1m]-thinking", "claude-sonnet-4.6"],
    ["claude-sonnet-5-1m", "claude-sonnet-5"],
    ["gpt-5-6-sol", "gpt-5.6-sol"],
    ["deepseek-3-2", "deepseek-3.2"],
    ["minimax-m2-5", "minimax-m2.5"],
    ["auto", "auto"],
    ["CLAUDE_SONNET_4_5_20250929_V1_0", "claude-sonnet-4.5"],
    ["CLAUDE_OPUS_4_6_LONG_V1", "claude-opus-4.6"],
    ["MOONSHOT_KIMI_K2_THINKING", "MOONSHOT_KIMI_K2_THINKING"],
    ["somebody-else-9", "somebody-else-9"],
    ["somebody-else-9-thinking", "somebody-else-9-thinking"],
    ["claude-opus-5.5", "claude-opus-5.5"],
  ] as const)
    it(`sends ${wireId} for ${id}`, () => assert.equal(resolveModel(id).wireId, wireId))

  it("keeps the id it was asked by", () => {
    assert.equal(resolveModel("claude-opus-4-6-1m-thinking").id, "claude-opus-4-6-1m-thinking")
  })

  it("asks for the long model by its own id where the service lists one", () => {
    const list = live("claude-sonnet-4.5", "claude-sonnet-4.5-1m")
    assert.equal(resolveModel("claude-sonnet-4-5-1m", list).wireId, "claude-sonnet-4.5-1m")
    assert.equal(resolveModel("claude-sonnet-4-5[1m]", list).wireId, "claude-sonnet-4.5-1m")
    assert.equal(resolveModel("claude-sonnet-4-5-1m", list).serviceWindow, 1_000_000)
    assert.equal(resolveModel("claude-sonnet-4-5-1m", list).name, "Claude Sonnet 4.5 (1M Context)")
    assert.equal(resolveModel("claude-sonnet-4-5-1m-thinking", list).wireId, "claude-sonnet-4.5-1m")
  })

  it("measures a long id that falls to its base by the window of the base", () => {
    const model = resolveModel("claude-sonnet-4-5-1m")
    assert.deepEqual([model.contextWindow, model.serviceWindow], [1_000_000, 200_000])
    const listed = resolveModel("claude-sonnet-4-5-1m", live("claude-sonnet-4.5"))
    assert.equal(listed.contextWindow, 200_000)
  })

  it("finds a model that only the live list knows, under dashes", () => {
    const model = resolveModel("claude-opus-5-5", live("claude-opus-5.5"))
    assert.equal(model.wireId, "claude-opus-5.5")
    assert.deepEqual(model.input, ["text", "image", "pdf"])
  })

  it("still resolves a model that vanished from the list", () => {
    assert.equal(resolveModel("glm-5", live("auto")).wireId, "glm-5")
    assert.equal(listsModel("glm-5", live("auto")), false)
    assert.equal(listsModel("claude-opus-4-6-1m-thinking", live("claude-opus-4.6")), true)
  })
})

describe("the live list over the built-in table", () => {
  const list: LiveModel[] = [
    {
      wireId: "claude-opus-4.5",
      rate: 3,
      maxInputTokens: 300_000,
      maxOutputTokens: 32_000,
      input: ["text"],
      cachePoints: 0,
    },
  ]
  const model = resolveModel("claude-opus-4-5", list)

  it("wins with limits, rate, cache points and types", () => {
    assert.equal(model.contextWindow, 300_000)
    assert.equal(model.serviceWindow, 300_000)
    assert.equal(model.maxOutputTokens, 32_000)
    assert.equal(model.rate, 3)
    assert.equal(model.cachePoints, 0)
  })

  it("leaves documents to the table", () => assert.deepEqual(model.input, ["text", "pdf"]))

  it("means that no field may be sent where it gives no schema", () => {
    const unschemed = resolveModel("claude-opus-4-6", live("claude-opus-4.6"))
    assert.equal(unschemed.fieldSchema, undefined)
    assert.equal(unschemed.thinking, "tags")
  })
})

describe("a Claude that is newer than every row", () => {
  it("is what the newest of its family is, also before a list names it", () => {
    const sonnet = resolveModel("claude-sonnet-5-5")
    assert.deepEqual(sonnet.input, ["text", "image", "pdf"])
    assert.deepEqual([sonnet.contextWindow, sonnet.thinking], [1_000_000, "native"])
    assert.equal(sonnet.rate, undefined)
    assert.equal(resolveModel("claude-opus-6").maxOutputTokens, 128_000)
    assert.deepEqual(resolveModel("claude-haiku-5-5").input, resolveModel("claude-haiku-4-5").input)
  })

  it("is asked for with dots, and by every ending that an older one has", () => {
    for (const id of ["claude-sonnet-5-5", "claude-sonnet-5.5", "kiro/claude-sonnet-5-5-20270101-thinking"])
      assert.equal(resolveModel(id).wireId, "claude-sonnet-5.5", id)
    assert.equal(resolveModel("claude-opus-6-1m").wireId, "claude-opus-6")
    const { thinking, thinksByDefault } = resolveModel("claude-sonnet-5-5-thinking")
    assert.deepEqual([thinking, thinksByDefault], ["native", true])
  })

  it("has the limits and the schema of the list that names it", () => {
    const schema = resolveModel("claude-opus-5").fieldSchema
    assert.ok(schema !== undefined)
    const [listed] = [{ wireId: "claude-opus-6", name: "Claude Opus 6", maxInputTokens: 2_000_000 }]
    const plain = resolveModel("claude-opus-6", [listed])
    assert.deepEqual([plain.name, plain.contextWindow, plain.thinking], ["Claude Opus 6", 2_000_000, "tags"])
    assert.deepEqual(plain.input, ["text", "image", "pdf"])
    assert.equal(resolveModel("claude-opus-6", [{ ...listed, fieldSchema: schema }]).thinking, "native")
  })

  it("is not an older one, nor one of another family", () => {
    for (const older of ["claude-opus-4", "claude-opus-4-99", "claude-opus-4-20"])
      assert.equal(resolveModel(older).contextWindow, 200_000, older)
    assert.equal(resolveModel("claude-instant-9").contextWindow, 200_000)
  })
})

describe("what is offered", () => {
  it("holds the ids of older plugins, before and with a live list", () => {
    for (const offered of [offeredModels(), offeredModels(live("auto"))]) {
      const ids = offered.map((model) => model.id)
      assert.deepEqual(
        OLDER_IDS.filter((id) => !ids.includes(id)),
        [],
      )
    }
  })

  it("gives newer models no twins", () => {
    const ids = offeredModels().map((model) => model.id)
    assert.equal(ids.filter((id) => /-thinking$|-1m/.test(id)).length, 9)
    assert.equal(new Set(ids).size, ids.length)
  })

  it("drops a vanished model and takes a new one up", () => {
    const ids = offeredModels(live("auto", "claude-opus-5.5")).map((model) => model.id)
    assert.ok(ids.includes("claude-opus-5-5"))
    assert.ok(!ids.includes("glm-5"))
  })

  it("is of the family by which OpenCode picks its small model only where an account has it", () => {
    const small = (...listed: readonly string[]): readonly string[] =>
      offeredModels(live(...listed)).flatMap(({ id, family }) => (family === "claude-haiku" ? [id] : []))
    assert.deepEqual(small(), ["claude-haiku-4-5"])
    assert.deepEqual(small("auto", "claude-haiku-4.5"), ["claude-haiku-4-5"])
    assert.deepEqual(small("auto"), [])
    assert.deepEqual(small("auto", "claude-haiku-5.5"), ["claude-haiku-5-5"])
  })

  it("knows every model under the id it is offered by", () => {
    for (const model of offeredModels()) assert.deepEqual(describeModel(model.id), { ...model, rank: 0 })
  })
})
