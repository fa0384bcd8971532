import { readFileSync } from "node:fs"
import { decodeModelLists, type LiveModel, mergeModelLists } from "../../kiro/index.ts"

export interface CachedModels {
  /** The union of all accounts' lists; absent before any. */
  readonly live?: readonly LiveModel[]
  /** Why the file was passed over. */
  readonly problem?: string
}

/** Reads kiro-models.json, the only file that the config hook reads for models. Broken or missing: the built-in table counts. */
export function readCachedModels(path: string): CachedModels {
  let text: string
  try {
    text = readFileSync(path, "utf8")
  } catch (error) {
    const missing = error instanceof Error && "code" in error && error.code === "ENOENT"
    return missing ? {} : { problem: `${path} can't be read: ${String(error)}` }
  }
  const lists = decodeModelLists(text)
  if (lists === undefined)
    return { problem: `${path} holds no model lists; it is written anew after the next answer` }
  const live = mergeModelLists(lists)
  return live === undefined ? {} : { live }
}
