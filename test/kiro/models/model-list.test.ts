import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { modelsOf, readModelEntries } from "../../../src/kiro/index.ts"
import { claudeThinking, EFFORTS, outputConfig } from "../../../src/kiro/models/fields.ts"

const OPUS = {
  modelId: "claude-opus-5",
  modelName: "Claude Opus 5",
  rateMultiplier: 2.2,
  rateUnit: "Credit",
  tokenLimits: { maxInputTokens: 1_000_000, maxOutputTokens: null },
  supportedInputTypes: ["TEXT", "IMAGE"],
  promptCaching: { supportsPromptCaching: true, maximumCacheCheckpointsPerRequest: 4 },
  additionalModelRequestFieldsSchema: {
    type: "object",
    properties: {
      thinking: {
        type: "object",
        properties: {
          type: { type: "string", enum: ["adaptive", "disabled"] },
          display: { type: "string", enum: ["summarized", "omitted"] },
        },
      },
      output_config: {
        type: "object",
        properties: { effort: { type: "string", enum: ["max", "low", "turbo"] } },
      },
      max_tokens: { type: "integer", minimum: 1024, maximum: 128_000 },
    },
    additionalProperties: false,
  },
}

describe("reading a model list", () => {
  it("keeps what the service said and nothing else", () => {
    const list = {
      models: [
        {
          wireId: "claude-opus-5",
          name: "Claude Opus 5",
          rate: 2.2,
          maxInputTokens: 1_000_000,
          input: ["text", "image"],
          cachePoints: 4,
          fieldSchema: {
            thinking: [
              claudeThinking(["adaptive", "disabled"], ["summarized", "omitted"]),
              outputConfig(["low", "max"]),
            ],
            maxTokens: { minimum: 1024, maximum: 128_000 },
          },
        },
      ],
      nextToken: "more",
    }
    assert.deepEqual(spelled(readModelList({ models: [OPUS], nextToken: "more" })), spelled(list))
  })

  it("takes the shape of the other control host", () => {
    const body = {
      defaultModelId: "auto",
      models: [{ modelId: "auto", supportsPromptCache: false }],
      nextToken: null,
    }
    assert.deepEqual(readModelList(body), { models: [{ wireId: "auto", cachePoints: 0 }] })
  })

  it("leaves out an entry that is no model", () => {
    const models = [null, "x", {}, { modelId: "a" }, { modelId: "" }]
    assert.deepEqual(readModelList({ models }), { models: [{ wireId: "a" }] })
    assert.deepEqual(modelsOf({ models }), [{ wireId: "a" }])
  })

  it("leaves out an entry whose id nobody can read or type: OpenCode prints the ids as they are", () => {
    const odd = ["", "  ", "\u001B[2Jauto", "au\u0000to", "auto\n", "au\u202Eto", "au\u009B31mto"]
    const models = [...odd, "ünï/x:1 b", "auto"].map((modelId) => ({ modelId }))
    assert.deepEqual(
      modelsOf({ models }).map(({ wireId }) => wireId),
      ["ünï/x:1 b", "auto"],
    )
  })

  it("takes limits for whole numbers of tokens", () => {
    const read = (tokenLimits: unknown) => modelsOf({ models: [{ modelId: "a", tokenLimits }] })
    assert.deepEqual(read({ maxInputTokens: 1000.5, maxOutputTokens: 10.9 }), [
      { wireId: "a", maxInputTokens: 1000, maxOutputTokens: 10 },
    ])
    assert.deepEqual(read({ maxInputTokens: 0.5, maxOutputTokens: -3 }), [{ wireId: "a" }])
  })

  it("is nothing where the body is no list", () => {
    for (const body of [undefined, null, [], "x", {}, { models: {} }])
      assert.equal(readModelList(body), undefined)
  })
})

/** With the value for each effort in the place of the function that gives it. */
function spelled(list: unknown): unknown {
  const spell = (_: string, value: unknown): unknown =>
    typeof value === "function" ? EFFORTS.map((effort): unknown => value(effort)) : value
  return JSON.parse(JSON.stringify(list, spell))
}

function readModelList(body: unknown): object | undefined {
  const page = readModelEntries(body)
  if (page === undefined) return undefined
  const { items, ...rest } = page
  return { models: modelsOf({ models: items }), ...rest }
}
