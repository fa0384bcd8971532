import { homedir } from "node:os"
import type { PluginModule } from "@opencode-ai/plugin"
import { kindOfContext } from "./opencode2/context.ts"
import { startInstance } from "./plugin/instance.ts"
import { PACKAGE } from "./version.ts"

/** Known to OpenCode 1 by `server`, to OpenCode 2 by `setup`. */
interface Plugin extends PluginModule {
  readonly id: string
  readonly setup: (context: unknown) => Promise<(() => Promise<void>) | undefined>
}

const plugin: Plugin = {
  id: PACKAGE,
  server: async (input) => startInstance({ input, place: placeOfProcess() }),
  async setup(context) {
    // OpenCode 1 calls it too, with a preview of version 2: nothing is even loaded for that.
    if (kindOfContext(context) === "preview") return undefined
    const { setUp } = await import("./opencode2/setup.ts")
    return setUp({ context, place: placeOfProcess(), providerUrl: providerUrl() })
  },
}

export default plugin

/** Of the module that OpenCode 2 imports by itself; this file keeps its place in the package, chunks do not. */
function providerUrl(): string {
  const path = import.meta.url.endsWith(".ts") ? "opencode2/provider.ts" : "opencode2/provider.js"
  return new URL(path, import.meta.url).href
}

function placeOfProcess() {
  return { env: process.env, platform: process.platform, home: homedir() }
}
