import assert from "node:assert/strict"
import { execFileSync } from "node:child_process"
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { describe, it, type TestContext } from "node:test"
import {
  describeNotice,
  InStep,
  newAccount,
  type Notice,
  openDatabase,
  type SourceStore,
} from "../../src/accounts/index.ts"
import { silentLog, systemClock } from "../../src/runtime.ts"
import { fakeClock } from "../support/clock.ts"
import { idcLogin, tokens } from "./logins.ts"
import { openStore } from "./open-for-test.ts"
import { needsLinks, needsMount, needsNoHold, needsPipes } from "../support/posix.ts"
import { temporaryFolder } from "../support/temporary-folder.ts"

const ACCOUNT = newAccount({ id: "a", now: 0, logins: [idcLogin({ id: "l" })] })

function failures(notices: readonly Notice[]): readonly unknown[] {
  return notices.map((notice) => notice.kind === "store-trouble" && notice.failure)
}

async function fileWithAccount(): Promise<string> {
  const { store, path } = await openStore()
  await store.add(ACCOUNT)
  await store.close()
  return path
}

describe("a damaged database", () => {
  it("is kept beside a new one, with one notice that names it", async () => {
    const path = join(temporaryFolder(), "kiro.db")
    writeFileSync(path, "this is no database, ".repeat(500))
    const { store, notices } = await openStore({ path })
    assert.deepEqual(await store.list(), [])
    await store.add(ACCOUNT)
    assert.equal(store.kept, "file")
    await store.close()
    const backup = readdirSync(join(path, "..")).find((name) => name.startsWith("kiro.db.damaged-"))
    assert.match(readFileSync(join(path, "..", backup ?? ""), "utf8"), /^this is no database/)
    assert.deepEqual(failures(notices), ["corrupt"])
    assert.ok(notices[0] && describeNotice(notices[0], "kiro").message.includes(backup ?? "no backup"))
    const again = await openStore({ path })
    assert.deepEqual(
      (await again.store.list()).map(({ id }) => id),
      ["a"],
    )
    await again.store.close()
  })

  it("that can't be moved away now, as another window on Windows has it, is replaced once it can", async () => {
    const path = join(temporaryFolder(), "kiro.db")
    const clock = fakeClock()
    writeFileSync(path, "this is no database, ".repeat(500))
    // A folder has the name that the file would get.
    const taken = `${path}.damaged-${new Date(clock.now()).toISOString().replaceAll(/[:.]/g, "-")}`
    mkdirSync(taken)
    writeFileSync(join(taken, "file"), "")
    const { store, notices } = await openStore({ path, clock })
    await assert.rejects(store.add(ACCOUNT), { failure: "corrupt" })
    assert.equal(store.kept, "memory")
    clock.advance(2000)
    await store.add(ACCOUNT)
    assert.equal(store.kept, "file")
    await store.close()
    const said = notices.map((notice) => describeNotice(notice, "kiro").message)
    assert.equal(said.length, 2)
    assert.match(said[0] ?? "", /damaged.*close the other windows/)
    assert.match(said[1] ?? "", /was damaged and is kept as /)
    const again = await openStore({ path })
    assert.equal((await again.store.list()).length, 1)
    await again.store.close()
  })

  it("is replaced while it is in use, by two stores once", needsNoHold, async () => {
    const path = await fileWithAccount()
    const [one, two] = [await openStore({ path }), await openStore({ path })]
    await one.store.list()
    await two.store.list()
    await one.store.close()
    const database = await openDatabase(path)
    database.get("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    writeFileSync(path, readFileSync(path).fill(0x5a, 0, 4096))
    const three = await openStore({ path })
    await three.store.add({ ...ACCOUNT, id: "b" })
    await two.store.add({ ...ACCOUNT, id: "c", logins: [] })
    assert.deepEqual(
      (await three.store.list()).map(({ id }) => id),
      ["b", "c"],
    )
    assert.equal(readdirSync(join(path, "..")).filter((name) => /damaged-[^/]*Z$/.test(name)).length, 1)
    await two.store.close()
    await three.store.close()
  })
})

describe("a database that is removed while it is open", () => {
  it("is made anew by the next write, and not written to as a ghost", needsNoHold, async () => {
    const path = await fileWithAccount()
    const { store } = await openStore({ path })
    await store.list()
    for (const suffix of ["", "-wal", "-shm"]) rmSync(path + suffix, { force: true })
    await store.add({ ...ACCOUNT, id: "b" })
    const other = await openStore({ path })
    assert.deepEqual(
      (await other.store.list()).map(({ id }) => id),
      ["b"],
    )
    await store.close()
    await other.store.close()
  })
})

describe("a place that is no folder any more while the database in it is open", () => {
  it("makes the store go on in memory, and is over when it is over", needsNoHold, async () => {
    const clock = fakeClock()
    const path = await fileWithAccount()
    const { store, notices } = await openStore({ path, clock })
    await store.list()
    const folder = dirname(path)
    rmSync(folder, { recursive: true })
    writeFileSync(folder, "")
    await clock.turn()
    await store.reconcile(() => ({ put: [ACCOUNT], gone: [] }))
    assert.equal((await store.get("a"))?.id, "a")
    assert.deepEqual(failures(notices), ["unavailable"])
    rmSync(folder)
    clock.advance(2000)
    await store.add({ ...ACCOUNT, id: "b" })
    assert.equal(store.kept, "file")
    await store.close()
  })

  it("is told of where its name leads round in a circle", needsLinks, async () => {
    const path = join(temporaryFolder(), "kiro.db")
    symlinkSync(path, path)
    const { store, notices } = await openStore({ path })
    await store.reconcile(() => ({ put: [ACCOUNT], gone: [] }))
    assert.equal((await store.get("a"))?.id, "a")
    assert.deepEqual(failures(notices), ["unavailable"])
    await store.close()
  })
})

describe("a place that can't be written to", () => {
  it(
    "is refused before a login is begun, also where a window of before has it open",
    needsMount,
    async () => {
      const { store: before, path } = await openStore()
      await before.add(ACCOUNT)
      const folder = dirname(path)
      execFileSync("mount", ["--bind", folder, folder])
      try {
        execFileSync("mount", ["-o", "remount,ro,bind", folder])
        const { store } = await openStore({ path })
        await assert.rejects(store.mustKeep(), { name: "StoreError" })
        await store.close()
      } finally {
        execFileSync("umount", ["--lazy", folder])
        await before.close()
      }
    },
  )

  it("makes the store go on in memory, with one notice, and takes nothing that must be kept", async () => {
    const folder = temporaryFolder()
    writeFileSync(join(folder, "file"), "")
    const { store, notices } = await openStore({ path: join(folder, "file", "kiro.db") })
    await assert.rejects(store.add(ACCOUNT), { failure: "unavailable" })
    await assert.rejects(store.mustKeep(), { failure: "unavailable" })
    await store.reconcile(() => ({ put: [ACCOUNT], gone: [] }))
    await store.remember({ sessionId: "s", session: (session) => ({ ...session, generation: 3 }) })
    assert.deepEqual(
      (await store.list()).map(({ id }) => id),
      ["a"],
    )
    assert.equal((await store.session("s")).generation, 3)
    assert.equal(store.kept, "memory")
    assert.deepEqual(failures(notices), ["unavailable"])
    assert.match(notices[0] ? describeNotice(notices[0], "kiro").message : "", /in memory only/)
    assert.equal(
      store.compareAndSwapTokens({ loginId: "l", before: tokens("l"), after: tokens("new") }),
      "failed",
    )
    const [login] = (await store.get("a"))?.logins ?? []
    assert.equal(login?.kind === "idc" && login.tokens.accessToken.reveal(), "access-l")
    await store.close()
  })

  it("is over when it is over, without a restart", async () => {
    const folder = temporaryFolder()
    const clock = fakeClock()
    writeFileSync(join(folder, "file"), "")
    const { store } = await openStore({ path: join(folder, "file", "kiro.db"), clock })
    await assert.rejects(store.add(ACCOUNT), { failure: "unavailable" })
    const answered = (credits: number): Promise<void> =>
      store.remember({ sessionId: "s", turn: { sessionId: "s", accountId: "a", credits, at: clock.now() } })
    for (const credits of [1, 2]) await answered(credits)
    assert.equal((await store.turns()).length, 2)
    assert.equal(store.kept, "memory")
    rmSync(join(folder, "file"))
    clock.advance(2000)
    await store.add(ACCOUNT)
    assert.equal(store.kept, "file")
    await answered(3)
    await store.close()
    const again = await openStore({ path: join(folder, "file", "kiro.db") })
    assert.equal((await again.store.list()).length, 1)
    assert.deepEqual((await again.store.turns()).map(({ credits }) => credits).toSorted(), [1, 2, 3])
    await again.store.close()
  })

  it("is looked at once more at the end, for what was learnt meanwhile", async () => {
    const folder = temporaryFolder()
    const clock = fakeClock()
    writeFileSync(join(folder, "file"), "")
    const { store } = await openStore({ path: join(folder, "file", "kiro.db"), clock })
    const turn = { sessionId: "s", accountId: "a", credits: 1, at: clock.now() }
    await store.remember({ sessionId: "s", turn })
    rmSync(join(folder, "file"))
    await store.close()
    const again = await openStore({ path: join(folder, "file", "kiro.db"), clock })
    assert.equal((await again.store.turns()).length, 1)
    await again.store.close()
  })

  it("does not wait for ever at a pipe in the place of the file", needsPipes, async () => {
    const path = join(temporaryFolder(), "kiro.db")
    execFileSync("mkfifo", [path])
    const { store, notices } = await openStore({ path })
    assert.deepEqual(await store.list(), [])
    assert.deepEqual(failures(notices), ["unavailable"])
    await store.close()
  })

  it("still gives the accounts that the file holds", async (test) => {
    using mount = mountTmpfs(test, "size=4m")
    if (mount === undefined) return
    const path = join(mount.folder, "kiro.db")
    const before = await openStore({ path })
    await before.store.add(ACCOUNT)
    await before.store.close()
    mount.remount("ro")
    const { store, notices } = await openStore({ path })
    assert.deepEqual(
      (await store.list()).map(({ id }) => id),
      ["a"],
    )
    await store.update("a", (account) => ({ ...account, label: "in memory" }))
    assert.equal((await store.get("a"))?.label, "in memory")
    assert.equal(store.kept, "memory")
    assert.equal(notices.length, 1)
    assert.match(String(failures(notices)[0]), /readonly|unavailable/)
    await store.close()
  })
})

describe("a full disk", () => {
  it("loses no account that is there, refuses what must be kept, and is over when there is room", async (test) => {
    using mount = mountTmpfs(test, "size=600k")
    if (mount === undefined) return
    const path = join(mount.folder, "kiro.db")
    const { store, notices } = await openStore({ path })
    await store.add(ACCOUNT)
    const filler = join(mount.folder, "filler")
    fill(filler)
    const large = "x".repeat(200_000)
    await assert.rejects(store.add({ ...ACCOUNT, id: "b", label: large, logins: [] }), { failure: "full" })
    assert.equal((await store.update("a", (account) => ({ ...account, label: large })))?.label, large)
    assert.deepEqual(failures(notices), ["full"])
    assert.deepEqual(
      (await store.list()).map(({ id, label }) => [id, label]),
      [["a", undefined]],
    )
    rmSync(filler)
    await store.add({ ...ACCOUNT, id: "b", logins: [] })
    assert.equal(store.kept, "file")
    assert.equal((await store.list()).length, 2)
    await store.close()
  })
})

describe("another version of this package on the same file", () => {
  const writable: SourceStore = {
    source: "kiro-cli",
    has: () => true,
    read: async () => ({ logins: [], problems: [], unread: [] }),
    fingerprint: () => "",
    writeBack: async () => "written",
  }

  it("may name instants that no date holds: what they say is not known, and the account stays", async () => {
    const path = await fileWithAccount()
    const other = await openDatabase(path)
    for (const health of [
      { state: "cooling", reason: "throttled", since: 1e300, until: 1e300 },
      { state: "revoked", reason: "suspended", since: -1e300 },
    ]) {
      const quota = {
        used: 1,
        limit: 2,
        resetAt: 1e300,
        checkedAt: 1,
        bonuses: [{ used: 1, limit: 2, expiresAt: 1e300 }],
      }
      other.run(
        "UPDATE kiro_account SET health = ?, quota = ?",
        [health, quota].map((each) => JSON.stringify(each)),
      )
      const { store } = await openStore({ path })
      const [account] = await store.list()
      assert.ok(account)
      const { quota: read } = account
      const instants = [read?.resetAt, read?.bonuses[0]?.expiresAt]
      assert.deepEqual(instants, [undefined, undefined])
      assert.equal(account.health.state, health.state)
      assert.ok(account.health.state !== "ok" && account.health.since === 0)
      assert.ok(account.health.state === "revoked" || account.health.until === 24 * 3_600_000)
      await store.close()
    }
    other.close()
  })

  it("that is newer keeps its columns and tables when this one writes", async () => {
    const path = await fileWithAccount()
    const newer = await openDatabase(path)
    newer.run("ALTER TABLE kiro_account ADD COLUMN colour TEXT DEFAULT 'none'")
    newer.run("UPDATE kiro_account SET colour = 'green'")
    newer.run("ALTER TABLE kiro_login ADD COLUMN shape TEXT")
    newer.run("UPDATE kiro_login SET shape = 'round'")
    newer.run("INSERT INTO kiro_login (id, account_id, source, kind) VALUES ('n', 'a', 'own', 'passkey')")
    newer.run("CREATE TABLE kiro_future (x)")
    const future = { state: "revoked", reason: "on-the-moon", since: 1, extra: 1 }
    newer.run("UPDATE kiro_account SET health = ?, document = ?", [
      JSON.stringify(future),
      '{"colour":"green"}',
    ])
    const place = { source: "kiro-cli", key: "file#row", shape: "square" }
    newer.run(
      "UPDATE kiro_login SET document = json_set(document, '$.shape', 'round', '$.places', json(?)) WHERE id = 'l'",
      [JSON.stringify([place])],
    )
    const { store } = await openStore({ path })
    await store.update("a", (account) => ({
      ...account,
      label: "x",
      logins: account.logins.map((login) => ({ ...login, profileArn: "arn" })),
    }))
    store.compareAndSwapTokens({ loginId: "l", before: tokens("l"), after: tokens("new") })
    const document = (table: string): unknown =>
      JSON.parse(String(newer.get(`SELECT document FROM ${table} WHERE document IS NOT NULL`)?.["document"]))
    assert.deepEqual(JSON.parse(String(newer.get("SELECT health FROM kiro_account")?.["health"])), future)
    assert.deepEqual(document("kiro_account"), { colour: "green" })
    const { shape, places } = document("kiro_login") as Record<string, unknown>
    assert.deepEqual([shape, places], ["round", [{ ...place, owed: true }]])
    await new InStep({ store, sources: [writable], clock: systemClock, log: silentLog }).payAll()
    const [paid] = (document("kiro_login") as { places: readonly object[] }).places
    assert.deepEqual({ ...paid, shown: "" }, { ...place, shown: "", owed: false })
    assert.deepEqual(
      newer.all("SELECT label, colour FROM kiro_account").map((row) => ({ ...row })),
      [{ label: "x", colour: "green" }],
    )
    assert.deepEqual(
      newer.all("SELECT id, kind, profile_arn, shape FROM kiro_login ORDER BY id").map((row) => ({ ...row })),
      [
        { id: "l", kind: "idc", profile_arn: "arn", shape: "round" },
        { id: "n", kind: "passkey", profile_arn: null, shape: null },
      ],
    )
    newer.close()
    await store.close()
  })

  it("that is older goes on while this one adds what it lacks", async () => {
    const path = join(temporaryFolder(), "kiro.db")
    const older = await openDatabase(path)
    older.run(
      "CREATE TABLE kiro_account (id TEXT NOT NULL, label TEXT, added_at INTEGER NOT NULL, PRIMARY KEY (id))",
    )
    older.run("INSERT INTO kiro_account VALUES ('a', 'old', 1)")
    const { store } = await openStore({ path })
    assert.deepEqual(
      (await store.list()).map(({ id, label, enabled, health }) => ({ id, label, enabled, health })),
      [{ id: "a", label: "old", enabled: true, health: { state: "ok" } }],
    )
    older.run("UPDATE kiro_account SET label = 'still old'")
    older.run("INSERT INTO kiro_account (id, label, added_at) VALUES ('b', NULL, 2)")
    assert.deepEqual(
      (await store.list()).map(({ id, label }) => [id, label]),
      [
        ["a", "still old"],
        ["b", undefined],
      ],
    )
    older.close()
    await store.close()
  })

  it("that is older may keep numbers that no double holds, in any column and at any moment: they brick nothing", async () => {
    const path = await fileWithAccount()
    const { store } = await openStore({ path })
    assert.equal((await store.list()).length, 1)
    const older = await openDatabase(path)
    for (const table of ["kiro_account", "kiro_login"])
      for (const { name, type } of older.all(`PRAGMA table_info(${table})`))
        for (const number of type === "INTEGER" ? ["1764367000123456789", "-1764367000123456789"] : []) {
          older.run(`UPDATE ${table} SET ${String(name)} = ${number}`)
          const [account] = await store.listAll()
          const [login] = account?.logins ?? []
          assert.ok(login?.kind === "idc" && account?.logins.length === 1, `${String(name)} ${number}`)
          if (name === "expires_at") assert.equal(login.tokens.expiresAt, 0)
          if (name === "client_expires_at") assert.equal(login.client.expiresAt, undefined)
        }
    older.close()
    await store.close()
  })

  it("writes nothing by opening a file that lacks nothing", async () => {
    const path = await fileWithAccount()
    const holder = await openDatabase(path)
    holder.run("BEGIN IMMEDIATE")
    const { store } = await openStore({ path })
    assert.equal((await store.list()).length, 1)
    holder.run("ROLLBACK")
    holder.close()
    await store.close()
  })
})

describe("an older plugin's tables in the same file", () => {
  it("stay as they are, schema and rows", async () => {
    const path = join(temporaryFolder(), "kiro.db")
    const theirs = await openDatabase(path)
    theirs.run(
      "CREATE TABLE accounts (id TEXT PRIMARY KEY, email TEXT NOT NULL, refresh_token TEXT NOT NULL)",
    )
    theirs.run("INSERT INTO accounts VALUES ('x', 'x@example.com', 'r')")
    const dump = (): string =>
      JSON.stringify([
        theirs.all("SELECT sql FROM sqlite_master WHERE name = 'accounts'"),
        theirs.all("SELECT * FROM accounts"),
      ])
    const before = dump()
    const { store } = await openStore({ path })
    await store.add(ACCOUNT)
    assert.equal(dump(), before)
    theirs.run("UPDATE accounts SET refresh_token = 's'")
    assert.equal((await store.list()).length, 1)
    theirs.close()
    await store.close()
  })
})

/** A small file system of its own; undefined, and the test is skipped, where this user can't mount one. */
function mountTmpfs(
  test: TestContext,
  options: string,
): { readonly folder: string; remount(mode: string): void; [Symbol.dispose](): void } | undefined {
  const folder = join(temporaryFolder(), "mount")
  mkdirSync(folder)
  const mount = (list: string): void =>
    void execFileSync("mount", ["-t", "tmpfs", "-o", list, "tmpfs", folder], { stdio: "ignore" })
  try {
    mount(options)
  } catch {
    test.skip("no right to mount a file system")
    return undefined
  }
  return {
    folder,
    remount: (mode) => mount(`remount,${mode}`),
    // Lazily: a test that failed may have left the database open.
    [Symbol.dispose]: () => void execFileSync("umount", ["-l", folder], { stdio: "ignore" }),
  }
}

function fill(path: string): void {
  for (let size = 512 * 1024; size >= 1024; size /= 2)
    try {
      writeFileSync(path, "x".repeat(size), { flag: "a" })
    } catch (error) {
      assert.match(String(error), /ENOSPC/)
    }
  assert.ok(existsSync(path))
}
