import { asObject, isObject, type JsonObject, numberField, present } from "../../json.ts"

/** The fields of `additionalModelRequestFields` that we use. */
export type RequestField = ThinkingFieldName | "max_tokens"

export function isRequestField(name: string): name is RequestField {
  return name === "max_tokens" || isThinkingFieldName(name)
}

/** What a model's `additionalModelRequestFieldsSchema` allows of them. The service refuses what is not in it. */
export interface FieldSchema {
  readonly thinking: readonly ThinkingField[]
  readonly maxTokens?: { readonly minimum?: number; readonly maximum?: number }
}

/** Reads the JSON schema of the service; `undefined` where it holds no field that we use. */
export function readFieldSchema(schema: unknown): FieldSchema | undefined {
  const fields = propertiesOf(schema)
  const thinking = readThinkingFields(fields)
  const maxTokens = readMaxTokens(fields["max_tokens"])
  if (thinking.length === 0 && maxTokens === undefined) return undefined
  return { thinking, ...present({ maxTokens }) }
}

/** The schema without the fields that the service refused all the same. */
export function withoutFields(schema: FieldSchema, refused: ReadonlySet<string>): FieldSchema {
  return {
    thinking: schema.thinking.filter(({ name }) => !refused.has(name)),
    ...present({ maxTokens: refused.has("max_tokens") ? undefined : schema.maxTokens }),
  }
}

function readMaxTokens(field: unknown): FieldSchema["maxTokens"] {
  if (!isObject(field)) return undefined
  return present({ minimum: numberField(field, "minimum"), maximum: numberField(field, "maximum") })
}

/** The request fields by which models are made to think, as they are called on the wire. */
type ThinkingFieldName = "thinking" | "output_config" | "reasoning"

/** One of them as a model's own schema allows it: what is sent in it is settled when the schema is read. */
export interface ThinkingField {
  readonly name: ThinkingFieldName
  /** The variants that it gives the model in OpenCode. */
  readonly variants: readonly ("none" | Effort)[]
  /** Its value for an effort; absent where it can't ask for thinking. */
  readonly on?: (effort: Effort) => unknown
  /** Its value for no thinking; absent where the model has no word for it. */
  readonly off?: unknown
}

/** Each reads the JSON schema of its own field; `undefined` where that lists no value that we know. */
const READERS: Readonly<Record<ThinkingFieldName, (schema: unknown) => ThinkingField | undefined>> = {
  thinking(schema) {
    const { type, display } = propertiesOf(schema)
    const types = listedWords(type)
    const isKnown = types.includes("adaptive") || types.includes("disabled")
    return isKnown ? claudeThinking(types, listedWords(display)) : undefined
  },
  output_config(schema) {
    const efforts = effortsOf(listedWords(propertiesOf(schema)["effort"]))
    return efforts.length > 0 ? outputConfig(efforts) : undefined
  },
  reasoning(schema) {
    const words = listedWords(propertiesOf(schema)["effort"])
    const none = words.includes("none") ? (["none"] as const) : []
    const efforts = effortsOf(words)
    return efforts.length > 0 ? reasoning([...none, ...efforts]) : undefined
  },
}

function isThinkingFieldName(name: string): name is ThinkingFieldName {
  return Object.hasOwn(READERS, name)
}

/** All that a model's schema lists, in the order in which they are sent. */
function readThinkingFields(properties: JsonObject): readonly ThinkingField[] {
  return Object.entries(READERS).flatMap(([name, read]) => read(properties[name]) ?? [])
}

/** `display` is asked for where it is listed: without it newer models keep their reasoning to themselves. */
export function claudeThinking(types: readonly string[], displays: readonly string[]): ThinkingField {
  const value = { type: "adaptive", ...(displays.includes("summarized") && { display: "summarized" }) }
  return {
    name: "thinking",
    variants: [],
    ...(types.includes("adaptive") && { on: () => value }),
    ...(types.includes("disabled") && { off: { type: "disabled" } }),
  }
}

/** `output_config.effort`: the Claude family. */
export function outputConfig(efforts: readonly Effort[]): ThinkingField {
  return { name: "output_config", variants: efforts, on: nearest(efforts) }
}

/** `reasoning.effort`: the GPT family, where `none` is no thinking. */
export function reasoning(words: readonly ("none" | Effort)[]): ThinkingField {
  return {
    name: "reasoning",
    variants: words,
    on: nearest(effortsOf(words)),
    ...(words.includes("none") && { off: { effort: "none" } }),
  }
}

function nearest(efforts: readonly Effort[]): (effort: Effort) => unknown {
  return (effort) => ({ effort: nearestEffort(effort, efforts) })
}

function effortsOf(words: readonly string[]): Effort[] {
  return EFFORTS.filter((effort) => words.includes(effort))
}

/** How hard a model is asked to think, as a word or as a budget of thinking tokens. */
export const EFFORTS = ["low", "medium", "high", "xhigh", "max"] as const

export type Effort = (typeof EFFORTS)[number]

/** The budget at and below which each effort is meant. Above the last it is `max`. */
const BUDGET_STEPS = [
  { budget: 8192, effort: "low" },
  { budget: 16_384, effort: "medium" },
  { budget: 24_576, effort: "high" },
] as const

const MAX_BUDGET = 32_768
const LEAST_BUDGET = 1024
/** What a `-thinking` id means when nothing else was chosen. */
export const DEFAULT_BUDGET = 20_000

export function isEffort(value: string): value is Effort {
  return EFFORTS.some((effort) => effort === value)
}

export function effortOfBudget(budget: number): Effort {
  return BUDGET_STEPS.find((step) => budget <= step.budget)?.effort ?? "max"
}

export function budgetOfEffort(effort: Effort): number {
  return BUDGET_STEPS.find((step) => step.effort === effort)?.budget ?? MAX_BUDGET
}

/** A budget the prompt tags take: at least 1,024, no more than the model can put out. */
export function clampBudget(budget: number, maxOutputTokens: number): number {
  return Math.round(Math.min(Math.max(budget, LEAST_BUDGET), Math.max(maxOutputTokens, LEAST_BUDGET)))
}

/** The listed effort nearest to the wished one; of two equally near, the stronger. */
function nearestEffort(wish: Effort, listed: readonly Effort[]): Effort | undefined {
  const distance = (effort: Effort): number => Math.abs(EFFORTS.indexOf(effort) - EFFORTS.indexOf(wish))
  return EFFORTS.toReversed()
    .filter((effort) => listed.includes(effort))
    .reduce<Effort | undefined>(
      (best, effort) => (best === undefined || distance(effort) < distance(best) ? effort : best),
      undefined,
    )
}

/** The properties of an object's JSON schema; none where it lists none. */
function propertiesOf(schema: unknown): JsonObject {
  return asObject(asObject(schema)["properties"])
}

/** The words that a JSON schema allows as the value. */
function listedWords(schema: unknown): string[] {
  if (!isObject(schema)) return []
  const values = schema["enum"] ?? ("const" in schema ? [schema["const"]] : [])
  return Array.isArray(values) ? values.filter((value) => typeof value === "string") : []
}
