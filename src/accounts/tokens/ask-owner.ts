import { present } from "../../json.ts"
import type { Clock, Log } from "../../runtime.ts"
import type { Account, Login, Quota } from "../account.ts"
import { afterUsage } from "../health.ts"
import { offlineOwner, ownerOf, recordOf, withRecord } from "../login.ts"
import { learnIdentity } from "../owner.ts"
import type { AccountStore } from "../store/account-store.ts"

/** What the service said to who a login is. */
export type OwnerAnswer =
  | {
      readonly outcome: "known"
      readonly userId: string
      readonly email?: string
      /** The same call says what the account has used. */
      readonly quota?: Omit<Quota, "checkedAt">
    }
  /** Some companies do not let their people ask. */
  | { readonly outcome: "unsupported" }
  | { readonly outcome: "failed" }

/** Asks with the login's own token and profile, never with another login's. Rejects only with the reason of the signal. */
export type Identify = (login: Login, signal?: AbortSignal) => Promise<OwnerAnswer>

/** The longest that a request waits for the answer to whose a login is, in ms. */
export const OWNER_PATIENCE_MS = 3000

/** After an answer in vain it is asked again, in ms: soon, then ever less often. */
const FIRST_WAIT_MS = 60_000
const LONGEST_WAIT_MS = 15 * 60_000
const UNSUPPORTED_WAIT_MS = 24 * 3_600_000

export interface OwnersDependencies {
  readonly store: AccountStore
  readonly identify?: Identify | undefined
  /** What the answer said of an account's credits is kept. */
  readonly measured?: ((before: Account, after: Account) => void) | undefined
  readonly clock: Clock
  readonly log: Log
  /** Nobody waits for the answers any more. */
  readonly signal?: AbortSignal | undefined
}

/** Learns whose a login is. */
export class Owners {
  readonly #dependencies: OwnersDependencies
  readonly #running = new Map<string, Promise<boolean>>()

  constructor(dependencies: OwnersDependencies) {
    this.#dependencies = dependencies
  }

  /** Whether the owner was not known and is now. `urgent`: no account can answer, so it is asked at once. */
  ask(login: Login, { urgent = false }: { readonly urgent?: boolean } = {}): Promise<boolean> {
    const running = this.#running.get(login.id)
    if (running !== undefined) return running
    if (!this.#isDue(login, urgent)) return Promise.resolve(false)
    const asking = this.#ask(login)
      .catch((error: unknown) => {
        const { log, signal } = this.#dependencies
        if (signal?.aborted !== true) log.warn("the owner of a login was not learnt", { error })
        return false
      })
      .finally(() => this.#running.delete(login.id))
    this.#running.set(login.id, asking)
    return asking
  }

  #isDue(login: Login, urgent: boolean): boolean {
    const { identify, clock } = this.#dependencies
    if (ownerOf(login) !== undefined) return false
    if (offlineOwner(login) !== undefined) return true
    const now = clock.now()
    const isOver = login.kind !== "api-key" && login.tokens.expiresAt <= now
    if (identify === undefined || isOver || login.barred === "strange") return false
    const { asked } = recordOf(login)
    if (asked === undefined || asked.at > now) return true
    if (asked.unsupported === true) return now - asked.at >= UNSUPPORTED_WAIT_MS
    return urgent || now - asked.at >= Math.min(FIRST_WAIT_MS * 2 ** (asked.times - 1), LONGEST_WAIT_MS)
  }

  async #ask(login: Login): Promise<boolean> {
    const { identify, measured, store, clock, signal } = this.#dependencies
    const offline = offlineOwner(login)
    const answer: OwnerAnswer =
      offline === undefined
        ? ((await identify?.(login, signal)) ?? { outcome: "failed" })
        : { outcome: "known", userId: offline }
    const now = clock.now()
    if (answer.outcome !== "known") {
      const isUnsupported = answer.outcome === "unsupported"
      await store.updateLogin(login.id, (row) => {
        const times = (recordOf(row).asked?.times ?? 0) + 1
        return withRecord(row, {
          asked: { at: now, times, ...(isUnsupported && { unsupported: true }) },
        })
      })
      return false
    }
    const { userId, email, quota } = answer
    await store.reconcile((accounts) =>
      learnIdentity(accounts, { login, userId, now, ...present({ email }) }),
    )
    const account = await store.holderOf(login.id)
    if (quota === undefined || account === undefined) return true
    const usage = { ...quota, checkedAt: now }
    const after = await store.update(account.id, (current) => afterUsage(current, usage, now))
    if (after !== undefined) measured?.(account, after)
    return true
  }
}
