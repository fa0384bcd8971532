import type { AccountStore, Notice, TokenKeeper } from "../accounts/index.ts"
import type { HeaderReader } from "../eventstream/index.ts"
import type { Runtime } from "../runtime.ts"
import type { AccountRules, Project, Settings } from "../settings/index.ts"
import type { SchemaReader } from "../translate/index.ts"
import type { ModelReader } from "./asked-model.ts"
import type { Background } from "./background.ts"
import type { LookUps } from "./control/look-ups.ts"

/** What counts from the next chat on, as it is written. */
export interface CurrentSettings {
  readonly accountRules: AccountRules
  readonly dailyCreditBudget: number | undefined
}

/** Everything that the gateway needs, given once by the composition root. */
export interface GatewayDependencies {
  readonly runtime: Runtime
  readonly settings: Settings
  /** What the host works in. */
  readonly project?: Project
  /** What the user's own file says now: `settings` are those of the start. */
  readonly currentSettings: () => Promise<CurrentSettings>
  readonly store: AccountStore
  readonly tokens: Pick<TokenKeeper, "fresh" | "here" | "learnOwners">
  /**
   * Reads the stores of other programs again; local and quick, never rejects. Gives the words for what could not be looked
   * into just now.
   */
  readonly importLogins: () => Promise<string | undefined>
  readonly lookUps: LookUps
  readonly notify: (notice: Notice) => void
}

/** What is passed around in this room. */
export interface GatewayContext extends GatewayDependencies {
  readonly background: Background
  /** By its session, the message of the user's own that is being answered: a host asks again where that fails. */
  readonly unanswered: Map<string, string>
  readonly readModel: ModelReader
  readonly readHeaders: HeaderReader
  readonly readSchema: SchemaReader
}
