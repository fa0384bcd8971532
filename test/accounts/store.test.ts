import assert from "node:assert/strict"
import { chmodSync, existsSync, readFileSync, rmSync, statSync } from "node:fs"
import { join } from "node:path"
import { describe, it } from "node:test"
import {
  type Account,
  type AccountStore,
  type Database,
  type DatabaseDriver,
  type Learnt,
  loadDatabaseDriver,
  localDay,
  type Login,
  loginHash,
  newAccount,
  openAccountStore,
  openDatabase,
  pairHash,
  recordOf,
  selectAccount,
  type TokenSet,
} from "../../src/accounts/index.ts"
import { silentLog } from "../../src/runtime.ts"
import { fakeClock } from "../support/clock.ts"
import { temporaryFolder } from "../support/temporary-folder.ts"
import { idcLogin, keyLogin, tokens } from "./logins.ts"
import { openStore } from "./open-for-test.ts"
import { needsModes } from "../support/posix.ts"
import { addTurn } from "../support/add-turn.ts"

const DAY_MS = 86_400_000

describe("the account store", () => {
  it("makes no file for who only reads", async () => {
    const { store, path } = await openStore()
    assert.deepEqual(await store.list(), [])
    assert.equal((await store.session("ses_1")).generation, 0)
    assert.deepEqual(await store.turns(), [])
    assert.equal(await store.update("a", (account) => ({ ...account, label: "x" })), undefined)
    await store.close()
    assert.equal(existsSync(path), false)
  })

  it("gives an account back as it was put in", async () => {
    const { store, path } = await openStore()
    const account = {
      ...newAccount({
        id: "a",
        now: 5,
        logins: [
          idcLogin({
            id: "l",
            startUrl: "https://d-1.awsapps.com/start",
            profileArn: "arn",
            record: {
              owner: "d-1.user",
              places: [{ source: "kiro-cli", key: "k", shown: "h", owed: true }],
              hashes: ["h", pairHash(tokens("l"))],
              inherited: ["i"],
              asked: { at: 1, times: 2, unsupported: true },
              successors: [{ id: "other", anew: true }],
              taken: 5,
            },
            revoked: { at: 4, reason: "invalid_grant" },
          }),
          withRecord({
            id: "s",
            source: "kiro-ide",
            kind: "social",
            tokens: tokens("s"),
            provider: "Google",
          }),
          withRecord({
            id: "e",
            source: "kiro-cli",
            kind: "external-idp",
            tokens: tokens("e"),
            clientId: "c",
            tokenEndpoint: "https://idp.example/token",
            scopes: "a b",
          }),
          withRecord({ ...keyLogin("k"), source: "own" }),
        ],
      }),
      userId: "d-1.user",
      label: "work",
      email: "a@example.com",
      profileArn: "arn:chosen",
      enabled: false,
      lastUsedAt: 7,
      health: { state: "cooling", since: 1, until: 9, reason: "throttled", times: 2, message: "slow down" },
      hosts: { "runtime:us-east-1": "https://q.us-east-1.amazonaws.com" },
      quota: {
        checkedAt: 3,
        plan: "KIRO PRO",
        used: 12.37,
        limit: 50,
        resetAt: 10,
        trial: { used: 1, limit: 500, expiresAt: 11 },
        bonuses: [{ name: "Welcome", used: 0, limit: 100 }],
        overage: { enabled: true, used: 0.5, cap: 10_000 },
      },
    } as const
    await store.add(account)
    await store.close()
    const again = await openStore({ path })
    const [stored] = await again.store.list()
    assert.deepEqual(stored, account)
    const revealed = stored?.logins.map((login) =>
      login.kind === "api-key" ? login.key.reveal() : login.tokens.refreshToken?.reveal(),
    )
    assert.deepEqual(revealed, ["refresh-l", "refresh-s", "refresh-e", "ksk_k"])
    await again.store.close()
  })

  it("keeps everything 0600, also a file that others could read before", needsModes, async () => {
    const before = await openStore()
    await before.store.add(newAccount({ id: "a", now: 0, logins: [] }))
    await before.store.close()
    chmodSync(before.path, 0o644)
    const { store, path } = await openStore({ path: before.path })
    assert.equal((await store.list()).length, 1)
    assert.equal(statSync(path).mode & 0o777, 0o600)
    await store.add(newAccount({ id: "b", now: 0, logins: [] }))
    for (const suffix of ["", "-wal", "-shm"])
      assert.equal(statSync(path + suffix).mode & 0o777, 0o600, suffix)
    await store.close()
  })

  it("takes a cool-down that begins in the future for none, and lets none last longer than its reason may", async () => {
    const clock = fakeClock()
    const { store } = await openStore({ clock })
    const now = clock.now()
    const health = { state: "cooling", reason: "throttled", times: 1 } as const
    const rest = { ...newAccount({ id: "a", now, logins: [idcLogin({ id: "l" })] }) }
    for (const [since, until, expected] of [
      [now + 120_000, now + 180_000, undefined],
      [now + 30_000, now + 180_000, now + 180_000],
      [now - 1000, now + 3 * DAY_MS, now - 1000 + DAY_MS],
    ] as const) {
      await store.remove("a")
      await store.add({ ...rest, health: { ...health, since, until } })
      const [read] = await store.list()
      assert.equal(read?.health.state === "cooling" ? read.health.until : undefined, expected)
    }
    await store.close()
  })

  it("keeps of an account only what it still has", async () => {
    const { store } = await openStore()
    const bare = newAccount({ id: "a", now: 0, logins: [withRecord(idcLogin({ id: "l" }))] })
    await store.add({
      ...bare,
      label: "work",
      lastUsedAt: 5,
      logins: [withRecord({ ...idcLogin({ id: "l", startUrl: "https://d" }), profileArn: "arn" })],
    })
    await store.update("a", () => bare)
    assert.deepEqual(await store.get("a"), bare)
    await store.close()
  })

  it("leaves a tombstone without any secret", async () => {
    const { store, path } = await openStore()
    await store.add({ ...newAccount({ id: "a", now: 0, logins: [idcLogin({ id: "l" })] }), userId: "u" })
    await store.remove("a")
    for (const file of [path, `${path}-wal`])
      assert.doesNotMatch(readFileSync(file, "latin1"), /refresh-l|access-l|secret-l/, file)
    assert.deepEqual(await store.list(), [])
    const tombstone = await store.get("a")
    assert.equal(tombstone?.userId, "u")
    assert.equal(tombstone.removedAt !== undefined, true)
    await store.close()
    const database = await openDatabase(path, { readonly: true })
    assert.deepEqual(database.all("SELECT * FROM kiro_login"), [])
    database.close()
    for (const file of [path, `${path}-wal`].filter(existsSync))
      assert.doesNotMatch(readFileSync(file, "latin1"), /refresh-l|access-l|secret-l/)
  })

  it("knows the pair and the place of a removed login, also as a version without records left them", async () => {
    const { store, path } = await openStore()
    const login = idcLogin({ id: "l" })
    const place = { source: "kiro-cli", key: "/db#row", shown: loginHash(login) } as const
    const record = { ...recordOf(login), places: [place], owner: "u", successors: [{ id: "next" }] }
    await store.add(newAccount({ id: "a", now: 0, logins: [{ ...login, record }] }))
    await store.remove("a")
    const [kept] = (await store.get("a"))?.forgotten ?? []
    const renewal = { kind: "idc", registration: "client-l", expiresAt: login.tokens.expiresAt }
    assert.deepEqual(kept, { kind: "forgotten", id: "l", source: login.source, renewal, record })
    const database = await openDatabase(path)
    const { forgotten = "" } = database.get("SELECT forgotten FROM kiro_account") ?? {}
    const written = JSON.parse(String(forgotten))
    assert.deepEqual([written[0].fingerprint, written[0].sourceKey], [place.shown, place.key])
    const old = JSON.stringify([{ source: "kiro-cli", sourceKey: place.key, fingerprint: place.shown }])
    database.run("UPDATE kiro_account SET forgotten = ?", [old])
    database.close()
    const [older] = (await store.get("a"))?.forgotten ?? []
    assert.deepEqual(older?.record, { places: [place], hashes: [place.shown], inherited: [] })
    await store.close()
  })

  it("keeps a turn that comes behind its close, makes no file for one, and holds none open", async () => {
    const { store, path } = await openStore()
    await store.add(newAccount({ id: "a", now: 0, logins: [] }))
    await store.close()
    const turn = { sessionId: "s", accountId: "a", credits: 0.5, at: Date.now() }
    await addTurn(store, turn)
    const [kept] = await store.turns()
    assert.equal(kept?.credits, 0.5)
    assert.equal(existsSync(`${path}-shm`), false)
    for (const file of [path, `${path}-wal`, `${path}-shm`]) rmSync(file, { force: true })
    await addTurn(store, turn)
    assert.equal(existsSync(path), false)
  })

  it("writes no row for a change that changes nothing", async () => {
    const { store, path } = await openStore()
    await store.add(newAccount({ id: "a", now: 0, logins: [] }))
    const database = await openDatabase(path)
    database.run("BEGIN IMMEDIATE")
    assert.equal((await store.update("a", (account) => account))?.id, "a")
    database.run("ROLLBACK")
    database.close()
    await store.close()
  })

  it("swaps tokens only where the row still holds the old ones", async () => {
    const { store } = await openStore()
    await store.add(
      newAccount({
        id: "a",
        now: 0,
        logins: [{ ...idcLogin({ id: "l" }), revoked: { at: 1, reason: "x" } }],
      }),
    )
    assert.equal(
      store.compareAndSwapTokens({ loginId: "l", before: tokens("other"), after: tokens("new") }),
      "changed",
    )
    // A service may repeat the refresh token, and another process may have got a new access token for it.
    for (const half of [
      { ...tokens("l"), accessToken: tokens("other").accessToken },
      { ...tokens("l"), refreshToken: tokens("other").refreshToken },
      { accessToken: tokens("l").accessToken, expiresAt: 1 },
    ])
      assert.equal(
        store.compareAndSwapTokens({ loginId: "l", before: half as TokenSet, after: tokens("new") }),
        "changed",
      )
    assert.equal(
      store.compareAndSwapTokens({ loginId: "nobody", before: tokens("l"), after: tokens("new") }),
      "changed",
    )
    assert.equal(
      store.compareAndSwapTokens({
        loginId: "l",
        before: tokens("l"),
        after: tokens("new", 1_700_000_000_000),
      }),
      "written",
    )
    assert.equal(
      store.compareAndSwapTokens({ loginId: "l", before: tokens("l"), after: tokens("newer") }),
      "changed",
    )
    const [login] = (await store.get("a"))?.logins ?? []
    assert.equal(login?.kind === "idc" && login.tokens.refreshToken?.reveal(), "refresh-new")
    assert.equal(login?.kind === "idc" && login.tokens.expiresAt, 1_700_000_000_000)
    assert.equal(login?.revoked, undefined)
    await store.close()
  })

  it("takes new tokens for a row whose documents are damaged", async () => {
    const { store, path } = await openStore()
    await store.add(newAccount({ id: "a", now: 0, logins: [idcLogin({ id: "l" })] }))
    const database = await openDatabase(path)
    for (const [number, damaged] of ["{", "", "null", "[1]", '{"state":{}}', '"text"'].entries()) {
      database.run(
        "UPDATE kiro_account SET health = ?, quota = ?, hosts = ?, forgotten = ?, document = ?",
        Array.from({ length: 5 }, () => damaged),
      )
      database.run("UPDATE kiro_login SET document = ?", [damaged])
      const [before, after] = [tokens(number === 0 ? "l" : `new${number - 1}`), tokens(`new${number}`)]
      assert.equal(store.compareAndSwapTokens({ loginId: "l", before, after }), "written", damaged)
      const [login] = (await store.get("a"))?.logins ?? []
      assert.equal(login?.kind === "idc" && login.tokens.refreshToken?.reveal(), `refresh-new${number}`)
    }
    database.close()
    await store.close()
  })

  it("reads a state that a newer version wrote as the mildest that it may be", async () => {
    const { store, path } = await openStore()
    await store.add(newAccount({ id: "a", now: 0, logins: [idcLogin({ id: "l" })] }))
    const database = await openDatabase(path)
    const read = async (written: unknown): Promise<unknown> => {
      database.run("UPDATE kiro_account SET health = ?", [JSON.stringify(written)])
      return (await store.get("a"))?.health
    }
    assert.deepEqual(await read({ state: "revoked", reason: "new", message: 1 }), {
      state: "revoked",
      reason: "login-expired",
      since: 0,
    })
    const cooling = { state: "cooling", since: Date.now(), until: Date.now() + 1000 }
    assert.deepEqual(await read({ ...cooling, reason: "new" }), { ...cooling, reason: "throttled", times: 1 })
    for (const health of [{ state: "cooling", reason: "throttled" }, { state: "new" }, {}, [], "ok"])
      assert.deepEqual(await read(health), { state: "ok" })
    database.close()
    await store.close()
  })

  it("keeps new tokens where a change of the account was computed on the old ones", async () => {
    const { store } = await openStore()
    await store.add(newAccount({ id: "a", now: 0, logins: [idcLogin({ id: "l" }), idcLogin({ id: "m" })] }))
    let runs = 0
    await store.update("a", (account) => {
      runs += 1
      if (runs === 1) store.compareAndSwapTokens({ loginId: "l", before: tokens("l"), after: tokens("new") })
      return { ...account, label: "x" }
    })
    const account = await store.get("a")
    assert.equal(account?.label, "x")
    const [login] = account?.logins ?? []
    assert.equal(login?.kind === "idc" && login.tokens.accessToken.reveal(), "access-new")
    await store.close()
  })

  it("swaps the tokens of a suspended account without an end to its suspension", async () => {
    const { store } = await openStore()
    await store.add(newAccount({ id: "a", now: 0, logins: [idcLogin({ id: "l" })] }))
    const health = { state: "revoked", since: 1, reason: "suspended" } as const
    await store.update("a", (account) => ({ ...account, health }))
    const swap = { loginId: "l", before: tokens("l"), after: tokens("new") }
    assert.equal(store.compareAndSwapTokens(swap), "written")
    assert.deepEqual((await store.get("a"))?.health, health)
    await store.close()
  })

  it("lists an account that can sign in by itself, though a key of it is in another environment", async () => {
    const { store } = await openStore()
    const [now, logins] = [Date.now(), [idcLogin({ id: "l" }), keyLogin("elsewhere")]]
    await store.add(newAccount({ id: "a", now, logins }))
    await store.add(newAccount({ id: "b", now, logins: [keyLogin("away")] }))
    assert.deepEqual(
      (await store.listAll()).map(({ id, keyElsewhere }) => [id, keyElsewhere]),
      [
        ["a", true],
        ["b", true],
      ],
    )
    assert.deepEqual(
      (await store.list()).map((account) => [account.id, account.logins.map(({ id }) => id)]),
      [["a", ["l"]]],
    )
    await store.close()
  })

  it("gives sessions and turns of a merged account to the one that stays", async () => {
    const { store } = await openStore()
    for (const id of ["a", "b"]) await store.add(newAccount({ id, now: 0, logins: [idcLogin({ id })] }))
    await store.remember({ sessionId: "s", session: (session) => ({ ...session, accountId: "b" }) })
    await addTurn(store, { sessionId: "s", accountId: "b", credits: 0.5, at: Date.now() })
    await store.reconcile(([a, b]) =>
      a === undefined || b === undefined
        ? { put: [], gone: [] }
        : { put: [{ ...a, logins: [...a.logins, ...b.logins] }], gone: [{ id: "b", into: "a" }] },
    )
    assert.deepEqual(
      (await store.list()).map(({ id, logins }) => [id, logins.map((login) => login.id)]),
      [["a", ["a", "b"]]],
    )
    assert.equal((await store.session("s")).accountId, "a")
    assert.equal((await store.turns())[0]?.accountId, "a")
    await store.close()
  })
})

