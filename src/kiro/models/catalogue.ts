import type { FieldSchema } from "./field-schema.ts"
import type { ModelInput } from "./model.ts"

/** One model of the service, with the ids beside its own under which it is offered. */
export interface CatalogueModel {
  readonly wireId: string
  readonly name: string
  readonly family: string
  readonly window: number
  readonly maxOutputTokens: number
  readonly input: readonly ModelInput[]
  readonly cachePoints: number
  readonly fieldSchema?: FieldSchema
  /** Takes the thinking tags where it has no native fields. */
  readonly tags: boolean
  readonly variants: "budgets" | "efforts"
  readonly rate?: number
  /** The endings of its further public ids. */
  readonly twins: readonly Twin[]
  /** Offered by older plugins: stays selectable whatever a live list says. */
  readonly kept?: boolean
}

export type Twin = "-thinking" | "-1m" | "-1m-thinking"

const K = 1000
export const LONG_WINDOW: number = 1000 * K
const CACHE_POINTS = 4

const TEXT: readonly ModelInput[] = ["text"]
const IMAGE: readonly ModelInput[] = ["text", "image"]
const DOCUMENTS: readonly ModelInput[] = ["text", "image", "pdf"]

const CLAUDE_THINKING = { types: ["adaptive", "disabled"], displays: ["summarized", "omitted"] }

/** The 4.6 generation knows no `xhigh`. */
const CLAUDE_4_6: FieldSchema = {
  thinking: CLAUDE_THINKING,
  outputEfforts: ["low", "medium", "high", "max"],
  maxTokens: { minimum: 1024, maximum: 64 * K },
}

function claudeSchema(maxOutputTokens: number): FieldSchema {
  return {
    thinking: CLAUDE_THINKING,
    outputEfforts: ["low", "medium", "high", "xhigh", "max"],
    maxTokens: { minimum: 1024, maximum: maxOutputTokens },
  }
}

const GPT: FieldSchema = { reasoningEfforts: ["low", "medium", "high", "xhigh", "max"], reasoningNone: true }

const CLAUDE = { input: DOCUMENTS, cachePoints: CACHE_POINTS, tags: true } as const
const PLAIN = { input: TEXT, cachePoints: 0, tags: false, variants: "efforts", twins: [] } as const

function opus(
  model: Pick<CatalogueModel, "wireId" | "name" | "window" | "maxOutputTokens"> & Partial<CatalogueModel>,
): CatalogueModel {
  return { ...CLAUDE, family: "claude-opus", variants: "efforts", rate: 2.2, twins: [], ...model }
}

function sonnet(
  model: Pick<CatalogueModel, "wireId" | "name" | "window"> & Partial<CatalogueModel>,
): CatalogueModel {
  return {
    ...CLAUDE,
    family: "claude-sonnet",
    maxOutputTokens: 64 * K,
    variants: "budgets",
    rate: 1.3,
    twins: [],
    ...model,
  }
}

function gpt(name: string, rate?: number): CatalogueModel {
  return {
    wireId: `gpt-5.6-${name.toLowerCase()}`,
    name: `GPT-5.6 ${name}`,
    family: "gpt",
    window: 272 * K,
    maxOutputTokens: 128 * K,
    input: IMAGE,
    cachePoints: 0,
    fieldSchema: GPT,
    tags: false,
    variants: "efforts",
    ...(rate !== undefined && { rate }),
    twins: [],
  }
}

function other(
  model: Pick<CatalogueModel, "wireId" | "name" | "family" | "window"> & Partial<CatalogueModel>,
): CatalogueModel {
  return { ...PLAIN, maxOutputTokens: 64 * K, ...model }
}

/**
 * What the service is known to offer, newest first within a family. It counts until a live list exists; whether a model
 * takes documents always follows it, because the live list does not say.
 */
