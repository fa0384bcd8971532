import { type Runtime, untilAborted } from "../../runtime.ts"
import type { Secret } from "../../secret.ts"
import type { Settings } from "../../settings/index.ts"
import type { Account, Login, TokenLogin } from "../account.ts"
import { accessOf, type Credential, credentialOf, isOwing, ownerOf, recordOf } from "../login.ts"
import type { AccountStore } from "../store/store.ts"
import { takeIn } from "../take-in.ts"
import { isShut, restsBehind } from "../login-use.ts"
import { freshestLogin, isOneOf, type NoToken, noToken, refreshable } from "./choose-login.ts"
import { InStep, type SourceStore } from "./in-step.ts"
import { type Identify, Owners } from "./ask-owner.ts"
import { LEAST_LIFE_MS, Refresher, type RefreshOutcome, type RefreshWish } from "./refresh.ts"
import { Spills } from "./spill.ts"

export interface KeeperDependencies {
  readonly runtime: Runtime
  readonly store: Pick<
    AccountStore,
    | "list"
    | "listAll"
    | "get"
    | "update"
    | "reconcile"
    | "compareAndSwapTokens"
    | "peek"
    | "mustKeep"
    | "kept"
  >
  readonly sources: readonly SourceStore[]
  readonly settings: Pick<Settings, "tokenExpiryBufferMs" | "endpointOverride">
  /** The beginning of the lock's path: each login has its own. */
  readonly lockPath: string
  /** Without a sign of life for so long, in ms, its holder is taken for gone; `LOCK_STALE_MS` where nothing is said. */
  readonly lockStaleMs?: number
  /** The beginning of the path of a pair that the database could not take. */
  readonly spillPath: string
  readonly userAgent: string
  readonly identify?: Identify | undefined
}

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
   * The accounts that this process can use, each with the logins that it can use: no login of a source that the user
   * turned off.
   */
  here(accounts: readonly Account[]): readonly Account[]
  /**
   * Asks at once whose the logins are that nobody is named for, because no account can answer: that may let one go on.
   * It takes 3 s at most.
   */
  learnOwners(): Promise<void>
  /**
   * Brings what is still on its way to its place, before the account is removed: a pair that waits for the database,
   * and one that its source does not have yet; and asks whose the account is, as long as it can be asked.
   */
  settle(account: Account): Promise<void>
  /** Waits for refreshes that were sent, and until their pairs are on the disk. */
  close(): Promise<void>
}

/** A background refresh or write-back that failed is not begun again for so long, in ms. */
const QUIET_MS = 30_000
/** The longest that a request waits for the answer to whose a login is, in ms. */
const OWNER_PATIENCE_MS = 3000
/** How long `close` waits for what was begun, in ms. */
const CLOSE_PATIENCE_MS = 5000
/** How long it waits for the disk to take a pair that it did not take at once, in ms. */
const KEEP_PATIENCE_MS = 20_000
const LOOK_AGAIN_MS = 50

export function createTokenKeeper(dependencies: KeeperDependencies): TokenKeeper {
  return new Keeper(dependencies)
}

interface Wanted {
  readonly rejected: readonly Secret[]
  readonly signal: AbortSignal | undefined
  readonly outcomes: RefreshOutcome[]
}

class Keeper implements TokenKeeper {
  readonly #dependencies: KeeperDependencies
  readonly #closing = new AbortController()
  #isClosing = false
  readonly #background = new Set<Promise<unknown>>()
  readonly #quietUntil = new Map<string, number>()
  readonly #spills: Spills
  readonly #inStep: InStep
  readonly #owners: Owners
  readonly #refresher: Refresher

