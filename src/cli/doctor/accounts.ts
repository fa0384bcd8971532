import {
  type Account,
  accessOf,
  accountName,
  type AccountState,
  afterUsage,
  creditsText,
  isIdentityCenter,
  isLocking,
  isMeant,
  kindName,
  localDay,
  lockedBy,
  type Login,
  loginRegionOf,
  remedyOf,
  shortState,
  STATE_WORDS,
  stateOf,
  typedName,
} from "../../accounts/index.ts"
import { fetchProfiles, fetchUsage, targetOf } from "../../gateway/index.ts"
import { importLogins, SOURCE_NAMES } from "../../import/index.ts"
import { present } from "../../json.ts"
import { type KiroFailure, regionOfArn, serviceRegionOf } from "../../kiro/index.ts"
import { wordsOf } from "../../settings/index.ts"
import { LEFT_OUT, profileOf } from "../accounts.ts"
import { SIGN_IN } from "../command-line.ts"
import type { Context } from "../context.ts"
import { waitingForBudget } from "../usage.ts"
import {
  type Check,
  type DoctorContext,
  type ExaminedAccount,
  type Finding,
  good,
  note,
  problem,
} from "./finding.ts"

/**
 * What the next message would meet, without changing anything: logins of other programs are taken into a copy in
 * memory, and Kiro is asked with the access tokens that are still good. None is renewed: a new pair would have no home.
 */
export async function examineAccounts(context: Context): Promise<readonly ExaminedAccount[]> {
  const { store, sources, runtime, tokens } = context
  const known = await store.list()
  await importLogins({ store, sources, clock: runtime.clock, tokens })
  const accounts = await store.list()
  return Promise.all(
    accounts.map(async (account): Promise<ExaminedAccount> => {
      const isNew = known.every(({ id }) => id !== account.id)
      const login = goodLogin(account, runtime.clock.now())
      if (!account.enabled || login === undefined) return { account, isNew, hasToken: login !== undefined }
      return { isNew, hasToken: true, ...(await askUsage(context, account, login)) }
    }),
  )
}

/** Shorter than this a token may end while it is used. */
const LEAST_LIFE_MS = 10_000

/** The login whose access token lasts longest, of those that are good now. */
function goodLogin({ logins }: Account, now: number): Login | undefined {
  const usable = logins.filter(
    (login) =>
      login.revoked === undefined &&
      (login.kind === "api-key" || login.tokens.expiresAt > now + LEAST_LIFE_MS),
  )
  const life = (login: Login): number => (login.kind === "api-key" ? 0 : login.tokens.expiresAt)
  return usable.toSorted((one, other) => life(other) - life(one))[0]
}

async function askUsage(
  { client, settings, runtime }: Context,
  account: Account,
  login: Login,
): Promise<Pick<ExaminedAccount, "account" | "failure" | "isUntold">> {
  const asked = { ...login, ...present({ profileArn: account.profileArn }) }
  const place = targetOf(asked, settings.defaultRegion)
  if (place.outcome === "failed") return { account }
  const answer = await fetchUsage(client, place.target)
  const now = runtime.clock.now()
  switch (answer.outcome) {
    case "unsupported":
      return { account, isUntold: true }
    case "failed": {
      const { failure } = answer
      if (!isLocking(failure)) return { account, failure, isUntold: failure.kind === "not-authorized" }
      return { account: lockedBy(account, failure, now) }
    }
    case "known": {
      const { quota } = answer.limits
      return {
        account: quota === undefined ? account : afterUsage(account, { ...quota, checkedAt: now }, now),
      }
    }
    default:
      return answer satisfies never
  }
}

/** Every account's state, and the rules that name none of them. */
export const accountsCheck: Check = {
  title: "Accounts",
  async look(context) {
    const { accounts, databaseTrouble, store, settings, command } = context
    if (databaseTrouble !== undefined) return [note("not looked at: the database can't be used")]
    if (accounts.length > 0)
      return [
        ...accounts.map((examined) => stateFinding(examined, context)),
        ...guesses(accounts),
        ...(await rulesOfNobody(context)),
        ...(await usedUpBudget(context)),
      ]
    if ((await store.listAll()).some(({ removedAt }) => removedAt !== undefined))
      return [
        problem(
          "nobody is signed in: what was removed here stays so, also where kiro-cli has it",
          `To take it in again, run: \`${command} import\`; or: ${SIGN_IN}`,
        ),
      ]
    const nobody = "nobody is signed in: no account here, nothing in"
    return settings.autoSyncKiroCli
      ? [problem(`${nobody} kiro-cli or Kiro IDE`, `Run: \`kiro-cli login\`, or: ${SIGN_IN}`)]
      : [problem(`${nobody} Kiro IDE${LEFT_OUT}`, `Run: ${SIGN_IN}, or let auto_sync_kiro_cli be true.`)]
  },
}