/** A store on a disk that can be full, and says so only where a transaction ends. */
async function openOnDisk() {
  const open = await loadDatabaseDriver()
  const disk = { isFull: false, commits: 0 }
  const driver: DatabaseDriver = (file, options) => {
    const database = open(file, options)
    const run: Database["run"] = (sql, parameters) => {
      if (sql === "COMMIT") disk.commits += 1
      if (!disk.isFull || sql !== "COMMIT") return database.run(sql, parameters)
      throw Object.assign(new Error("database or disk is full"), { errcode: 13 })
    }
    return { ...database, run }
  }
  const [path, clock] = [join(temporaryFolder(), "kiro.db"), fakeClock()]
  const store = await openAccountStore({ path, clock, log: silentLog, random: () => 0, driver })
  return { store, disk, clock, path }
}

describe("a new sign-in", () => {
  it("waits a minute for a database that another program holds: somebody has just approved it", async () => {
    const clock = fakeClock()
    const { store, path } = await openStore({ clock })
    await store.mustKeep()
    const other = await openDatabase(path)
    other.run("BEGIN IMMEDIATE")
    const start = clock.now()
    const added = store.add(newAccount({ id: "a", now: 0, logins: [idcLogin({ id: "l" })] }))
    while (clock.now() - start < 50_000) await clock.turn()
    other.run("ROLLBACK")
    await added
    assert.deepEqual(
      (await store.list()).map(({ id }) => id),
      ["a"],
    )
    other.close()
    await store.close()
  })
})

