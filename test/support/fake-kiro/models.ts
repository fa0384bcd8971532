import type { JsonObject } from "../../../src/json.ts"

/** A model as the service knows it. */
export interface FakeModel {
  readonly modelId: string
  readonly modelName: string
  readonly rateMultiplier: number
  readonly maxInputTokens: number
  readonly maxOutputTokens: number | null
  readonly images: boolean
  /** Not in the service's list: a request with a document finds it out. */
  readonly documents: boolean
  readonly promptCaching: boolean
  /** The schema of `additionalModelRequestFields`; absent: the model takes none. */
  readonly fieldSchema?: JsonObject
}

type Effort = "none" | "low" | "medium" | "high" | "xhigh" | "max"

function claudeFields(efforts: readonly Effort[], maxOutputTokens: number): JsonObject {
  return {
    type: "object",
    properties: {
      thinking: {
        type: "object",
        required: ["type"],
        properties: {
          type: { type: "string", enum: ["adaptive", "disabled"] },
          display: { type: "string", enum: ["summarized", "omitted"] },
        },
      },
      output_config: {
        type: "object",
        properties: { effort: { type: "string", enum: efforts, default: "high" } },
      },
      max_tokens: { type: "integer", minimum: 1024, maximum: maxOutputTokens },
    },
    additionalProperties: false,
  }
}

const GPT_FIELDS: JsonObject = {
  type: "object",
  properties: {
    reasoning: {
      type: "object",
      properties: {
        effort: { type: "string", enum: ["none", "low", "medium", "high", "xhigh", "max"] },
      },
    },
  },
  additionalProperties: false,
}

interface ClaudeOptions {
  readonly rate: number
  readonly window: number
  readonly output: number
  readonly efforts?: readonly Effort[]
  readonly documents?: boolean
}

const FOUR: readonly Effort[] = ["low", "medium", "high", "max"]
const FIVE: readonly Effort[] = ["low", "medium", "high", "xhigh", "max"]

function claude(modelId: string, options: ClaudeOptions): FakeModel {
  return {
    modelId,
    modelName: modelId.replaceAll("-", " ").replaceAll(/\b[a-z]/g, (letter) => letter.toUpperCase()),
    rateMultiplier: options.rate,
    maxInputTokens: options.window,
    maxOutputTokens: options.output,
    images: true,
    documents: options.documents ?? true,
    promptCaching: true,
    ...(options.efforts && { fieldSchema: claudeFields(options.efforts, options.output) }),
  }
}

function other(modelId: string, rate: number, window: number): FakeModel {
  return {
    modelId,
    modelName: modelId,
    rateMultiplier: rate,
    maxInputTokens: window,
    maxOutputTokens: 64_000,
    images: false,
    documents: false,
    promptCaching: false,
  }
}

function gpt(modelId: string, rate: number): FakeModel {
  const model = other(modelId, rate, 272_000)
  return { ...model, maxOutputTokens: 128_000, images: true, fieldSchema: GPT_FIELDS }
}

const LONG = { window: 1_000_000, output: 64_000 }
const LONGER = { window: 1_000_000, output: 128_000, efforts: FIVE }
const SHORT = { window: 200_000, output: 64_000 }

/** What the service serves by default; the first one is its default model. */
export const FAKE_MODELS: readonly FakeModel[] = [
  { ...claude("auto", { rate: 1, ...LONG }), modelName: "Auto", maxOutputTokens: null },
  claude("claude-opus-5", { rate: 2.2, ...LONGER }),
  claude("claude-opus-4.8", { rate: 2.2, ...LONGER }),
  claude("claude-opus-4.7", { rate: 2.2, ...LONGER }),
  claude("claude-opus-4.6", { rate: 2.2, ...LONG, efforts: FOUR }),
  claude("claude-opus-4.5", { rate: 2.2, ...SHORT }),
  claude("claude-sonnet-5", { rate: 1.3, ...LONG, efforts: FIVE }),
  claude("claude-sonnet-4.6", { rate: 1.3, ...LONG, efforts: FOUR }),
  claude("claude-sonnet-4.5", { rate: 1.3, ...SHORT }),
  claude("claude-sonnet-4", { rate: 1.3, ...SHORT }),
  claude("claude-haiku-4.5", { rate: 0.4, ...SHORT, documents: false }),
  gpt("gpt-5.6-sol", 2.4),
  gpt("gpt-5.6-terra", 1.2),
  gpt("gpt-5.6-luna", 0.6),
  other("deepseek-3.2", 0.25, 128_000),
  other("minimax-m2.5", 0.25, 196_000),
  other("minimax-m2.1", 0.15, 196_000),
  other("glm-5", 0.5, 200_000),
  other("qwen3-coder-next", 0.05, 256_000),
  other("qwen3-coder-480b", 0.05, 256_000),
]

/** The entry of ListAvailableModels. */
export function modelDocument(model: FakeModel): unknown {
  return {
    modelId: model.modelId,
    modelName: model.modelName,
    description: `The model ${model.modelName}`,
    rateMultiplier: model.rateMultiplier,
    rateUnit: "Credit",
    tokenLimits: { maxInputTokens: model.maxInputTokens, maxOutputTokens: model.maxOutputTokens },
    supportedInputTypes: model.images ? ["TEXT", "IMAGE"] : ["TEXT"],
    ...(model.promptCaching && {
      promptCaching: {
        supportsPromptCaching: true,
        maximumCacheCheckpointsPerRequest: 4,
        minimumTokensPerCacheCheckpoint: 1024,
      },
    }),
    additionalModelRequestFieldsSchema: model.fieldSchema ?? null,
  }
}
