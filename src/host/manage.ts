import {
  type Account,
  accountName,
  type AccountState,
  creditsText,
  isIdentityCenter,
  localDay,
  type Login,
  ownName,
  type Quota,
  remedyOf,
  shortState,
  STATE_WORDS,
  stateOf,
  stillSignedIn,
  usedBar,
  withEnabling,
} from "../accounts/index.ts"
import type { Decision, OpenAccounts } from "../gateway/index.ts"
import { type KiroProfile, regionOfArn } from "../kiro/index.ts"
import { present } from "../json.ts"
import type { Logins, NewSignIn, SignIn } from "../login/index.ts"
import type { Runtime } from "../runtime.ts"
import {
  accountRules,
  describeSettingsProblem,
  loadSettings,
  ownCommand,
  type Paths,
  type Place,
  saveProjectRule,
  type Settings,
} from "../settings/index.ts"

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

/** What a person picks for one account, in either front. */
export type AccountDeed = Exclude<AccountAct["act"], "lift-budget"> | "sign-in"

/** A sentence about what was done, or about why it could not be. */
export interface ActDone {
  readonly outcome: "done" | "refused"
  readonly message: string
}

/** An account on a line. */
export interface AccountLine {
  readonly id: string
  readonly name: string
  /** Whether it can answer now. */
  readonly isReady: boolean
  /** "ok", or why it can't. */
  readonly state: string
  /** "812.40 / 2000.00 credits used · ███░░░░░ 41 %". */
  readonly credits?: string
  /** Why it wants its user, and what to do; absent where it does not. */
  readonly need?: string
}

export interface Management {
  list(): Promise<readonly AccountLine[]>
  /** Never rejects for what a person did; with a `StoreError` where the store can't be written. */
  act(act: AccountAct): Promise<ActDone>
  /** Those that the account's login has in all service regions. */
  profiles(account: string): Promise<readonly KiroProfile[]>
  /** Begins a sign-in; rejects with a `LoginError`. */
  signIn(wanted: NewSignIn): Promise<SignIn>
  /** Begins the sign-in that the account was made by; rejects with a `LoginError`, or where there is none of its kind. */
  signInAgain(account: string): Promise<SignIn>
}

