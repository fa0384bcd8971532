import type { TuiPluginModule } from "@opencode-ai/plugin/tui"
import { PACKAGE } from "../version.ts"
import { startInV1 } from "./v1.tsx"
import { startInV2 } from "./v2.tsx"

/**
 * The terminal UI's part, for both hosts: a sidebar block and the command `/kiro`. OpenCode 1 calls `tui`, OpenCode 2
 * `setup`, with a context of its own.
 */
const module: TuiPluginModule & { readonly setup: (context: never) => () => Promise<void> } = {
  id: PACKAGE,
  tui: async (api, options) => startInV1(api, options),
  setup: startInV2,
}

export default module
