import { asObject, isObject, parseJson } from "../json.ts"
import type { OfferedModel } from "../kiro/models/index.ts"
import { readSmallFile } from "../settings/index.ts"
import { VERSION } from "../version.ts"

/** What is offered to a host. */
export interface Offer {
  readonly models: readonly OfferedModel[]
  /** Why kiro-models.json was passed over. */
  readonly problem?: string
  /** Loads what knows the ids that are not offered. */
  catalogue(): Promise<Catalogue>
}

interface Catalogue {
  describe(id: string): OfferedModel
}

/** The offer before any list, as JSON: the build puts it in. */
declare const BUILT_IN_OFFER: string | undefined

/**
 * Reads kiro-models.json, the only file that the start reads for models. What this version has made ready is offered as
 * it is; else the catalogue makes the offer of the file's lists, or, where it is broken, of the built-in table.
 */
export async function readOffer(path: string): Promise<Offer> {
  const file = readSmallFile(path)
  const document = file.state === "text" ? parseJson(file.text) : undefined
  const open = async () => openCatalogue(document)
  const ready = file.state === "missing" ? builtIn() : readyIn(document)
  if (ready !== undefined) return { models: ready, catalogue: open }
  const catalogue = await open()
  const offer: Offer = { models: catalogue.models(), catalogue: async () => catalogue }
  if (file.state === "failed") return { ...offer, problem: `${path} ${file.message}` }
  if (file.state === "missing" || catalogue.isOurs) return offer
  return { ...offer, problem: `${path} holds no model lists; it is written anew after the next answer` }
}

function builtIn(): readonly OfferedModel[] | undefined {
  // To judge what the build has made would be a tenth of the start.
  return typeof BUILT_IN_OFFER === "undefined"
    ? undefined
    : (JSON.parse(BUILT_IN_OFFER) as readonly OfferedModel[])
}

function readyIn(document: unknown): readonly OfferedModel[] | undefined {
  const { by, models } = asObject(asObject(document)["offered"])
  return by === VERSION ? offered(models) : undefined
}

/** A start does without it where it can: every file that it loads delays OpenCode's first paint. */
async function openCatalogue(document: unknown) {
  const { describeModel, mergeModelLists, offeredModels, readModelLists } =
    await import("../kiro/models/index.ts")
  const lists = readModelLists(document)
  const live = lists && mergeModelLists(lists)
  return {
    isOurs: lists !== undefined,
    models: () => offeredModels(live),
    describe: (id: string) => describeModel(id, live),
  }
}

function offered(models: unknown): readonly OfferedModel[] | undefined {
  return Array.isArray(models) && models.length > 0 && models.every(isOfferedModel) ? models : undefined
}

/** All in one place, without a table: none of it has been compiled when a start waits for it. */
function isOfferedModel(value: unknown): value is OfferedModel {
  if (!isObject(value)) return false
  const { id, name, family, contextWindow, maxOutputTokens, input, thinks, variants, rank } = value
  const areTexts = isText(id) && isText(name) && isText(family)
  const areSizes = isSize(contextWindow) && isSize(maxOutputTokens) && typeof rank === "number"
  const isInput = Array.isArray(input) && input.every(isText)
  return areTexts && areSizes && isInput && typeof thinks === "boolean" && areVariants(variants)
}

function areVariants(value: unknown): boolean {
  return isObject(value) && Object.values(value).every((each) => isText(each) || typeof each === "number")
}

function isText(value: unknown): boolean {
  return typeof value === "string"
}

function isSize(value: unknown): boolean {
  return typeof value === "number" && value > 0
}