export function createManagement(options: {
  readonly accounts: OpenAccounts
  readonly logins: Logins
  readonly settings: Settings
  readonly paths: Pick<Paths, "settingsFile">
  readonly place: Place
  readonly runtime: Pick<Runtime, "clock" | "randomUUID">
  /** Aborted when nobody hears an answer any more. */
  readonly signal: AbortSignal
}): Management {
  const { logins, settings, paths, place, runtime, signal } = options
  const { store, find, change } = options.accounts
  const stateNow = (account: Account): AccountState =>
    stateOf(account, { now: runtime.clock.now(), useOverage: settings.useOverage })
  const briefly = (state: AccountState): string => shortState(state, runtime.clock.now())
  /** Absent where it can answer now. */
  const hindranceOf = (account: Account): string | undefined => {
    const state = stateNow(account)
    return state.reason === "ready" ? undefined : briefly(state)
  }
  const changed = async (id: string, decision: Decision, words: string): Promise<ActDone> => {
    const { before, account } = await change(id, decision)
    const name = accountName(account)
    const state = stateNow(account)
    const { tone, because } = STATE_WORDS[state.reason]
    const whole = decision.kind === "enable" ? withEnabling(words, stateNow(before)) : words
    if (decision.kind === "disable" || tone === "good") return done(`${name} ${whole}.`)
    if (tone !== "bad") return done(`${name} ${words}, but ${briefly(state)}.`)
    return done(`${name} ${words}, but ${because}. ${remedyOf(account, state, ownCommand())}`)
  }
  const used = (account: Account, where: string): ActDone => {
    const why = hindranceOf(account)
    const now = why === undefined ? "" : ` Just now it can't: ${why}.`
    return done(`${accountName(account)} answers in ${where}.${now}`)
  }

  const perform = async (act: AccountAct): Promise<ActDone> => {
    switch (act.act) {
      case "use-for-session": {
        const account = await find(act.account)
        await store.remember({
          sessionId: act.sessionId,
          session: (memory) => ({ ...memory, chosenAccountId: account.id }),
        })
        return used(account, "this session from now on")
      }
      case "use-for-project": {
        const account = await find(act.account)
        const { project } = act
        const file = paths.settingsFile
        const unique = runtime.randomUUID()
        const saved = await saveProjectRule({ file, project, account: account.id, unique, place })
        if (saved.outcome === "refused") return refused(saved.message)
        const why = await whyIgnored({ place, project, account: account.id })
        if (why !== undefined)
          return refused(`The rule for ${project} is in ${file}, but does not count: ${why}`)
        return used(account, `${project} from now on: a rule in ${file} says so`)
      }
      case "rename": {
        const { before, account } = await change(act.account, { kind: "label", label: act.name })
        const again = accountName(account) === ownName(account) ? "again" : "now"
        return done(`${accountName(before)} is called ${accountName(account)} ${again}.`)
      }
      case "enable":
        return changed(act.account, { kind: "enable" }, "is switched on")
      case "disable":
        return changed(act.account, { kind: "disable" }, "is switched off: kept, but not used")
      case "remove": {
        const { account } = await change(act.account, { kind: "remove" })
        return done(`${accountName(account)} is forgotten here${stillSignedIn(account)}.`)
      }
      case "choose-profile": {
        const { profileArn } = act
        return changed(act.account, { kind: "profile", profileArn }, `uses ${profileWords(profileArn)}`)
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
        const { id, quota } = account
        const hindrance = hindranceOf(account)
        return {
          id,
          name: accountName(account),
          isReady: hindrance === undefined,
          state: hindrance ?? STATE_WORDS.ready.short,
          ...present({ credits: quota && creditsLine(quota, now), need: needOf(account, now) }),
        }
      })
    },
    async act(act) {
      try {
        // Most writes of the store are answered as if they had been made, also where it can't be written.
        if (act.act !== "use-for-project") await store.mustKeep()
        return await perform(act)
      } catch (error) {
        if (error instanceof Error) return refused(error.message)
        throw error
      }
    },
    profiles: (account) => options.accounts.profiles(account, signal),
    signIn: (wanted) => logins.begin(wanted),
    async signInAgain(id) {
      const account = await find(id)
      const [login] = account.logins
      switch (login?.kind) {
        case "idc":
          return logins.begin({ method: "aws", answers: awsAnswers(login) }, id)
        case "social":
          return logins.begin({ method: "social", answers: { provider: login.provider ?? "google" } }, id)
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

/** Why a rule that was just written decides nothing: one that is wrong takes all with it, and there are other places. */
async function whyIgnored(written: {
  readonly place: Place
  readonly project: string
  readonly account: string
}): Promise<string | undefined> {
  const { place, project, account } = written
  const { settings, problems } = await loadSettings(place)
  const rules = accountRules(settings.accountRules, place)
  if (rules.ofProject({ directory: project, worktree: project })?.account === account) return undefined
  const problem = problems.find((each) => each.kind === "bad-value" && each.key.startsWith("account_rules"))
  return problem === undefined
    ? "KIRO_ACCOUNT_RULES, or another kiro.json, decides instead."
    : describeSettingsProblem(problem)
}

function awsAnswers(login: Extract<Login, { kind: "idc" }>): NewSignIn["answers"] {
  return isIdentityCenter(login)
    ? { start_url: login.startUrl, login_region: login.loginRegion }
    : { start_url: "builder-id" }
}

/** The last part of an ARN, and its region: the whole would break in the middle of a word. */
function profileWords(arn: string): string {
  return `the profile ${arn.slice(arn.lastIndexOf("/") + 1)} in ${regionOfArn(arn) ?? "an unknown region"}`
}

function creditsLine(quota: Quota, now: number): string {
  const used = `${creditsText(quota)} credits used`
  const bar = usedBar(quota, now)
  return bar === "" ? used : `${used} · ${bar}`
}

function needOf(account: Account, now: number): string | undefined {
  const state = stateOf(account, { now, useOverage: true })
  const { sentence, status } = STATE_WORDS[state.reason]
  if (status !== 401 && state.reason !== "profile-choice") return undefined
  return `${sentence(accountName(account), account)}. ${remedyOf(account, state, ownCommand())}`
}

function done(message: string): ActDone {
  return { outcome: "done", message }
}

function refused(message: string): ActDone {
  return { outcome: "refused", message }
}
