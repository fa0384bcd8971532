import type { PluginModule } from "@opencode-ai/plugin"
import { plugin } from "./plugin/plugin.ts"

const module: PluginModule = plugin

export default module
