import { claudeThinking, EFFORTS, type Effort, type FieldSchema, outputConfig, reasoning } from "./fields.ts"

export type ModelInput = "text" | "image" | "pdf"

/**
 * How a model is made to think: by request fields of its own schema, by tags at the head of the system prompt, or not
 * at all.
 */
export type ThinkingKind = "native" | "tags" | "none"

/** One model as OpenCode's user knows it, with what the service gives it. All sizes in tokens. */
export interface KiroModel {
  /** The public id, with dashes. */
  readonly id: string
  /** The id on the wire, with dots. */
  readonly wireId: string
  readonly name: string
  /** OpenCode picks its small model by family: `claude-haiku`. */
  readonly family: string
  /** The limit offered to OpenCode. */
  readonly contextWindow: number
  /** The window that the service gives the model: what its context percentage is a percentage of. */
  readonly serviceWindow: number
  readonly maxOutputTokens: number
  readonly input: readonly ModelInput[]
  /** The most cache points of one request; 0 where the model takes none. */
  readonly cachePoints: number
  readonly fieldSchema?: FieldSchema
  readonly thinking: ThinkingKind
  /** Thinks unless told otherwise: a `-thinking` id. */
  readonly thinksByDefault: boolean
  /** How variants are spelled: thinking budgets on the models older plugins offered, efforts of the schema elsewhere. */
  readonly variants: "budgets" | "efforts"
  /** Credits of a request relative to the `auto` model. */
  readonly rate?: number
  /** Offered by older plugins. */
  readonly isOlder: boolean
}

/** One model of an account's live list. What the service did not say is absent. Sizes in tokens. */
export interface LiveModel {
  readonly wireId: string
  readonly name?: string
  readonly rate?: number
  readonly maxInputTokens?: number
  readonly maxOutputTokens?: number
  readonly input?: readonly ("text" | "image")[]
  /** The most cache points of one request; 0 where the service says that it takes none. */
  readonly cachePoints?: number
  /** Absent where the model takes no request fields that we use. */
  readonly fieldSchema?: FieldSchema
}

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
  readonly isOlder?: boolean
}

type Twin = "-thinking" | "-1m" | "-1m-thinking"

const K = 1000
export const LONG_WINDOW: number = 1000 * K
/** Of a model that caches, where the service names no number. */
export const CACHE_POINTS = 4

const TEXT: readonly ModelInput[] = ["text"]
export const IMAGES: readonly ModelInput[] = ["text", "image"]
export const DOCUMENTS: readonly ModelInput[] = ["text", "image", "pdf"]

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
  return plainModel(wireId, `GPT-5.6 ${name}`, {
    window: 272 * K,
    maxOutputTokens: 128 * K,
    input: IMAGES,
    fieldSchema: GPT,
    ...facts,
  })
}

/** What is true of any model that nothing more is known of; the facts of one come over it. */
export function plainModel(wireId: string, name: string, facts: Facts): CatalogueModel {
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

const NEWEST: Facts = { maxOutputTokens: 128 * K, fieldSchema: claudeSchema(128 * K) }
const OPUS_NEW: Facts = { ...NEWEST, rate: 2.2 }
const SHORT: Facts = { window: 200 * K, variants: "budgets" }
const GENERATION_4_6: Facts = {
  fieldSchema: CLAUDE_4_6,
  variants: "budgets",
  twins: ["-thinking", "-1m", "-1m-thinking"],
  isOlder: true,
}

/**
 * What the service is known to offer, newest first within a family. It counts until a live list exists; whether a model
 * takes documents always follows it, because the live list does not say.
 */
export const BUILT_IN: readonly CatalogueModel[] = [
  plainModel("auto", "Auto", { window: LONG_WINDOW, input: IMAGES, cachePoints: CACHE_POINTS, rate: 1 }),
  claude("Opus", "5.5", NEWEST),
  claude("Opus", "5", OPUS_NEW),
  claude("Opus", "4.8", OPUS_NEW),
  claude("Opus", "4.7", OPUS_NEW),
  claude("Opus", "4.6", { ...GENERATION_4_6, rate: 2.2 }),
  claude("Opus", "4.5", { ...SHORT, rate: 2.2, twins: ["-thinking"], isOlder: true }),
  claude("Sonnet", "5", { fieldSchema: claudeSchema(64 * K), rate: 1.3 }),
  claude("Sonnet", "4.6", { ...GENERATION_4_6, rate: 1.3 }),
  claude("Sonnet", "4.5", { ...SHORT, rate: 1.3, twins: ["-thinking", "-1m"], isOlder: true }),
  claude("Sonnet", "4", { ...SHORT, rate: 1.3 }),
  claude("Haiku", "4.5", { window: 200 * K, input: IMAGES, tags: false, rate: 0.4, isOlder: true }),
  claude("Fable", "5.1", NEWEST),
  claude("Fable", "5", NEWEST),
  gpt("Sol", { rate: 2.4 }),
  gpt("Terra", { rate: 1.2 }),
  gpt("Luna", {}),
  plainModel("deepseek-3.2", "DeepSeek V3.2", { window: 128 * K, rate: 0.25 }),
  plainModel("minimax-m2.5", "MiniMax M2.5", { window: 196 * K, rate: 0.25 }),
  plainModel("minimax-m2.1", "MiniMax M2.1", { window: 196 * K, rate: 0.15 }),
  plainModel("glm-5", "GLM-5", { rate: 0.5 }),
  plainModel("qwen3-coder-next", "Qwen3 Coder Next", { window: 256 * K, rate: 0.05 }),
  plainModel("qwen3-coder-480b", "Qwen3 Coder 480B", { rate: 0.05, isOlder: true }),
]

/** What a model is called in any spelling: lower case, dashes. */
export function modelKey(id: string): string {
  return id.toLowerCase().replaceAll(".", "-")
}
