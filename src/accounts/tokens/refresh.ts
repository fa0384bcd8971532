import { REFRESH_DEADLINE_MS, refreshTokens } from "../../oauth/index.ts"
import type { Runtime } from "../../runtime.ts"
import type { Secret } from "../../secret.ts"
import { ownCommand, type Settings } from "../../settings/index.ts"
import type { Account, Login, TokenLogin, TokenSet } from "../account.ts"
import { successorsIn } from "../draft.ts"
import { afterLoginRefused, type Rest } from "../health.ts"
import { changeLogin, grantOf, ownerOf, recordOf, renewedBy, samePair, withRecord } from "../login.ts"
import { owedByRemoved } from "../owner.ts"
import { StoreError } from "../store/database.ts"
import type { AccountStore } from "../store/account-store.ts"
import { remedyOf, STATE_WORDS } from "../words.ts"
import type { InStep } from "./in-step.ts"
import { type Held, LOCK_STALE_MS, lockAt, NO_LOCK } from "./lock.ts"
import type { Spills } from "./spill.ts"

/** With less than this left, in ms, a token is not begun to be used: the request would outlive it. */
export const LEAST_LIFE_MS = 30_000
const POLL_MS = 100
/** Whoever used the refresh token up may be about to write what they got for it. */
const GRACE_MS = 1000
/** A login whose store can't be read rests for so long: its program may have renewed it. */
const UNREADABLE_MS = 3_600_000
/** A refusal without a reason counts from the second one on, so much later. */
const DOUBT_MS = 60_000

export interface RefreshWish {
  /** As it was when a newer pair was found to be needed. */
  readonly login: TokenLogin
  /** The service refused this access token, whatever its expiry says. */
  readonly rejected?: Secret | undefined
  /** It is held, and renewed only to be asked whose it is. */
  readonly toAsk?: boolean
}

export type RefreshFailure = "network" | "timeout" | "service" | "disk-full" | "database" | Rest

export type RefreshOutcome =
  | { readonly state: "fresh"; readonly login: TokenLogin }
  | { readonly state: "refused"; readonly message: string }
  | { readonly state: "failed"; readonly reason: RefreshFailure; readonly message: string }
  /** The login, or its account, is no more, or is another's part now. */
  | { readonly state: "gone" }

export interface RefresherOptions {
  readonly runtime: Runtime
  readonly store: AccountStore
  readonly settings: Pick<Settings, "endpointOverride">
  readonly lockPath: string
  readonly inStep: InStep
  readonly spills: Spills
  /** Nothing is begun any more; what was sent is waited for. */
  readonly closing: AbortSignal
  /** Runs work that nobody waits for; `close` does. */
  readonly inBackground: (work: Promise<unknown>) => void
}

/** Renews one login at a time for everybody: in this process by single flight, over all of them by a lock. */
export class Refresher {
  readonly #options: RefresherOptions
  readonly #flights = new Map<string, Promise<RefreshOutcome>>()

  constructor(options: RefresherOptions) {
    this.#options = options
  }

  /** Whoever wants a newer pair of this login meanwhile gets the same answer. Never rejects. */
  refresh(wish: RefreshWish): Promise<RefreshOutcome> {
    const { id } = wish.login
    const running = this.#flights.get(id)
    if (running !== undefined) return running
    const flight = this.#renew(wish)
      .catch(failedOutcome)
      .finally(() => this.#flights.delete(id))
    this.#flights.set(id, flight)
    this.#options.inBackground(flight)
    return flight
  }

  /** A refusal counts only where row and source still hold the pair that was refused. */
  async #renew(wish: RefreshWish): Promise<RefreshOutcome> {
    const entry = await this.#enter(wish)
    if (entry.state !== "held") return entry
    try {
      this.#options.spills.rescue(wish.login.id)
      const look = await this.#lookWhole(wish)
      if (look.state !== "stale") return look
      const outcome = await this.#exchange(look)
      if (outcome.state !== "refused") return outcome
      const again = await this.#lookWhole(wish)
      return again.state === "stale" ? await this.#believe(wish, outcome) : again
    } finally {
      await entry.release()
    }
  }