describe("what nobody needs any more", () => {
  it("goes where nothing is new either, and holds nobody up where the database is not to be had", async () => {
    const clock = fakeClock()
    const { store, path, notices } = await openStore({ clock })
    const ended = idcLogin({ id: "old", tokens: tokens("old", 5) })
    const record = { ...recordOf(ended), successors: [{ id: "new" }], displaced: 5 }
    for (const login of [{ ...ended, record }, idcLogin({ id: "new" })])
      await store.add(newAccount({ id: login.id, now: 0, logins: [login] }))
    const ids = async (): Promise<readonly string[]> =>
      (await store.list({ resting: true })).map(({ id }) => id)
    const nothingNew = (): Promise<unknown> => store.reconcile(() => ({ put: [], gone: [] }))
    const other = await openDatabase(path)
    other.run("BEGIN IMMEDIATE")
    const before = clock.now()
    await nothingNew()
    assert.equal(clock.now(), before)
    assert.deepEqual(notices, [])
    assert.deepEqual(await ids(), ["old", "new"])
    other.run("ROLLBACK")
    other.close()
    clock.advance(2 * 3_600_000)
    await nothingNew()
    assert.deepEqual(await ids(), ["new"])
    await store.close()
  })
})

describe("what answers taught", () => {
  const signIn = (store: AccountStore): Promise<Account> =>
    store.add(newAccount({ id: "a", now: 0, logins: [idcLogin({ id: "l" })] }))
  const turnAt = (at: number): Learnt => ({
    sessionId: "s",
    turn: { sessionId: "s", accountId: "a", credits: 1, at },
  })

  it("is written when another program gives the file back, also at the end", async () => {
    const { store, path } = await openStore({ clock: fakeClock() })
    await signIn(store)
    const other = await openDatabase(path)
    const answered = (at: number): Promise<void> => store.remember(turnAt(at))
    const credits = (): unknown => other.get("SELECT TOTAL(credits) AS credits FROM kiro_turn")?.["credits"]
    other.run("BEGIN IMMEDIATE")
    for (const at of [1, 2]) await answered(at)
    other.run("ROLLBACK")
    assert.equal(credits(), 0)
    await answered(3)
    assert.equal(credits(), 3)
    other.run("BEGIN IMMEDIATE")
    await answered(4)
    other.run("ROLLBACK")
    await store.close()
    assert.equal(credits(), 4)
    other.close()
  })

  it("is written when the disk has room again, which may say no only at the end", async () => {
    const { store, disk } = await openOnDisk()
    await signIn(store)
    const answered = (at: number): Promise<void> => store.remember(turnAt(at))
    disk.isFull = true
    await Promise.all([1, 2, 3].map(answered))
    await answered(4)
    assert.equal((await store.turns()).length, 0)
    disk.isFull = false
    await Promise.all([5, 6].map(answered))
    assert.deepEqual((await store.turns()).map(({ at }) => at).toSorted(), [1, 2, 3, 4, 5, 6])
    await store.close()
  })

  it("is written in the same tick where nothing was just now, else with what comes in a moment, and at the latest at the end", async () => {
    const { store, disk, clock, path } = await openOnDisk()
    await signIn(store)
    const other = await openStore({ path })
    const booked = async (): Promise<readonly number[]> =>
      (await other.store.turns()).map(({ at }) => at).toSorted()
    const answered = (at: number): void => store.rememberSoon(turnAt(at))
    disk.commits = 0
    answered(1)
    assert.deepEqual(await booked(), [1])
    for (const at of [2, 3, 4]) answered(at)
    clock.advance(9)
    assert.deepEqual(await booked(), [1])
    clock.advance(1)
    assert.deepEqual(await booked(), [1, 2, 3, 4])
    assert.equal(disk.commits, 2)
    answered(5)
    await store.close()
    assert.deepEqual(await booked(), [1, 2, 3, 4, 5])
    await other.store.close()
  })

  it("of a session is there when its next chat begins, which waits for no write", async () => {
    const { store } = await openStore({ clock: fakeClock() })
    await signIn(store)
    store.rememberSoon({ sessionId: "s", session: (current) => ({ ...current, tokenRatio: 1.5 }) })
    assert.equal((await store.opening("another")).session.tokenRatio, undefined)
    assert.equal((await store.opening("s")).session.tokenRatio, 1.5)
    assert.equal((await store.session("s")).tokenRatio, undefined)
    await store.close()
  })

  it("is booked once where an answer comes while the store closes", async () => {
    const { store, path } = await openStore({ clock: fakeClock() })
    await signIn(store)
    const other = await openDatabase(path)
    const answered = (at: number): Promise<void> => store.remember(turnAt(at))
    other.run("BEGIN IMMEDIATE")
    await answered(1)
    const all = Promise.all([store.close(), answered(2)])
    other.run("ROLLBACK")
    await all
    const credits = other.get("SELECT TOTAL(credits) AS credits FROM kiro_turn")?.["credits"]
    assert.equal(credits, 2)
    other.close()
  })
})

