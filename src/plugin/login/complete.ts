import { type Account, chooseProfile, type Login } from "../../accounts/index.ts"
import type { KiroFailure, KiroProfile, UsageLimits } from "../../kiro/index.ts"
import type { Failed } from "./control.ts"
import type { LoginDependencies } from "./dependencies.ts"
import { type Kept, keepLogin, type KeptLogin, settleLogin } from "./keep.ts"
import { pickProfile, type ProfileChoice } from "./profile.ts"

/** What became of an approved sign-in. */
export interface LoginReport extends Kept {
  readonly profile: ProfileChoice | { readonly unknown: KiroFailure } | { readonly notNeeded: true }
  readonly profiles: readonly KiroProfile[]
  /** The number of models, or why the list could not be fetched. */
  readonly models: number | Failed
  /** Why the identity is not known yet. */
  readonly failure?: KiroFailure
}

export interface ApprovedLogin {
  readonly login: Login
  /** Such a login can't do without a profile. */
  readonly identityCenter: boolean
  /** The profile that the user named. */
  readonly asked?: string | undefined
  /** Known already, where the sign-in could only be judged by it. */
  readonly identity?: UsageLimits
}

/**
 * Keeps the tokens of an approved sign-in, at once and before anything else; then learns profile, identity and models
 * as far as the service answers. A hiccup of those never takes the login away.
 */
export async function completeLogin(
  dependencies: LoginDependencies,
  approved: ApprovedLogin,
): Promise<LoginReport> {
  const { store } = dependencies
  const kept = await keepLogin(dependencies, approved.login)

  const found = await findProfile(dependencies, { ...approved, login: kept.login })
  const login = "chosen" in found.profile ? { ...kept.login, profileArn: found.profile.chosen } : kept.login
  if (login !== kept.login) await store.update(kept.account.id, (current) => withProfile(current, login))

  const learnt = await learnAbout(dependencies, { ...kept, login, identity: approved.identity })
  const account = await respectAsked(dependencies, learnt.account, approved.asked)
  return { ...learnt, ...found, account }
}

/** Asks the service whose a stored login is, and for its models. */
export async function learnAbout(
  dependencies: LoginDependencies,
  kept: KeptLogin & { readonly identity?: UsageLimits | undefined },
): Promise<Kept & Pick<LoginReport, "models" | "failure">> {
  const { control, signal } = dependencies
  const { login } = kept
  const answer = kept.identity ?? (await control.identity(login, signal))
  const failed = "failure" in answer
  const settled = await settleLogin(dependencies, kept, answer)
  const models = await control.models(settled.account, login, signal)
  return { ...settled, models, ...(failed ? { failure: answer.failure } : {}) }
}

/** A profile that the user chose for the account earlier gives way to the one named now. */
async function respectAsked(
  { store }: LoginDependencies,
  account: Account,
  asked: string | undefined,
): Promise<Account> {
  if (asked === undefined || account.profileArn === undefined || account.profileArn === asked) return account
  return (await store.update(account.id, (current) => chooseProfile(current, asked))) ?? account
}

async function findProfile(
  { control, settings, store, signal }: LoginDependencies,
  { login, identityCenter, asked }: ApprovedLogin,
): Promise<Pick<LoginReport, "profile" | "profiles">> {
  if (login.kind === "api-key" || login.profileArn !== undefined)
    return { profile: { notNeeded: true }, profiles: [] }
  const { profiles, failure } = await control.profiles(login, signal)
  const profile = pickProfile({
    asked,
    configured: identityCenter ? settings.idcProfileArn : undefined,
    profiles,
    login,
    accounts: await store.list(),
  })
  if (failure !== undefined && "chosen" in profile) return { profile: { ...profile, known: true }, profiles }
  if ("none" in profile && !identityCenter) return { profile: { notNeeded: true }, profiles }
  if ("none" in profile && failure !== undefined) return { profile: { unknown: failure }, profiles }
  return { profile, profiles }
}

/** The profile alone: another process may have renewed the tokens meanwhile. */
function withProfile(account: Account, { id, profileArn }: Login): Account {
  if (profileArn === undefined) return account
  return {
    ...account,
    logins: account.logins.map((each) => (each.id === id ? { ...each, profileArn } : each)),
  }
}
