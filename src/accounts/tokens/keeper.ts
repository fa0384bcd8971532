import { atMost, type Runtime, untilAborted } from "../../runtime.ts"
import type { Secret } from "../../secret.ts"
import type { Settings } from "../../settings/index.ts"
import { type Account, type Login, LOGIN_SOURCES, type TokenLogin } from "../account.ts"
import { accessOf, type Credential, credentialOf, isOwing, ownerOf, recordOf } from "../login.ts"
import type { AccountStore } from "../store/account-store.ts"
import { isShut, restsBehind } from "../login-use.ts"
import { InStep, type SourceStore } from "./in-step.ts"
import { OWNER_PATIENCE_MS, Owners, type OwnersDependencies } from "./ask-owner.ts"
import { LEAST_LIFE_MS, Refresher, type RefreshFailure, type RefreshOutcome } from "./refresh.ts"
import { Spills } from "./spill.ts"

export interface KeeperDependencies extends Pick<OwnersDependencies, "identify" | "measured"> {
  readonly runtime: Runtime
  readonly store: AccountStore
  readonly sources: readonly SourceStore[]
  readonly settings: Pick<Settings, "tokenExpiryBufferMs" | "endpointOverride">
  /** The beginning of the lock's path: each login has its own. */
  readonly lockPath: string
  /** The beginning of the path of a pair that the database could not take. */
  readonly spillPath: string
}

export interface NoToken {
  readonly state: "none"
  /** `revoked`: only a new login helps. The others: for now. */
  readonly reason: "revoked" | "no-login" | RefreshFailure
  readonly message: string
}

/** A background refresh or write-back that failed is not begun again for so long, in ms. */
const QUIET_MS = 30_000
/** How often a request begins anew where the account turned out to be another than it seemed. */
const MOST_LOOKS = 3
/** How long `close` waits for what was begun, in ms. */
const CLOSE_PATIENCE_MS = 5000
/** How long it waits for the disk to take a pair that it did not take at once, in ms. */
const KEEP_PATIENCE_MS = 20_000
const LOOK_AGAIN_MS = 50

/** Keeps the tokens of all accounts fresh, for everybody in this process. */
export class TokenKeeper {
  readonly #dependencies: KeeperDependencies
  readonly #closing = new AbortController()
  readonly #asking = new AbortController()
  readonly #background = new Set<Promise<unknown>>()
  readonly #begunAt = new Map<string, number>()
  readonly #spills: Spills
  readonly #inStep: InStep
  readonly #owners: Owners
  readonly #refresher: Refresher

