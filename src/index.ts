import { homedir } from "node:os"
import type { PluginModule } from "@opencode-ai/plugin"
import { startInstance } from "./plugin/instance.ts"
import { VERSION } from "./version.ts"

/** The one export of the package, in the shape of OpenCode's plugin module: an id and a server part. */
const plugin: PluginModule = {
  id: "opencode-kiro-auth",
  server: async (input) => {
    const place = { env: process.env, platform: process.platform, home: homedir() }
    return startInstance({ input, place, version: VERSION })
  },
}

export default plugin
