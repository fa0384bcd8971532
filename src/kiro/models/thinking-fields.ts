import type { JsonObject } from "../../json.ts"
import { EFFORTS, type Effort, nearestEffort } from "./effort.ts"
import { listedWords, propertiesOf } from "./json-schema.ts"

/** The request fields by which models are made to think, as they are called on the wire. */
export type ThinkingFieldName = "thinking" | "output_config" | "reasoning"

/** One of them as a model's own schema allows it: what is sent in it is settled when the schema is read. */
export interface ThinkingField {
  readonly name: ThinkingFieldName
  /** The variants that it gives the model in OpenCode. */
  readonly variants: readonly ("none" | Effort)[]
  /** Its value for each effort; absent where it can't ask for thinking. */
  readonly on?: Readonly<Record<Effort, unknown>>
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

export function isThinkingFieldName(name: string): name is ThinkingFieldName {
  return Object.hasOwn(READERS, name)
}

/** All that a model's schema lists, in the order in which they are sent. */
export function readThinkingFields(properties: JsonObject): readonly ThinkingField[] {
  return Object.entries(READERS).flatMap(([name, read]) => read(properties[name]) ?? [])
}

/** `display` is asked for where it is listed: without it newer models keep their reasoning to themselves. */
export function claudeThinking(types: readonly string[], displays: readonly string[]): ThinkingField {
  const value = { type: "adaptive", ...(displays.includes("summarized") && { display: "summarized" }) }
  return {
    name: "thinking",
    variants: [],
    ...(types.includes("adaptive") && { on: forEach(() => value) }),
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

function nearest(efforts: readonly Effort[]): Readonly<Record<Effort, unknown>> {
  return forEach((effort) => ({ effort: nearestEffort(effort, efforts) }))
}

function forEach(value: (effort: Effort) => unknown): Readonly<Record<Effort, unknown>> {
  return {
    low: value("low"),
    medium: value("medium"),
    high: value("high"),
    xhigh: value("xhigh"),
    max: value("max"),
  }
}

function effortsOf(words: readonly string[]): Effort[] {
  return EFFORTS.filter((effort) => words.includes(effort))
}
