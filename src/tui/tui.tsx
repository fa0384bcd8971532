import { homedir } from "node:os"
import type { TuiPluginApi, TuiPluginModule } from "@opencode-ai/plugin/tui"
import { readOverview } from "../accounts/index.ts"
import { pathsFor } from "../settings/index.ts"
import { accountLines } from "./panel-lines.ts"
import { Panel } from "./panel.tsx"
import { sessionLines } from "./session-lines.ts"

/** The terminal UI's part: a sidebar block and the command `/kiro`. Option `show_email` shows e-mail addresses. */
const module: TuiPluginModule = {
  id: "opencode-kiro-auth",
  tui: async (api, options) => {
    const path = pathsFor({ env: process.env, platform: process.platform, home: homedir() }).database
    const showEmail = options?.["show_email"] === true
    api.slots.register({
      order: 150,
      slots: {
        sidebar_content(_context, props) {
          const read = (sessionId: string, turnStarts: readonly number[]) =>
            readOverview({ path, sessionId, turnStarts, now: Date.now() })
          const lines = sessionLines({ api, sessionId: () => props.session_id, read, showEmail })
          return <Panel theme={api.theme} lines={lines} />
        },
      },
    })
    const run = () => showAccounts({ api, path, showEmail })
    const command = { name: "kiro.accounts", title: "Kiro accounts and credits", slashName: "kiro" }
    api.keymap.registerLayer({ commands: [{ ...command, category: "Kiro", namespace: "palette", run }] })
  },
}

export default module

interface ShowAccountsInput {
  readonly api: TuiPluginApi
  readonly path: string
  readonly showEmail: boolean
}

async function showAccounts({ api, path, showEmail }: ShowAccountsInput): Promise<void> {
  const now = Date.now()
  const accounts = (await readOverview({ path, now }))?.accounts ?? []
  const blocks = accounts.map((account) =>
    accountLines({ account, now, showEmail })
      .map(({ text }) => text)
      .join("\n"),
  )
  const message = blocks.length > 0 ? blocks.join("\n\n") : "No account yet. Log in with: opencode auth login"
  api.ui.dialog.replace(() => api.ui.DialogAlert({ title: "Kiro accounts", message }))
}
