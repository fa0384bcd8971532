import assert from "node:assert/strict"
import { randomUUID } from "node:crypto"
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import {
  type Account,
  type AccountStore,
  actedNow,
  afterFailure,
  afterSuccess,
  type Database,
  type DatabaseDriver,
  disableAccount,
  enableAccount,
  keepUsage,
  type Login,
  newAccount,
  replaceRefused,
  type Notice,
  openAccountStore,
  loadDatabaseDriver,
  recordOf,
  selectAccount,
  type SourceStore,
  TokenKeeper,
  type Unavailable,
} from "../../src/accounts/index.ts"
import { importLogins, openSources } from "../../src/import/index.ts"
import { type Runtime, silentLog } from "../../src/runtime.ts"
import { Secret } from "../../src/secret.ts"
import { DEFAULT_SETTINGS } from "../../src/settings/index.ts"
import { cliDatabase, putCliRow } from "../import/stores.ts"
import { KIRO_CLI_TABLES } from "../support/kiro-cli-store.ts"
import { type FakeClock, fakeClock } from "../support/clock.ts"
import { type Pair, Service } from "./people-service.ts"

const HOUR = 3_600_000
const TOKEN = "kirocli:odic:token"
const REGISTRATION = "kirocli:odic:device-registration"

const BY_GOOGLE = { authMethod: "social", provider: "Google" }
/** SQLite's, https://www.sqlite.org/rescode.html#busy. */
const SQLITE_BUSY = 5

export type Answer =
  | { readonly by: string; readonly accountId: string }
  | { readonly by: "nobody"; readonly unavailable: readonly Unavailable[] }

/** A home with a kiro-cli, one or more OpenCode processes, and people who sign in and ask. */
export class Home {
  readonly folder: string
  readonly clock: FakeClock
  readonly service: Service
  readonly notices: Notice[] = []
  readonly cliFile: string
  /** The store that kiro-cli began as a copy of. */
  readonly amazonFile: string
  readonly ideFile: string
  /** What newer versions of kiro-cli keep beside the IDE's. */
  readonly cliTokenFile: string
  readonly #runtime: Runtime
  /** Kept open from look to look: a sequence of events has hundreds of them. */
  readonly #open = new Map<string, Database>()
  readonly #driver: DatabaseDriver | undefined
  /** What our store has open, also that of a process that was killed. */
  readonly #held = new Set<Database>()
  #store: AccountStore | undefined
  #keeper: TokenKeeper | undefined
  #usageAt = new Map<string, number>()
  client = "client"
  /** Whether another program holds our database just when a renewed pair comes. */
  pairsWait = false
  #isLocked = false
  #isDying = false
  /** What this process saw of kiro-cli's. */
  readonly #cliSeen: { readonly pair: Pair; readonly client: string }[] = []
  /** `KIRO_API_KEY` of the process. */
  #key: string | undefined
  #sources: readonly SourceStore[] | undefined
  /** How often other programs wrote, of which this process has seen so much; and the ids that were given. */
  readonly #outside: { writes: number; ids: number }
  #seenWrites = -1