function stateFinding(examined: ExaminedAccount, context: DoctorContext): Finding {
  const { account, hasToken, failure } = examined
  const { runtime, settings } = context
  const now = runtime.clock.now()
  const name = shownName(examined)
  const heading = `${name.replace(/,$/, "")}:`
  const state = stateOf(account, { now, useOverage: settings.useOverage })
  const { tone, sentence } = STATE_WORDS[state.reason]
  const credits = account.quota === undefined ? "" : `, ${creditsText(account.quota)} credits`
  if (tone === "bad")
    return problem(sentence(name, account).replace(/,$/, ""), remedyFor(examined, state, context))
  if (tone === "muted") return note(`${heading} ${shortState(state, now)}`)
  if (failure !== undefined) {
    const words = wordsOf(failure.message) || `status ${failure.status}`
    const text = `${heading} Kiro did not say what it has used: ${words}`
    // A wrong profile is told of with the regions.
    if (failure.kind === "not-authorized" && identityCenterLogin(account) !== undefined) return note(text)
    return problem(text, remedyOfFailure(failure, account, context))
  }
  if (tone !== "good") return note(`${heading} ${shortState(state, now)}${credits}`)
  if (hasToken) return good(`${name} is ready${credits}`)
  return note(`${heading} its access token has ended; the next message renews it`)
}

/**
 * Some companies let nobody ask: then nothing tells a login that kiro-cli renewed from another person's, and the newest in
 * its place serves alone. A login of one's own has no such place.
 */
function guesses(accounts: readonly ExaminedAccount[]): readonly Finding[] {
  if (accounts.some(({ account }) => account.logins.some(({ source }) => source === "own"))) return []
  const isAskedWell = (account: Account): boolean =>
    identityCenterLogin(account) === undefined || profileOf(account) !== undefined
  return accounts.flatMap((examined) => {
    const { account, isUntold = false } = examined
    if (!isUntold || account.userId !== undefined || !isAskedWell(account)) return []
    return [
      note(
        `Kiro does not say whose login ${shownName(examined)} is: behind a new sign-in of its program only the newest ` +
          `one serves. Signing in here once ends the guessing: ${SIGN_IN}`,
      ),
    ]
  })
}

/**
 * One that rests behind its successor is hidden, and here all the same. A kiro.json may be shared by computers with other
 * accounts: it is no fault that one is not here, unless the rule then lets nobody answer.
 */
async function rulesOfNobody({ store, settings, command }: DoctorContext): Promise<readonly Finding[]> {
  const here = await store.list({ resting: true })
  const rules = settings.accountRules.filter((rule) => !here.some((each) => isMeant(each, rule.account)))
  return [...Map.groupBy(rules, ({ account }) => account)].map(([account, named]) => {
    const text = `account_rules in kiro.json names the account ${account}, which is not here`
    if (named.every(({ fallback }) => fallback !== false)) return note(`${text}: another one answers`)
    return problem(
      `${text}, and allows no other`,
      `Write its whole id, as \`${command} accounts --json\` shows it, or its label, or sign in to it.`,
    )
  })
}

/** The user's own limit is no fault, and keeps every account from a new message. */
async function usedUpBudget({
  store,
  settings,
  runtime,
  command,
}: DoctorContext): Promise<readonly Finding[]> {
  const { dailyCreditBudget: limit } = settings
  const { credits, lifted } = await store.spentOn(localDay(runtime.clock.now()))
  if (limit === undefined || lifted || credits < limit) return []
  return [note(`today's budget of ${limit} credits is used up: ${waitingForBudget(command)}`)]
}

function remedyOfFailure({ kind }: KiroFailure, { logins }: Account, { command }: DoctorContext): string {
  switch (kind) {
    case "bearer-rejected":
      return logins.every((login) => login.kind === "api-key")
        ? "Make a new API key at https://app.kiro.dev, if it was not refused by mistake."
        : "The next message renews its token; if it stays so, sign in again."
    case "not-authorized":
    case "subscription-refused":
      return "Check its plan at https://app.kiro.dev, or with your administrator."
    case "unreachable":
    case "network":
    case "timeout":
    case "refused-on-the-way":
      return "Check what is said of the network above, then run doctor again."
    case "malformed-request":
    case "unknown-operation":
      return `Report it with: \`${command} doctor --report\``
    default:
      return "It passes by itself: run doctor again later."
  }
}

