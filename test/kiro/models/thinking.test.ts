import assert from "node:assert/strict"
import { describe, it } from "node:test"
import {
  chooseThinking,
  type KiroModel,
  refusedFields,
  requestFields,
  resolveModel,
  type ThinkingPlan,
  withoutRefused,
} from "../../../src/kiro/index.ts"
import { offeredModels } from "../../../src/kiro/models/index.ts"
import { claudeThinking, outputConfig } from "../../../src/kiro/models/fields.ts"

const VARIANTS = [
  { thinkingBudget: 8192, reasoningEffort: "low" },
  { thinkingBudget: 16_384, reasoningEffort: "medium" },
  { reasoningEffort: "high" },
  { thinkingBudget: 32_768 },
] as const

const tags = (budget: number): ThinkingPlan => ({
  mode: "tags",
  systemPrefix: `<thinking_mode>enabled</thinking_mode><max_thinking_length>${budget}</max_thinking_length>`,
})

const native = (effort: string): ThinkingPlan => ({
  mode: "native",
  fields: { thinking: { type: "adaptive", display: "summarized" }, output_config: { effort } },
})

describe("thinking by tags", () => {
  const model = resolveModel("claude-sonnet-4-5")

  it("carries the budget of the variant", () => {
    assert.deepEqual(
      VARIANTS.map((variant) => chooseThinking(model, variant)),
      [8192, 16_384, 24_576, 32_768].map(tags),
    )
  })

  it("is off when nothing was chosen, and on for a -thinking id", () => {
    assert.deepEqual(chooseThinking(model, {}), { mode: "none" })
    const thinker = resolveModel("claude-sonnet-4-5-thinking")
    assert.deepEqual(chooseThinking(thinker, {}), tags(20_000))
    assert.deepEqual(chooseThinking(thinker, { thinkingBudget: 0 }), { mode: "none" })
  })

  it("keeps the budget inside what the model takes", () => {
    assert.deepEqual(chooseThinking(model, { thinkingBudget: 1 }), tags(1024))
    assert.deepEqual(chooseThinking(model, { thinkingBudget: 1e9 }), tags(64_000))
    assert.deepEqual(chooseThinking({ ...model, maxOutputTokens: 500 }, { thinkingBudget: 8192 }), tags(1024))
  })
})

describe("thinking by native fields", () => {
  it("takes the nearest effort of the schema, and asks for visible reasoning", () => {
    const model = resolveModel("claude-opus-4-6")
    assert.deepEqual(
      VARIANTS.map((variant) => chooseThinking(model, variant)),
      ["low", "medium", "high", "max"].map(native),
    )
    assert.deepEqual(chooseThinking(model, { reasoningEffort: "xhigh" }), native("max"))
    assert.deepEqual(
      chooseThinking(resolveModel("claude-opus-5"), { reasoningEffort: "xhigh" }),
      native("xhigh"),
    )
  })

  for (const [budget, effort] of [
    [8192, "low"],
    [8193, "medium"],
    [16_384, "medium"],
    [16_385, "high"],
    [24_576, "high"],
    [24_577, "max"],
  ] as const)
    it(`means ${effort} by a budget of ${budget}`, () =>
      assert.deepEqual(
        chooseThinking(resolveModel("claude-opus-5"), { thinkingBudget: budget }),
        native(effort),
      ))

  it("speaks the GPT family's own field", () => {
    const model = resolveModel("gpt-5-6-sol")
    assert.deepEqual(chooseThinking(model, { reasoningEffort: "max" }), {
      mode: "native",
      fields: { reasoning: { effort: "max" } },
    })
    assert.deepEqual(chooseThinking(model, { reasoningEffort: "none" }), {
      mode: "native",
      fields: { reasoning: { effort: "none" } },
    })
  })

  it("sends only what a narrow schema lists", () => {
    const model: KiroModel = {
      ...resolveModel("claude-opus-5"),
      fieldSchema: { thinking: [claudeThinking(["adaptive"], []), outputConfig(["low", "high"])] },
    }
    assert.deepEqual(chooseThinking(model, { reasoningEffort: "max" }), {
      mode: "native",
      fields: { thinking: { type: "adaptive" }, output_config: { effort: "high" } },
    })
  })

  it("sends nothing when nothing was chosen", () => {
    assert.deepEqual(chooseThinking(resolveModel("claude-opus-5"), {}), { mode: "none" })
  })
})