  /**
   * Whoever waits for the lock watches the row and needs no lock where the holder wrote a fresh token there. After the
   * longest refresh of somebody else, and the time until their lock is stale, compare-and-swap alone has to do. Only waits
   * count: behind a laptop's sleep the holder's answer is about to be read.
   */
  async #enter(wish: RefreshWish): Promise<RefreshOutcome | Held> {
    const { runtime, lockPath, closing } = this.#options
    const { clock, random, log } = runtime
    const tryLock = lockAt(`${lockPath}-${wish.login.id}`, log)
    for (let waitedMs = 0; ;) {
      const look = await this.#look(wish)
      if (look.state !== "stale") return look
      if (waitedMs >= REFRESH_DEADLINE_MS + LOCK_STALE_MS) return NO_LOCK
      const lock = await tryLock()
      if (lock.state === "held") return lock
      const ms = POLL_MS * (0.5 + random())
      await clock.sleep(ms, closing)
      waitedMs += ms
    }
  }

  /** The row, its places in other programs' stores, and what they made of the row; done where it is not renewed now. */
  async #lookWhole(wish: RefreshWish): Promise<RefreshOutcome | Stale> {
    const before = await this.#look(wish)
    if (before.state !== "stale") return before
    const unreadSince = await this.#options.inStep.look(before.login)
    const look = await this.#look(wish)
    if (look.state !== "stale") return look
    const { account, login } = look
    const { barred, isBehind } = login
    const rest = (reason: Rest): RefreshOutcome => {
      const message = `${STATE_WORDS[reason].because}. ${remedyOf(account, { reason }, ownCommand())}`
      return { state: "failed", reason, message }
    }
    if (barred === "strange" || (barred === "held" && wish.toAsk !== true)) return rest("held")
    if (isBehind === true) return rest("resting")
    const isAway =
      unreadSince !== undefined && this.#options.runtime.clock.now() - unreadSince < UNREADABLE_MS
    return isAway && recordOf(login).once !== true ? rest("source-away") : look
  }

  /**
   * Asks the service for a new pair and stores it in the same tick in which the answer is parsed, by compare-and-swap
   * on the old one. Room for it is set aside on the disk before the old one is given away.
   */
  async #exchange({ login }: Stale): Promise<Exchanged> {
    const { runtime, settings, spills, store, closing, inBackground } = this.#options
    const refused = (message: string): Refused => ({ state: "refused", message, sent: login.tokens })
    const grant = grantOf(login)
    if (grant === undefined) return refused("the login has no refresh token")
    const room = spills.reserve(login.id)
    try {
      if (room === "full") return DISK_FULL
      // Nothing is rotated where a new pair would have no home on the disk.
      if (store.kept === "memory" || room === "impossible") await store.mustKeep()
      closing.throwIfAborted()
      const { endpointOverride } = settings
      const result = await refreshTokens({ runtime, grant, endpointOverride })
      switch (result.outcome) {
        case "tokens": {
          const { tokens, profileArn } = result
          const swap = { loginId: login.id, before: login.tokens, after: tokens }
          const row = spills.save(swap)
          const renewed = renewedBy(login, swap)
          inBackground(this.#pay(renewed, row))
          // A social login learns its profile with its first refresh; one that it has stays.
          if (row === "written" && profileArn !== undefined)
            inBackground(
              store.updateLogin(login.id, (held) =>
                held.profileArn === undefined ? { ...held, profileArn } : held,
              ),
            )
          return { state: "fresh", login: renewed }
        }
        case "suspected":
        case "refused":
          return {
            ...refused(refusalOf(login, result.message, runtime.clock.now())),
            unexplained: result.outcome === "suspected",
          }
        case "failed":
          return { state: "failed", reason: result.reason, message: result.message }
        default:
          return result satisfies never
      }
    } finally {
      spills.free(login.id)
    }
  }

  /**
   * Gives its programs the pair. Who changed the row, or had the database when the pair came, may have removed the account:
   * its program would be logged out, or bring it back by a pair that nobody knows.
   */
  async #pay(renewed: TokenLogin, row: ReturnType<Spills["save"]>): Promise<void> {
    const { store, inStep, spills, runtime, closing } = this.#options
    if (row !== "changed") await inStep.pay(renewed)
    if (row === "written") return
    if (row === "spilled") await runtime.clock.sleep(GRACE_MS, closing)
    spills.settle(renewed.id)
    await store.reconcile((accounts) => owedByRemoved(accounts, renewed))
    await inStep.pay(renewed)
  }

  /**
   * Rule 3: the login is over, unless the refusal gives no reason and is the first such, or a newer sign-in stands in its place,
   * behind which it rests. A refused early refresh leaves a token alone that is still valid.
   */
  async #believe(wish: RefreshWish, { sent, unexplained, message }: Refused): Promise<RefreshOutcome> {
    const { store, runtime, spills, closing } = this.#options
    await runtime.clock.sleep(GRACE_MS, closing)
    const look = await this.#look(wish)
    if (look.state !== "stale") return look
    const { account, login } = look
    const now = runtime.clock.now()
    const { doubted } = recordOf(login)
    const isFirst = doubted === undefined || doubted > now
    const isDoubtful = unexplained === true && (isFirst || now - doubted < DOUBT_MS)
    if (!isDoubtful && wish.rejected === undefined && sent.expiresAt > now)
      return { state: "refused", message }
    await store.update(account.id, (row) => {
      const held = row.logins.find(({ id }) => id === login.id)
      if (held === undefined || held.kind === "api-key" || !samePair(spills.over(held).tokens, sent))
        return row
      const become = (next: Login): Account => changeLogin(row, held.id, () => next)
      if (isDoubtful) return isFirst ? become(withRecord(held, { doubted: now })) : row
      const over = withRecord(held, { once: undefined })
      return successorsIn(held).length > 0 && ownerOf(held) === undefined
        ? become({ ...over, revoked: { at: now, reason: message } })
        : afterLoginRefused(become(over), { loginId: held.id, reason: message, now })
    })
    return isDoubtful ? { state: "failed", reason: "service", message } : { state: "refused", message }
  }

  /** Reads the row again: another process may have renewed, refused or removed the login since. */
  async #look(wish: RefreshWish): Promise<RefreshOutcome | Stale> {
    const { spills, runtime, store } = this.#options
    spills.settle(wish.login.id)
    const account = await store.holderOf(wish.login.id)
    const found = account?.logins.find(({ id }) => id === wish.login.id)
    if (account === undefined || found === undefined || found.kind === "api-key") return { state: "gone" }
    const login = spills.over(found)
    if (isNews({ login, wish, now: runtime.clock.now() })) return { state: "fresh", login }
    if (login.revoked !== undefined) return { state: "refused", message: login.revoked.reason }
    return { state: "stale", account, login }
  }
}