/** What is not in kiro.db yet has no short id that will ever be seen again. */
function shownName({ account, isNew }: ExaminedAccount): string {
  const [login] = account.logins
  if (!isNew || login === undefined) return accountName(account)
  return `${kindName(account)} of ${SOURCE_NAMES[login.source]}, which the first message takes in,`
}

function remedyFor(
  { account, isNew }: ExaminedAccount,
  state: AccountState,
  { command }: DoctorContext,
): string {
  return isNew
    ? `Take it in first, then see what is said of it: \`${command} import\``
    : remedyOf(account, state, command)
}

type IdcLogin = Extract<Login, { kind: "idc" }>

/**
 * Login region and service region are two things: an Identity Center is in the region where the company set it up, a
 * profile only where Kiro is served.
 */
export const regionsCheck: Check = {
  title: "Regions",
  async look(context) {
    const { settings } = context
    const examined = context.accounts.filter(({ account }) => account.enabled)
    const findings = await Promise.all(examined.map((each) => regionFindings(context, each)))
    return [...examined.flatMap(({ account }) => regionSettings(account, settings)), ...findings.flat()]
  },
}

/** `idc_region` is where the company's Identity Center is, and must not be the region of the profile. */
function regionSettings(
  account: Account,
  { idcStartUrl, idcRegion }: DoctorContext["settings"],
): readonly Finding[] {
  const login = identityCenterLogin(account)
  if (login === undefined || idcRegion === undefined || login.loginRegion === idcRegion) return []
  if (idcStartUrl !== undefined && !sameUrl(idcStartUrl, login.startUrl)) return []
  return [
    problem(
      `idc_region is ${idcRegion}, but ${accountName(account)} is signed in to ${login.loginRegion}`,
      `Set idc_region to ${login.loginRegion}: it is the region of the Identity Center, not of Kiro.`,
    ),
  ]
}

async function regionFindings(
  context: DoctorContext,
  { account, failure }: ExaminedAccount,
): Promise<readonly Finding[]> {
  const name = accountName(account)
  const choose = (number = ""): string =>
    `\`${context.command} accounts profile ${typedName(account)}${number}\``
  const login = identityCenterLogin(account)
  const profileArn = profileOf(account)
  const { defaultRegion } = context.settings
  const service = serviceRegionOf({ profileArn, loginRegion: login?.loginRegion, defaultRegion })
  if (service.outcome === "unsupported")
    return [
      problem(
        `${name}: Kiro is not served in ${service.region}`,
        `Choose a profile where it is: ${choose()}`,
      ),
    ]
  if (login === undefined) return []
  // Said of the account itself.
  const now = context.runtime.clock.now()
  if (stateOf(account, { now, useOverage: true }).reason === "profile-choice") return []
  const known = await profilesOf(context, account)
  const there = `signed in to ${login.loginRegion}`
  if (profileArn === undefined)
    return [
      problem(
        `${name} is ${there} and has no profile, which Identity Center needs`,
        known?.[0] === undefined
          ? `Ask your administrator for access to Kiro; then: ${choose()}`
          : `Choose one (without the number it lists them): ${choose(" 1")}`,
      ),
    ]
  if (known === undefined || known.length === 0 || known.includes(profileArn)) {
    if (failure?.kind !== "not-authorized") return [good(`${name}: ${there}, served in ${service.region}`)]
    const { sentence } = STATE_WORDS["not-authorized"]
    return [
      problem(sentence(name, account), remedyOf(account, { reason: "not-authorized" }, context.command)),
    ]
  }
  return [
    problem(
      `${name} is ${there}, and that login has no profile in ${regionOfArn(profileArn) ?? "that region"} as chosen`,
      `Choose one that it has (without the number it lists them): ${choose(" 1")}`,
    ),
  ]
}

/** `undefined` where the service could not be asked: an empty list would prove something. */
async function profilesOf(
  { client, runtime }: DoctorContext,
  account: Account,
): Promise<readonly string[] | undefined> {
  const login = goodLogin(account, runtime.clock.now())
  if (login === undefined) return undefined
  const loginRegion = loginRegionOf(login)
  const { profiles, failures } = await fetchProfiles(client, { access: accessOf(login), loginRegion })
  return failures.length > 0 ? undefined : profiles.map(({ arn }) => arn)
}

function identityCenterLogin({ logins }: Account): IdcLogin | undefined {
  return logins.find((login): login is IdcLogin => login.kind === "idc" && isIdentityCenter(login))
}

function sameUrl(one: string, other: string | undefined): boolean {
  const plain = (url: string): string => url.toLowerCase().replace(/[/#]+$/, "")
  return other !== undefined && plain(one) === plain(other)
}