  /** `beside`: the home of a process that runs already; `driver`: what opens databases, where that is not the runtime. */
  constructor(folder: string, beside?: Home, driver?: DatabaseDriver) {
    this.folder = folder
    this.#driver = driver
    this.cliFile = cliDatabase(folder)
    this.amazonFile = this.cliFile.replace("kiro-cli", "amazon-q")
    this.ideFile = join(folder, ".aws", "sso", "cache", "kiro-auth-token.json")
    this.cliTokenFile = this.ideFile.replace("token", "token-cli")
    this.clock = beside?.clock ?? fakeClock()
    this.service = beside?.service ?? new Service(() => this.clock.now())
    this.#outside = beside === undefined ? { writes: 0, ids: 0 } : beside.#outside
    this.#runtime = {
      clock: this.clock,
      log: silentLog,
      fetch: async (url, init) => {
        const response = await this.service.fetch(url, init)
        this.#isLocked = this.pairsWait
        return response
      },
      random: () => 0.5,
      randomUUID: () => randomUUID(),
    }
  }

  sources(env: Record<string, string> = {}): readonly SourceStore[] {
    if (Object.keys(env).length === 0 && this.#sources !== undefined) return this.#sources
    const sources = openSources({
      place: { env: { ...this.#env, ...env }, platform: "linux", home: this.folder },
      settings: DEFAULT_SETTINGS,
      effects: { clock: this.clock, random: () => 0.5, ...this.#databases },
    })
    if (Object.keys(env).length === 0) this.#sources = sources
    return sources
  }

  get #env(): Record<string, string> {
    return this.#key === undefined ? {} : { KIRO_API_KEY: this.#key }
  }

  async store(): Promise<AccountStore> {
    this.#store ??= await openAccountStore({
      path: join(this.folder, "kiro.db"),
      clock: this.clock,
      log: silentLog,
      random: () => 0.5,
      notify: (notice) => void this.notices.push(notice),
      environmentKey: this.#key === undefined ? undefined : new Secret(this.#key),
      driver: this.#lockable(this.#driver ?? (await loadDatabaseDriver())),
    })
    return this.#store
  }

  async keeper(): Promise<TokenKeeper> {
    const store = await this.store()
    this.#keeper ??= new TokenKeeper({
      runtime: this.#runtime,
      store,
      sources: this.sources(),
      settings: DEFAULT_SETTINGS,
      lockPath: join(this.folder, "kiro-refresh.lock"),
      spillPath: join(this.folder, "kiro-tokens.spill"),
      identify: this.service.identify,
    })
    return this.#keeper
  }

  /** The process ends and another one begins; `keyOf`: with the API key of that person in its environment. */
  async restart({ keyOf }: { readonly keyOf?: string | undefined } = {}): Promise<void> {
    await this.#keeper?.close()
    await this.#store?.close()
    this.#begin(keyOf)
  }

  /** The process is killed, with whatever only it knew, and another one begins: our database takes nothing of it any more. */
  async isKilled(): Promise<void> {
    this.#isDying = true
    await this.#keeper?.close()
    await this.#store?.close()
    this.#isDying = false
    this.#isLocked = false
    this.#begin(this.#key === undefined ? undefined : this.service.personOf(this.#key))
  }

  #begin(keyOf: string | undefined): void {
    this.#keeper = undefined
    this.#store = undefined
    this.#usageAt = new Map()
    this.#closeFiles()
    this.#key = keyOf === undefined ? undefined : this.service.keyOf(keyOf)
    this.#sources = undefined
    this.#seenWrites = -1
  }

  /** The process ends for good, and with it all that one before it had open when it was killed. */
  async end(): Promise<void> {
    await this.restart()
    for (const database of this.#held) database.close()
  }

  /** The same home on another day: nobody was ever here. For whoever tries many sequences of events in one folder. */
  empty(): void {
    this.#closeFiles()
    const ours = readdirSync(this.folder).filter((each) => each.startsWith("kiro"))
    for (const name of ours) rmSync(join(this.folder, name), { recursive: true })
    const { ideFile, cliTokenFile, cliFile, amazonFile } = this
    for (const file of [ideFile, cliTokenFile, cliFile, `${cliFile}.away`, amazonFile, this.#olderFile])
      rmSync(file, { force: true })
  }

  get #databaseFile(): string {
    return join(this.folder, "kiro.db")
  }

  get #olderFile(): string {
    return join(this.folder, ".config", "opencode", "kiro.db")
  }

  get #databases(): { readonly driver?: DatabaseDriver } {
    return this.#driver === undefined ? {} : { driver: this.#driver }
  }

  async #look(file: string): Promise<Database | undefined> {
    return existsSync(file) ? this.#opened(file) : undefined
  }

  async #opened(file: string): Promise<Database> {
    const known = this.#open.get(file)
    if (known !== undefined) return known
    mkdirSync(dirname(file), { recursive: true })
    const database = (this.#driver ?? (await loadDatabaseDriver()))(file)
    this.#open.set(file, database)
    return database
  }

  #closeFiles(): void {
    for (const database of this.#open.values()) database.close()
    this.#open.clear()
  }

  /** An older plugin takes over what kiro-cli has, into its table in our own file. */
  async olderPluginCopies(): Promise<void> {
    const held = await this.cliPair()
    if (held === undefined) return
    this.#outside.writes += 1
    const database = await this.#opened(this.#olderFile)
    database.run(
      "CREATE TABLE IF NOT EXISTS accounts (id TEXT PRIMARY KEY, auth_method TEXT, region TEXT, client_id TEXT, client_secret TEXT, refresh_token TEXT, access_token TEXT, expires_at INTEGER)",
    )
    database.run("INSERT OR REPLACE INTO accounts VALUES ('1', 'idc', 'us-east-1', ?, 'secret', ?, ?, ?)", [
      this.client,
      held.refreshToken,
      held.accessToken,
      held.expiresAt,
    ])
  }

  /** The refresh token of the older plugin's copy. */
  async olderPair(): Promise<string | undefined> {
    const database = await this.#look(this.#olderFile)
    const token = database?.get("SELECT refresh_token FROM accounts")?.["refresh_token"]
    return typeof token === "string" ? token : undefined
  }

  /** The store that kiro-cli began as a copy of has what kiro-cli's has now. */
  async amazonQHas(): Promise<void> {
    const held = await this.cliPair()
    if (held !== undefined) await this.#putCli(held, this.amazonFile)
  }

  /** So has the file that newer versions of kiro-cli keep beside the IDE's. */
  async cliFileHas(): Promise<void> {
    const held = await this.cliPair()
    if (held === undefined) return
    const client = { clientId: this.client, clientSecret: "secret", region: "us-east-1" }
    this.#putToken(this.cliTokenFile, held, { ...client, authMethod: "IdC", provider: "BuilderId" })
  }

  /** A person signs in to kiro-cli, or to the Amazon Q CLI. */
  async signsIn(person: string, file = this.cliFile): Promise<Pair> {
    const pair = this.service.signIn(person)
    await this.#putCli(pair, file)
    return pair
  }

  /** kiro-cli renews what it has, or the Amazon Q CLI does. */
  async cliRenews(file = this.cliFile): Promise<boolean> {
    const held = await this.cliPair(file)
    // Of two pairs the newer one ends later: nobody renews what lasts longer than a new one, behind a clock that was ahead.
    this.clock.advance(1)
    if (held === undefined || held.expiresAt >= this.clock.now() + HOUR) return false
    const pair = this.service.renew(held.refreshToken)
    if (pair !== undefined) await this.#putCli(pair, file, { renewed: true })
    return pair !== undefined
  }

  async cliSignsOut(): Promise<void> {
    this.#outside.writes += 1
    const database = await this.#look(this.cliFile)
    database?.run("DELETE FROM auth_kv")
  }

  /** A person signs in to the Kiro IDE. */
  ideSignsIn(person: string): Pair {
    const pair = this.service.signIn(person)
    this.#putToken(this.ideFile, pair, BY_GOOGLE)
    return pair
  }

  /** The IDE renews what it has. */
  ideRenews(): boolean {
    const held = this.idePair()
    const pair = held && this.service.renew(held.refreshToken)
    if (pair !== undefined) this.#putToken(this.ideFile, pair, BY_GOOGLE)
    return pair !== undefined
  }

  ideSignsOut(): void {
    this.#outside.writes += 1
    rmSync(this.ideFile, { force: true })
  }

  idePair(file = this.ideFile): Pair | undefined {
    if (!existsSync(file)) return undefined
    const { accessToken, refreshToken, expiresAt } = JSON.parse(readFileSync(file, "utf8")) as {
      readonly [Name in keyof Pair]: string
    }
    return { accessToken, refreshToken, expiresAt: Date.parse(expiresAt) }
  }

  #putToken(file: string, { expiresAt, ...pair }: Pair, how: object): void {
    this.#outside.writes += 1
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, JSON.stringify({ ...pair, expiresAt: new Date(expiresAt).toISOString(), ...how }))
  }

  async cliPair(file = this.cliFile): Promise<Pair | undefined> {
    const database = await this.#look(file)
    const text = database?.get("SELECT value FROM auth_kv WHERE key = ?", [TOKEN])?.["value"]
    if (typeof text !== "string") return undefined
    const { access_token, refresh_token, expires_at } = JSON.parse(text) as Record<string, string>
    return {
      accessToken: access_token ?? "",
      refreshToken: refresh_token ?? "",
      expiresAt: Date.parse(expires_at ?? ""),
    }
  }

  /** The store is away for a while, as with a container that is not mounted. */
  cliGoesAway(): void {
    this.#outside.writes += 1
    // Windows moves no open file.
    this.#closeFiles()
    if (existsSync(this.cliFile)) renameSync(this.cliFile, `${this.cliFile}.away`)
  }

  cliComesBack(): void {
    this.#outside.writes += 1
    this.#closeFiles()
    if (existsSync(`${this.cliFile}.away`)) renameSync(`${this.cliFile}.away`, this.cliFile)
  }

  /** kiro-cli's store is put back as a process of ours has seen it before. */
  async cliIsPutBack(): Promise<void> {
    const seen = this.#cliSeen.at(-2) ?? this.#cliSeen.at(-1)
    if (seen === undefined || !existsSync(this.cliFile)) return
    this.client = seen.client
    await this.#putCli(seen.pair)
  }

  async #noteCli(): Promise<void> {
    const pair = await this.cliPair()
    if (pair !== undefined && pair.refreshToken !== this.#cliSeen.at(-1)?.pair.refreshToken)
      this.#cliSeen.push({ pair, client: this.client })
  }

  /** Each store has a registration of its own, with which it renews. */
  async #putCli(pair: Pair, file = this.cliFile, { renewed = false } = {}): Promise<void> {
    this.#outside.writes += 1
    const isNew = !existsSync(file)
    const database = await this.#opened(file)
    if (isNew) for (const table of KIRO_CLI_TABLES) database.run(table)
    const rows: Record<string, unknown> = {
      [TOKEN]: {
        access_token: pair.accessToken,
        refresh_token: pair.refreshToken,
        expires_at: new Date(pair.expiresAt).toISOString(),
        region: "us-east-1",
        start_url: this.service.startUrlOf(pair.refreshToken),
      },
      ...(!renewed && {
        [REGISTRATION]: { client_id: this.client, client_secret: "secret", region: "us-east-1" },
      }),
    }
    for (const [key, value] of Object.entries(rows)) putCliRow(database, key, value)
  }

  /** A person signs in here, by a device flow of ours. */
  async signsInHere(person: string): Promise<Account> {
    const { accessToken, refreshToken, expiresAt } = this.service.signIn(person)
    return this.#add({
      kind: "idc",
      id: this.#newId(),
      source: "own",
      tokens: { accessToken: new Secret(accessToken), refreshToken: new Secret(refreshToken), expiresAt },
      client: { clientId: "own-client", clientSecret: new Secret("secret") },
      loginRegion: "us-east-1",
    })
  }

  /** The same for an account that needs a login, whoever was in it: "sign in again". */
  async signsInAgain(person: string): Promise<void> {
    const store = await this.store()
    const accounts = await store.list()
    const refused = accounts.find(({ logins }) => logins.some(({ revoked }) => revoked !== undefined))
    const { logins } = await this.signsInHere(person)
    const loginId = logins[0]?.id ?? ""
    const holder = await store.holderOf(loginId)
    if (refused === undefined || holder === undefined || holder.userId !== undefined) return
    const now = this.clock.now()
    await store.reconcile((all) => replaceRefused(all, { loginId, accountId: refused.id, now }))
  }

  /**
   * A version without owners renews what it finds, and writes it back; or takes what kiro-cli shows for the login that has
   * its row, whoever that is: `late` one that had it when that version looked. Whose pair was written over by that.
   */
  async olderVersion(act: "renews" | "adopts" | "adopts late"): Promise<string | undefined> {
    const database = await this.#look(this.#databaseFile)
    const rows =
      database?.all(
        `SELECT kiro_login.id, refresh_token, source, source_key FROM kiro_login
         JOIN kiro_account ON account_id = kiro_account.id
         WHERE removed_at IS NULL AND enabled <> 0 AND refresh_token IS NOT NULL AND revoked_at IS NULL`,
      ) ?? []
    const shown = await this.cliPair()
    const isThere = (key: unknown): boolean => String(key).startsWith(this.cliFile) || act === "adopts late"
    const found = rows.find(({ refresh_token: token, source, source_key: key }) =>
      act === "renews" ? this.service.isCurrent(String(token)) : source === "kiro-cli" && isThere(key),
    )
    if (database === undefined || found === undefined) return undefined
    const before = String(found["refresh_token"])
    const pair = act === "renews" ? this.service.renew(before) : shown
    if (pair === undefined || pair.refreshToken === before) return undefined
    if (act === "renews" && shown?.refreshToken === before)
      await this.#putCli(pair, this.cliFile, { renewed: true })
    database.run("UPDATE kiro_login SET access_token = ?, refresh_token = ?, expires_at = ? WHERE id = ?", [
      pair.accessToken,
      pair.refreshToken,
      pair.expiresAt,
      String(found["id"]),
    ])
    return act === "renews" ? undefined : this.service.familyOf(before)?.person
  }

  /** A person gives us a key of theirs. */
  async givesKey(person: string): Promise<void> {
    const key = new Secret(this.service.keyOf(person))
    const accounts = await (await this.store()).list({ resting: true })
    const isKnown = accounts.some(({ logins }) =>
      logins.some((login) => login.kind === "api-key" && login.key.equals(key)),
    )
    if (!isKnown) await this.#add({ kind: "api-key", id: this.#newId(), source: "own", key })
  }

  async #add(login: Login): Promise<Account> {
    const now = this.clock.now()
    const store = await this.store()
    const record = { actedAt: actedNow(await store.listAll(), now) }
    const account = { ...newAccount({ id: this.#newId(), now, logins: [login] }), record }
    await store.add(account)
    await this.#recordUsage(account.id, login)
    return account
  }

  #newId(): string {
    this.#outside.ids += 1
    return `own-${this.#outside.ids}`
  }

  async disable(person: string): Promise<void> {
    for (const { id } of await this.accountsOf(person)) await this.switches(id, "off")
  }

  async enable(person: string): Promise<void> {
    for (const { id } of await this.accountsOf(person)) await this.switches(id, "on")
  }

  /** One account, where a person has several. */
  async switches(accountId: string, to: "on" | "off"): Promise<void> {
    const now = this.clock.now()
    await (
      await this.store()
    ).update(accountId, (account, all) => {
      const actedAt = actedNow(all, now)
      return to === "on" ? enableAccount(account, { now, actedAt }) : disableAccount(account, actedAt)
    })
  }

  async remove(person: string): Promise<void> {
    const [store, keeper] = [await this.store(), await this.keeper()]
    for (const account of await this.accountsOf(person)) {
      await keeper.settle(account)
      await store.remove(account.id)
    }
  }

  /**
   * The accounts that hold a pair of a person, resting ones too. One that is named is whose name it has, whatever another
   * version wrote into it.
   */
  async accountsOf(person: string): Promise<readonly Account[]> {
    const accounts = await (await this.store()).list({ resting: true })
    return accounts.filter(({ userId, logins }) =>
      userId === undefined
        ? logins.some((login) => this.ownerOf(login) === person)
        : userId === `user-${person}`,
    )
  }

  ownerOf(login: Login): string | undefined {
    const token = login.kind === "api-key" ? login.key : login.tokens.accessToken
    return this.service.personOf(token.reveal())
  }

  /** Whether another program wrote since this process looked last. */
  get hasNews(): boolean {
    return this.#seenWrites !== this.#outside.writes
  }

  async takeIn(byUser = false): Promise<void> {
    const { identify } = this.service
    this.#seenWrites = this.#outside.writes
    await this.#noteCli()
    await importLogins({
      store: await this.store(),
      sources: this.sources(),
      clock: this.clock,
      byUser,
      identify,
      tokens: await this.keeper(),
    })
  }

  /**
   * A conversation asks, as the gateway does it: choose, look again where nobody can serve, send, learn. `looks`: it
   * looks at other programs first.
   */
  async asks(sessionId = "session", looks = true): Promise<Answer> {
    const [store, keeper] = [await this.store(), await this.keeper()]
    if (looks) await this.takeIn()
    const excluded = new Set<string>()
    const rejected: Secret[] = []
    let looked = false
    for (let tries = 0; tries < 12; tries += 1) {
      const now = this.clock.now()
      const choice = await store.assign(sessionId, (state) =>
        selectAccount(
          { ...state, accounts: keeper.here(state.accounts) },
          { strategy: "lowest-usage", useOverage: true, now, excluded },
        ),
      )
      if (choice.account === undefined) {
        if (looked) return { by: "nobody", unavailable: choice.unavailable }
        looked = true
        await this.takeIn()
        await keeper.learnOwners()
        excluded.clear()
        continue
      }
      const { account } = choice
      const credential = await keeper.fresh({ account, rejected })
      if (credential.state === "none") {
        excluded.add(account.id)
        continue
      }
      const token = credential.accessToken.reveal()
      const current = (await store.get(account.id)) ?? account
      const person = this.service.personOf(token)
      assert.ok(person !== undefined)
      if (current.userId !== undefined)
        assert.equal(current.userId, `user-${person}`, "a pair of one person was sent for another")
      const outcome = this.service.chat(token)
      if (outcome === "answer") {
        const { id: loginId } = credential.login
        await store.update(current.id, (row) => afterSuccess(row, { loginId, startedAt: now, now }))
        await this.#recordUsage(current.id, credential.login)
        return { by: person, accountId: current.id }
      }
      if (outcome === "refused") {
        if (rejected.some((each) => each.equals(credential.accessToken))) excluded.add(account.id)
        rejected.push(credential.accessToken)
        continue
      }
      excluded.add(account.id)
      const kind = outcome === "suspended" ? "suspended" : "monthly-quota"
      const context = { now, throttleDelayMs: 1000, random: 0.5 }
      await store.update(current.id, (row) => afterFailure(row, { kind, status: 403, message: "" }, context))
    }
    return { by: "nobody", unavailable: [] }
  }

  /** Whose login answers; nothing of another's is in the store then. */
  async servedBy(sessionId?: string): Promise<string> {
    const answer = await this.asks(sessionId)
    await this.check()
    return answer.by
  }

  /** No access token lasts over two hours. */
  endAccessTokens(): void {
    this.clock.advance(2 * HOUR)
  }

  /** The usage call after an answer, at most once a minute. */
  async #recordUsage(accountId: string, login: Login): Promise<void> {
    const store = await this.store()
    const now = this.clock.now()
    const account = await store.get(accountId)
    const last = Math.max(this.#usageAt.get(accountId) ?? 0, account?.quota?.checkedAt ?? 0)
    if (now - last < 60_000) return
    const answer = await this.service.identify(login)
    if (answer.outcome !== "known") return
    this.#usageAt.set(accountId, now)
    await keepUsage(store, { login, limits: answer.limits, now })
  }

  /** What must hold at every moment: no account holds pairs of two people, nor one of another than it is named for. */
  async check(): Promise<void> {
    const store = await this.store()
    const accounts = await store.listAll()
    for (const { id, userId, logins } of accounts) {
      const people = new Set(logins.filter(isSound).flatMap((login) => this.ownerOf(login) ?? []))
      assert.ok(people.size <= 1, `the account ${id} holds pairs of ${[...people].join(" and ")}`)
      for (const person of people)
        if (userId !== undefined) assert.equal(userId, `user-${person}`, "stored for another")
    }
    for (const account of accounts)
      for (const login of account.logins.filter(isSound)) {
        const owner = recordOf(login).owner
        if (owner !== undefined) assert.equal(owner, `user-${this.ownerOf(login)}`)
      }
  }

  /** The refresh tokens that we have on the disk, in rows or spilled for one, and that other programs have. */
  async refreshTokens(): Promise<{ readonly ours: readonly string[]; readonly theirs: readonly string[] }> {
    const database = await this.#look(this.#databaseFile)
    const rows =
      database?.all("SELECT id, refresh_token FROM kiro_login WHERE refresh_token IS NOT NULL") ?? []
    const spilled = readdirSync(this.folder).flatMap((name) => {
      if (!rows.some((row) => name.startsWith(`kiro-tokens.spill-${String(row["id"])}`))) return []
      const text = readFileSync(join(this.folder, name), "utf8")
      return /"after":\{[^}]*"refreshToken":"([^"]+)"/.exec(text)?.[1] ?? []
    })
    const pairs = [
      await this.cliPair(),
      await this.cliPair(this.amazonFile),
      this.idePair(),
      this.idePair(this.cliTokenFile),
    ]
    return {
      ours: [...rows.map((row) => String(row["refresh_token"])), ...spilled],
      theirs: pairs.flatMap((pair) => pair?.refreshToken ?? []),
    }
  }

  /** Another text whenever what is stored of accounts may be another, and whenever any pair anywhere may be. */
  async stamps(): Promise<{ readonly stored: string; readonly all: string }> {
    const database = await this.#look(this.#databaseFile)
    const stored = String(database?.stamp(["kiro_account", "kiro_login"]))
    return { stored, all: `${stored}, ${this.#outside.writes}, ${this.service.changes}` }
  }

  /** A write that finds the database locked finds it free the next time. */
  #lockable(driver: DatabaseDriver): DatabaseDriver {
    return (path) => {
      const database = driver(path)
      const held: Database = {
        ...database,
        close: () => {
          this.#held.delete(held)
          database.close()
        },
        run: (sql, parameters) => {
          const isTaken = (this.#isLocked || this.#isDying) && sql === "BEGIN IMMEDIATE"
          if (!isTaken) return database.run(sql, parameters)
          this.#isLocked = false
          throw Object.assign(new Error("database is locked"), { errcode: SQLITE_BUSY })
        },
      }
      this.#held.add(held)
      return held
    }
  }
}

/** What another version wrote into our row is not told apart yet, and not used. */
export function isSound({ barred }: Login): boolean {
  return barred !== "strange"
}
