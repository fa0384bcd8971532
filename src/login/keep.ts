import {
  type Account,
  type AccountStore,
  actedNow,
  afterChoiceWanted,
  afterUsage,
  changeLogin,
  chooseProfile,
  foundProfile,
  isLocked,
  isLocking,
  learnIdentity,
  lockedBy,
  type Login,
  newAccount,
  replaceRefused,
  withoutRevocation,
} from "../accounts/index.ts"
import { type ControlClient, fetchModels, fetchOwner, targetOf } from "../gateway/index.ts"
import type { KiroFailure, KiroProfile, UsageLimits } from "../kiro/index.ts"
import { present } from "../json.ts"
import type { Settings } from "../settings/index.ts"
import { findProfile, type ProfileChoice } from "./profile.ts"

/** What a sign-in needs of the account store. */
export type LoginStore = Pick<
  AccountStore,
  | "mustKeep"
  | "get"
  | "holderOf"
  | "list"
  | "listAll"
  | "add"
  | "update"
  | "reconcile"
  | "registration"
  | "saveRegistration"
  | "setModelList"
>

export interface Keeping {
  readonly client: ControlClient
  readonly store: LoginStore
  readonly settings: Settings
  /** Lets the hosts' lists follow what the store knows of models. */
  readonly offerModels: () => Promise<void>
  readonly signal: AbortSignal
}

/** What the service says of a login when it is asked whose it is. */
export type LearntUsage =
  /** Empty where the service has no usage for such an account. */
  | { readonly outcome: "known"; readonly limits: UsageLimits }
  | { readonly outcome: "failed"; readonly failure: KiroFailure }

export interface ApprovedLogin {
  readonly login: Login
  /** The profile that the user named. */
  readonly asked?: string | undefined
  /** Known already, where the sign-in could only be judged by it. */
  readonly owner?: LearntUsage | undefined
  /** The account that the user wants signed in again. */
  readonly again?: string | undefined
}

/** A login that is stored, with an account that may turn out to be the same person's as another one. */
export interface KeptLogin {
  readonly account: Account
  readonly login: Login
  /** The person had an account here already. */
  readonly known: boolean
  /** Nobody was ever signed in here before. */
  readonly first: boolean
  /** The account that was to be signed in again. */
  readonly again?: string | undefined
}

/** What became of an approved sign-in. */
export interface LoginReport extends KeptLogin {
  readonly profile: ProfileChoice
  readonly profiles: readonly KiroProfile[]
  /** The number of models; absent where the list could not be fetched. */
  readonly models?: number
  /** The account that the user wanted signed in again, where this is somebody else's sign-in. */
  readonly mistaken?: Account
  /** Why the owner or the models are not known yet. */
  readonly failure?: KiroFailure
}

/**
 * Keeps the tokens of an approved sign-in, at once and before anything else; then learns profile, owner and models as
 * far as the service answers. A hiccup of those never takes the login away.
 */
export async function completeLogin(keeping: Keeping, approved: ApprovedLogin): Promise<LoginReport> {
  const { store } = keeping
  const kept = await keepLogin(keeping, approved.login)
  const question = { asked: approved.asked, login: kept.login, accounts: await store.list() }
  const { profile, profiles } = await findProfile(keeping, question)
  const { id: loginId } = kept.login
  const profileArn = profile.state === "chosen" ? profile.arn : undefined
  const account =
    profileArn === undefined
      ? kept.account
      : // The profile alone: another process may have renewed the tokens meanwhile.
        await store.update(kept.account.id, (current) => foundProfile(current, { loginId, profileArn }))
  const login = withProfile(kept.login, profileArn)
  // Of several profiles any names the owner; the credits may differ from one to the other.
  const owner = approved.owner ?? (await askOwner(keeping, withProfile(login, profiles[0]?.arn)))
  const signedIn = { ...kept, account: account ?? kept.account, login, again: approved.again }
  const report = await learnAbout(keeping, signedIn, { owner, profile })
  const { asked } = approved
  if (profile.state === "open") {
    const earlier = profiles.find(({ arn }) => arn === report.account.profileArn)
    if (earlier !== undefined) {
      const models = await learnModels(keeping, report.account, login)
      return { ...report, ...models, profile: { state: "chosen", arn: earlier.arn, listed: true }, profiles }
    }
    const choice = { profiles: profiles.map(({ arn }) => arn), now: keeping.client.runtime.clock.now() }
    await store.update(report.account.id, (current) => afterChoiceWanted(current, choice))
  }
  // A profile that the user chose for the account earlier gives way to the one named now.
  if (asked === undefined || (report.account.profileArn ?? asked) === asked)
    return { ...report, profile, profiles }
  const chosen = await store.update(report.account.id, (current) => chooseProfile(current, asked))
  return { ...report, account: chosen ?? report.account, profile, profiles }
}

/** What is known of a stored login beside its tokens. */
interface Learnt {
  readonly owner: LearntUsage
  readonly profile?: ProfileChoice
}

