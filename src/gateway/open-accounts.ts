import {
  type Account,
  accountName,
  type AccountStore,
  chooseProfile,
  actedNow,
  disableAccount,
  enableAccount,
  fullName,
  type Identify,
  loginRegionOf,
  type Notice,
  openAccountStore,
  ownName,
  readLabel,
  remedyOf,
  shortId,
  type SourceStore,
  STATE_WORDS,
  TokenKeeper,
} from "../accounts/index.ts"
import type { KiroProfile } from "../kiro/index.ts"
import type { Runtime } from "../runtime.ts"
import { ownCommand, type Paths, type Settings } from "../settings/index.ts"
import type { ControlClient } from "./control/call.ts"
import { createLookUps, type OpenLookUps, presentAccount } from "./control/look-ups.ts"
import { fetchOwner, fetchProfiles } from "./control/questions.ts"
import { tellQuota } from "./control/usage.ts"
import { describeFailure } from "./refuse/failures.ts"

export interface AccountsOptions {
  readonly runtime: Runtime
  readonly settings: Settings
  readonly paths: Paths
  /** The stores of other programs. */
  readonly sources: readonly SourceStore[]
  readonly notify: (notice: Notice) => void
  /** Nothing is written: the accounts are a copy in memory. */
  readonly rehearse?: boolean
}

/** What a user decides about one account. */
export type Decision =
  /** An empty label gives the account its own name back. */
  | { readonly kind: "label"; readonly label: string }
  | { readonly kind: "enable" | "disable" | "remove" }
  | { readonly kind: "profile"; readonly profileArn: string }

/** An account before and after a decision; one that was removed is what it was. */
interface Decided {
  readonly before: Account
  readonly account: Account
}

/** The accounts with their tokens, and the questions about them to the service. */
export interface OpenAccounts {
  readonly store: AccountStore
  readonly tokens: TokenKeeper
  readonly client: ControlClient
  readonly lookUps: OpenLookUps
  /** Who a login is, by one usage call. */
  readonly identify: Identify
  /** Rejects, in words, where it is gone. */
  readonly find: (accountId: string) => Promise<Account>
  /**
   * Does what a user decided. What was switched on is asked about where something kept it: only Kiro can say whether
   * that still holds. Rejects, in words, where the account is gone, the label is refused or nothing can be kept.
   */
  readonly change: (accountId: string, decision: Decision) => Promise<Decided>
  /** The profiles of the account's login in all service regions; rejects where nobody could be asked. */
  readonly profiles: (accountId: string, signal?: AbortSignal) => Promise<readonly KiroProfile[]>
  readonly close: () => Promise<void>
}

/** Nothing is written, asked or locked before the first use of a part. */
export async function openAccounts(options: AccountsOptions): Promise<OpenAccounts> {
  const { runtime, settings, paths, sources, notify, rehearse = false } = options
  const { clock, log, random } = runtime
  const environmentKey = sources.find(({ key }) => key !== undefined)?.key
  const store = await openAccountStore({
    path: paths.database,
    clock,
    log,
    random,
    notify,
    rehearse,
    environmentKey,
  })
  const client = { runtime, endpointOverride: settings.endpointOverride }
  const { defaultRegion } = settings
  const identify: Identify = (login, signal) => fetchOwner({ client, login, defaultRegion, signal })
  const tokens = new TokenKeeper({
    runtime,
    store,
    sources,
    settings,
    lockPath: paths.lock,
    spillPath: paths.spill,
    identify,
    measured(before, after) {
      if (settings.usageTrackingEnabled) tellQuota(before, after, { now: clock.now(), notify })
    },
  })
  const asked = { client, store, tokens, identify }
  const lookUps = createLookUps({ ...asked, settings, modelsPath: paths.models, notify })
  const parts = { ...asked, lookUps }
  return {
    ...parts,
    find: (accountId) => find(store, accountId),
    change: (accountId, decision) => decideAbout(parts, accountId, decision),
    profiles: (accountId, signal) => profilesOf(parts, accountId, signal),
    async close() {
      await lookUps.close()
      await tokens.close()
      await store.close()
    },
  }
}

type Parts = Pick<OpenAccounts, "store" | "tokens" | "client" | "lookUps">

async function decideAbout(parts: Parts, accountId: string, decision: Decision): Promise<Decided> {
  const before = await find(parts.store, accountId)
  await carryOut(parts, before, decision)
  // The hosts offer the models of the accounts that are used.
  if (decision.kind !== "label") await parts.lookUps.offerModels()
  return { before, account: decision.kind === "remove" ? before : await find(parts.store, accountId) }
}

async function carryOut(
  { store, tokens, client, lookUps }: Parts,
  account: Account,
  decision: Decision,
): Promise<void> {
  const { id, health } = account
  const { clock } = client.runtime
  switch (decision.kind) {
    case "label": {
      const read = readLabel(decision.label)
      if (read.outcome === "refused") throw new Error(read.message)
      const others = (await store.list({ resting: true })).filter((other) => other.id !== id)
      const holder = others.find((other) => goesBy(other, read.label))
      if (holder !== undefined)
        throw new Error(`${ownName(holder)} goes by "${read.label}" already: choose another name.`)
      return void (await store.update(id, (current) => ({ ...current, label: read.label })))
    }
    case "enable":
      await store.update(id, (current, all) => {
        const now = clock.now()
        return enableAccount(current, { now, actedAt: actedNow(all, now) })
      })
      return health.state === "ok" ? undefined : lookUps.usageNow(id)
    case "disable":
      return void (await store.update(id, (current, all) =>
        disableAccount(current, actedNow(all, clock.now())),
      ))
    case "remove":
      await tokens.settle(account)
      return void (await store.remove(id))
    case "profile":
      return void (await store.update(id, (current) => chooseProfile(current, decision.profileArn)))
    default:
      return decision satisfies never
  }
}

/** Remedies and rules name an account by its label alone: of two with one name nobody knows which is meant. */
function goesBy(account: Account, label: string): boolean {
  const names = [fullName(account), accountName(account), shortId(account)]
  return names.some((name) => name.toLowerCase() === label.toLowerCase())
}

async function profilesOf(
  { store, tokens, client }: Parts,
  accountId: string,
  signal: AbortSignal | undefined,
): Promise<readonly KiroProfile[]> {
  const account = await find(store, accountId)
  const credential = await tokens.fresh({ account, signal })
  if (credential.state === "none") {
    const state = { reason: "login-expired" } as const
    const why =
      credential.reason === "revoked"
        ? `${STATE_WORDS[state.reason].because}. ${remedyOf(account, state, ownCommand())}`
        : credential.message
    throw new Error(`${accountName(account)}: ${why}`)
  }
  const loginRegion = loginRegionOf(credential.login)
  const { profiles, failures } = await fetchProfiles(client, { access: credential, loginRegion }, signal)
  const [first] = failures
  if (profiles.length === 0 && first !== undefined)
    throw new Error(describeFailure(first, { account, model: "the list of profiles" }))
  return profiles
}

async function find(store: AccountStore, accountId: string): Promise<Account> {
  const account = await presentAccount(store, accountId)
  if (account !== undefined) return account
  // Nothing else of its name is kept.
  const name = `··${shortId({ id: accountId })}`
  throw new Error(`The account ${name} is gone: it was removed elsewhere.`)
}
