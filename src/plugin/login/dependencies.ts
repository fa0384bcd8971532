import type { Account, AccountStore, SourceProblem } from "../../accounts/index.ts"
import type { Runtime } from "../../runtime.ts"
import type { Settings } from "../../settings/index.ts"
import type { LoginControl } from "./control.ts"

/** What the user is told of a sign-in: a toast in the terminal UI, lines in `opencode auth login`. */
export interface LoginMessage {
  readonly message: string
  readonly variant: "success" | "warning" | "error"
  /** `opencode auth login` has it on the screen already. */
  readonly printed?: boolean
}

/** What a sign-in needs of the account store. */
export type LoginStore = Pick<
  AccountStore,
  "list" | "add" | "update" | "reconcile" | "registrations" | "saveRegistration"
>

/** What a look into the stores of other programs brought. */
export interface ImportOutcome {
  readonly added: readonly Account[]
  /** Known already; a login, its tokens or its profile are new. */
  readonly updated: readonly Account[]
  /** Known already, with nothing new. */
  readonly unchanged: readonly Account[]
  readonly problems: readonly SourceProblem[]
}

export interface LoginDependencies {
  readonly runtime: Runtime
  readonly version: string
  readonly settings: Settings
  readonly store: LoginStore
  readonly control: LoginControl
  /** Asked for by the user, so a removed account comes back. */
  importLogins(): Promise<ImportOutcome>
  /** OpenCode's auth.json. */
  readonly authFile: string
  openBrowser(url: string): void
  tell(message: LoginMessage): void
  /** Aborted when the plugin instance ends. */
  readonly signal: AbortSignal
}
