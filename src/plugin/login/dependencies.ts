import type { AccountStore, SourceStore } from "../../accounts/index.ts"
import type { Runtime } from "../../runtime.ts"
import type { Settings } from "../../settings/index.ts"
import type { LoginControl } from "./control.ts"

/** What the user is told of a sign-in: a toast in the terminal UI, lines in `opencode auth login`. */
export interface LoginMessage {
  readonly message: string
  readonly variant: "success" | "warning" | "error"
}

/** What a sign-in needs of the account store. */
export type LoginStore = Pick<
  AccountStore,
  "list" | "add" | "update" | "reconcile" | "registrations" | "saveRegistration"
>

export interface LoginDependencies {
  readonly runtime: Runtime
  readonly version: string
  settings(): Settings
  openStore(): Promise<LoginStore>
  readonly control: LoginControl
  /** The stores of other programs. Anew for each import: the settings may have changed. */
  sources(): readonly SourceStore[]
  /** OpenCode's auth.json. */
  readonly authFile: string
  openBrowser(url: string): void
  tell(message: LoginMessage): void
  /** Aborted when the plugin instance ends. */
  readonly signal: AbortSignal
}
