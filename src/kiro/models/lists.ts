import { isObject, numberField, parseJson, stringField } from "../../json.ts"
import { type LiveModel, readModelList } from "../model-list.ts"
import { modelKey } from "./known.ts"

/**
 * The last good list of an account in a service region. `models` are the service's own entries, so that a later version reads
 * more out of them. `fetchedAt` in epoch ms.
 */
export interface AccountModelList {
  readonly accountId: string
  readonly serviceRegion: string
  readonly fetchedAt: number
  readonly models: unknown
}

const VERSION = 1

export function modelsOf(list: AccountModelList): readonly LiveModel[] {
  return readModelList({ models: list.models })?.models ?? []
}

/** The text of kiro-models.json. */
export function encodeModelLists(lists: readonly AccountModelList[]): string {
  return JSON.stringify({ version: VERSION, lists })
}

/** `undefined` where the text is none of ours; a list that can't be read is left out. */
export function decodeModelLists(text: string): readonly AccountModelList[] | undefined {
  const document = parseJson(text)
  if (!isObject(document) || !Array.isArray(document["lists"])) return undefined
  return document["lists"].flatMap((list) => readList(list) ?? [])
}

function readList(list: unknown): AccountModelList | undefined {
  if (!isObject(list)) return undefined
  const [accountId, serviceRegion] = [stringField(list, "accountId"), stringField(list, "serviceRegion")]
  const fetchedAt = numberField(list, "fetchedAt")
  const models = list["models"]
  if (accountId === undefined || serviceRegion === undefined || fetchedAt === undefined) return undefined
  return Array.isArray(models) ? { accountId, serviceRegion, fetchedAt, models } : undefined
}

/**
 * What can be offered with all accounts: the union of their newest lists, each model with the smallest limits and the
 * input types that all who have it share. `undefined` before any list.
 */
export function mergeModelLists(lists: readonly AccountModelList[]): readonly LiveModel[] | undefined {
  const newest = new Map<string, AccountModelList>()
  for (const list of lists.toSorted((one, other) => one.fetchedAt - other.fetchedAt))
    newest.set(list.accountId, list)
  const merged = new Map<string, LiveModel>()
  for (const model of [...newest.values()].flatMap(modelsOf)) {
    const key = modelKey(model.wireId)
    const present = merged.get(key)
    merged.set(key, present === undefined ? model : smaller(present, model))
  }
  return merged.size === 0 ? undefined : [...merged.values()]
}

function smaller(one: LiveModel, other: LiveModel): LiveModel {
  const maxInputTokens = least(one.maxInputTokens, other.maxInputTokens)
  const maxOutputTokens = least(one.maxOutputTokens, other.maxOutputTokens)
  const cachePoints = least(one.cachePoints, other.cachePoints)
  const input = shared(one.input, other.input)
  return {
    ...other,
    ...one,
    ...(maxInputTokens !== undefined && { maxInputTokens }),
    ...(maxOutputTokens !== undefined && { maxOutputTokens }),
    ...(cachePoints !== undefined && { cachePoints }),
    ...(input !== undefined && { input }),
  }
}

function least(one: number | undefined, other: number | undefined): number | undefined {
  if (one === undefined || other === undefined) return one ?? other
  return Math.min(one, other)
}

function shared(one: LiveModel["input"], other: LiveModel["input"]): LiveModel["input"] {
  if (one === undefined || other === undefined) return one ?? other
  return one.filter((type) => other.includes(type))
}
