import { EFFORTS, type Effort } from "./effort.ts"
import type { FieldSchema } from "./field-schema.ts"
import type { ModelInput } from "./model.ts"
import { claudeThinking, outputConfig, reasoning } from "./thinking-fields.ts"

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

type Twin = "-thinking" | "-1m" | "-1m-thinking"

const K = 1000
export const LONG_WINDOW: number = 1000 * K
const CACHE_POINTS = 4

const TEXT: readonly ModelInput[] = ["text"]
const IMAGE: readonly ModelInput[] = ["text", "image"]
const DOCUMENTS: readonly ModelInput[] = ["text", "image", "pdf"]

function claudeSchema(maxOutputTokens: number, efforts: readonly Effort[] = EFFORTS): FieldSchema {
  return {
    thinking: [claudeThinking(["adaptive", "disabled"], ["summarized", "omitted"]), outputConfig(efforts)],
    maxTokens: { minimum: 1024, maximum: maxOutputTokens },
  }
}

/** The 4.6 generation knows no `xhigh`. */
const CLAUDE_4_6: FieldSchema = claudeSchema(64 * K, ["low", "medium", "high", "max"])

const GPT: FieldSchema = { thinking: [reasoning(["none", ...EFFORTS])] }

type Facts = Partial<CatalogueModel>

/** What most models of the Claude family share; the facts of one model come over it. */
function claude(kind: "Opus" | "Sonnet" | "Haiku" | "Fable", version: string, facts: Facts): CatalogueModel {
  return {
    wireId: `claude-${kind.toLowerCase()}-${version}`,
    name: `Claude ${kind} ${version}`,
    family: `claude-${kind.toLowerCase()}`,
    window: LONG_WINDOW,
    maxOutputTokens: 64 * K,
    input: DOCUMENTS,
    cachePoints: CACHE_POINTS,
    tags: true,
    variants: "efforts",
    twins: [],
    ...facts,
  }
}

function gpt(name: string, facts: Facts): CatalogueModel {
  const wireId = `gpt-5.6-${name.toLowerCase()}`
  return other(wireId, `GPT-5.6 ${name}`, {
    window: 272 * K,
    maxOutputTokens: 128 * K,
    input: IMAGE,
    fieldSchema: GPT,
    ...facts,
  })
}

function other(wireId: string, name: string, facts: Facts): CatalogueModel {
  return {
    wireId,
    name,
    family: /^[a-z]+/.exec(wireId)?.[0] ?? wireId,
    window: 200 * K,
    maxOutputTokens: 64 * K,
    input: TEXT,
    cachePoints: 0,
    tags: false,
    variants: "efforts",
    twins: [],
    ...facts,
  }
}

const OPUS_NEW: Facts = { maxOutputTokens: 128 * K, fieldSchema: claudeSchema(128 * K), rate: 2.2 }
const SHORT: Facts = { window: 200 * K, variants: "budgets" }
const GENERATION_4_6: Facts = {
  fieldSchema: CLAUDE_4_6,
  variants: "budgets",
  twins: ["-thinking", "-1m", "-1m-thinking"],
  kept: true,
}

/**
 * What the service is known to offer, newest first within a family. It counts until a live list exists; whether a model
 * takes documents always follows it, because the live list does not say.
 */
export const BUILT_IN: readonly CatalogueModel[] = [
  other("auto", "Auto", { window: LONG_WINDOW, input: IMAGE, cachePoints: CACHE_POINTS, rate: 1 }),
  claude("Opus", "5", OPUS_NEW),
  claude("Opus", "4.8", OPUS_NEW),
  claude("Opus", "4.7", OPUS_NEW),
  claude("Opus", "4.6", { ...GENERATION_4_6, rate: 2.2 }),
  claude("Opus", "4.5", { ...SHORT, rate: 2.2, twins: ["-thinking"], kept: true }),
  claude("Sonnet", "5", { fieldSchema: claudeSchema(64 * K), rate: 1.3 }),
  claude("Sonnet", "4.6", { ...GENERATION_4_6, rate: 1.3 }),
  claude("Sonnet", "4.5", { ...SHORT, rate: 1.3, twins: ["-thinking", "-1m"], kept: true }),
  claude("Sonnet", "4", { ...SHORT, rate: 1.3 }),
  claude("Haiku", "4.5", { window: 200 * K, input: IMAGE, tags: false, rate: 0.4, kept: true }),
  claude("Fable", "5", { maxOutputTokens: 128 * K, fieldSchema: claudeSchema(128 * K) }),
  gpt("Sol", { rate: 2.4 }),
  gpt("Terra", { rate: 1.2 }),
  gpt("Luna", {}),
  other("deepseek-3.2", "DeepSeek V3.2", { window: 128 * K, rate: 0.25 }),
  other("minimax-m2.5", "MiniMax M2.5", { window: 196 * K, rate: 0.25 }),
  other("minimax-m2.1", "MiniMax M2.1", { window: 196 * K, rate: 0.15 }),
  other("glm-5", "GLM-5", { rate: 0.5 }),
  other("qwen3-coder-next", "Qwen3 Coder Next", { window: 256 * K, rate: 0.05 }),
  other("qwen3-coder-480b", "Qwen3 Coder 480B", { rate: 0.05, kept: true }),
]
