import { present } from "../../json.ts"
import { unqualified } from "../../version.ts"
import {
  BUILT_IN,
  type CatalogueModel,
  DOCUMENTS,
  IMAGES,
  type KiroModel,
  type LiveModel,
  LONG_WINDOW,
  type ModelInput,
  modelKey,
  plainModel,
  type ThinkingKind,
} from "./catalogue.ts"
import { budgetOfEffort } from "./fields.ts"

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

/**
 * The model that a public id means, in the eyes of one account: `live` is that account's list. Dots or dashes, dated
 * names, the qualified form, `-thinking` and `-1m` (also `[1m]`) resolve; `-1m` falls to its base unless the list holds
 * such a model. An id that nobody knows is passed through as it is.
 */
export function resolveModel(publicId: string, live?: readonly LiveModel[]): KiroModel {
  return resolveIn(publicId, live && ((key) => live.find((model) => spells(model.wireId, key))))
}

/** A list, as far as it is asked for the model of a key; absent: there is none. */
type Listed = ((key: string) => LiveModel | undefined) | undefined

function resolveIn(publicId: string, listed: Listed): KiroModel {
  const id = unqualified(publicId.trim())
  const found = findModel(id, listed)
  if (found === undefined) return toKiroModel(unlisted(id), { id, long: false, thinks: false })
  const long = found.long && listed === undefined
  return toKiroModel(found.model, { id, long, thinks: found.thinks })
}

/** Whether an account's list holds the model that a public id means: what selection passes accounts over by. */
export function listsModel(publicId: string, live: readonly LiveModel[]): boolean {
  const wireId = resolveModel(publicId, live).wireId
  return live.some((model) => model.wireId === wireId)
}

interface Reading {
  readonly thinks: boolean
  readonly long: boolean
}

function findModel(id: string, listed: Listed): (Reading & { readonly model: CatalogueModel }) | undefined {
  let key = modelKey(LEGACY_IDS.get(id) ?? id).replace(LONG_ALIAS, "-1m")
  let reading: Reading = { thinks: false, long: false }
  let model = knownModel(key, listed)
  for (const [ending, meant] of ENDINGS) {
    if (model !== undefined) return { ...reading, model }
    if (!ending.test(key)) continue
    key = key.replace(ending, "")
    reading = { ...reading, ...meant }
    model = knownModel(key, listed)
  }
  return model && { ...reading, model }
}

/** How other programs write a model with its long window. */
const LONG_ALIAS = "[1m]"
/** As Anthropic names one version: by its date, as the latest, or as the first of its generation. */
const VERSION_ENDING = /-(?:\d{8}|latest|0)$/

/** What an id may end in beyond the name of its model, and what that means, in the order in which they are taken off. */
const ENDINGS: readonly (readonly [RegExp, Partial<Reading>])[] = [
  [/-thinking$/, { thinks: true }],
  [VERSION_ENDING, {}],
  [/-1m$/, { long: true }],
  [VERSION_ENDING, {}],
]

function toKiroModel(
  model: CatalogueModel,
  { id, long, thinks }: Reading & { readonly id: string },
): KiroModel {
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
    thinking,
    thinksByDefault: thinks && thinking !== "none",
    variants: model.variants,
    isOlder: model.isOlder === true,
    ...present({ fieldSchema: model.fieldSchema, rate: model.rate }),
  }
}

/**
 * A model as a host lists it. Plain values, so that kiro-models.json can hold them ready for the next start. Sizes in
 * tokens.
 */
export interface OfferedModel {
  /** The public id, with dashes. */
  readonly id: string
  /** With what it costs behind it: Kiro bills credits, not tokens. */
  readonly name: string
  readonly family: string
  readonly contextWindow: number
  readonly maxOutputTokens: number
  readonly input: readonly ModelInput[]
  readonly thinks: boolean
  /** How its thinking is chosen, in the order in which it is offered: a budget in tokens, or an effort of its schema. */
  readonly variants: { readonly [name: string]: number | string }
  /** Its place in a picker that puts the highest number first; 0 where it is not offered. */
  readonly rank: number
}

/**
 * What is offered to a host, in its order: the live list (with the further ids of its models) where one exists, the
 * built-in table before. A model that vanished from the list still resolves, but is not offered; those that older
 * plugins offered stay, because users have them in their settings, and stand last.
 */
export function offeredModels(live: readonly LiveModel[] = []): readonly OfferedModel[] {
  // The start waits for it, so each model is looked for by its key, not through the list.
  const byKey = new Map(live.toReversed().map((model) => [modelKey(model.wireId), model]))
  const listed: Listed = live.length === 0 ? undefined : (key) => byKey.get(key)
  const table = BUILT_IN.filter(({ isOlder }) => isOlder || listed === undefined)
  const unlisted = table.filter((model) => !byKey.has(modelKey(model.wireId)))
  const ids = [...live, ...unlisted].flatMap((model) => publicIds(model.wireId))
  // By the family OpenCode 1 picks its small model: of what no account has, no title can be had.
  const isHad = ({ wireId }: KiroModel): boolean => listed === undefined || byKey.has(modelKey(wireId))
  const models = [...new Set(ids)]
    .map((id) => resolveIn(id, listed))
    .map((model) => (isHad(model) ? model : { ...model, family: model.id }))
  const inOrder = [...models.filter(({ isOlder }) => !isOlder), ...models.filter(({ isOlder }) => isOlder)]
  return inOrder.map((model, index) => describe(model, inOrder.length - index))
}

