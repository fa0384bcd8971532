import type { Runtime } from "../../runtime.ts"
import type { Secret } from "../../secret.ts"
import type { Settings } from "../../settings/index.ts"
import type { Login, TokenLogin } from "../account.ts"
import type { AccountStore } from "../store/store.ts"
import type { SourceStore } from "./source-store.ts"
import type { UnsavedSwaps } from "./unsaved.ts"

export interface KeeperDependencies {
  readonly runtime: Runtime
  readonly store: Pick<AccountStore, "list" | "get" | "update" | "compareAndSwapTokens">
  readonly sources: readonly SourceStore[]
  readonly settings: Pick<Settings, "tokenExpiryBufferMs" | "endpointOverride">
  /** The beginning of the lock's path: each login has its own. */
  readonly lockPath: string
  /** The beginning of the path of a pair that the database could not take. */
  readonly spillPath: string
  readonly userAgent: string
  /**
   * The service's user id behind a login, by one usage call; `undefined` where it can't be had. It is asked only where
   * a source holds a pair that nothing but the user id can tell from another person's. Never rejects.
   */
  readonly identify?: ((login: Login) => Promise<string | undefined>) | undefined
}

export interface KeeperContext extends KeeperDependencies {
  readonly unsaved: UnsavedSwaps
  /** Ends requests to the token services. */
  readonly signal: AbortSignal
  /** Runs work that nobody waits for; `close` does. */
  readonly inBackground: (work: Promise<unknown>) => void
}

/** With less than this left, in ms, a token is not begun to be used: the request would outlive it. */
export const LEAST_LIFE_MS = 30_000

export interface RefreshWish {
  readonly accountId: string
  /** As it was when a newer pair was found to be needed. */
  readonly login: TokenLogin
  /** The service refused this access token, whatever its expiry says. */
  readonly rejected: Secret | undefined
}

export type RefreshFailure = "network" | "timeout" | "service" | "disk-full" | "database"

export type RefreshOutcome =
  | { readonly state: "fresh"; readonly login: TokenLogin }
  | { readonly state: "refused"; readonly message: string }
  | { readonly state: "failed"; readonly reason: RefreshFailure; readonly message: string }
  /** The login, or its account, was removed. */
  | { readonly state: "gone" }