describe("the account of a session", () => {
  const sticky = { strategy: "round-robin", useOverage: true, now: 0 } as const
  const assign = async (store: AccountStore, session = "s"): Promise<string | undefined> =>
    (await store.assign(session, (state) => selectAccount(state, sticky))).account?.id
  const put = (store: AccountStore, id: string): Promise<unknown> =>
    store.add(newAccount({ id, now: 0, logins: [idcLogin({ id: `login of ${id}` })] }))

  it("is the only one from its first request on, whoever comes meanwhile", async () => {
    const { store, path } = await openStore({ clock: fakeClock() })
    await put(store, "a")
    assert.equal(await assign(store), "a")
    await put(store, "b")
    assert.equal(await assign(store), "a")
    await store.remember({ sessionId: "s" })
    await store.remember({ sessionId: "another" })
    assert.equal((await store.session("s")).accountId, "a")
    assert.equal(await assign(store, "next"), "b")
    assert.equal((await store.session("next")).accountId, "b")
    await store.close()
    const again = await openStore({ path })
    assert.equal(await assign(again.store), "a")
    await again.store.close()
  })

  it("is kept where its process is killed before the answer", async () => {
    const clock = fakeClock()
    const { store, path } = await openStore({ clock })
    await put(store, "a")
    await assign(store)
    const other = await openStore({ path })
    assert.equal((await other.store.session("s")).accountId, undefined)
    clock.advance(100)
    assert.equal((await other.store.session("s")).accountId, "a")
    await store.close()
    await other.store.close()
  })

  for (const [among, ids] of Object.entries({ "the only one": ["a"], "one of two": ["a", "b"] }))
    it(`is kept over a full disk, which says no only at the end, where it is ${among}`, async () => {
      const { store, disk, clock } = await openOnDisk()
      for (const id of ids) await put(store, id)
      disk.isFull = true
      assert.equal(await assign(store), "a")
      clock.advance(100)
      await clock.turn()
      assert.equal((await store.session("s")).accountId, undefined)
      disk.isFull = false
      await put(store, "b")
      assert.equal(await assign(store, "another"), "a")
      assert.equal(await assign(store), "a")
      await store.remember({ sessionId: "s" })
      assert.equal((await store.session("s")).accountId, "a")
      await store.close()
    })

  it("is kept where the store closes before the answer", async () => {
    const { store, path } = await openStore()
    await put(store, "a")
    await assign(store)
    await store.close()
    const again = await openStore({ path })
    await put(again.store, "b")
    assert.equal(await assign(again.store), "a")
    await again.store.close()
  })

  it("is the one that another process gave it meanwhile", async () => {
    const { store, path } = await openStore({ clock: fakeClock() })
    await put(store, "a")
    assert.equal(await assign(store), "a")
    const other = await openStore({ path })
    await put(other.store, "b")
    assert.equal(await assign(other.store, "another"), "a")
    assert.equal(await assign(other.store), "b")
    assert.equal(await assign(store), "b")
    await store.remember({ sessionId: "s" })
    assert.equal((await store.session("s")).accountId, "b")
    await store.close()
    await other.store.close()
  })

  it("is the one that was chosen last, though an earlier choice waits to be written down", async () => {
    const { store } = await openStore({ clock: fakeClock() })
    await put(store, "a")
    assert.equal(await assign(store), "a")
    await put(store, "b")
    await store.update("a", (account) => ({ ...account, enabled: false }))
    assert.equal(await assign(store), "b")
    await store.settle()
    assert.equal((await store.session("s")).accountId, "b")
    await store.close()
  })

  it("follows the account into another one that turns out to be the same person's", async () => {
    const { store } = await openStore({ clock: fakeClock() })
    await put(store, "a")
    await assign(store)
    await put(store, "b")
    const [, b] = await store.listAll()
    assert.ok(b)
    const joined = { ...b, record: { joined: ["a"] } }
    await store.reconcile(() => ({ put: [joined], gone: [{ id: "a", into: "b" }] }))
    await store.remember({ sessionId: "s" })
    assert.equal((await store.session("s")).accountId, "b")
    await store.close()
  })

  it("is none where the account is gone before it was written down", async () => {
    const { store } = await openStore({ clock: fakeClock() })
    await put(store, "a")
    await assign(store)
    await store.reconcile(() => ({ put: [], gone: [{ id: "a" }] }))
    await store.remember({ sessionId: "s" })
    assert.equal((await store.session("s")).accountId, undefined)
    await store.close()
  })

  it("that another process gave it while it was chosen is kept, and counts as given once", async () => {
    const { store, path } = await openStore()
    for (const id of ["a", "b"]) await put(store, id)
    const other = await openDatabase(path)
    const meanwhile = (): void => {
      other.run("INSERT INTO kiro_session (session_id, account_id, updated_at) VALUES ('s', 'b', ?)", [
        Date.now(),
      ])
      other.run("UPDATE kiro_account SET assignment = 7 WHERE id = 'b'")
      other.run("UPDATE kiro_account SET assignment = 8 WHERE id = 'a'")
    }
    let looks = 0
    const choice = await store.assign("s", (state) => {
      const chosen = selectAccount(state, sticky)
      if (state.accounts.length > 0 && ++looks === 1) meanwhile()
      return chosen
    })
    assert.equal(choice.account?.id, "b")
    assert.deepEqual(
      (await store.list()).map(({ id, assignment }) => [id, assignment]),
      [
        ["a", 8],
        ["b", 7],
      ],
    )
    other.close()
    await store.close()
  })

  it("is chosen from what its chat began with, where nothing has to be written before the request", async () => {
    const { store } = await openStore()
    await put(store, "a")
    const seen = await store.opening("s")
    await store.update("a", (account) => ({ ...account, enabled: false }))
    const choice = await store.assign("s", (state) => selectAccount(state, sticky), seen)
    assert.equal(choice.account?.id, "a")
    assert.equal(await assign(store), undefined)
    await store.close()
  })

  it("is chosen by what the transaction reads, where it is one of several", async () => {
    const { store } = await openStore()
    for (const id of ["a", "b"]) await put(store, id)
    const seen = await store.opening("s")
    await store.update("a", (account) => ({ ...account, enabled: false }))
    const choice = await store.assign("s", (state) => selectAccount(state, sticky), seen)
    assert.equal(choice.account?.id, "b")
    assert.equal((await store.session("s")).accountId, "b")
    await store.close()
  })

  it("is chosen by what was spent since its credits were asked for, not at that very moment", async () => {
    const { store } = await openStore()
    await put(store, "a")
    const checkedAt = Date.now()
    const quota = { used: 1, limit: 50, checkedAt, bonuses: [], overage: { enabled: false, used: 0 } }
    await store.update("a", (account) => ({ ...account, quota }))
    for (const [at, credits] of [
      [checkedAt, 4],
      [checkedAt + 1, 0.5],
    ] as const)
      await addTurn(store, { sessionId: "t", accountId: "a", credits, at })
    const spent: unknown[] = []
    await store.assign("s", (state) => {
      spent.push(...state.accounts.map((account) => state.spent?.(account)))
      return selectAccount(state, sticky)
    })
    assert.deepEqual(new Set(spent), new Set([0.5]))
    await store.close()
  })
})

