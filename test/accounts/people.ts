import assert from "node:assert/strict"
import { randomUUID } from "node:crypto"
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import {
  type Account,
  type AccountStore,
  afterFailure,
  afterSuccess,
  afterUsage,
  createTokenKeeper,
  type Database,
  disableAccount,
  enableAccount,
  type Identify,
  learnIdentity,
  type Login,
  loginHash,
  newAccount,
  type Notice,
  openAccountStore,
  openDatabase,
  ownerOf,
  type OwnerAnswer,
  recordOf,
  selectAccount,
  type SourceStore,
  type TokenKeeper,
  type Unavailable,
} from "../../src/accounts/index.ts"
import { importLogins, openSources } from "../../src/import/index.ts"
import { type Fetch, type Runtime, silentLog } from "../../src/runtime.ts"
import { Secret } from "../../src/secret.ts"
import { DEFAULT_SETTINGS } from "../../src/settings/index.ts"
import { cliDatabase, putCliRow, sqlite, writeCliStore } from "../import/stores.ts"
import { type FakeClock, fakeClock } from "../support/clock.ts"

/** How a token service treats the refresh token that it was given. */
export type Rotation = "single-use" | "repeated" | "tolerant"
export type UsageCall = "up" | "down" | "refused" | "unsupported"

const HOUR = 3_600_000
const TOKEN = "kirocli:odic:token"
const REGISTRATION = "kirocli:odic:device-registration"

/** One sign-in: the pairs that were renewed one from the other. */
interface Family {
  readonly person: string
  readonly refreshTokens: string[]
  alive: boolean
}

/** The token service and the usage call, of people who have each as many sign-ins as they like. */
export class Service {
  readonly #now: () => number
  readonly #families: Family[] = []
  readonly #access = new Map<string, { readonly family: Family; readonly expiresAt: number }>()
  #count = 0
  rotation: Rotation = "single-use"
  usage: UsageCall = "up"
  /** Every refresh token that was sent, and whether another one had taken its place. */
  readonly sent: { readonly refreshToken: string; readonly superseded: boolean }[] = []
  usageCalls = 0
  readonly suspended = new Set<string>()
  readonly exhausted = new Set<string>()

  constructor(now: () => number) {
    this.#now = now
  }

  signIn(person: string): Pair {
    const family: Family = { person, refreshTokens: [], alive: true }
    this.#families.push(family)
    return this.#issue(family)
  }

  renew(refreshToken: string): Pair | undefined {
    const family = this.familyOf(refreshToken)
    if (family === undefined || !family.alive) return undefined
    if (family.refreshTokens.at(-1) === refreshToken)
      return this.rotation === "repeated" ? this.#issue(family, refreshToken) : this.#issue(family)
    if (this.rotation === "tolerant") return this.#issue(family)
    // Whoever uses a token twice may have stolen it: the service ends the whole sign-in.
    family.alive = false
    return undefined
  }

  /** The refresh token that works for the sign-in that this one is of. */
  currentOf(refreshToken: string): string | undefined {
    const family = this.familyOf(refreshToken)
    return family?.alive === true ? family.refreshTokens.at(-1) : undefined
  }

  familyOf(refreshToken: string): Family | undefined {
    return this.#families.find(({ refreshTokens }) => refreshTokens.includes(refreshToken))
  }

  isCurrent(refreshToken: string): boolean {
    const family = this.familyOf(refreshToken)
    return family?.alive === true && family.refreshTokens.at(-1) === refreshToken
  }

  personOf(accessToken: string): string | undefined {
    return this.#access.get(accessToken)?.family.person
  }

