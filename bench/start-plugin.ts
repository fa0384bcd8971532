/** `start-plugin.ts <module>`: imports a plugin, runs `server()` and `config()`, prints how long that took in ms. */
// OpenCode has these loaded long before it comes to a plugin: they are not the plugin's cost.
import "node:fs"
import "node:fs/promises"
import "node:os"
import "node:path"
import { pathToFileURL } from "node:url"

const [, , path = ""] = process.argv
const directory = process.cwd()

const startedAt = performance.now()
const module = (await import(pathToFileURL(path).href)) as {
  readonly default: { server(input: object): Promise<{ config?(config: object): Promise<void> }> }
}
const hooks = await module.default.server({ client: {}, project: {}, worktree: directory, directory })
await hooks.config?.({})
console.log(performance.now() - startedAt)
process.exit()