export const BUILT_IN: readonly CatalogueModel[] = [
  other({
    wireId: "auto",
    name: "Auto",
    family: "auto",
    window: LONG_WINDOW,
    input: IMAGE,
    cachePoints: CACHE_POINTS,
    rate: 1,
  }),
  opus({
    wireId: "claude-opus-5",
    name: "Claude Opus 5",
    window: LONG_WINDOW,
    maxOutputTokens: 128 * K,
    fieldSchema: claudeSchema(128 * K),
  }),
  opus({
    wireId: "claude-opus-4.8",
    name: "Claude Opus 4.8",
    window: LONG_WINDOW,
    maxOutputTokens: 128 * K,
    fieldSchema: claudeSchema(128 * K),
  }),
  opus({
    wireId: "claude-opus-4.7",
    name: "Claude Opus 4.7",
    window: LONG_WINDOW,
    maxOutputTokens: 128 * K,
    fieldSchema: claudeSchema(128 * K),
  }),
  opus({
    wireId: "claude-opus-4.6",
    name: "Claude Opus 4.6",
    window: LONG_WINDOW,
    maxOutputTokens: 64 * K,
    fieldSchema: CLAUDE_4_6,
    variants: "budgets",
    twins: ["-thinking", "-1m", "-1m-thinking"],
    kept: true,
  }),
  opus({
    wireId: "claude-opus-4.5",
    name: "Claude Opus 4.5",
    window: 200 * K,
    maxOutputTokens: 64 * K,
    variants: "budgets",
    twins: ["-thinking"],
    kept: true,
  }),
  sonnet({
    wireId: "claude-sonnet-5",
    name: "Claude Sonnet 5",
    window: LONG_WINDOW,
    fieldSchema: claudeSchema(64 * K),
    variants: "efforts",
  }),
  sonnet({
    wireId: "claude-sonnet-4.6",
    name: "Claude Sonnet 4.6",
    window: LONG_WINDOW,
    fieldSchema: CLAUDE_4_6,
    twins: ["-thinking", "-1m", "-1m-thinking"],
    kept: true,
  }),
  sonnet({
    wireId: "claude-sonnet-4.5",
    name: "Claude Sonnet 4.5",
    window: 200 * K,
    twins: ["-thinking", "-1m"],
    kept: true,
  }),
  sonnet({ wireId: "claude-sonnet-4", name: "Claude Sonnet 4", window: 200 * K }),
  {
    ...CLAUDE,
    wireId: "claude-haiku-4.5",
    name: "Claude Haiku 4.5",
    family: "claude-haiku",
    window: 200 * K,
    maxOutputTokens: 64 * K,
    input: IMAGE,
    tags: false,
    variants: "efforts",
    rate: 0.4,
    twins: [],
    kept: true,
  },
  {
    ...CLAUDE,
    wireId: "claude-fable-5",
    name: "Claude Fable 5",
    family: "claude-fable",
    window: LONG_WINDOW,
    maxOutputTokens: 128 * K,
    fieldSchema: claudeSchema(128 * K),
    variants: "efforts",
    twins: [],
  },
  gpt("Sol", 2.4),
  gpt("Terra", 1.2),
  gpt("Luna"),
  other({
    wireId: "deepseek-3.2",
    name: "DeepSeek V3.2",
    family: "deepseek",
    window: 128 * K,
    rate: 0.25,
  }),
  other({ wireId: "minimax-m2.5", name: "MiniMax M2.5", family: "minimax", window: 196 * K, rate: 0.25 }),
  other({ wireId: "minimax-m2.1", name: "MiniMax M2.1", family: "minimax", window: 196 * K, rate: 0.15 }),
  other({ wireId: "glm-5", name: "GLM-5", family: "glm", window: 200 * K, rate: 0.5 }),
  other({
    wireId: "qwen3-coder-next",
    name: "Qwen3 Coder Next",
    family: "qwen",
    window: 256 * K,
    rate: 0.05,
  }),
  other({
    wireId: "qwen3-coder-480b",
    name: "Qwen3 Coder 480B",
    family: "qwen",
    window: 200 * K,
    rate: 0.05,
    kept: true,
  }),
]
