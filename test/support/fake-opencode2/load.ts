import { existsSync, readFileSync, statSync } from "node:fs"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { asObject, isObject } from "../../../src/json.ts"

/** How OpenCode 2 finds and reads a plugin. Source: its `plugin/host.ts` and `core/plugin/module.ts`. */

export interface LoadedPlugin {
  readonly id: string
  readonly setup: (context: unknown) => unknown
}

/** Where a local entry was changed, the host drops its files from the runtime's cache: here the address differs. */
export async function loadPlugin(folder: string, as: "directory" | "package"): Promise<LoadedPlugin> {
  const file = as === "directory" ? entryOfDirectory(folder, "server") : entryOfPackage(folder, "server")
  if (file === undefined) throw new Error(`No plugin entry in ${folder}`)
  return decodePlugin(await import(pathToFileURL(file).href))
}

/** A directory's `package.json` is not read. */
export function entryOfDirectory(folder: string, part: "server" | "tui" | "rpc"): string | undefined {
  const names = part === "server" ? ["server", "index"] : [part]
  const files = names.flatMap((name) =>
    ["js", "mjs", "ts", "tsx"].map((end) => join(folder, `${name}.${end}`)),
  )
  return files.find((file) => existsSync(file) && statSync(file).isFile())
}

/** `<name>/server`, else `<name>`, by the package's own `exports`. */
export function entryOfPackage(folder: string, part: "server" | "tui" | "rpc"): string | undefined {
  const manifest: unknown = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"))
  const exported = asObject(asObject(manifest)["exports"])
  const entry = exported[`./${part}`] ?? (part === "server" ? exported["."] : undefined)
  const target = isObject(entry) ? (entry["import"] ?? entry["default"]) : entry
  return typeof target === "string" ? join(folder, target) : undefined
}

export function decodePlugin(module: unknown): LoadedPlugin {
  const plugin = asObject(module)["default"]
  const wrong = new Error(
    "Plugin must export a default definition with an id and an effect or setup function.",
  )
  // A function with properties fails as well.
  if (!isObject(plugin)) throw wrong
  const { id, setup } = plugin
  if (typeof id !== "string" || id === "" || typeof setup !== "function") throw wrong
  return { id, setup: (context) => Reflect.apply(setup, plugin, [context]) }
}
