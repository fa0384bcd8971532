import { decodeModelLists, type LiveModel, mergeModelLists } from "../../kiro/models/index.ts"
import { readSmallFile } from "../../settings/index.ts"

export interface CachedModels {
  /** The union of all accounts' lists; absent before any. */
  readonly live?: readonly LiveModel[]
  /** Why the file was passed over. */
  readonly problem?: string
}

/** Reads kiro-models.json, the only file that the config hook reads for models. Broken or missing: the built-in table counts. */
export function readCachedModels(path: string): CachedModels {
  const file = readSmallFile(path)
  if (file.state === "missing") return {}
  if (file.state === "failed") return { problem: `${path} ${file.message}` }
  const lists = decodeModelLists(file.text)
  if (lists === undefined)
    return { problem: `${path} holds no model lists; it is written anew after the next answer` }
  const live = mergeModelLists(lists)
  return live === undefined ? {} : { live }
}