describe("the model lists", () => {
  it("are the same objects as long as their texts are the same, whoever's list is new", async () => {
    const { store } = await openStore()
    for (const id of ["a", "b"]) await store.add(newAccount({ id, now: 0, logins: [idcLogin({ id })] }))
    const list = (accountId: string, modelId: string, fetchedAt: number) =>
      store.setModelList({ accountId, serviceRegion: "us-east-1", models: [{ modelId }], fetchedAt })
    const now = Date.now()
    await list("a", "auto", now)
    const [before] = (await store.opening("s")).modelLists
    await list("b", "glm", now + 1)
    const after = (await store.opening("s")).modelLists
    assert.deepEqual(
      after.map(({ models }) => models),
      [[{ modelId: "auto" }], [{ modelId: "glm" }]],
    )
    assert.equal(after[0]?.models, before?.models)
    await store.close()
  })
})

describe("the memory of a session", () => {
  it("holds what it is given, and nothing of what is no more", async () => {
    const clock = fakeClock()
    const { store } = await openStore({ clock })
    const memory = {
      accountId: "a",
      chosenAccountId: "b",
      shortenStep: 0.6,
      shortenedSize: 5,
      shortenedWindow: 7,
      generation: 2,
      overflowAnswered: true,
      fullWindow: "reported",
      leftOut: ["tool notion_post"],
      tokenRatio: 1.25,
      justCompacted: true,
    } as const
    await store.remember({ sessionId: "s", session: (session) => ({ ...session, ...memory }) })
    assert.deepEqual(await store.session("s"), { ...memory, updatedAt: clock.now() })
    const empty = { generation: 0, overflowAnswered: false, updatedAt: clock.now() }
    await store.remember({ sessionId: "s", session: () => empty })
    assert.deepEqual(await store.session("s"), empty)
    await store.close()
  })

  it("keeps what an answer left behind whole or not at all", async () => {
    const { store } = await openStore()
    await store.add(newAccount({ id: "a", now: 1, logins: [idcLogin({ id: "l" })] }))
    const learnt = (change: (current: Account) => Account): Learnt => ({
      sessionId: "s",
      session: (current) => ({ ...current, tokenRatio: 1.5 }),
      reasoning: [{ toolUseIds: ["t"], textHash: "h", signature: "c2ln" }],
      account: { id: "a", change },
      turn: { sessionId: "s", accountId: "a", credits: 1, at: 1 },
    })
    const broken = (): never => {
      throw new Error("broken")
    }
    const kept = async (): Promise<unknown[]> => [
      (await store.session("s")).tokenRatio,
      (await store.opening("s")).reasoning.length,
      (await store.get("a"))?.lastUsedAt,
      (await store.turns()).length,
    ]
    await store.remember(learnt(broken))
    assert.deepEqual(await kept(), [undefined, 0, undefined, 0])
    await store.remember(learnt((current) => ({ ...current, lastUsedAt: 7 })))
    assert.deepEqual(await kept(), [1.5, 1, 7, 1])
    await store.close()
  })

  it("holds signatures by tool use and text", async () => {
    const { store } = await openStore()
    await store.remember({
      sessionId: "s",
      reasoning: [
        { toolUseIds: ["t1", "t2"], textHash: "h", signature: "c2ln" },
        { toolUseIds: ["t3"], textHash: "g", redacted: "cmVk" },
      ],
    })
    assert.deepEqual((await store.opening("s")).reasoning, [
      { toolUseIds: ["t1"], textHash: "h", signature: "c2ln" },
      { toolUseIds: ["t2"], textHash: "h", signature: "c2ln" },
      { toolUseIds: ["t3"], textHash: "g", redacted: "cmVk" },
    ])
    assert.deepEqual((await store.opening("other")).reasoning, [])
    await store.close()
  })

  it("is gone after thirty days, as are refused fields, and turns after ninety; a session in use stays", async () => {
    const clock = fakeClock()
    const { store } = await openStore({ clock })
    const turn = (sessionId: string): Promise<void> =>
      addTurn(store, { sessionId, accountId: "a", credits: 1, at: clock.now() })
    for (const id of ["old", "used"])
      await store.remember({ sessionId: id, session: (session) => ({ ...session, generation: 1 }) })
    await store.remember({
      sessionId: "old",
      reasoning: [{ toolUseIds: ["t"], textHash: "h", signature: "s" }],
    })
    await store.remember({ sessionId: "old", refusedFields: [{ modelId: "m", field: "documents" }] })
    await turn("old")
    clock.advance(20 * DAY_MS)
    await turn("used")
    clock.advance(11 * DAY_MS)
    await turn("used")
    assert.equal((await store.session("old")).generation, 0)
    assert.equal((await store.session("used")).generation, 1)
    assert.deepEqual((await store.opening("old")).reasoning, [])
    assert.deepEqual((await store.opening("ses_1")).refusedFields, [])
    assert.equal((await store.turns()).length, 3)
    clock.advance(70 * DAY_MS)
    await turn("late")
    assert.deepEqual(
      (await store.turns()).map(({ sessionId }) => sessionId),
      ["late", "used", "used"],
    )
    await store.close()
  })

  it("goes in pieces, the next one a minute later, so that however much comes it is bounded", async () => {
    const clock = fakeClock()
    const { store } = await openStore({ clock })
    const toolUseIds = Array.from({ length: 1200 }, (_, index) => `t${index}`)
    await store.remember({
      sessionId: "old",
      reasoning: [{ toolUseIds, textHash: "h", signature: "s" }],
    })
    clock.advance(31 * DAY_MS)
    const left = async (): Promise<number> => {
      await addTurn(store, { sessionId: "s", accountId: "a", credits: 1, at: clock.now() })
      return (await store.opening("old")).reasoning.length
    }
    assert.deepEqual([await left(), await left()], [700, 700])
    clock.advance(60_000)
    assert.equal(await left(), 200)
    clock.advance(60_000)
    assert.equal(await left(), 0)
    await store.close()
  })
})

