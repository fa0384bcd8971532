import assert from "node:assert/strict"
import { join } from "node:path"
import { after, before, beforeEach, describe, it } from "node:test"
import {
  accessOf,
  type Account,
  type AccountStore,
  type Identify,
  type KeeperDependencies,
  openDatabase,
  type OwnerAnswer,
  recordOf,
  type Row,
  type SourceStore,
  type TokenKeeper,
} from "../../src/accounts/index.ts"
import { importLogins, openSources } from "../../src/import/index.ts"
import { type Clock, systemClock } from "../../src/runtime.ts"
import { DEFAULT_SETTINGS } from "../../src/settings/index.ts"
import { type FakeAccount, type FakeKiro, startFakeKiro } from "../support/fake-kiro/index.ts"
import { cliDatabase, cliRow, putCliRow, sqlite, writeCliStore } from "../import/stores.ts"
import { kiroCliRows } from "../support/kiro-cli-store.ts"
import { Child } from "./child.ts"
import { EXPIRED, leftovers, onlyLogin, openKeeper, openStore, realRuntime } from "./setup.ts"
import { temporaryFolder } from "../support/temporary-folder.ts"
import { eventually, within } from "../support/clock.ts"

const TOKEN = "kirocli:odic:token"
const REGISTRATION = "kirocli:odic:device-registration"
const HOUR = 3_600_000