  constructor(dependencies: KeeperDependencies) {
    const { runtime, store, sources, spillPath, identify, measured } = dependencies
    const { clock, log } = runtime
    this.#dependencies = dependencies
    this.#spills = new Spills({ store, path: spillPath, log })
    this.#inStep = new InStep({ store, sources, clock, log, spills: this.#spills })
    this.#owners = new Owners({ store, identify, measured, clock, log, signal: this.#asking.signal })
    this.#refresher = new Refresher({
      ...dependencies,
      inStep: this.#inStep,
      spills: this.#spills,
      closing: this.#closing.signal,
      inBackground: (work) => this.#inBackground(work),
    })
  }

  /**
   * An access token of the account that can be used now. A valid one is given at once, and renewed in the background
   * where it ends soon; the caller waits only where less than 30 s are left or where the service rejected all that are
   * valid. Rejects only with the signal's reason; the refresh itself goes on then, because a rotated pair must not be
   * lost.
   */
  async fresh({
    account: given,
    rejected = [],
    signal,
  }: {
    readonly account: Account
    /** The access tokens that the service refused to whoever asks. */
    readonly rejected?: readonly Secret[]
    readonly signal?: AbortSignal | undefined
  }): Promise<Credential | NoToken> {
    signal?.throwIfAborted()
    const isRefused = (login: Login): boolean =>
      rejected.some((token) => token.equals(accessOf(login).accessToken))
    const isLearnt = async (learning: Promise<boolean>): Promise<boolean> =>
      (await untilAborted(this.#patiently(learning), signal)) === true
    const outcomes: RefreshOutcome[] = []
    const tried = new Set<string>()
    let account = await this.#current(given)
    for (let looks = 0; ;) {
      const able = tokenLogins(account).filter(({ revoked }) => revoked === undefined)
      const [refused, others] = [able.filter(isRefused), able.filter((login) => !isRefused(login))]
      const ready = others.find(({ tokens }) => tokens.expiresAt - this.#now > LEAST_LIFE_MS)
      const ended = ready === undefined ? [...refused, ...others].find(({ id }) => !tried.has(id)) : undefined
      if (ended === undefined || looks >= MOST_LOOKS) {
        const serving = ready ?? this.#lastResort(account, isRefused)
        if (serving === undefined) return noToken(account, outcomes)
        const isNews =
          looks < MOST_LOOKS &&
          ownerOf(serving) === undefined &&
          (await isLearnt(this.#learnForShut(serving)))
        if (!isNews) {
          if (ready !== undefined) this.#tend(ready, refused)
          return credentialOf(account, serving)
        }
      } else {
        const wish = { login: ended, rejected: isRefused(ended) ? ended.tokens.accessToken : undefined }
        const outcome = await untilAborted(this.#refresher.refresh(wish), signal)
        const isNews = await isLearnt(this.#learnBy(ended, outcome))
        if (outcome.state === "fresh" && !isNews) return credentialOf(account, outcome.login)
        outcomes.push(outcome)
        tried.add(ended.id)
        if (outcome.state !== "gone" && !isNews) continue
      }
      // It turned out meanwhile whose a login is, or that it is another account's part.
      const current = await this.#again(given)
      // It may be one person's with an account that is off, removed or suspended, whichever of the two stays.
      if (current === undefined || (isShut(current) && !isShut(given)))
        return noToken({ ...account, logins: [] }, [])
      account = this.#usable(current)
      tried.clear()
      looks += 1
    }
  }

  /** An API key, which comes after the logins, or what is left of a token's life. */
  #lastResort({ logins }: Account, isRefused: (login: Login) => boolean): Login | undefined {
    const usable = logins.filter((login) => login.revoked === undefined && !isRefused(login))
    return (
      usable.find(({ kind }) => kind === "api-key") ??
      tokenLogins({ logins: usable }).find(({ tokens }) => tokens.expiresAt > this.#now)
    )
  }

  /**
   * The accounts that this process can use, each with the logins that it can use: no login of a source that the user
   * turned off.
   */
  here(accounts: readonly Account[]): readonly Account[] {
    return accounts
      .map((account) => withLoginsThat(account, (login) => this.#isHere(login)))
      .filter(({ logins }) => logins.length > 0)
  }

  /** The same accounts with the pairs that wait for the database: a source that shows one of them brings no news. */
  waiting(accounts: readonly Account[]): readonly Account[] {
    return this.#spills.overAll(accounts)
  }

  /**
   * Asks at once whose the logins are that nobody is named for, because no account can answer: that may let one go on.
   * It takes 3 s at most.
   */
  async learnOwners(): Promise<void> {
    const accounts = this.here(await this.#dependencies.store.list({ resting: true }))
    const learning = accounts.flatMap(tokenLogins).map((login) => this.#learn(login, { urgent: true }))
    await this.#patiently(Promise.all(learning))
  }

  /**
   * Brings what is still on its way to its place, before the account is removed: a pair that waits for the database,
   * and one that its source does not have yet; and asks whose the account is, as long as it can be asked. Rejects with a
   * `StoreError` where the database goes on taking nothing.
   */
  async settle(given: Account): Promise<void> {
    // Nobody will renew it any more, which else brings to light what a killed process left.
    for (const { id } of given.logins) this.#spills.rescue(id)
    const isWaiting = given.logins.map(({ id }) => this.#spills.settle(id)).includes("waiting")
    const { store } = this.#dependencies
    // Of a pair that is not in its row when that goes, nobody would know whose it was.
    if (isWaiting) await store.mustKeep()
    const account = await this.#current((await store.get(given.id)) ?? given)
    for (const login of tokenLogins(account)) {
      await this.#patiently(this.#owners.ask(login, { urgent: true }))
      if (isOwing(login)) this.#inBackground(this.#inStep.pay(login))
    }
    await this.#quiet()
  }

  /** Waits for refreshes that were sent, and until their pairs are on the disk. */
  async close(): Promise<void> {
    const { clock } = this.#dependencies.runtime
    // Whose a login is can be asked another time.
    this.#asking.abort(new Error("closed"))
    // What was not sent by then is given up; what was sent is waited for, as long as its own deadline lets it take.
    const cancel = clock.deadline(CLOSE_PATIENCE_MS, () => this.#closing.abort(new Error("closed")))
    await this.#quiet()
    cancel()
    this.#closing.abort(new Error("closed"))
    await this.#settleFiles()
    const deadline = clock.now() + KEEP_PATIENCE_MS
    while (!this.#spills.keepAll() && clock.now() < deadline) await clock.sleep(LOOK_AGAIN_MS)
  }

  /** What waits for a login that is no more would stay for good; a database that is away may come back with its rows. */
  async #settleFiles(): Promise<void> {
    const waiting = this.#spills.inFiles()
    const accounts = waiting.length === 0 ? [] : await this.#dependencies.store.listAll().catch(() => [])
    if (accounts.length > 0) for (const id of waiting) this.#spills.settle(id)
  }

  get #now(): number {
    return this.#dependencies.runtime.clock.now()
  }

  /** What a login in use needs beside: a newer pair soon, the same pair in its store; and those refused beside it. */
  #tend(login: TokenLogin, refused: readonly TokenLogin[]): void {
    for (const other of refused)
      void this.#refresher.refresh({ login: other, rejected: other.tokens.accessToken })
    const lifeMs = login.tokens.expiresAt - this.#now
    if (login.isBehind !== true && lifeMs <= this.#dependencies.settings.tokenExpiryBufferMs)
      this.#once(`refresh ${login.id}`, () => void this.#refresher.refresh({ login }))
    if (isOwing(login))
      this.#once(`write back ${login.id}`, () => this.#inBackground(this.#inStep.pay(login)))
  }

  /** Whether it is known since whose a renewed login is, or one of those that a resting one is behind. */
  async #learnBy(login: TokenLogin, outcome: RefreshOutcome): Promise<boolean> {
    const isAtRest = outcome.state === "failed" && outcome.reason === "resting"
    if (outcome.state !== "fresh" && !isAtRest) return false
    if (outcome.state === "fresh") return this.#learnForShut(outcome.login, { urgent: true })
    const accounts = await this.#dependencies.store.listAll()
    const learnt = await Promise.all(restsBehind(accounts, login.id).map((other) => this.#learn(other)))
    if (learnt.includes(true)) return true
    // Whoever takes logins in beside us asks as well, and may have been the first to hear.
    const holder = await this.#dependencies.store.holderOf(login.id)
    return holder?.logins.find(({ id }) => id === login.id)?.isBehind !== true
  }

  /**
   * Signed in elsewhere it may be theirs who are off, removed or suspended. Its old token could not ask, or did in vain; and
   * behind a process that was killed its pair may never have been asked with.
   */
  async #learnForShut(login: Login, how: { readonly urgent?: boolean } = {}): Promise<boolean> {
    const accounts = await this.#dependencies.store.listAll()
    return accounts.some(isShut) && this.#owners.ask(login, how)
  }

  /** Asks whose the login is, with a token of its own; one that ended is renewed for it where that does no harm. */
  async #learn(login: TokenLogin, how: { readonly urgent?: boolean } = {}): Promise<boolean> {
    if (login.revoked !== undefined || ownerOf(login) !== undefined) return false
    // The answer counts for a pair that is in its row.
    this.#spills.settle(login.id)
    const current = this.#spills.over(login)
    if (current.tokens.expiresAt - this.#now > LEAST_LIFE_MS) return this.#owners.ask(current, how)
    // Whoever is held is renewed only where nobody else can answer.
    if (current.isBehind === true || (current.barred !== undefined && how.urgent !== true)) return false
    const outcome = await this.#refresher.refresh({ login: current, toAsk: true })
    return outcome.state === "fresh" ? this.#owners.ask(outcome.login, how) : false
  }

  #once(key: string, begin: () => void): void {
    const begunAt = this.#begunAt.get(key) ?? -Infinity
    // Also where the clock was set since.
    if (Math.abs(this.#now - begunAt) < QUIET_MS || this.#asking.signal.aborted) return
    this.#begunAt.set(key, this.#now)
    begin()
  }

  /** The account after every waiting pair was given to the database, with only what may be used of it here. */
  async #current(given: Account): Promise<Account> {
    const { store } = this.#dependencies
    const strange = tokenLogins(given).filter(({ barred }) => barred === "strange")
    // Where another version has the pair from it is whole.
    for (const login of strange) await this.#inStep.look(login)
    const outcomes = new Set(given.logins.map(({ id }) => this.#spills.settle(id)))
    const isNews = strange.length > 0 || outcomes.has("settled")
    // Nearly always nothing waits, which was just seen.
    if (!isNews && !outcomes.has("waiting")) return this.#mayUse(given)
    return this.#usable(isNews ? ((await store.get(given.id)) ?? given) : given)
  }

  /** The account as it is by now; `undefined` where it is no more, and other accounts are. */
  async #again(given: Account): Promise<Account | undefined> {
    const { store } = this.#dependencies
    const current = await store.get(given.id)
    // A database that can't be read just now has none.
    return current ?? ((await store.listAll()).length === 0 ? given : undefined)
  }

  #usable(account: Account): Account {
    const usable = this.#mayUse(account)
    return { ...usable, logins: usable.logins.map((login) => this.#spills.over(login)) }
  }

  #mayUse(account: Account): Account {
    return withLoginsThat(account, (login) => login.barred === undefined && this.#isHere(login))
  }

  /**
   * The login of a source that the user turned off is left to its own program, also where another one has a copy: renewing
   * it would log that out.
   */
  #isHere(login: Login): boolean {
    const { sources } = this.#dependencies
    const { places } = recordOf(login)
    if (login.source === "environment") return sources.some(({ source }) => source === "environment")
    return places.every((place) => sources.some(({ source }) => source === place.source))
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

  /** Waits no longer for whose a login is. */
  #patiently<Value>(learning: Promise<Value>): Promise<Value | undefined> {
    this.#inBackground(learning)
    return atMost(OWNER_PATIENCE_MS, learning, this.#dependencies.runtime.clock)
  }
}

/** The same account where all of its logins fit. */
function withLoginsThat(account: Account, fits: (login: Login) => boolean): Account {
  return account.logins.every(fits) ? account : { ...account, logins: account.logins.filter(fits) }
}

/** The logins that have tokens, the one that lasts longest first. */
function tokenLogins({ logins }: Pick<Account, "logins">): readonly TokenLogin[] {
  return logins
    .filter((login) => login.kind !== "api-key")
    .toSorted(
      (one, other) =>
        other.tokens.expiresAt - one.tokens.expiresAt ||
        LOGIN_SOURCES.indexOf(one.source) - LOGIN_SOURCES.indexOf(other.source),
    )
}

function noToken({ logins }: Account, outcomes: readonly RefreshOutcome[]): NoToken {
  const failed = outcomes.find((outcome) => outcome.state === "failed")
  if (failed !== undefined) return { state: "none", reason: failed.reason, message: failed.message }
  const refused = outcomes.find((outcome) => outcome.state === "refused")?.message
  const message = refused ?? logins.find(({ revoked }) => revoked !== undefined)?.revoked?.reason
  if (message === undefined && logins.length === 0)
    return { state: "none", reason: "no-login", message: "the account has no login that may be used here" }
  return { state: "none", reason: "revoked", message: message ?? "the service refused the login" }
}