describe("thinking at all", () => {
  it("grows with low, medium, high and max on every model", () => {
    const order = ["low", "medium", "high", "xhigh", "max"]
    const strength = (plan: ThinkingPlan): number => {
      if (plan.mode === "none") return -1
      if (plan.mode === "tags") return Number(/\d+/.exec(plan.systemPrefix)?.[0])
      const text = JSON.stringify(plan.fields)
      return order.findIndex((effort) => text.includes(`"effort":"${effort}"`))
    }
    for (const { id } of offeredModels().filter(({ thinks }) => thinks)) {
      const strengths = VARIANTS.map((variant) => strength(chooseThinking(resolveModel(id), variant)))
      assert.deepEqual(
        strengths,
        [...new Set(strengths)].toSorted((one, other) => one - other),
        id,
      )
    }
  })

  it("never happens in a title", () => {
    for (const { id } of offeredModels())
      for (const variant of VARIANTS) {
        const plan = chooseThinking(resolveModel(id), { ...variant, purpose: "title" })
        assert.doesNotMatch(JSON.stringify(plan), /adaptive|enabled|low|medium|high|max/, id)
      }
  })

  it("never happens on a model that can't", () => {
    for (const id of ["claude-haiku-4-5", "auto", "qwen3-coder-480b", "nobody-knows-me"])
      assert.deepEqual(chooseThinking(resolveModel(id), { thinkingBudget: 8192 }), { mode: "none" })
  })
})

describe("the request fields", () => {
  const opus = resolveModel("claude-opus-5")
  const none: ThinkingPlan = { mode: "none" }

  it("hold max_tokens only where the schema does, inside its bounds", () => {
    assert.deepEqual(requestFields({ model: opus, plan: none, maxTokens: 32_000 }), { max_tokens: 32_000 })
    assert.deepEqual(requestFields({ model: opus, plan: none, maxTokens: 10 }), { max_tokens: 1024 })
    assert.deepEqual(requestFields({ model: opus, plan: none, maxTokens: 1e9 }), { max_tokens: 128_000 })
    const sonnet = resolveModel("claude-sonnet-4-5")
    assert.equal(requestFields({ model: sonnet, plan: none, maxTokens: 32_000 }), undefined)
  })

  it("are fewer after a refusal, and Claude then thinks by tags", () => {
    const plan = chooseThinking(opus, { thinkingBudget: 8192 })
    const sent = requestFields({ model: opus, plan, maxTokens: 32_000 })
    assert.deepEqual(refusedFields(sent, "Unsupported field: max_tokens"), ["max_tokens"])
    assert.deepEqual(refusedFields(sent, "effort is not supported"), ["output_config"])
    const refused = refusedFields(sent, "additional fields are not valid for this model")
    assert.deepEqual(refused, ["thinking", "output_config", "max_tokens"])
    const degraded = withoutRefused(opus, refused)
    assert.deepEqual(chooseThinking(degraded, { thinkingBudget: 8192 }), tags(8192))
    assert.equal(requestFields({ model: degraded, plan: none, maxTokens: 32_000 }), undefined)
  })

  it("that the GPT family refuses leave it without thinking", () => {
    const degraded = withoutRefused(resolveModel("gpt-5-6-sol"), ["reasoning"])
    assert.deepEqual(chooseThinking(degraded, { reasoningEffort: "high" }), { mode: "none" })
  })

  it("leave documents out of a model that refused them", () => {
    assert.deepEqual(withoutRefused(opus, ["documents"]).input, ["text", "image"])
  })
})
