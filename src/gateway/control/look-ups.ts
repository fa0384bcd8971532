import {
  type Account,
  type AccountStore,
  afterChoiceWanted,
  type Credential,
  foundProfile,
  type Identify,
  isIdentityCenter,
  loginRegionOf,
  type Notice,
  Owners,
  type TokenKeeper,
} from "../../accounts/index.ts"
import { BUILDER_ID_PROFILE_ARN, profileToUse, serviceRegionOf } from "../../kiro/index.ts"
import { untilAborted } from "../../runtime.ts"
import type { Settings } from "../../settings/index.ts"
import type { ControlClient, ControlTarget, OpenAccount } from "./call.ts"
import { modelsTask, unlistedTask, writeModelsFile } from "./models.ts"
import { createPeriodic, type PeriodicTask } from "./periodic.ts"
import { fetchProfiles } from "./questions.ts"
import { usageTask } from "./usage.ts"
import { type SearchOutcome, type SearchRules, searchTheWeb, type WebSearch } from "./web-search.ts"

export interface LookUpOptions {
  readonly client: ControlClient
  readonly store: AccountStore
  readonly tokens: Pick<TokenKeeper, "fresh" | "here">
  readonly identify: Identify
  readonly settings: Settings
  /** kiro-models.json. */
  readonly modelsPath: string
  readonly notify: (notice: Notice) => void
}

/** Questions to the control plane. They write what they learn into the store and never reject but on abort. */
export interface LookUps {
  /**
   * Asks what the account has used, at most once a minute, where that is tracked; its quota cool-down ends where there is
   * room again.
   */
  readonly usage: (accountId: string, signal: AbortSignal) => Promise<void>
  /**
   * Looks the account's profile up again; whether it is another than before, or than what was `refused`: somebody may have
   * found or chosen it since that was sent.
   */
  readonly profile: (accountId: string, asked: ProfileQuestion) => Promise<boolean>
  /** After a good answer, in the background: usage and models, where they are due. */
  readonly afterAnswer: (accountId: string) => void
  /**
   * In the background, the usage where it is due: "too many requests" is also what some accounts hear when their credits
   * are used up.
   */
  readonly afterThrottle: (accountId: string) => void
}

interface ProfileQuestion {
  readonly refused?: Pick<Credential, "profileArn"> | undefined
  readonly signal: AbortSignal
}

export interface OpenLookUps extends LookUps {
  /** The usage of one account now, whether due or not. */
  readonly usageNow: (accountId: string) => Promise<void>
  /** Writes for the next start which models the accounts have, after one was enabled, disabled or removed. */
  readonly offerModels: () => Promise<void>
  /** One web search through Kiro, billed in credits to the account of the session, as the user's rules allow. */
  readonly search: (search: WebSearch, rules?: SearchRules) => Promise<SearchOutcome>
  /** Ends what is under way. */
  readonly close: () => Promise<void>
}

/** How often it is looked whether somebody is to be asked for their name, in ms. */
const OWNERS_EVERY_MS = 60_000

/** The questions to the control plane, with what they teach written into the store. */
export function createLookUps(options: LookUpOptions): OpenLookUps {
  const { client, store, tokens, settings } = options
  const open = accountOpener(options)
  const usage = createPeriodic(usageTask({ ...options, open }), client.runtime)
  const owners = createPeriodic(ownerTask(options), client.runtime)
  const regular = settings.usageTrackingEnabled ? usage : owners
  const models = createPeriodic(modelsTask({ client, open, store, path: options.modelsPath }), client.runtime)
  const unlisted = createPeriodic(
    unlistedTask({
      store,
      here: (accounts) => tokens.here(accounts),
      ask: (id) => models.soon(id),
      learnOwner: (id) => owners.soon(id),
    }),
    client.runtime,
  )
  return {
    usage: (accountId, signal) => untilAborted(regular.now(accountId), signal),
    usageNow: (accountId) => usage.force(accountId),
    profile: (accountId, asked) => rediscoverProfile(options, accountId, asked),
    afterAnswer(accountId) {
      regular.soon(accountId)
      models.soon(accountId)
      unlisted.soon(accountId)
    },
    afterThrottle: (accountId) => regular.soon(accountId),
    offerModels: () => offerModels(options),
    async search(asked, rules = {}) {
      const found = await searchTheWeb({ ...options, open, rules }, asked)
      if (found.outcome === "found") regular.soon(found.accountId)
      return found
    },
    close: async () =>
      void (await Promise.all([usage, owners, unlisted, models].map((periodic) => periodic.close()))),
  }
}

