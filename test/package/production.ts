import { readdirSync, readFileSync, statSync } from "node:fs"
import { join } from "node:path"
import { isObject, type JsonObject } from "../../src/json.ts"

const BLOCK = 4096

export interface Package {
  /** Its folder, from the root of the repository. */
  readonly folder: string
  readonly entry: JsonObject
}

/** What an installation brings: without the packages of the development and of the host. */
export function productionPackages(): Package[] {
  const { packages } = manifest("package-lock.json")
  if (!isObject(packages)) throw new Error("package-lock.json names no packages")
  return Object.entries(packages).flatMap(([folder, entry]) => {
    if (folder === "" || !isObject(entry)) return []
    return entry["dev"] || entry["devOptional"] || entry["peer"] ? [] : [{ folder, entry }]
  })
}

export function filesOf({
  folder,
}: Pick<Package, "folder">): { readonly path: string; readonly size: number }[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" }).flatMap((file) => {
    const path = join(folder, file)
    const stats = statSync(path)
    return stats.isFile() ? [{ path, size: stats.size }] : []
  })
}

/** What the files take on a disk, in bytes: whole blocks. */
export function diskSize(files: readonly { readonly size: number }[]): number {
  return files.reduce((sum, { size }) => sum + Math.ceil(size / BLOCK) * BLOCK, 0)
}

export function manifest(path: string): JsonObject {
  const document: unknown = JSON.parse(readFileSync(path, "utf8"))
  if (!isObject(document)) throw new Error(`${path} holds no object`)
  return document
}
