import { existsSync } from "node:fs"
import { createRequire } from "node:module"
import { dirname, join, resolve } from "node:path"
import { npm } from "../npm.ts"

const require = createRequire(import.meta.url)

/** The real OpenCode: the binary of the development dependency. */
export function opencodeBinary(): string {
  const manifest = require.resolve("opencode-ai/package.json")
  const { bin } = require(manifest) as { readonly bin: { readonly opencode: string } }
  return join(dirname(manifest), bin.opencode)
}

/** The folder of the package, built now where it never was: OpenCode takes it by its path, as people do too. */
export function packageFolder(): string {
  if (!existsSync("dist/index.js")) npm(["run", "build", "--silent"])
  return resolve(".")
}

export function opencodeVersion(): string {
  return (require("opencode-ai/package.json") as { readonly version: string }).version
}
