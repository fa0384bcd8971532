import type { AccountStore, Notice, TokenKeeper } from "../accounts/index.ts"
import type { Runtime } from "../runtime.ts"
import type { Settings } from "../settings/index.ts"
import type { Background } from "./background.ts"

/** Everything that the gateway needs, given once by the composition root. */
export interface GatewayDependencies {
  readonly runtime: Runtime
  readonly settings: Settings
  /** Of this package: part of its name on the wire. */
  readonly version: string
  readonly store: AccountStore
  readonly tokens: FreshTokens & Pick<TokenKeeper, "here">
  /** Reads the stores of other programs again; local and quick, never rejects. */
  readonly importLogins: () => Promise<unknown>
  readonly lookUps: LookUps
  readonly notify: (notice: Notice) => void
}

/** The part of the token keeper that a request needs. */
export type FreshTokens = Pick<TokenKeeper, "fresh">

/** What is passed around in this room. */
export interface GatewayContext extends GatewayDependencies {
  readonly background: Background
}

/** Questions to the control plane. They write what they learn into the store and never reject but on abort. */
export interface LookUps {
  /**
   * Asks what the account has used, at most once a minute; its quota cool-down ends where there is room again.
   */
  readonly usage: (accountId: string, signal: AbortSignal) => Promise<void>
  /** Looks the account's profile up again; whether it is another than before. */
  readonly profile: (accountId: string, signal: AbortSignal) => Promise<boolean>
  /** After a good answer, in the background: usage and models, where they are due. */
  readonly afterAnswer: (accountId: string) => void
}
