import assert from "node:assert/strict"
import { describe, it } from "node:test"
import {
  chooseThinking,
  type KiroModel,
  modelsOf,
  refusedFields,
  resolveModel,
  withoutRefused,
} from "../../../src/kiro/index.ts"

const words = (...values: readonly string[]): object => ({ type: "string", enum: values })
const object = (properties: object): object => ({ type: "object", properties })

const THINK = { type: "adaptive", display: "summarized" }

/** What a live list says of a model that no table knows, and what is made of it: one row for each family of fields. */
const FAMILIES = [
  {
    name: "Claude",
    properties: {
      thinking: object({ type: words("adaptive", "disabled"), display: words("summarized", "omitted") }),
      output_config: object({ effort: words("max", "low", "turbo") }),
    },
    variants: ["low", "max"],
    sent: {
      none: { thinking: { type: "disabled" } },
      low: { thinking: THINK, output_config: { effort: "low" } },
      high: { thinking: THINK, output_config: { effort: "max" } },
    },
  },
  {
    name: "Claude without a display",
    properties: { thinking: object({ type: { const: "adaptive" } }) },
    variants: [],
    sent: { none: undefined, high: { thinking: { type: "adaptive" } } },
  },
  {
    name: "GPT",
    properties: { reasoning: object({ effort: words("none", "low", "max") }) },
    variants: ["none", "low", "max"],
    sent: { none: { reasoning: { effort: "none" } }, high: { reasoning: { effort: "max" } } },
  },
] as const

function listed(properties: object): KiroModel {
  const schema = { type: "object", properties }
  const entry = { modelId: "new-model-1", additionalModelRequestFieldsSchema: schema }
  return resolveModel("new-model-1", modelsOf({ models: [entry] }))
}

const planOf = (fields: object | undefined): object =>
  fields === undefined ? { mode: "none" } : { mode: "native", fields }

for (const { name, properties, variants, sent } of FAMILIES)
  describe(`the fields of ${name}`, () => {
    const model = listed(properties)

    it("are the model's variants, as far as they name efforts", () => {
      assert.deepEqual(
        model.fieldSchema?.thinking.flatMap((field) => field.variants),
        variants,
      )
    })

    it("are sent with a value that the schema lists", () => {
      for (const [effort, fields] of Object.entries(sent))
        assert.deepEqual(chooseThinking(model, { reasoningEffort: effort }), planOf(fields), effort)
    })

    it("are not sent again once they were refused", () => {
      const refused = refusedFields(sent.high, "additional fields are not valid for this model")
      assert.deepEqual(refused, Object.keys(sent.high))
      assert.equal(withoutRefused(model, refused).thinking, "none")
    })
  })

describe("fields that nobody knows", () => {
  it("are left alone", () => {
    const model = listed({ verbosity: words("low", "high") })
    assert.equal(model.fieldSchema, undefined)
    assert.deepEqual(chooseThinking(model, { reasoningEffort: "high" }), { mode: "none" })
  })
})
