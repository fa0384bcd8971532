import {
  type Account,
  afterFailure,
  afterUsage,
  isLocked,
  isLocking,
  learnIdentity,
  type Login,
  newAccount,
  withoutRevocation,
} from "../../accounts/index.ts"
import type { UsageLimits } from "../../kiro/index.ts"
import type { Failed } from "./control.ts"
import type { LoginDependencies } from "./dependencies.ts"

export interface Kept {
  readonly account: Account
  /** The person had an account here already. */
  readonly known: boolean
}

/** A login that is stored, with an account that may turn out to be the same person's as another one. */
export interface KeptLogin extends Kept {
  readonly login: Login
}

/** Stores a new login at once. An API key that is here already is not stored twice. */
export async function keepLogin({ runtime, store }: LoginDependencies, login: Login): Promise<KeptLogin> {
  for (const account of await store.list()) {
    const same = account.logins.find((other) => isSameKey(other, login))
    if (same !== undefined) return { account, known: true, login: same }
  }
  const account = newAccount({ id: runtime.randomUUID(), now: runtime.clock.now(), logins: [login] })
  return { account: await store.add(account), known: false, login }
}

/**
 * Gives a stored login to the person whom the service named, and makes it count: an act of the user enables the account
 * again and ends what only such an act can end, as far as the login is new or the service took it.
 */
export async function settleLogin(
  dependencies: LoginDependencies,
  kept: KeptLogin,
  answer: UsageLimits | Failed,
): Promise<Kept> {
  const { login } = kept
  const { runtime, store } = dependencies
  const now = runtime.clock.now()
  const identity = "failure" in answer ? undefined : answer
  const owner = await ownerOf(dependencies, kept, identity)
  const account = await store.update(owner.id, (current) => {
    const counting = counted(current, { login, fresh: !kept.known, answered: identity !== undefined })
    if (identity?.quota !== undefined) return afterUsage(counting, { ...identity.quota, checkedAt: now }, now)
    return "failure" in answer && isLocking(answer.failure)
      ? afterFailure(counting, answer.failure, { now, throttleDelayMs: 0, random: 0 })
      : counting
  })
  return { account: account ?? kept.account, known: kept.known || owner.known }
}

async function ownerOf(
  { runtime, store }: LoginDependencies,
  { account, login }: KeptLogin,
  identity: UsageLimits | undefined,
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

interface Proof {
  readonly login: Login
  /** Its tokens were just given out. */
  readonly fresh: boolean
  /** The service took it. */
  readonly answered: boolean
}

function counted(account: Account, proof: Proof): Account {
  const { login, fresh, answered } = proof
  const good = fresh || answered
  const logins = account.logins.filter((other) => other.id === login.id || !isReplaced(other, login))
  return {
    ...account,
    enabled: true,
    logins: good ? logins.map((each) => (each.id === login.id ? withoutRevocation(each) : each)) : logins,
    health: good && isOver(account, proof) ? { state: "ok" } : account.health,
  }
}

function isOver(account: Account, { answered }: Proof): boolean {
  const { health } = account
  if (health.state === "cooling") return health.reason === "not-authorized"
  return health.state === "revoked" && (!isLocked(account) || answered)
}

/** An earlier sign-in of our own at the same place: the new one takes its part. */
function isReplaced(earlier: Login, login: Login): boolean {
  if (earlier.source !== "own" || login.source !== "own") return false
  if (earlier.kind === "idc" && login.kind === "idc")
    return earlier.startUrl === login.startUrl && earlier.loginRegion === login.loginRegion
  return earlier.kind === "social" && login.kind === "social" && earlier.provider === login.provider
}

function isSameKey(one: Login, other: Login): boolean {
  return (
    one.kind === "api-key" && other.kind === "api-key" && one.source === "own" && one.key.equals(other.key)
  )
}
