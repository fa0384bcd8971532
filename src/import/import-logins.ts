import {
  type Account,
  type AccountStore,
  type Identify,
  isCopy,
  InStep,
  isShut,
  type Login,
  loginHash,
  OWNER_PATIENCE_MS,
  Owners,
  recordOf,
  successorsIn,
  type SourceProblem,
  type SourceStore,
  takeIn,
  type TokenKeeper,
} from "../accounts/index.ts"
import { atMost, type Clock, type Log, silentLog } from "../runtime.ts"

export interface ImportOutcome {
  readonly added: readonly Account[]
  /** Known already; a login, its tokens or its profile are new. */
  readonly updated: readonly Account[]
  /** Known already, with nothing new. */
  readonly unchanged: readonly Account[]
  readonly problems: readonly SourceProblem[]
}

/**
 * Reads every source at once, takes its logins into the store, and pays what is owed there. The network is used only
 * where `identify` is asked whose a login is that took another one's place, and that is waited for, but a few seconds at
 * most where no user asked. A removed account stays removed unless the user asks for the import. Rejects with a
 * `StoreError` where nothing can be stored.
 */
export async function importLogins({
  store,
  sources,
  clock,
  log = silentLog,
  byUser = false,
  identify,
  signal,
  tokens,
}: {
  readonly store: AccountStore
  readonly sources: readonly SourceStore[]
  readonly clock: Clock
  readonly log?: Log
  readonly byUser?: boolean
  readonly identify?: Identify | undefined
  readonly signal?: AbortSignal
  /** Knows the pairs that the database has not taken yet. */
  readonly tokens?: Pick<TokenKeeper, "waiting">
}): Promise<ImportOutcome> {
  const readings = await Promise.all(sources.map((source) => source.read()))
  const problems = readings.flatMap((reading) => reading.problems)
  const offered = readings.flatMap((reading) => reading.logins)
  // Nobody is logged in anywhere: no file is made for that.
  if (offered.length === 0 && (await store.listAll()).length === 0)
    return { added: [], updated: [], unchanged: [], problems }
  const known = await store.list()
  const { put } = await store.reconcile((current) =>
    takeIn(tokens?.waiting(current) ?? current, { offered, now: clock.now(), byUser }),
  )
  const asking = askOwners({ store, identify, clock, log, signal })
  await (byUser ? asking : atMost(OWNER_PATIENCE_MS, asking, clock))
  await new InStep({ store, sources, clock, log }).payAll()
  const shown = new Set(offered.map(({ login }) => loginHash(login)))
  const isShown = ({ logins }: Account): boolean =>
    logins.some((login) => recordOf(login).hashes.some((hash) => shown.has(hash)))
  const isKnown = (account: Account): boolean =>
    known.some(({ id }) => id === account.id || account.record?.joined?.includes(id) === true)
  const changed = new Set(put.map(({ id }) => id))
  const isChanged = ({ id, record }: Account): boolean =>
    changed.has(id) || record?.joined?.some((joined) => changed.has(joined)) === true
  const there = (await store.list()).filter((account) => isShown(account) || changed.has(account.id))
  return {
    added: there.filter((account) => !isKnown(account)),
    updated: there.filter((account) => isKnown(account) && isChanged(account)),
    unchanged: there.filter((account) => isKnown(account) && !isChanged(account)),
    problems,
  }
}

/**
 * Whose the logins are that took another one's place: most often nobody but kiro-cli renewed. Where somebody is off,
 * removed or suspended every login is asked before it is used: it may be theirs, signed in elsewhere.
 */
async function askOwners(options: {
  readonly store: AccountStore
  readonly identify: Identify | undefined
  readonly clock: Clock
  readonly log: Log
  readonly signal: AbortSignal | undefined
}): Promise<void> {
  const owners = new Owners(options)
  const all = await options.store.listAll()
  const accounts = all.filter(({ removedAt }) => removedAt === undefined)
  const logins = accounts.flatMap((account) => account.logins)
  const newer = new Set(logins.flatMap((login) => successorsIn(login).map(({ id }) => id)))
  // A version without owners put logins into one account because they resembled each other.
  const together = new Set(
    accounts.flatMap((account) => (account.logins.length > 1 ? account.logins.map(({ id }) => id) : [])),
  )
  const isNews = (login: Login): boolean =>
    newer.has(login.id) ||
    // A copy that kiro-cli may have renewed before anybody saw that.
    isCopy(login) ||
    successorsIn(login).length > 0 ||
    login.kind === "external-idp" ||
    together.has(login.id) ||
    all.some(isShut)
  for (const login of logins) if (isNews(login)) await owners.ask(login)
}
