import { type Account, afterUsage, learnIdentity, type Login, newAccount } from "../../accounts/index.ts"
import type { UsageLimits } from "../../kiro/index.ts"
import type { LoginDependencies } from "./dependencies.ts"

export interface Kept {
  readonly account: Account
  /** The person had an account here already. */
  readonly known: boolean
}

interface Unsettled extends Kept {
  readonly login: Login
  readonly identity: UsageLimits | undefined
}

/** Stores a new login at once. An API key that is here already is not stored twice. */
export async function keepLogin(
  { runtime, store }: LoginDependencies,
  login: Login,
): Promise<Kept & { readonly login: Login }> {
  for (const account of await store.list()) {
    const same = account.logins.find((other) => isSameKey(other, login))
    if (same !== undefined) return { account, known: true, login: same }
  }
  const account = newAccount({ id: runtime.randomUUID(), now: runtime.clock.now(), logins: [login] })
  return { account: await store.add(account), known: false, login }
}

/**
 * Gives a stored login to the person whom the service named, and makes it count: a sign-in by hand enables the account
 * again and ends what only a sign-in can end. A suspension ends only if the service answered.
 */
export async function settleLogin(dependencies: LoginDependencies, kept: Unsettled): Promise<Kept> {
  const { login, identity } = kept
  const { runtime, store } = dependencies
  const now = runtime.clock.now()
  const owner = await ownerOf(dependencies, kept)
  const account = await store.update(owner.id, (current) => {
    const counting: Account = {
      ...current,
      enabled: true,
      logins: current.logins
        .filter((other) => other.id === login.id || !isReplaced(other, login))
        .map(unrevoked(login)),
      health: isOver(current, identity !== undefined) ? { state: "ok" } : current.health,
    }
    const quota = identity?.quota
    return quota === undefined ? counting : afterUsage(counting, { ...quota, checkedAt: now }, now)
  })
  return { account: account ?? kept.account, known: kept.known || owner.known }
}

async function ownerOf(
  { runtime, store }: LoginDependencies,
  { account, login, identity }: Unsettled,
): Promise<{ readonly id: string; readonly known: boolean }> {
  const userId = identity?.userId
  if (userId === undefined) return { id: account.id, known: false }
  const email = identity?.email === undefined ? {} : { email: identity.email }
  const { absorb } = await store.reconcile((accounts) =>
    learnIdentity(accounts, {
      accountId: account.id,
      loginId: login.id,
      userId,
      ...email,
      now: runtime.clock.now(),
      newId: () => runtime.randomUUID(),
    }),
  )
  const owner = (await store.list()).find((each) => each.logins.some(({ id }) => id === login.id))
  return {
    id: owner?.id ?? account.id,
    known: absorb.length > 0 || (owner !== undefined && owner.id !== account.id),
  }
}

function isOver({ health }: Account, answered: boolean): boolean {
  if (health.state === "cooling") return health.reason === "not-authorized"
  return health.state === "revoked" && (health.reason !== "suspended" || answered)
}

/** An earlier sign-in of our own at the same place: the new one takes its part. */
function isReplaced(earlier: Login, login: Login): boolean {
  if (earlier.source !== "own" || login.source !== "own") return false
  if (earlier.kind === "idc" && login.kind === "idc")
    return earlier.startUrl === login.startUrl && earlier.loginRegion === login.loginRegion
  return earlier.kind === "social" && login.kind === "social" && earlier.provider === login.provider
}

function unrevoked(login: Login): (other: Login) => Login {
  return (other) => {
    if (other.id !== login.id || other.revoked === undefined) return other
    const { revoked: _, ...rest } = other
    return rest
  }
}

function isSameKey(one: Login, other: Login): boolean {
  return (
    one.kind === "api-key" && other.kind === "api-key" && one.source === "own" && one.key.equals(other.key)
  )
}