  constructor(dependencies: KeeperDependencies) {
    const { runtime, store, sources, spillPath, identify } = dependencies
    const { clock, log } = runtime
    this.#dependencies = dependencies
    this.#spills = new Spills({ store, path: spillPath, log })
    this.#inStep = new InStep({ store, sources, clock, log })
    this.#owners = new Owners({ store, identify, clock, log })
    this.#refresher = new Refresher({
      ...dependencies,
      store,
      inStep: this.#inStep,
      spills: this.#spills,
      closing: this.#closing.signal,
      inBackground: (work) => this.#inBackground(work),
    })
  }

  async fresh({
    account: given,
    rejected = [],
    signal,
  }: Parameters<TokenKeeper["fresh"]>[0]): Promise<Credential | NoToken> {
    signal?.throwIfAborted()
    const wanted: Wanted = { rejected, signal, outcomes: [] }
    let account = await this.#current(given)
    // Once more where it turned out meanwhile whose a login is, or that another took its place.
    for (let round = 0; round < 3; round += 1) {
      const found = await this.#fromAccount(account, wanted)
      if (found !== "look again") {
        if (found !== undefined) return found
        break
      }
      const current = (await this.#dependencies.store.get(given.id)) ?? account
      // It may have turned out to be one person's with an account that is off or suspended, whichever of the two stays.
      if (isShut(current) && !isShut(given)) return noToken({ ...current, logins: [] }, [])
      account = this.#usable(current)
    }
    const last = freshestLogin({ account, rejected, now: this.#now, marginMs: 0 })
    return last === undefined ? noToken(account, wanted.outcomes) : credentialOf(account, last)
  }

  here(accounts: readonly Account[]): readonly Account[] {
    return accounts
      .map((account) => ({ ...account, logins: account.logins.filter((login) => this.#isHere(login)) }))
      .filter(({ logins }) => logins.length > 0)
  }

  async learnOwners(): Promise<void> {
    await this.#atMost(
      OWNER_PATIENCE_MS,
      (async () => {
        const accounts = this.here(await this.#dependencies.store.list({ resting: true }))
        const nameless = accounts.flatMap(({ id, logins }) =>
          refreshable(logins)
            .filter((login) => ownerOf(login) === undefined)
            .map((login) => ({ id, login })),
        )
        await Promise.all(nameless.map(({ id, login }) => this.#learn(id, login, { urgent: true })))
      })(),
    )
  }

  async settle(given: Account): Promise<void> {
    const account = await this.#current(given)
    for (const login of refreshable(account.logins)) {
      await this.#atMost(OWNER_PATIENCE_MS, this.#owners.ask(login, { urgent: true }))
      if (isOwing(login)) this.#inBackground(this.#inStep.pay(login))
    }
    await this.#quiet()
  }

  async close(): Promise<void> {
    const { clock } = this.#dependencies.runtime
    this.#isClosing = true
    // What was not sent by then is given up; what was sent is waited for, as long as its own deadline lets it take.
    const cancel = clock.deadline(CLOSE_PATIENCE_MS, () => this.#closing.abort(new Error("closed")))
    await this.#quiet()
    cancel()
    this.#closing.abort(new Error("closed"))
    const deadline = clock.now() + KEEP_PATIENCE_MS
    while (!this.#spills.isKept && clock.now() < deadline) await clock.sleep(LOOK_AGAIN_MS)
  }

  get #now(): number {
    return this.#dependencies.runtime.clock.now()
  }

  async #fromAccount(account: Account, wanted: Wanted): Promise<Credential | "look again" | undefined> {
    const { rejected } = wanted
    const able = refreshable(account.logins.filter(({ revoked }) => revoked === undefined))
    const refused = able.filter(({ tokens }) => isOneOf(rejected, tokens.accessToken))
    const ready = freshestLogin({ account, rejected, now: this.#now, marginMs: LEAST_LIFE_MS })
    // An API key comes after the logins: they are waited for first.
    const isBesideValid = ready !== undefined && ready.kind !== "api-key"
    for (const login of refused) {
      if (isBesideValid) this.#refreshSoon(account, login, accessOf(login).accessToken)
      else {
        const renewed = await this.#renewed(account, login, wanted)
        if (renewed !== undefined) return renewed
      }
    }
    if (ready !== undefined && ready.kind !== "api-key") {
      this.#tend(account, ready)
      return credentialOf(account, ready)
    }
    for (const login of able) {
      if (refused.includes(login)) continue
      const renewed = await this.#renewed(account, login, wanted)
      if (renewed !== undefined) return renewed
    }
    return ready === undefined ? undefined : credentialOf(account, ready)
  }

  /** The renewed login; where it rests behind another one, that is asked whose it is first. */
  async #renewed(
    account: Account,
    login: TokenLogin,
    wanted: Wanted,
  ): Promise<Credential | "look again" | undefined> {
    const { rejected, signal, outcomes } = wanted
    const { accessToken } = login.tokens
    const wish = {
      accountId: account.id,
      login,
      rejected: isOneOf(rejected, accessToken) ? accessToken : undefined,
    }
    const outcome = await untilAborted(this.#refresher.refresh(wish), signal)
    const isLearnt = async (asking: Promise<boolean>): Promise<boolean> =>
      (await untilAborted(this.#atMost(OWNER_PATIENCE_MS, asking), signal)) === true
    if (outcome.state === "gone") return "look again"
    if (outcome.state === "fresh")
      return (await isLearnt(this.#learnRenewed(outcome.login)))
        ? "look again"
        : credentialOf(account, outcome.login)
    const isAtRest = outcome.state === "failed" && outcome.reason === "resting"
    if (isAtRest && (await isLearnt(this.#learnSuccessor(login.id)))) return "look again"
    outcomes.push(outcome)
    return undefined
  }

  /** Signed in elsewhere it may be theirs who are off, removed or suspended, and its old token could not ask. */
  async #learnRenewed(login: TokenLogin): Promise<boolean> {
    if (ownerOf(login) !== undefined) return false
    return (await this.#dependencies.store.listAll()).some(isShut) && this.#owners.ask(login)
  }

  /** Whether it is known since whose the login is that this one rests behind. */
  async #learnSuccessor(loginId: string): Promise<boolean> {
    const behind = restsBehind(await this.#dependencies.store.listAll(), loginId)
    const learnt = await Promise.all(
      behind.map(({ account, login }) => login.kind !== "api-key" && this.#learn(account.id, login)),
    )
    return learnt.includes(true)
  }

  /** Asks whose the login is, with a token of its own; one that ended is renewed for it where that does no harm. */
  async #learn(
    accountId: string,
    login: TokenLogin,
    how: { readonly urgent?: boolean } = {},
  ): Promise<boolean> {
    if (login.revoked !== undefined || ownerOf(login) !== undefined) return false
    const current = this.#spills.over(login)
    if (current.tokens.expiresAt - this.#now > LEAST_LIFE_MS) return this.#owners.ask(current, how)
    // Whoever is held is renewed only where nobody else can answer.
    if (current.use === "held" ? how.urgent !== true : current.use !== undefined) return false
    const outcome = await this.#refresher.refresh({ accountId, login: current, toAsk: true })
    return outcome.state === "fresh" ? this.#owners.ask(outcome.login, how) : false
  }

  /** What a login in use needs beside: a newer pair soon, the same pair in its store. */
  #tend(account: Account, login: TokenLogin): void {
    const { settings } = this.#dependencies
    const isFree = login.use === undefined
    if (isFree && login.tokens.expiresAt - this.#now <= settings.tokenExpiryBufferMs)
      this.#refreshSoon(account, login)
    if (isOwing(login))
      this.#once(`write back ${login.id}`, () => this.#inBackground(this.#inStep.pay(login)))
  }

  #refreshSoon(account: Account, login: TokenLogin, rejected?: Secret): void {
    const wish: RefreshWish = { accountId: account.id, login, rejected }
    if (rejected !== undefined) void this.#refresher.refresh(wish)
    else this.#once(`refresh ${login.id}`, () => void this.#refresher.refresh(wish))
  }

  #once(key: string, begin: () => void): void {
    if ((this.#quietUntil.get(key) ?? 0) > this.#now || this.#isClosing) return
    this.#quietUntil.set(key, this.#now + QUIET_MS)
    begin()
  }

  /** The account after every waiting pair was given to the database, with only what may be used of it here. */
  async #current(given: Account): Promise<Account> {
    const { store } = this.#dependencies
    const isStrange = given.logins.some(({ use }) => use === "strange")
    if (isStrange)
      await store.reconcile((accounts) => takeIn(accounts, { offered: [], now: this.#now, byUser: false }))
    const isSettled = given.logins.map(({ id }) => this.#spills.settle(id)).includes("settled")
    return this.#usable(isStrange || isSettled ? ((await store.get(given.id)) ?? given) : given)
  }

  #usable(account: Account): Account {
    const logins = account.logins
      .filter((login) => this.#isHere(login) && login.use !== "held" && login.use !== "strange")
      .map((login) => this.#spills.over(login))
    return { ...account, logins }
  }

  /** The login of a source that the user turned off is left to its own program: renewing it would log that out. */
  #isHere(login: Login): boolean {
    const { sources } = this.#dependencies
    const { places } = recordOf(login)
    if (login.source === "environment") return sources.some(({ source }) => source === "environment")
    return (
      places.length === 0 || places.some((place) => sources.some(({ source }) => source === place.source))
    )
  }

  #inBackground(work: Promise<unknown>): void {
    const settled: Promise<unknown> = work
      .catch((error: unknown) => this.#dependencies.runtime.log.warn("work on tokens failed", { error }))
      .finally(() => this.#background.delete(settled))
    this.#background.add(settled)
  }

  /** A refresh that ends begins its write-back. */
  async #quiet(): Promise<void> {
    while (this.#background.size > 0) await Promise.all(this.#background)
  }

  /** What the work comes to, or nothing after so long; it goes on behind then. */
  async #atMost<Value>(ms: number, work: Promise<Value>): Promise<Value | undefined> {
    this.#inBackground(work)
    let cancel = (): void => undefined
    const late = new Promise<undefined>((resolve) => {
      cancel = this.#dependencies.runtime.clock.deadline(ms, () => resolve(undefined))
    })
    try {
      return await Promise.race([work, late])
    } finally {
      cancel()
    }
  }
}
