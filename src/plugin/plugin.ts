import type { PluginModule } from "@opencode-ai/plugin"

/** The one export of the package, in the shape of OpenCode's plugin module: an id and a server part. */
export const plugin: PluginModule = {
  id: "opencode-kiro-auth",
  server: async () => ({}),
}
