import { present } from "../../json.ts"
import type { UsageLimits } from "../../kiro/index.ts"
import type { Clock, Log } from "../../runtime.ts"
import type { Account, Login } from "../account.ts"
import { afterUsage } from "../health.ts"
import { offlineOwner, ownerOf, recordOf, withRecord } from "../login.ts"
import { learnIdentity } from "../owner.ts"
import type { AccountStore } from "../store/account-store.ts"

/** What the service said to what a login has used, which tells whose it is. */
export type OwnerAnswer =
  | { readonly outcome: "known"; readonly limits: UsageLimits }
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
        : { outcome: "known", limits: { userId: offline } }
    const now = clock.now()
    if (answer.outcome === "known" && answer.limits.userId !== undefined) {
      const kept = await keepUsage(store, { login, limits: answer.limits, now })
      if (kept !== undefined) measured?.(kept.before, kept.after)
      return true
    }
    await store.updateLogin(login.id, (row) => {
      const times = (recordOf(row).asked?.times ?? 0) + 1
      const unsupported = answer.outcome === "unsupported" || undefined
      return withRecord(row, { asked: { at: now, times, ...present({ unsupported }) } })
    })
    return false
  }
}

/** Keeps whose a login is and what their account has used, as far as the answer tells: the account as it was and is now. */
export async function keepUsage(
  store: AccountStore,
  learnt: { readonly login: Login; readonly limits: UsageLimits; readonly now: number },
): Promise<{ readonly before: Account; readonly after: Account } | undefined> {
  const { login, limits, now } = learnt
  const { userId, email, quota } = limits
  if (userId !== undefined)
    await store.reconcile((accounts) =>
      learnIdentity(accounts, { login, userId, now, ...present({ email }) }),
    )
  const before = await store.holderOf(login.id)
  if (before === undefined) return undefined
  const after = await store.update(before.id, (account) =>
    quota === undefined ? account : afterUsage(account, { ...quota, checkedAt: now }, now),
  )
  return after && { before, after }
}