const DISK_FULL = {
  state: "failed",
  reason: "disk-full",
  message: "the disk is full: a new token could not be kept",
} as const

interface Refused {
  readonly state: "refused"
  readonly message: string
  readonly sent: TokenSet
  /** The service did not say why. */
  readonly unexplained?: boolean
}

type Exchanged = Exclude<RefreshOutcome, { readonly state: "refused" }> | Refused

interface Stale {
  readonly state: "stale"
  readonly account: Account
  readonly login: TokenLogin
}

/** Whether the login holds an access token that was not known to be needed replacing, and that can be used. */
function isNews({
  login,
  wish,
  now,
}: {
  readonly login: TokenLogin
  readonly wish: RefreshWish
  readonly now: number
}): boolean {
  const { accessToken, expiresAt } = login.tokens
  if (login.barred !== undefined) return false
  if (accessToken.equals(wish.login.tokens.accessToken) || wish.rejected?.equals(accessToken) === true)
    return false
  return login.revoked === undefined && expiresAt - now > LEAST_LIFE_MS
}

function refusalOf(login: TokenLogin, message: string, now: number): string {
  const expired =
    login.kind === "idc" && login.client.expiresAt !== undefined && login.client.expiresAt <= now
  return expired ? `the device registration has expired (${message})` : message
}

function failedOutcome(error: unknown): RefreshOutcome {
  if (error instanceof StoreError) return { state: "failed", reason: "database", message: error.message }
  const message = error instanceof Error ? error.message : "the token could not be refreshed"
  return { state: "failed", reason: "service", message }
}
