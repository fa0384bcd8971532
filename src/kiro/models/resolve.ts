import type { LiveModel } from "../model-list.ts"
import { type CatalogueModel, LONG_WINDOW } from "./catalogue.ts"
import { knownModel, modelKey, thinkingOf, unlisted } from "./known.ts"
import type { KiroModel } from "./model.ts"

/** Ids that the IDE and gateways once used, with the model they meant. Others of the kind are passed through. */
const LEGACY_IDS: ReadonlyMap<string, string> = new Map([
  ["CLAUDE_SONNET_4_5_20250929_V1_0", "claude-sonnet-4-5"],
  ["CLAUDE_SONNET_4_5_20250929_LONG_V1_0", "claude-sonnet-4-5-1m"],
  ["CLAUDE_SONNET_4_20250514_V1_0", "claude-sonnet-4"],
  ["CLAUDE_HAIKU_4_5_20251001_V1_0", "claude-haiku-4-5"],
  ["CLAUDE_OPUS_4_5_20251101_V1_0", "claude-opus-4-5"],
  ["CLAUDE_OPUS_4_6_V1", "claude-opus-4-6"],
  ["CLAUDE_OPUS_4_6_LONG_V1", "claude-opus-4-6-1m"],
  ["QWEN3_CODER_480B_A35B_1_0", "qwen3-coder-480b"],
])

const QUALIFIER = "kiro/"

/** The public id as it stands in a request of OpenCode: `kiro/claude-opus-5`. */
export function qualifiedId(publicId: string): string {
  return QUALIFIER + unqualified(publicId)
}

function unqualified(id: string): string {
  return id.startsWith(QUALIFIER) ? id.slice(QUALIFIER.length) : id
}

/**
 * The model that a public id means, in the eyes of one account: `live` is that account's list. Dots or dashes, dated
 * names, the qualified form, `-thinking` and `-1m` resolve; `-1m` falls to its base unless the list holds such a model.
 * An id that nobody knows is passed through as it is.
 */
export function resolveModel(publicId: string, live?: readonly LiveModel[]): KiroModel {
  const id = unqualified(publicId.trim())
  const found = findModel(id, live)
  if (found === undefined) return toKiroModel(unlisted(id), { id, long: false, thinks: false })
  const long = found.long && live === undefined
  return toKiroModel(found.model, { id, long, thinks: found.thinks })
}

/** Whether an account's list holds the model that a public id means: what selection passes accounts over by. */
export function listsModel(publicId: string, live: readonly LiveModel[]): boolean {
  const wireId = resolveModel(publicId, live).wireId
  return live.some((model) => model.wireId === wireId)
}

interface Reading {
  readonly base: string
  readonly thinks: boolean
  readonly long: boolean
}

function findModel(
  id: string,
  live: readonly LiveModel[] | undefined,
): (Reading & { readonly model: CatalogueModel }) | undefined {
  for (const reading of readings(modelKey(LEGACY_IDS.get(id) ?? id))) {
    const model = knownModel(reading.base, live)
    if (model !== undefined) return { ...reading, model }
  }
  return undefined
}

/** What an id can mean, the most literal first. */
function* readings(key: string): Generator<Reading> {
  yield { base: key, thinks: false, long: false }
  const [withoutThinking, thinks] = cut(key, /-thinking$/)
  yield { base: withoutThinking, thinks, long: false }
  const [withoutDate] = cut(withoutThinking, /-(\d{8}|latest)$/)
  yield { base: withoutDate, thinks, long: false }
  const [withoutLength, long] = cut(withoutDate, /-1m$/)
  yield { base: withoutLength, thinks, long }
  yield { base: cut(withoutLength, /-(\d{8}|latest)$/)[0], thinks, long }
}

function cut(text: string, ending: RegExp): [string, boolean] {
  const rest = text.replace(ending, "")
  return [rest, rest !== text]
}

interface Dress {
  readonly id: string
  readonly long: boolean
  readonly thinks: boolean
}

function toKiroModel(model: CatalogueModel, { id, long, thinks }: Dress): KiroModel {
  const thinking = thinkingOf(model)
  return {
    id,
    wireId: model.wireId,
    name: model.name + (id.includes("-1m") ? " (1M Context)" : "") + (thinks ? " Thinking" : ""),
    family: model.family,
    contextWindow: long ? LONG_WINDOW : model.window,
    serviceWindow: model.window,
    maxOutputTokens: model.maxOutputTokens,
    input: model.input,
    cachePoints: model.cachePoints,
    ...(model.fieldSchema !== undefined && { fieldSchema: model.fieldSchema }),
    thinking,
    thinksByDefault: thinks && thinking !== "none",
    variants: model.variants,
    ...(model.rate !== undefined && { rate: model.rate }),
  }
}