/** What is known of an id that is not offered: of the family that it names. */
export function describeModel(id: string, live?: readonly LiveModel[]): OfferedModel {
  return describe(resolveModel(id, live), 0)
}

function describe(model: KiroModel, rank: number): OfferedModel {
  const { id, name, rate, family, contextWindow, maxOutputTokens, input } = model
  return {
    id,
    name: rate === undefined ? name : `${name} (${rate}x)`,
    family,
    contextWindow,
    maxOutputTokens,
    input,
    thinks: model.thinking !== "none",
    variants: variantsOf(model),
    rank,
  }
}

/** The budgets that users of older plugins know. `high` is OpenCode 1's own, an effort. */
const BUDGETS = {
  low: budgetOfEffort("low"),
  medium: budgetOfEffort("medium"),
  high: "high",
  max: budgetOfEffort("max"),
}

function variantsOf(model: KiroModel): OfferedModel["variants"] {
  if (model.thinking === "none") return {}
  if (model.variants === "budgets" || model.thinking === "tags") return BUDGETS
  const efforts = model.fieldSchema?.thinking.flatMap(({ variants }) => variants) ?? []
  return Object.fromEntries(efforts.map((effort) => [effort, effort]))
}

function publicIds(wireId: string): string[] {
  const key = modelKey(wireId)
  const twins = BUILT_IN_BY_KEY.get(key)?.twins ?? []
  return [key, ...twins.map((twin) => key + twin)]
}

const BUILT_IN_BY_KEY: ReadonlyMap<string, CatalogueModel> = new Map(
  BUILT_IN.map((model) => [modelKey(model.wireId), model]),
)

/** Whether an id of the service spells this key. The length decides nearly always: a key is as long as its id. */
function spells(wireId: string, key: string): boolean {
  return wireId.length === key.length && modelKey(wireId) === key
}

/**
 * The facts of a model: the live list's where it has the model, the built-in table's otherwise; `undefined` where
 * neither knows it.
 */
function knownModel(key: string, listed: Listed): CatalogueModel | undefined {
  const builtIn = BUILT_IN_BY_KEY.get(key) ?? newerClaude(key)
  const live = listed?.(key)
  if (live === undefined) return builtIn
  return withLive(builtIn ?? longTwin(live.wireId) ?? unlisted(live.wireId), live)
}

/** A `-1m` model that the service lists by itself: its base with the long window. */
function longTwin(wireId: string): CatalogueModel | undefined {
  const base = /^(.+)-1m$/.exec(modelKey(wireId))?.[1]
  const builtIn = base === undefined ? undefined : BUILT_IN_BY_KEY.get(base)
  return builtIn && { ...builtIn, wireId, window: LONG_WINDOW }
}

/** `claude-opus-5-5`, with the version's parts apart. */
const CLAUDE_VERSION = /^(claude-[a-z]+)-(\d{1,2})(?:-(\d{1,2}))?$/

/** A Claude newer than all of its family in the table: it can do at least what the newest of them can. */
function newerClaude(key: string): CatalogueModel | undefined {
  const [, family = "", ...version] = CLAUDE_VERSION.exec(key) ?? []
  const newest = BUILT_IN.find((model) => model.family === family)
  const [, , ...known] = CLAUDE_VERSION.exec(modelKey(newest?.wireId ?? "")) ?? []
  if (newest === undefined || numberOf(version) <= numberOf(known)) return undefined
  const { rate: _, isOlder: _isOlder, ...facts } = newest
  const wireId = `${family}-${version.filter((part) => part !== undefined).join(".")}`
  return { ...facts, wireId, name: wireId }
}

function numberOf([major = "0", minor = "0"]: readonly (string | undefined)[]): number {
  return Number(major) * 100 + Number(minor)
}

/** What is assumed of a model that the built-in table does not hold: what is true of its family. */
function unlisted(wireId: string): CatalogueModel {
  const family = /^(claude-(?:opus|sonnet|haiku|fable)|[a-z]+)/.exec(modelKey(wireId))?.[1] ?? ""
  const documents = /^claude-(opus|sonnet|fable)$/.test(family)
  return plainModel(wireId, wireId, { family, input: documents ? DOCUMENTS : IMAGES, tags: documents })
}

export function thinkingOf(model: Pick<CatalogueModel, "fieldSchema" | "tags">): ThinkingKind {
  if (model.fieldSchema?.thinking.some(({ on }) => on !== undefined)) return "native"
  return model.tags ? "tags" : "none"
}

/**
 * The live limits, text and image types, fields and rate win; documents follow the table. A list that gives no schema
 * means that no field may be sent.
 */
function withLive(model: CatalogueModel, live: LiveModel): CatalogueModel {
  const { fieldSchema: _, ...rest } = model
  return {
    ...rest,
    wireId: live.wireId,
    name: model.name === model.wireId ? (live.name ?? model.name) : model.name,
    window: live.maxInputTokens ?? model.window,
    maxOutputTokens: live.maxOutputTokens ?? model.maxOutputTokens,
    input: live.input === undefined ? model.input : withDocuments(live.input, model.input),
    cachePoints: live.cachePoints ?? model.cachePoints,
    ...present({ fieldSchema: live.fieldSchema, rate: live.rate ?? model.rate }),
  }
}

function withDocuments(live: readonly ModelInput[], table: readonly ModelInput[]): readonly ModelInput[] {
  return table.includes("pdf") ? [...live, "pdf"] : live
}