describe("turns, model lists, registrations and refused fields", () => {
  it("come back as they were put in", async () => {
    const { store } = await openStore()
    const told = {
      parentSessionId: "p",
      project: "/home/me/project",
      purpose: "title",
      attempt: 2,
      failed: true,
      inputTokens: 9,
      cacheReadTokens: 8,
      cacheWriteTokens: 1,
    }
    const turns = [
      { sessionId: "s", accountId: "a", modelId: "m", credits: 0.25, at: 10 },
      { sessionId: "t", accountId: "b", credits: 1, at: 20, ...told },
    ].map((turn) => ({ ...turn, at: turn.at + Date.now(), day: localDay(Date.now()) }))
    for (const turn of turns) await addTurn(store, turn)
    assert.equal((await store.spentOn(localDay(Date.now()))).credits, 1.25)
    assert.equal((await store.spentOn("2026-01-01")).credits, 0)
    assert.equal((await store.spentOn("2026-01-02")).lifted, false)
    await store.liftBudget("2026-01-01")
    await store.liftBudget("2026-01-02")
    assert.equal((await store.spentOn("2026-01-02")).lifted, true)
    assert.equal((await store.spentOn("2026-01-01")).lifted, false)
    assert.deepEqual(await store.turns(), turns.toReversed())
    assert.deepEqual(await store.turns({ since: turns[1]?.at ?? 0 }), turns.slice(1))
    const list = {
      accountId: "a",
      serviceRegion: "us-east-1",
      models: { models: [{ modelId: "m" }] },
      fetchedAt: 3,
    }
    await store.setModelList({ ...list, fetchedAt: 2 })
    await store.setModelList(list)
    assert.deepEqual(await store.modelLists(), [list])
    const { client } = idcLogin({ id: "x" })
    const [own, company] = ["", "https://d"].map((startUrl) => ({ loginRegion: "us-east-1", startUrl }))
    assert.ok(own && company)
    await store.saveRegistration(own, client)
    await store.saveRegistration(company, { ...client, expiresAt: 9 })
    assert.deepEqual(await store.registration(own), client)
    assert.deepEqual(await store.registration(company), { ...client, expiresAt: 9 })
    assert.equal(await store.registration({ ...company, loginRegion: "eu-west-1" }), undefined)
    const field = { modelId: "m", field: "documents" }
    for (const sessionId of ["ses_1", "ses_2"]) await store.remember({ sessionId, refusedFields: [field] })
    const { refusedFields } = await store.opening("ses_1")
    assert.deepEqual(
      refusedFields.map((refused) => ({ modelId: refused.modelId, field: refused.field })),
      [field],
    )
    await store.close()
  })
})

/** As the store gives it back: what is known of it is always there. */
function withRecord(login: Login): Login {
  return { ...login, record: recordOf(login) }
}