  /** What a chat with this token comes to. */
  chat(accessToken: string): "answer" | "refused" | "exhausted" | "suspended" {
    const issued = this.#access.get(accessToken)
    if (issued === undefined || issued.expiresAt <= this.#now()) return "refused"
    if (this.suspended.has(issued.family.person)) return "suspended"
    return this.exhausted.has(issued.family.person) ? "exhausted" : "answer"
  }

  readonly identify: Identify = async (login) => {
    this.usageCalls += 1
    const token = login.kind === "api-key" ? login.key : login.tokens.accessToken
    const issued = this.#access.get(token.reveal())
    if (this.usage === "unsupported") return { outcome: "unsupported" }
    if (this.usage !== "up" || issued === undefined || issued.expiresAt <= this.#now())
      return { outcome: "failed" }
    return { outcome: "known", userId: `user-${issued.family.person}`, quota: QUOTA } satisfies OwnerAnswer
  }

  readonly fetch: Fetch = async (_url, init) => {
    const body = String(init.body)
    // An identity provider takes a form (RFC 6749).
    const isForm = !body.startsWith("{")
    const refreshToken = isForm
      ? (new URLSearchParams(body).get("refresh_token") ?? "")
      : (JSON.parse(body) as { refreshToken: string }).refreshToken
    const family = this.familyOf(refreshToken)
    const superseded = family !== undefined && family.refreshTokens.at(-1) !== refreshToken
    this.sent.push({ refreshToken, superseded })
    await this.onSent?.(refreshToken, superseded)
    const pair = this.renew(refreshToken)
    if (pair === undefined) return Response.json({ error: "invalid_grant" }, { status: 400 })
    const { accessToken, refreshToken: next } = pair
    return isForm
      ? Response.json({
          access_token: accessToken,
          refresh_token: next,
          expires_in: 3600,
          token_type: "Bearer",
        })
      : Response.json({ accessToken, refreshToken: next, expiresIn: 3600 })
  }

  onSent: ((refreshToken: string, superseded: boolean) => Promise<void>) | undefined

  #issue(family: Family, again?: string): Pair {
    this.#count += 1
    const refreshToken = again ?? `refresh-${family.person}-${this.#count}`
    const accessToken = `access-${family.person}-${this.#count}`
    if (again === undefined) family.refreshTokens.push(refreshToken)
    const expiresAt = this.#now() + HOUR
    this.#access.set(accessToken, { family, expiresAt })
    return { accessToken, refreshToken, expiresAt }
  }
}

export interface Pair {
  readonly accessToken: string
  readonly refreshToken: string
  readonly expiresAt: number
}

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
  readonly ideFile: string
  readonly #runtime: Runtime
  /** Kept open from look to look: a sequence of events has hundreds of them. */
  readonly #open = new Map<string, Database>()
  #store: AccountStore | undefined
  #keeper: TokenKeeper | undefined
  #usageAt = new Map<string, number>()
  client = "client"

