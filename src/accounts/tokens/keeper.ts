import { untilAborted } from "../../runtime.ts"
import type { Secret } from "../../secret.ts"
import type { Account, Login, TokenLogin } from "../account.ts"
import { StoreError } from "../store/failure.ts"
import { type Credential, credentialOf, freshestLogin, isOneOf, refreshable } from "./credential.ts"
import { accountNow, accountsHere, noToken, type NoToken } from "./account-now.ts"
import {
  type KeeperContext,
  type KeeperDependencies,
  LEAST_LIFE_MS,
  type RefreshOutcome,
  type RefreshWish,
} from "./keeper-context.ts"
import { refreshLogin } from "./refresh-login.ts"
import { UnsavedSwaps } from "./unsaved.ts"
import { writeBackLater } from "./write-back.ts"

export interface TokenKeeper {
  /**
   * An access token of the account that can be used now. A valid one is given at once, and renewed in the background
   * where it ends soon; the caller waits only where less than 30 s are left or where the service rejected all that are
   * valid. Rejects only with the signal's reason; the refresh itself goes on then, because a rotated pair must not be
   * lost.
   */
  fresh(wish: {
    readonly account: Account
    /** The access tokens that the service refused to whoever asks. */
    readonly rejected?: readonly Secret[]
    readonly signal?: AbortSignal | undefined
  }): Promise<Credential | NoToken>
  /**
   * The accounts that this process can use, each with the logins that it can use: no key of a variable that is gone,
   * no login of a source that the user turned off.
   */
  here(accounts: readonly Account[]): readonly Account[]
  /**
   * Brings what is still on its way to its place, before the account is removed: a pair that waits for the database,
   * and one that its source does not have yet.
   */
  settle(account: Account): Promise<void>
  /** Waits a little for refreshes under way, then ends them. */
  close(): Promise<void>
}

/** A background refresh or write-back that failed is not begun again for so long, in ms. */
const QUIET_MS = 30_000
/** How long `close` waits, in ms, for pairs that are on their way. */
const CLOSE_PATIENCE_MS = 5000

export function createTokenKeeper(dependencies: KeeperDependencies): TokenKeeper {
  const { runtime, store, settings } = dependencies
  const { clock, log } = runtime
  const ending = new AbortController()
  const background = new Set<Promise<unknown>>()
  const flights = new Map<string, Promise<RefreshOutcome>>()
  const quietUntil = new Map<string, number>()
  const context: KeeperContext = {
    ...dependencies,
    unsaved: new UnsavedSwaps({ store, spillPath: dependencies.spillPath, log }),
    signal: ending.signal,
    inBackground(work) {
      const settled: Promise<unknown> = work
        .catch((error: unknown) => log.warn("work on tokens failed", { error }))
        .finally(() => background.delete(settled))
      background.add(settled)
    },
  }

  /** Single flight: whoever wants a newer pair of this login meanwhile gets the same answer. */
  const refresh = (wish: RefreshWish): Promise<RefreshOutcome> => {
    const { id } = wish.login
    const running = flights.get(id)
    if (running !== undefined) return running
    const flight = refreshLogin(context, wish)
      .catch(failedOutcome)
      .finally(() => flights.delete(id))
    flights.set(id, flight)
    context.inBackground(flight)
    return flight
  }

  const once = (key: string, begin: () => void): void => {
    if ((quietUntil.get(key) ?? 0) > clock.now() || ending.signal.aborted) return
    quietUntil.set(key, clock.now() + QUIET_MS)
    begin()
  }

  const tidy = (account: Account, login: Login): void => {
    if (login.kind === "api-key") return
    const { expiresAt } = login.tokens
    if (expiresAt - clock.now() <= settings.tokenExpiryBufferMs)
      once(`refresh ${login.id}`, () => void refresh({ accountId: account.id, login, rejected: undefined }))
    if (login.sourceBehind !== undefined)
      once(`write back ${login.id}`, () => writeBackLater(context, account.id, login))
  }

  /** A refresh that ends begins its write-back. */
  const quiet = async (): Promise<void> => {
    while (background.size > 0) await Promise.all(background)
  }

  return {
    async fresh({ account: given, rejected = [], signal }) {
      signal?.throwIfAborted()
      const account = await accountNow(context, given)
      const outcomes: RefreshOutcome[] = []
      const wishFor = (login: TokenLogin): RefreshWish => {
        const { accessToken } = login.tokens
        return {
          accountId: account.id,
          login,
          rejected: isOneOf(rejected, accessToken) ? accessToken : undefined,
        }
      }
      const renewed = async (login: TokenLogin): Promise<Credential | undefined> => {
        const outcome = await untilAborted(refresh(wishFor(login)), signal)
        if (outcome.state === "fresh") return credentialOf(account, outcome.login)
        outcomes.push(outcome)
        return undefined
      }
      const able = refreshable(account.logins.filter(({ revoked }) => revoked === undefined))
      const refused = able.filter(({ tokens }) => isOneOf(rejected, tokens.accessToken))
      const ready = freshestLogin({ account, rejected, now: clock.now(), marginMs: LEAST_LIFE_MS })
      // An API key comes after the logins: they are waited for first.
      const isBesideValid = ready !== undefined && ready.kind !== "api-key"
      for (const login of refused) {
        const anew = isBesideValid ? void refresh(wishFor(login)) : await renewed(login)
        if (anew !== undefined) return anew
      }
      if (ready !== undefined) {
        tidy(account, ready)
        return credentialOf(account, ready)
      }
      for (const login of able) {
        const answer = refused.includes(login) ? undefined : await renewed(login)
        if (answer !== undefined) return answer
      }
      const last = freshestLogin({ account, rejected, now: clock.now(), marginMs: 0 })
      return last === undefined ? noToken(account, outcomes) : credentialOf(account, last)
    },

    here: (accounts) => accountsHere(context, accounts),

    async settle(given) {
      const account = await accountNow(context, given)
      for (const login of account.logins)
        if (login.kind !== "api-key" && login.sourceBehind !== undefined)
          writeBackLater(context, account.id, login)
      await quiet()
    },

    async close() {
      const cancel = clock.deadline(CLOSE_PATIENCE_MS, () => ending.abort())
      await quiet()
      cancel()
      ending.abort()
    },
  }
}

function failedOutcome(error: unknown): RefreshOutcome {
  if (error instanceof StoreError) return { state: "failed", reason: "database", message: error.message }
  const message = error instanceof Error ? error.message : "the token could not be refreshed"
  return { state: "failed", reason: "service", message }
}
