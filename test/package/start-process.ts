import { writeSync } from "node:fs"
import { join } from "node:path"
import { pathToFileURL } from "node:url"

/**
 * Starts the plugin of a package's folder as OpenCode 1 does, and prints the ids of the models that it offers. Throws where
 * the start looks at a stream of its process, each of which Bun makes with its first use.
 */
const [, , folder = ""] = process.argv
for (const stream of ["stdin", "stdout", "stderr"])
  Object.defineProperty(process, stream, {
    get() {
      throw new Error(`the start looks at ${stream}`)
    },
  })
const { default: plugin } = await import(pathToFileURL(join(folder, "dist", "index.js")).href)
const directory = process.cwd()
const hooks = await plugin.server({ client: {}, project: {}, directory, worktree: directory })
const config: { provider?: { kiro: { models: object } } } = {}
await hooks.config(config)
writeSync(1, JSON.stringify(Object.keys(config.provider?.kiro.models ?? {})))
await hooks.dispose()