  /** `beside`: the home of a process that runs already. */
  constructor(folder: string, beside?: Home) {
    this.folder = folder
    this.cliFile = cliDatabase(folder)
    this.ideFile = join(folder, ".aws", "sso", "cache", "kiro-auth-token.json")
    this.clock = beside?.clock ?? fakeClock()
    this.service = beside?.service ?? new Service(() => this.clock.now())
    this.#runtime = {
      clock: this.clock,
      log: silentLog,
      fetch: this.service.fetch,
      random: () => 0.5,
      randomUUID: () => randomUUID(),
    }
  }

  sources(env: Record<string, string> = {}): readonly SourceStore[] {
    return openSources({
      place: { env, platform: "linux", home: this.folder },
      settings: DEFAULT_SETTINGS,
      effects: { clock: this.clock, random: () => 0.5 },
    })
  }

  async store(): Promise<AccountStore> {
    this.#store ??= await openAccountStore({
      path: join(this.folder, "kiro.db"),
      clock: this.clock,
      log: silentLog,
      random: () => 0.5,
      notify: (notice) => void this.notices.push(notice),
    })
    return this.#store
  }

  async keeper(): Promise<TokenKeeper> {
    const store = await this.store()
    this.#keeper ??= createTokenKeeper({
      runtime: this.#runtime,
      store,
      sources: this.sources(),
      settings: DEFAULT_SETTINGS,
      lockPath: join(this.folder, "kiro-refresh.lock"),
      spillPath: join(this.folder, "kiro-tokens.spill"),
      userAgent: "test",
      identify: this.service.identify,
    })
    return this.#keeper
  }

  /** The process ends and another one begins. */
  async restart(): Promise<void> {
    await this.#keeper?.close()
    await this.#store?.close()
    this.#keeper = undefined
    this.#store = undefined
    this.#usageAt = new Map()
    this.#closeFiles()
  }

  /** The same home on another day: nobody was ever here. For whoever tries many sequences of events on one folder. */
  async empty(): Promise<void> {
    this.cliComesBack()
    rmSync(this.ideFile, { force: true })
    for (const name of readdirSync(this.folder).filter((each) => each.startsWith("kiro-")))
      rmSync(join(this.folder, name), { recursive: true })
    for (const [file, like] of [
      [this.#databaseFile, "kiro!_%"],
      [this.cliFile, "auth!_kv"],
      [this.#olderFile, "accounts"],
    ] as const) {
      const database = await this.#look(file)
      const tables = database?.all(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE ? ESCAPE '!'",
        [like],
      )
      for (const { name } of tables ?? []) database?.run(`DELETE FROM ${String(name)}`)
    }
    this.#closeFiles()
  }

  get #databaseFile(): string {
    return join(this.folder, "kiro.db")
  }

  get #olderFile(): string {
    return join(this.folder, ".config", "opencode", "kiro.db")
  }

  async #look(file: string): Promise<Database | undefined> {
    if (!existsSync(file)) return undefined
    const database = this.#open.get(file) ?? (await openDatabase(file))
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
    await sqlite(this.#olderFile, (database) => {
      database.run(
        "CREATE TABLE IF NOT EXISTS accounts (id TEXT PRIMARY KEY, auth_method TEXT, region TEXT, client_id TEXT, client_secret TEXT, refresh_token TEXT, access_token TEXT, expires_at INTEGER)",
      )
      database.run("INSERT OR REPLACE INTO accounts VALUES ('1', 'idc', 'us-east-1', ?, 'secret', ?, ?, ?)", [
        this.client,
        held.refreshToken,
        held.accessToken,
        held.expiresAt,
      ])
    })
  }

  /** A person signs in to kiro-cli. */
  async signsIn(person: string): Promise<Pair> {
    const pair = this.service.signIn(person)
    await this.#putCli(pair)
    return pair
  }

  /** kiro-cli renews what it has. */
  async cliRenews(): Promise<boolean> {
    const held = await this.cliPair()
    if (held === undefined) return false
    const pair = this.service.renew(held.refreshToken)
    if (pair === undefined) return false
    await this.#putCli(pair)
    return true
  }

  async cliSignsOut(): Promise<void> {
    const database = await this.#look(this.cliFile)
    database?.run("DELETE FROM auth_kv")
  }

  /** A person signs in to the Kiro IDE. */
  ideSignsIn(person: string): Pair {
    const pair = this.service.signIn(person)
    this.#putIde(pair)
    return pair
  }

  /** The IDE renews what it has. */
  ideRenews(): boolean {
    const held = this.idePair()
    const pair = held && this.service.renew(held.refreshToken)
    if (pair !== undefined) this.#putIde(pair)
    return pair !== undefined
  }

  ideSignsOut(): void {
    rmSync(this.ideFile, { force: true })
  }

  idePair(): Pair | undefined {
    if (!existsSync(this.ideFile)) return undefined
    const { expiresAt, ...pair } = JSON.parse(readFileSync(this.ideFile, "utf8")) as Pair & {
      expiresAt: string
    }
    return { ...pair, expiresAt: Date.parse(expiresAt) }
  }

  #putIde({ accessToken, refreshToken, expiresAt }: Pair): void {
    mkdirSync(dirname(this.ideFile), { recursive: true })
    const fields = { accessToken, refreshToken, expiresAt: new Date(expiresAt).toISOString() }
    writeFileSync(this.ideFile, JSON.stringify({ ...fields, authMethod: "social", provider: "Google" }))
  }

  async cliPair(): Promise<Pair | undefined> {
    const database = await this.#look(this.cliFile)
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
    // Windows moves no open file.
    this.#closeFiles()
    if (existsSync(this.cliFile)) renameSync(this.cliFile, `${this.cliFile}.away`)
  }

  cliComesBack(): void {
    this.#closeFiles()
    if (existsSync(`${this.cliFile}.away`)) renameSync(`${this.cliFile}.away`, this.cliFile)
  }

  async #putCli(pair: Pair): Promise<void> {
    if (!existsSync(this.cliFile)) await writeCliStore(this.cliFile, {})
    const database = await this.#look(this.cliFile)
    const rows: Record<string, unknown> = {
      [TOKEN]: {
        access_token: pair.accessToken,
        refresh_token: pair.refreshToken,
        expires_at: new Date(pair.expiresAt).toISOString(),
        region: "us-east-1",
      },
      [REGISTRATION]: { client_id: this.client, client_secret: "secret", region: "us-east-1" },
    }
    for (const [key, value] of Object.entries(rows))
      if (database !== undefined) putCliRow(database, key, value)
  }

  /** A person signs in here, by a device flow of ours. */
  async signsInHere(person: string): Promise<Account> {
    const { accessToken, refreshToken, expiresAt } = this.service.signIn(person)
    const store = await this.store()
    const now = this.clock.now()
    const login: Login = {
      kind: "idc",
      id: randomUUID(),
      source: "own",
      tokens: { accessToken: new Secret(accessToken), refreshToken: new Secret(refreshToken), expiresAt },
      client: { clientId: "own-client", clientSecret: new Secret("secret") },
      loginRegion: "us-east-1",
    }
    const account = { ...newAccount({ id: randomUUID(), now, logins: [login] }), record: { actedAt: now } }
    await store.add(account)
    await this.#recordUsage(account.id, login)
    return account
  }

  async disable(person: string): Promise<void> {
    const store = await this.store()
    for (const { id } of await this.accountsOf(person))
      await store.update(id, (account) => disableAccount(account, this.clock.now()))
  }

  async enable(person: string): Promise<void> {
    const store = await this.store()
    for (const { id } of await this.accountsOf(person))
      await store.update(id, (account) => enableAccount(account, this.clock.now()))
  }

  async remove(person: string): Promise<void> {
    const [store, keeper] = [await this.store(), await this.keeper()]
    for (const account of await this.accountsOf(person)) {
      await keeper.settle(account)
      await store.remove(account.id)
    }
  }

  /** The accounts that hold a pair of a person, resting ones too. */
  async accountsOf(person: string): Promise<readonly Account[]> {
    const accounts = await (await this.store()).list({ resting: true })
    return accounts.filter(({ logins }) => logins.some((login) => this.ownerOf(login) === person))
  }

  ownerOf(login: Login): string | undefined {
    return login.kind === "api-key" ? undefined : this.service.personOf(login.tokens.accessToken.reveal())
  }

  async takeIn(byUser = false): Promise<void> {
    const { identify } = this.service
    await importLogins({
      store: await this.store(),
      sources: this.sources(),
      clock: this.clock,
      byUser,
      identify,
    })
  }

  /** A conversation asks, as the gateway does it: choose, look again where nobody can serve, send, learn. */
  async asks(sessionId = "session"): Promise<Answer> {
    const [store, keeper] = [await this.store(), await this.keeper()]
    await this.takeIn()
    const excluded = new Set<string>()
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
      const credential = await keeper.fresh({ account })
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
      excluded.add(account.id)
      if (outcome === "refused") continue
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
    const { userId } = answer
    if (account !== undefined)
      await store.update(account.id, (row) => afterUsage(row, { ...QUOTA, checkedAt: now }, now))
    const isNamed =
      account?.logins.some((each) => each.id === login.id && ownerOf(each) !== undefined) === true
    if (!isNamed)
      await store.reconcile((accounts) =>
        learnIdentity(accounts, { loginId: login.id, asked: loginHash(login), userId, now }),
      )
  }

  /** What must hold at every moment: no account holds pairs of two people, nor one of another than it is named for. */
  async check(): Promise<void> {
    const store = await this.store()
    const accounts = await store.listAll()
    for (const { id, userId, logins } of accounts) {
      const people = new Set(logins.flatMap((login) => this.ownerOf(login) ?? []))
      assert.ok(people.size <= 1, `the account ${id} holds pairs of ${[...people].join(" and ")}`)
      for (const person of people)
        if (userId !== undefined) assert.equal(userId, `user-${person}`, "stored for another")
    }
    for (const account of accounts)
      for (const login of account.logins) {
        const owner = recordOf(login).owner
        if (owner !== undefined) assert.equal(owner, `user-${this.ownerOf(login)}`)
      }
  }

  /** The refresh tokens that we have on the disk, in rows or spilled, and that other programs have. */
  async refreshTokens(): Promise<{
    readonly ours: ReadonlySet<string>
    readonly theirs: ReadonlySet<string>
  }> {
    const database = await this.#look(this.#databaseFile)
    const rows = database?.all("SELECT refresh_token FROM kiro_login") ?? []
    const ours = new Set(rows.map((row) => String(row["refresh_token"])))
    for (const name of readdirSync(this.folder).filter((each) => each.startsWith("kiro-tokens.spill"))) {
      const text = readFileSync(join(this.folder, name), "utf8")
      const after = /"after":\{[^}]*"refreshToken":"([^"]+)"/.exec(text)?.[1]
      if (after !== undefined) ours.add(after)
    }
    const pairs = [await this.cliPair(), this.idePair()]
    return { ours, theirs: new Set(pairs.flatMap((pair) => pair?.refreshToken ?? [])) }
  }
}

const QUOTA = { used: 1, limit: 1000, bonuses: [], overage: { enabled: false, used: 0 } }