describe("kiro-cli and we on one login", () => {
  let offset: number
  const clock: Clock = { ...systemClock, now: () => Date.now() + offset }
  let fake: FakeKiro
  let ann: FakeAccount
  let folder: string
  let file: string
  let store: AccountStore

  before(async () => {
    offset = 0
    fake = await startFakeKiro({ now: () => clock.now() })
  })
  after(() => fake.close())
  beforeEach(async () => {
    offset = 0
    ann = fake.account()
    folder = temporaryFolder()
    file = cliDatabase(folder)
    store = await openStore(folder, { clock })
    await writeCliStore(file, kiroCliRows(ann, { expiresAt: EXPIRED }))
  })

  const logInAs = (person: FakeAccount, changes: Record<string, unknown> = {}): Promise<void> =>
    sqlite(file, (database) => {
      for (const [key, value] of Object.entries({
        ...kiroCliRows(person, { expiresAt: clock.now() + HOUR }),
        ...changes,
      }))
        putCliRow(database, key, value)
    })
  const sources = (): readonly SourceStore[] =>
    openSources({
      place: { env: {}, platform: "linux", home: folder },
      settings: DEFAULT_SETTINGS,
      effects: { clock, random: Math.random },
    })
  const sync = (): ReturnType<typeof importLogins> =>
    importLogins({ store, sources: sources(), clock, identify: who })
  const open = (identify: KeeperDependencies["identify"] = who, kept = store): TokenKeeper =>
    openKeeper({
      folder,
      url: fake.url,
      store: kept,
      sources: sources(),
      runtime: realRuntime({ clock }),
      identify,
    })
  const openWith = (these: readonly SourceStore[]): TokenKeeper =>
    openKeeper({ folder, url: fake.url, store, sources: these, runtime: realRuntime({ clock }) })
  const who: Identify = async (login): Promise<OwnerAnswer> => {
    const token = login.kind === "api-key" ? "" : login.tokens.accessToken.reveal()
    const userId = fake.tokens.access.get(token)?.account.userId
    return userId === undefined ? { outcome: "failed" } : { outcome: "known", limits: { userId } }
  }
  const first = async (): Promise<Account> => {
    const [account] = await store.list()
    assert.ok(account)
    return account
  }
  /** Of the first account that can answer, as the gateway goes on from one to the next. */
  const token = async (keeper: TokenKeeper): Promise<string> => {
    let last = "nobody"
    for (let round = 0; round < 2; round += 1)
      for (const account of keeper.here(await store.list())) {
        const answer = await keeper.fresh({ account })
        if (answer.state === "token") return answer.accessToken.reveal()
        last = answer.reason
      }
    return last
  }
  /** What kiro-cli does when its token has expired. */
  const cliRefreshes = async (): Promise<void> => {
    const row = await cliRow(file, TOKEN)
    const { client_id: clientId, client_secret: clientSecret } = await cliRow(file, REGISTRATION)
    const body = { clientId, clientSecret, grantType: "refresh_token", refreshToken: row["refresh_token"] }
    const response = await fetch(`${fake.url}/token`, {
      method: "POST",
      headers: { "content-type": "application/json", "x-kiro-original-host": "oidc.us-east-1.amazonaws.com" },
      body: JSON.stringify(body),
    })
    assert.equal(response.status, 200, "kiro-cli was logged out")
    const { accessToken, refreshToken } = (await response.json()) as Record<string, string>
    const renewed = {
      ...row,
      access_token: accessToken,
      refresh_token: refreshToken,
      expires_at: new Date(clock.now() + HOUR).toISOString(),
    }
    await sqlite(file, (database) => putCliRow(database, TOKEN, renewed))
  }

  it("import it once, and find nothing new the next time", async () => {
    assert.equal((await sync()).added.length, 1)
    const again = await sync()
    assert.deepEqual([again.added.length, again.updated.length, again.unchanged.length], [0, 0, 1])
    assert.equal((await store.list()).length, 1)
  })

  it("leave kiro-cli logged in after we refreshed", async () => {
    await sync()
    const keeper = open()
    assert.equal(await token(keeper), ann.accessToken)
    await keeper.close()
    assert.equal((await cliRow(file, TOKEN))["refresh_token"], ann.refreshToken)
    assert.deepEqual(
      recordOf(onlyLogin(await first())).places.map(({ owed }) => owed),
      [false],
    )
    await cliRefreshes()
  })

  it("make no request where kiro-cli has refreshed meanwhile", async () => {
    await sync()
    await cliRefreshes()
    const keeper = open()
    assert.equal(await token(keeper), ann.accessToken)
    await keeper.close()
    assert.equal(ann.refreshCount, 1)
    assert.equal(onlyLogin(await first()).tokens.refreshToken?.reveal(), ann.refreshToken)
  })

  it("use kiro-cli's newer refresh token where its access token has expired too", async () => {
    await sync()
    await cliRefreshes()
    offset += 2 * HOUR
    const keeper = open()
    assert.equal(await token(keeper), ann.accessToken)
    await keeper.close()
    assert.equal(ann.refreshCount, 2)
    await cliRefreshes()
  })

  it("stay logged in through days of both at work", async () => {
    await sync()
    for (let round = 0; round < 24; round += 1) {
      offset += round % 3 === 0 ? HOUR / 2 : 2 * HOUR
      if (round % 2 === 0) await cliRefreshes()
      if (round % 5 === 0) await sync()
      const keeper = open()
      const issued = fake.tokens.access.get(await token(keeper))
      assert.ok((issued?.expiresAt ?? 0) > clock.now(), `round ${round}`)
      await keeper.close()
    }
    const [account, ...others] = await store.list()
    assert.deepEqual(others, [])
    assert.equal(account?.health.state, "ok")
    await cliRefreshes()
  })

  it("part when kiro-cli logs in as somebody else: both work, and neither's row is touched by the other", async () => {
    await sync()
    const bob = fake.account()
    await logInAs(bob)
    const bobsRow = await cliRow(file, TOKEN)
    const keeper = open()
    assert.equal(await token(keeper), ann.accessToken)
    await keeper.close()
    assert.equal(ann.refreshCount, 1)
    assert.deepEqual(await cliRow(file, TOKEN), bobsRow)
    await sync()
    const accounts = await store.list()
    assert.equal(accounts.length, 2)
    assert.deepEqual(
      accounts.map((account) => onlyLogin(account).tokens.accessToken.reveal()),
      [ann.accessToken, bob.accessToken],
    )
  })

  it("part also where only the user id tells the two people apart", async () => {
    await sync()
    const account = await first()
    await store.update(account.id, (row) => ({ ...row, userId: ann.userId }))
    const bob = fake.account()
    bob.signIn(ann.client.clientId)
    await logInAs(bob, { [REGISTRATION]: kiroCliRows(ann, { expiresAt: EXPIRED })[REGISTRATION] })
    const bobsRow = await cliRow(file, TOKEN)
    const asked: string[] = []
    const keeper = open(async (login) => {
      asked.push(login.id)
      return who(login)
    })
    assert.equal(await token(keeper), ann.accessToken)
    await keeper.close()
    assert.equal(asked.length, 1)
    assert.deepEqual(await cliRow(file, TOKEN), bobsRow)
    await sync()
    assert.deepEqual(
      (await store.list()).map((each) => onlyLogin(each).tokens.accessToken.reveal()),
      [ann.accessToken, bob.accessToken],
    )
  })

  describe("by Google or GitHub, where a row names nobody", () => {
    const SOCIAL = "kirocli:social:token"
    const put = (person: FakeAccount): Promise<void> =>
      sqlite(file, (database) => {
        database.run("DELETE FROM auth_kv")
        const { accessToken, refreshToken } = person
        const expires_at = new Date(clock.now() + HOUR).toISOString()
        putCliRow(database, SOCIAL, {
          access_token: accessToken,
          refresh_token: refreshToken,
          expires_at,
          provider: "google",
        })
      })
    const syncBy = (identify: Identify): ReturnType<typeof importLogins> =>
      importLogins({ store, sources: sources(), clock, identify })
    const tokensHere = async (): Promise<readonly string[]> =>
      (await store.list()).map((account) => onlyLogin(account).tokens.accessToken.reveal())

    it("stay one account however often kiro-cli renews", async () => {
      const eve = fake.account({ kind: "social" })
      await put(eve)
      await syncBy(who)
      for (let round = 0; round < 3; round += 1) {
        offset += HOUR / 2
        eve.signIn()
        await put(eve)
        await syncBy(who)
        assert.deepEqual(await tokensHere(), [eve.accessToken])
      }
    })

    it("stay removed where kiro-cli renews, and let another person in", async () => {
      const [eve, dan] = [fake.account({ kind: "social" }), fake.account({ kind: "social" })]
      await put(eve)
      await syncBy(who)
      const { id } = await first()
      await store.update(id, (row) => ({ ...row, userId: eve.userId }))
      await store.remove(id)
      offset += HOUR / 2
      eve.signIn()
      await put(eve)
      await syncBy(who)
      assert.deepEqual(await tokensHere(), [])
      await put(dan)
      await syncBy(who)
      assert.deepEqual(await tokensHere(), [dan.accessToken])
    })

    it("are two accounts also where nobody had asked yet who the first one is", async () => {
      const [eve, dan] = [fake.account({ kind: "social" }), fake.account({ kind: "social" })]
      await put(eve)
      await syncBy(who)
      offset += HOUR / 2
      await put(dan)
      await syncBy(who)
      await syncBy(async () => ({ outcome: "failed" }))
      dan.signIn()
      offset += HOUR / 4
      await put(dan)
      await syncBy(async () => ({ outcome: "failed" }))
      assert.equal((await tokensHere()).length, 3)
      offset += HOUR / 60
      await syncBy(who)
      assert.deepEqual(await tokensHere(), [eve.accessToken, dan.accessToken])
    })

    it("are two accounts once the service says that it is another person", async () => {
      const [eve, dan] = [fake.account({ kind: "social" }), fake.account({ kind: "social" })]
      await put(eve)
      await sync()
      await store.update((await first()).id, (row) => ({ ...row, userId: eve.userId }))
      const asked: string[] = []
      const asking: Identify = async (login) => {
        asked.push(login.kind === "api-key" ? "" : login.tokens.accessToken.reveal())
        return who(login)
      }
      await syncBy(asking)
      assert.equal(asked.length, 0)
      offset += HOUR / 2
      await put(dan)
      await syncBy(asking)
      assert.ok(asked.includes(dan.accessToken))
      assert.deepEqual(await tokensHere(), [eve.accessToken, dan.accessToken])
      await syncBy(asking)
      assert.equal(asked.length, 2)
      assert.deepEqual(await tokensHere(), [eve.accessToken, dan.accessToken])
    })
  })

  it("keep our account when kiro-cli logs out", async () => {
    await sync()
    await sqlite(file, (database) => putCliRow(database, TOKEN, "null"))
    const keeper = open()
    assert.equal(await token(keeper), ann.accessToken)
    await keeper.close()
    assert.equal(await cliRow(file, TOKEN), null)
    await sync()
    assert.equal((await first()).health.state, "ok")
  })

  it("bring a dead login back to life by a new login in kiro-cli, without a restart", async () => {
    await sync()
    ann.revoke()
    const keeper = open()
    assert.equal(await token(keeper), "revoked")
    assert.equal((await first()).health.state, "revoked")
    ann.signIn()
    await logInAs(ann)
    await sync()
    assert.equal((await first()).health.state, "ok")
    assert.equal(await token(keeper), ann.accessToken)
    await keeper.close()
    assert.equal((await store.list()).length, 1)
  })

  it("go on with the newer sign-in whose owner an import was the first to hear", async () => {
    await sync()
    const keeper = open()
    await keeper.learnOwners()
    await keeper.close()
    const account = await first()
    const rejected = account.logins.map((login) => accessOf(login).accessToken)
    ann.signIn()
    await logInAs(ann)
    let imports = 0
    const raced: AccountStore = new Proxy(store, {
      get(target, name) {
        const member: unknown = Reflect.get(target, name)
        if (typeof member !== "function") return member
        if (name !== "holderOf") return member.bind(target)
        return async (loginId: string) => {
          const holder = await target.holderOf(loginId)
          // Between the look that finds it at rest and the question whose its successor is.
          if (holder?.logins.some(({ isBehind }) => isBehind === true) && imports++ === 0) await sync()
          return holder
        }
      },
    })
    const racing = open(who, raced)
    const answer = await racing.fresh({ account, rejected })
    await racing.close()
    assert.equal(imports, 1)
    assert.equal(answer.state === "token" && answer.accessToken.reveal(), ann.accessToken)
    assert.equal((await store.list()).length, 1)
  })

  it("do not use what was removed here, whoever renews it, until its owner is another's", async () => {
    await sync()
    await store.remove((await first()).id)
    await sync()
    assert.deepEqual(await store.list(), [])
    await cliRefreshes()
    await sync()
    assert.deepEqual(
      (await store.list()).map(({ logins }) => logins.map(({ barred }) => barred)),
      [["held"]],
    )
    assert.equal(await token(open()), "no-login")
  })

  it("leave kiro-cli logged in where the account is removed in the middle of our refresh", async () => {
    await sync()
    const { id } = await first()
    const runtime = realRuntime({
      clock,
      fetch: async (url, init) => {
        const response = await fetch(url, init)
        await (await openStore(folder)).remove(id)
        return response
      },
    })
    const keeper = openKeeper({ folder, url: fake.url, store, sources: sources(), runtime })
    await token(keeper)
    await keeper.close()
    assert.deepEqual(await store.list(), [])
    assert.equal((await cliRow(file, TOKEN))["refresh_token"], ann.refreshToken)
    await sync()
    assert.deepEqual(await store.list(), [])
    await cliRefreshes()
  })

  it("finish a write-back that a kill cut short, and take the stale row for no new account", async () => {
    await sync()
    const child = await Child.start(folder, fake.url, "kill before the write-back")
    child.go()
    await child.exit()
    assert.equal(ann.refreshCount, 1)
    assert.notEqual((await cliRow(file, TOKEN))["refresh_token"], ann.refreshToken)
    await sync()
    assert.equal((await store.list()).length, 1)
    const keeper = open()
    assert.equal(await token(keeper), ann.accessToken)
    await keeper.close()
    assert.equal((await cliRow(file, TOKEN))["refresh_token"], ann.refreshToken)
    await cliRefreshes()
  })

  it("finish a write-back that a locked kiro-cli did not take, and answer meanwhile", async () => {
    await sync()
    const locker = await openDatabase(file)
    locker.run("BEGIN IMMEDIATE")
    const keeper = open()
    assert.equal(await within(2000, token(keeper)), ann.accessToken)
    locker.run("ROLLBACK")
    locker.close()
    await keeper.close()
    assert.equal((await cliRow(file, TOKEN))["refresh_token"], ann.refreshToken)
  })

  it("try a write-back again soon, also where the clock was ahead when it was tried", async () => {
    await sync()
    let tries = 0
    const locked = sources().map((source): SourceStore => ({
      ...source,
      writeBack: async (change) => (++tries > 2 ? source.writeBack(change) : "unavailable"),
    }))
    const keeper = openWith(locked)
    offset = 8 * HOUR
    for (const count of [1, 2]) {
      assert.equal(await token(keeper), ann.accessToken)
      await eventually(() => tries === count)
    }
    offset = 0
    assert.equal(await token(keeper), ann.accessToken)
    await keeper.close()
    assert.equal((await cliRow(file, TOKEN))["refresh_token"], ann.refreshToken)
  })

  it("leave kiro-cli logged in, and nothing of ours, where the account is removed before all is in its place", async () => {
    await sync()
    const locker = await openDatabase(join(folder, "kiro.db"))
    locker.run("BEGIN IMMEDIATE")
    const unavailable = async () => "unavailable" as const
    const closed = sources().map((source) => ({ ...source, writeBack: unavailable }))
    const keeper = openWith(closed)
    assert.equal(await token(keeper), ann.accessToken)
    assert.equal(leftovers(folder).length, 2)
    locker.run("ROLLBACK")
    locker.close()
    const account = await first()
    await open().settle(account)
    await store.remove(account.id)
    assert.deepEqual(leftovers(folder), [".local"])
    assert.equal((await cliRow(file, TOKEN))["refresh_token"], ann.refreshToken)
  })

  it("leave no pair behind, and no account, where it is removed while its pair waits for our database", async () => {
    await sync()
    const locker = await openDatabase(join(folder, "kiro.db"))
    locker.run("BEGIN IMMEDIATE")
    const keeper = open(async () => ({ outcome: "failed" }))
    assert.equal(await token(keeper), ann.accessToken)
    const account = await first()
    const settled = keeper.settle(account)
    await systemClock.turn()
    locker.run("ROLLBACK")
    locker.close()
    await settled
    await store.remove(account.id)
    assert.deepEqual(leftovers(folder), [".local"])
    await sync()
    assert.deepEqual(await store.list(), [])
    await cliRefreshes()
  })

  it("leave nothing behind either where whoever removes it has the database when the pair comes", async () => {
    await sync()
    const locker = await openDatabase(join(folder, "kiro.db"))
    locker.run("BEGIN IMMEDIATE")
    const keeper = open(async () => ({ outcome: "failed" }))
    assert.equal(await token(keeper), ann.accessToken)
    locker.run("ROLLBACK")
    locker.close()
    await store.remove((await first()).id)
    await keeper.close()
    assert.deepEqual(leftovers(folder), [".local"])
    await sync()
    assert.deepEqual(await store.list(), [])
    await cliRefreshes()
  })

  it("are in step also where our own database takes nothing just now", async () => {
    await sync()
    const writer = await openDatabase(join(folder, "kiro.db"))
    writer.run("BEGIN IMMEDIATE")
    const keeper = open()
    assert.equal(await token(keeper), ann.accessToken)
    const isInStep = async (): Promise<boolean> =>
      (await cliRow(file, TOKEN))["refresh_token"] === ann.refreshToken
    await eventually(isInStep)
    writer.run("ROLLBACK")
    writer.close()
    await keeper.close()
    assert.equal(await token(open()), ann.accessToken)
    assert.equal(onlyLogin(await first()).tokens.refreshToken?.reveal(), ann.refreshToken)
    assert.equal(ann.refreshCount, 1)
  })

  it("know our own pair in kiro-cli's row while it waits for our database", async () => {
    await sync()
    const login = onlyLogin(await first())
    const keeper = open()
    const writer = await openDatabase(join(folder, "kiro.db"))
    writer.run("BEGIN IMMEDIATE")
    assert.equal(await token(keeper), ann.accessToken)
    while ((await cliRow(file, TOKEN))["access_token"] !== ann.accessToken)
      await new Promise((resolve) => setTimeout(resolve, 10))
    const taken = importLogins({ store, sources: sources(), clock, identify: who, tokens: keeper })
    await new Promise((resolve) => setTimeout(resolve, 100))
    writer.run("ROLLBACK")
    writer.close()
    assert.deepEqual((await taken).added, [])
    assert.equal(await token(keeper), ann.accessToken)
    const now = onlyLogin(await first())
    assert.deepEqual([now.id, now.tokens.accessToken.reveal()], [login.id, ann.accessToken])
    await keeper.close()
    assert.deepEqual(
      leftovers(folder).filter((name) => name.includes("spill")),
      [],
    )
  })

  /** kiro-cli does something after we have looked at its store, and before we look again. */
  const sourcesThat = (act: () => Promise<void>): readonly SourceStore[] =>
    sources().map((source) => {
      let calls = 0
      if (!source.has({ source: "kiro-cli", key: `${file}#${TOKEN}` })) return source
      return {
        ...source,
        async read() {
          calls += 1
          const before = await source.read()
          if (calls === 1) await act()
          return before
        },
      }
    })

  it("find the pair that kiro-cli got for the token that we are refused for", async () => {
    await sync()
    const keeper = openWith(sourcesThat(cliRefreshes))
    assert.equal(await token(keeper), ann.accessToken)
    await keeper.close()
    // kiro-cli's, and ours that was refused.
    assert.equal(ann.refreshCount, 2)
    assert.equal((await first()).health.state, "ok")
  })

  it("renew the pair that kiro-cli got meanwhile where that has ended too, and believe no refusal of the old one", async () => {
    await sync()
    const keeper = openWith(
      sourcesThat(async () => {
        await cliRefreshes()
        const ended = { ...(await cliRow(file, TOKEN)), expires_at: new Date(EXPIRED).toISOString() }
        await sqlite(file, (database) => putCliRow(database, TOKEN, ended))
      }),
    )
    assert.equal(await token(keeper), ann.accessToken)
    await keeper.close()
    assert.equal((await first()).health.state, "ok")
  })

  it("leave kiro-cli's login to kiro-cli where the sync is turned off", async () => {
    await sync()
    const kept = sources().filter(({ source }) => source !== "kiro-cli")
    const keeper = openWith(kept)
    assert.equal(await token(keeper), "nobody")
    await keeper.close()
    assert.equal(ann.refreshCount, 0)
    await cliRefreshes()
  })

  describe("with an older plugin's row in our own file", () => {
    const olderFile = (): string => join(folder, ".config", "opencode", "kiro.db")
    const writeOlderRow = async (): Promise<void> => {
      const { clientId, clientSecret } = ann.client
      await sqlite(olderFile(), (database) => {
        database.run(
          `CREATE TABLE accounts (id TEXT PRIMARY KEY, email TEXT NOT NULL, auth_method TEXT NOT NULL,
             region TEXT NOT NULL, oidc_region TEXT, client_id TEXT, client_secret TEXT, profile_arn TEXT,
             start_url TEXT, refresh_token TEXT NOT NULL, access_token TEXT NOT NULL, expires_at INTEGER NOT NULL,
             used_count INTEGER DEFAULT 0)`,
        )
        database.run(
          `INSERT INTO accounts VALUES ('1', 'ann@example.com', 'idc', 'us-east-1', 'us-east-1', ?, ?, NULL, NULL,
             ?, ?, 1000000000000, 12.5)`,
          [clientId, clientSecret, ann.refreshToken, ann.accessToken],
        )
      })
    }
    const olderRow = async (): Promise<Row | undefined> => {
      let row: Row | undefined
      await sqlite(olderFile(), (database) => {
        row = database.get("SELECT refresh_token, used_count FROM accounts")
      })
      return row && { ...row }
    }

    it("do the same", async () => {
      await sqlite(file, (database) => database.run("DELETE FROM auth_kv"))
      await writeOlderRow()
      await sync()
      const keeper = open()
      assert.equal(await token(keeper), ann.accessToken)
      await keeper.close()
      assert.deepEqual(await olderRow(), { refresh_token: ann.refreshToken, used_count: 12.5 })
    })

    it("leave it to kiro-cli where the sync is turned off", async () => {
      await writeOlderRow()
      await sync()
      const kept = sources().filter(({ source }) => source !== "kiro-cli")
      const keeper = openWith(kept)
      for (const hours of [0, 2]) {
        offset = hours * HOUR
        assert.equal(await token(keeper), "nobody")
      }
      await keeper.close()
      assert.equal(ann.refreshCount, 0)
      await cliRefreshes()
    })

    it("renew both where the row is a copy of kiro-cli's, by one refresh and as one account", async () => {
      await writeOlderRow()
      await sync()
      assert.equal((await store.list()).length, 1)
      assert.equal(recordOf(onlyLogin(await first())).places.length, 2)
      const keeper = open()
      assert.equal(await token(keeper), ann.accessToken)
      await keeper.close()
      assert.equal(ann.refreshCount, 1)
      assert.deepEqual(await olderRow(), { refresh_token: ann.refreshToken, used_count: 12.5 })
      await cliRefreshes()
      offset += 2 * HOUR
      const later = open()
      assert.equal(await token(later), ann.accessToken)
      await later.close()
      // What kiro-cli renewed by itself is not ours to give to another program.
      assert.notEqual((await olderRow())?.["refresh_token"], ann.refreshToken)
      await cliRefreshes()
      await sync()
      assert.equal((await store.list()).length, 1)
    })
  })
})