/** Whose the logins of an account are, as often as that is due: of one that does not answer, or where nothing is tracked. */
function ownerTask({ client, store, tokens, identify }: LookUpOptions): PeriodicTask {
  const { clock, log } = client.runtime
  return {
    name: "the owner look-up",
    everyMs: OWNERS_EVERY_MS,
    retries: 0,
    async run(accountId, signal) {
      const account = await presentAccount(store, accountId)
      const [here] = tokens.here(account === undefined ? [] : [account])
      const owners = new Owners({ store, identify, clock, log, signal })
      for (const login of here?.logins ?? []) await owners.ask(login)
      return "done"
    },
  }
}

/** A file that can't be written is no fault of the change before it: the old one stands until the next answer. */
async function offerModels({ client, store, modelsPath }: LookUpOptions): Promise<void> {
  const { log, randomUUID } = client.runtime
  try {
    await writeModelsFile({ store, path: modelsPath, unique: randomUUID() })
  } catch (error) {
    log.warn("the model lists were not written", { error })
  }
}

/** Readies an account to be asked about: with a token that works, at the place of its profile. */
function accountOpener(options: LookUpOptions): OpenAccount {
  const { store, tokens, settings } = options
  return async (accountId, signal) => {
    const account = await presentAccount(store, accountId)
    if (account === undefined) return undefined
    const credential = await tokens.fresh({ account, signal })
    if (credential.state === "none") return undefined
    const { login, profileArn } = credential
    const loginRegion = loginRegionOf(login)
    const service = serviceRegionOf({ profileArn, loginRegion, defaultRegion: settings.defaultRegion })
    if (service.outcome === "unsupported") return undefined
    let asked = login
    const target: ControlTarget = {
      serviceRegion: service.region,
      access: credential,
      rememberedHost: account.hosts["control"],
      renew: async (rejected) => {
        const renewed = await tokens.fresh({ account, rejected: [rejected], signal })
        if (renewed.state === "none") return undefined
        // What is asked names the profile of the first login, which is none of another's.
        if (renewed.login.id !== login.id && renewed.profileArn !== profileArn) return undefined
        asked = renewed.login
        return renewed
      },
    }
    return { asked: () => asked, target }
  }
}

/** One that was removed has a login for as long as it owes its pair to another program, and for nothing else. */
export async function presentAccount(store: AccountStore, accountId: string): Promise<Account | undefined> {
  const account = await store.get(accountId)
  return account?.removedAt === undefined ? account : undefined
}

/**
 * Looks the profile of an account's login up again, in all service regions, and keeps it; whether it is another than
 * before. One that the user chose for the account stays. Where several are left to choose from, the user is asked.
 */
async function rediscoverProfile(
  { client, store, tokens, settings, notify }: LookUpOptions,
  accountId: string,
  { refused, signal }: ProfileQuestion,
): Promise<boolean> {
  const account = await presentAccount(store, accountId)
  if (account === undefined) return false
  const credential = await tokens.fresh({ account, signal })
  if (credential.state === "none") return false
  if (refused !== undefined && refused.profileArn !== credential.profileArn) return true
  if (account.profileArn !== undefined || credential.login.kind === "api-key") return false
  const { login } = credential
  const loginRegion = loginRegionOf(login)
  const { profiles } = await fetchProfiles(client, { access: credential, loginRegion }, signal)
  const active = profiles.filter((profile) => profile.active)
  const untold = active.length === 0 ? untoldProfile(credential, settings) : undefined
  const chosen = profileToUse(active, [settings.idcProfileArn])?.arn ?? untold
  if (chosen === undefined && active.length > 0) {
    const choice = { profiles: active.map(({ arn }) => arn), now: client.runtime.clock.now() }
    await store.update(accountId, (current) => afterChoiceWanted(current, choice))
    notify({ kind: "profile-choice", account, profiles: choice.profiles })
  }
  if (chosen === undefined || chosen === credential.profileArn) return false
  const found = { loginId: login.id, profileArn: chosen, refused: credential.profileArn }
  await store.update(accountId, (current) => foundProfile(current, found))
  return true
}

/**
 * Where the service lists none, the user's word is all there is. No other kind of login needs a profile of its own: one
 * that a Builder ID came with was another login's, which kiro-cli had before it.
 */
function untoldProfile(
  { login, profileArn }: Pick<Credential, "login" | "profileArn">,
  { idcProfileArn }: Settings,
): string | undefined {
  if (isIdentityCenter(login)) return idcProfileArn
  return login.kind === "idc" && profileArn !== undefined ? BUILDER_ID_PROFILE_ARN : undefined
}