/** Writes down what was learnt of a stored login, and asks the service for its models. */
export async function learnAbout(keeping: Keeping, kept: KeptLogin, about: Learnt): Promise<LoginReport> {
  const { owner, profile = { state: "not-needed" } } = about
  const recorded = await recordOwner(keeping, kept, about)
  const other = kept.again === recorded.account.id ? undefined : kept.again
  const mistaken = other === undefined ? undefined : await keeping.store.get(other)
  const learnt = { ...kept, ...recorded, profile, profiles: [], ...present({ mistaken }) }
  if (profile.state === "open") return learnt
  const models = await learnModels(keeping, learnt.account, kept.login)
  if (owner.outcome === "failed") return { ...learnt, ...models, failure: owner.failure }
  return { ...learnt, ...models }
}

/**
 * Stores a new login at once. An API key that is here already is not stored twice, also where several windows find it at
 * the same time; given again it is its user's latest act. Rejects with a `StoreError`.
 */
export async function keepLogin({ client, store }: Keeping, login: Login): Promise<KeptLogin> {
  const all = await store.listAll()
  const { clock, randomUUID } = client.runtime
  const now = clock.now()
  const actedAt = actedNow(all, now)
  const first = all.length === 0
  const account = { ...newAccount({ id: randomUUID(), now, logins: [login] }), record: { actedAt } }
  if (login.kind !== "api-key") return { account: await store.add(account), known: false, login, first }
  await store.mustKeep()
  const { put } = await store.reconcile((accounts) => {
    // An account that was removed has no key any more.
    const known = accounts.find(({ logins }) => logins.some((other) => isSameKey(other, login)))
    return { put: [known ? { ...known, record: { ...known.record, actedAt } } : account], gone: [] }
  })
  const [kept = account] = put
  const same = kept.logins.find((other) => isSameKey(other, login)) ?? login
  return { account: kept, known: kept.id !== account.id, login: same, first }
}

/** Whose a login is, asked with its own token and profile. */
export async function askOwner({ client, settings, signal }: Keeping, login: Login): Promise<LearntUsage> {
  const answer = await fetchOwner({ client, login, defaultRegion: settings.defaultRegion, signal })
  return answer.outcome === "unsupported" ? { outcome: "known", limits: {} } : answer
}

/** Fetches and keeps the account's live model list. */
async function learnModels(
  { client, settings, store, offerModels, signal }: Keeping,
  account: Account,
  login: Login,
): Promise<{ readonly models: number } | { readonly failure: KiroFailure }> {
  const asked = { ...login, ...present({ profileArn: account.profileArn }) }
  const place = targetOf(asked, settings.defaultRegion)
  if (place.outcome === "failed") return { failure: place.failure }
  const list = await fetchModels(client, place.target, signal)
  if (list.outcome === "failed") return { failure: list.failure }
  const { serviceRegion } = place.target
  const fetchedAt = client.runtime.clock.now()
  await store.setModelList({ accountId: account.id, serviceRegion, models: list.items, fetchedAt })
  await offerModels()
  return { models: list.items.length }
}

function withProfile(login: Login, profileArn: string | undefined): Login {
  return login.profileArn !== undefined || profileArn === undefined ? login : { ...login, profileArn }
}

/**
 * Gives a stored login to the person whom the service named, and makes it count: an act of the user enables the account
 * again and ends what only such an act can end, as far as the login is new or the service took it.
 */
async function recordOwner(
  keeping: Keeping,
  kept: KeptLogin,
  { owner, profile }: Learnt,
): Promise<{ readonly account: Account; readonly known: boolean }> {
  const { login } = kept
  const now = keeping.client.runtime.clock.now()
  const found = await accountOfOwner(keeping, kept, owner)
  const account = await keeping.store.update(found.id, (current) => {
    const counting = counted(current, { login, fresh: !kept.known, answered: owner.outcome === "known" })
    if (owner.outcome === "known") {
      const { quota } = owner.limits
      return quota === undefined || profile?.state === "open"
        ? counting
        : afterUsage(counting, { ...quota, checkedAt: now }, now)
    }
    return isLocking(owner.failure) ? lockedBy(counting, owner.failure, now) : counting
  })
  return { account: account ?? kept.account, known: kept.known || found.known }
}

async function accountOfOwner(
  { client, store }: Keeping,
  { account, login, again }: KeptLogin,
  asked: LearntUsage,
): Promise<{ readonly id: string; readonly known: boolean }> {
  const { userId, email } = asked.outcome === "known" ? asked.limits : {}
  const now = client.runtime.clock.now()
  if (userId === undefined && again === undefined) return { id: account.id, known: false }
  const { gone } = await store.reconcile((accounts) => {
    if (userId !== undefined) return learnIdentity(accounts, { login, userId, now, ...present({ email }) })
    const actedAt = actedNow(accounts, now)
    return replaceRefused(accounts, { loginId: login.id, accountId: again ?? "", now: actedAt })
  })
  const owner = await store.holderOf(login.id)
  return {
    id: owner?.id ?? account.id,
    known: gone.length > 0 || (owner !== undefined && owner.id !== account.id),
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
  return {
    ...(good ? changeLogin(account, login.id, withoutRevocation) : account),
    enabled: true,
    health: good && isOver(account, proof) ? { state: "ok" } : account.health,
  }
}

function isOver(account: Account, { answered }: Proof): boolean {
  const { health } = account
  if (health.state === "cooling") return health.reason === "not-authorized"
  return health.state === "revoked" && (!isLocked(account) || answered)
}

function isSameKey(one: Login, other: Login): boolean {
  return (
    one.kind === "api-key" && other.kind === "api-key" && one.source === "own" && one.key.equals(other.key)
  )
}
