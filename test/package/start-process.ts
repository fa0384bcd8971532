import { join } from "node:path"
import { pathToFileURL } from "node:url"

/** Starts the plugin of a package's folder as OpenCode 1 does, and prints the ids of the models that it offers. */
const [, , folder = ""] = process.argv
const { default: plugin } = await import(pathToFileURL(join(folder, "dist", "index.js")).href)
const directory = process.cwd()
const hooks = await plugin.server({ client: {}, project: {}, directory, worktree: directory })
const config: { provider?: { kiro: { models: object } } } = {}
await hooks.config(config)
console.log(JSON.stringify(Object.keys(config.provider?.kiro.models ?? {})))
await hooks.dispose()
