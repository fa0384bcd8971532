import type { LiveModel } from "../model-list.ts"
import { BUILT_IN, type CatalogueModel, LONG_WINDOW } from "./catalogue.ts"
import type { ModelInput, ThinkingKind } from "./model.ts"

/** What a model is called in any spelling: lower case, dashes. */
export function modelKey(id: string): string {
  return id.toLowerCase().replaceAll(".", "-")
}

/** Whether an id of the service spells this key. The length decides nearly always: a key is as long as its id. */
function spells(wireId: string, key: string): boolean {
  return wireId.length === key.length && modelKey(wireId) === key
}

export function builtInModel(key: string): CatalogueModel | undefined {
  return BUILT_IN.find((model) => spells(model.wireId, key))
}

/**
 * The facts of a model: the live list's where it has the model, the built-in table's otherwise; `undefined` where
 * neither knows it.
 */
export function knownModel(key: string, live: readonly LiveModel[] | undefined): CatalogueModel | undefined {
  const builtIn = builtInModel(key)
  const listed = live?.find((model) => spells(model.wireId, key))
  if (listed === undefined) return builtIn
  return withLive(builtIn ?? longTwin(listed.wireId) ?? unlisted(listed.wireId), listed)
}

/** A `-1m` model that the service lists by itself: its base with the long window. */
function longTwin(wireId: string): CatalogueModel | undefined {
  const base = /^(.+)-1m$/.exec(modelKey(wireId))?.[1]
  const builtIn = base === undefined ? undefined : builtInModel(base)
  return builtIn && { ...builtIn, wireId, window: LONG_WINDOW, twins: [] }
}

/** What is assumed of a model that the built-in table does not hold: what is true of its family. */
export function unlisted(wireId: string): CatalogueModel {
  const family = /^(claude-(?:opus|sonnet|haiku|fable)|[a-z]+)/.exec(modelKey(wireId))?.[1] ?? ""
  const documents = /^claude-(opus|sonnet|fable)$/.test(family)
  return {
    wireId,
    name: wireId,
    family,
    window: 200_000,
    maxOutputTokens: 64_000,
    input: documents ? ["text", "image", "pdf"] : ["text", "image"],
    cachePoints: 0,
    tags: documents,
    variants: "efforts",
    twins: [],
  }
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
  const rate = live.rate ?? model.rate
  return {
    ...rest,
    wireId: live.wireId,
    name: model.name === model.wireId ? (live.name ?? model.name) : model.name,
    window: live.maxInputTokens ?? model.window,
    maxOutputTokens: live.maxOutputTokens ?? model.maxOutputTokens,
    input: live.input === undefined ? model.input : withDocuments(live.input, model.input),
    cachePoints: live.cachePoints ?? model.cachePoints,
    ...(live.fieldSchema !== undefined && { fieldSchema: live.fieldSchema }),
    ...(rate !== undefined && { rate }),
  }
}

function withDocuments(live: readonly ModelInput[], table: readonly ModelInput[]): readonly ModelInput[] {
  return table.includes("pdf") ? [...live, "pdf"] : live
}
