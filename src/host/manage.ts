import {
  type Account,
  accountName,
  chooseProfile,
  creditsText,
  disableAccount,
  enableAccount,
  isIdentityCenter,
  localDay,
  loginRegionOf,
  remedyOf,
  shortState,
  STATE_WORDS,
  stateOf,
} from "../accounts/index.ts"
import { fetchProfiles, type OpenAccounts } from "../gateway/index.ts"
import type { KiroProfile } from "../kiro/index.ts"
import { present } from "../json.ts"
import type { Logins, SignIn } from "../login/index.ts"
import type { Runtime } from "../runtime.ts"
import { ownCommand, type Paths, saveProjectRule, type Settings } from "../settings/index.ts"

/** What a person can do with an account from inside a host. Plain values: they may cross a process. */
export type AccountAct =
  | { readonly act: "use-for-session"; readonly account: string; readonly sessionId: string }
  | { readonly act: "use-for-project"; readonly account: string; readonly project: string }
  /** An empty name gives the account its own back. */
  | { readonly act: "rename"; readonly account: string; readonly name: string }
  | { readonly act: "enable" | "disable" | "remove"; readonly account: string }
  | { readonly act: "choose-profile"; readonly account: string; readonly profileArn: string }
  /** The credit budget of this local day. */
  | { readonly act: "lift-budget" }

/** A sentence about what was done, or about why it could not be. */
export interface ActDone {
  readonly outcome: "done" | "refused"
  readonly message: string
}

/** An account on a line: "ok · 812.40 / 2000.00 credits used". */
export interface AccountLine {
  readonly id: string
  readonly name: string
  readonly state: string
  /** Why it wants its user, and what to do; absent where it does not. */
  readonly need?: string
}

export interface Management {
  list(): Promise<readonly AccountLine[]>
  /** Never rejects for what a person did; with a `StoreError` where the store can't be written. */
  act(act: AccountAct): Promise<ActDone>
  /** Those that the account's login has in all service regions. */
  profiles(account: string): Promise<readonly KiroProfile[]>
  /** Begins the sign-in that the account was made by; rejects with a `LoginError`, or where there is none of its kind. */
  signInAgain(account: string): Promise<SignIn>
}

export function manageAccounts(options: {
  readonly accounts: OpenAccounts
  readonly logins: Logins
  readonly settings: Settings
  readonly paths: Pick<Paths, "settingsFile">
  readonly runtime: Pick<Runtime, "clock" | "randomUUID">
}): Management {
  const { logins, settings, paths, runtime } = options
  const { store, tokens, lookUps, client } = options.accounts
  const find = async (id: string): Promise<Account> => {
    const account = await store.get(id)
    if (account === undefined || account.removedAt !== undefined)
      throw new Error("The account is gone: it was removed elsewhere.")
    return account
  }
  const change = async (id: string, to: (account: Account) => Account, words: string): Promise<ActDone> => {
    const before = await find(id)
    const changed = (await store.update(id, to)) ?? before
    await lookUps.offerModels()
    const now = runtime.clock.now()
    const state = stateOf(changed, { now, useOverage: settings.useOverage })
    const isHeld = state.reason !== "ready" && state.reason !== "disabled"
    return done(`${accountName(changed)} ${words}${isHeld ? `, but ${shortState(state, now)}` : ""}.`)
  }

  const perform = async (act: AccountAct): Promise<ActDone> => {
    switch (act.act) {
      case "use-for-session": {
        const account = await find(act.account)
        await store.updateSession(act.sessionId, (memory) => ({ ...memory, chosenAccountId: account.id }))
        return done(`${accountName(account)} answers in this session from now on.`)
      }
      case "use-for-project": {
        const account = await find(act.account)
        const { project } = act
        const file = paths.settingsFile
        const unique = runtime.randomUUID()
        const saved = await saveProjectRule({ file, project, account: account.id, unique })
        if (saved.outcome === "refused") return refused(saved.message)
        return done(`${accountName(account)} answers in ${project} from now on: a rule in ${file} says so.`)
      }
      case "rename": {
        const name = act.name.trim()
        if (name.includes("@")) return refused("A name with an @ in it would not be shown: leave it out.")
        const before = accountName(await find(act.account))
        const changed = await store.update(act.account, (account) => ({ ...account, label: name }))
        const after = accountName(changed ?? (await find(act.account)))
        return done(name === "" ? `${before} is called ${after} again.` : `${before} is called ${after} now.`)
      }
      case "enable":
        return change(act.account, (account) => enableAccount(account, runtime.clock.now()), "is switched on")
      case "disable":
        return change(
          act.account,
          (account) => disableAccount(account, runtime.clock.now()),
          "is switched off: kept, but not used",
        )
      case "remove": {
        const account = await find(act.account)
        await tokens.settle(account)
        await store.remove(account.id)
        await lookUps.offerModels()
        return done(`${accountName(account)} is forgotten here; where it came from it stays signed in.`)
      }
      case "choose-profile": {
        const { profileArn } = act
        return change(act.account, (account) => chooseProfile(account, profileArn), `uses ${profileArn}`)
      }
      case "lift-budget":
        await store.liftBudget(localDay(runtime.clock.now()))
        return done("The credit budget is lifted until the end of the day.")
      default:
        return act satisfies never
    }
  }

  return {
    async list() {
      const now = runtime.clock.now()
      return (await store.list()).map((account) => {
        const state = shortState(stateOf(account, { now, useOverage: settings.useOverage }), now)
        const credits = account.quota === undefined ? [] : [`${creditsText(account.quota)} credits used`]
        return {
          id: account.id,
          name: accountName(account),
          state: [state, ...credits].join(" · "),
          ...present({ need: needOf(account, now) }),
        }
      })
    },
    async act(act) {
      try {
        return await perform(act)
      } catch (error) {
        if (error instanceof Error) return refused(error.message)
        throw error
      }
    },
    async profiles(id) {
      const account = await find(id)
      const credential = await tokens.fresh({ account })
      if (credential.state === "none") throw new Error(`${accountName(account)}: ${credential.message}`)
      const loginRegion = loginRegionOf(credential.login)
      const { profiles, failures } = await fetchProfiles(client, { access: credential, loginRegion })
      const [failed] = failures
      if (profiles.length === 0 && failed !== undefined) throw new Error(failed.failure.message)
      return profiles
    },
    async signInAgain(id) {
      const account = await find(id)
      const [login] = account.logins
      switch (login?.kind) {
        case "idc":
          return logins.aws(
            isIdentityCenter(login)
              ? { start_url: login.startUrl, login_region: login.loginRegion }
              : { start_url: "builder-id" },
            { accountId: id },
          )
        case "social":
          return logins.social({ provider: login.provider?.toLowerCase() ?? "google" }, { accountId: id })
        case "external-idp":
          throw new Error("Sign in again with `kiro-cli login`, or in the Kiro IDE: it is noticed by itself.")
        case "api-key":
          throw new Error("Make a new API key at https://app.kiro.dev and give it to /connect.")
        case undefined:
          throw new Error("The account has no login any more: sign in with /connect.")
        default:
          return login satisfies never
      }
    },
  }
}

function needOf(account: Account, now: number): string | undefined {
  const state = stateOf(account, { now, useOverage: true })
  const { sentence, status } = STATE_WORDS[state.reason]
  if (status !== 401 && state.reason !== "profile-choice") return undefined
  return `${sentence(accountName(account))}. ${remedyOf(account, state, ownCommand())}`
}

function done(message: string): ActDone {
  return { outcome: "done", message }
}

function refused(message: string): ActDone {
  return { outcome: "refused", message }
}
