import assert from "node:assert/strict"
import { execFileSync } from "node:child_process"
import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs"
import { join } from "node:path"
import { after, before, beforeEach, describe, it } from "node:test"
import { type AccountStore, type Database, openDatabase, TokenKeeper } from "../../src/accounts/index.ts"
import { Spills } from "../../src/accounts/tokens/spill.ts"
import { silentLog, systemClock } from "../../src/runtime.ts"
import { idcLogin, tokens } from "../accounts/logins.ts"
import { DEFAULT_SETTINGS } from "../../src/settings/index.ts"
import { type FakeAccount, type FakeKiro, startFakeKiro } from "../support/fake-kiro/index.ts"
import {
  accountOf,
  EXPIRED,
  leftovers,
  loginOf,
  onlyLogin,
  openKeeper,
  openStore,
  realRuntime,
} from "./setup.ts"
import { temporaryFolder } from "../support/temporary-folder.ts"
import { assertPrivate, needsMount, needsNoHold, needsPipes } from "../support/posix.ts"
import { within } from "../support/clock.ts"

describe("a refresh whose pair can't be stored as usual", () => {
  let fake: FakeKiro
  let person: FakeAccount

  before(async () => {
    fake = await startFakeKiro()
  })
  after(() => fake.close())
  beforeEach(() => {
    person = fake.account()
  })

  const token = async (keeper: TokenKeeper, store: AccountStore): Promise<string> => {
    const [account] = await store.list()
    assert.ok(account)
    const answer = await keeper.fresh({ account })
    return answer.state === "token" ? answer.accessToken.reveal() : answer.reason
  }

  describe("while another process writes for seconds", () => {
    let folder: string
    let store: AccountStore
    let writer: Database

    beforeEach(async () => {
      folder = temporaryFolder()
      store = await openStore(folder)
      await store.add(accountOf(loginOf(person, EXPIRED)))
      writer = await openDatabase(join(folder, "kiro.db"))
    })
    const open = (): TokenKeeper => openKeeper({ folder, url: fake.url, store })

    it("is answered at once, and the pair waits in a file that only the user can read", async () => {
      writer.run("BEGIN IMMEDIATE")
      assert.equal(await within(2000, token(open(), store)), person.accessToken)
      const [spill, ...others] = leftovers(folder)
      assert.ok(spill?.startsWith("kiro-tokens.spill-"))
      assert.deepEqual(others, [])
      assertPrivate(join(folder, spill ?? ""))
    })

    it("serves every other process from that file, and the first that can gives it to the database", async () => {
      writer.run("BEGIN IMMEDIATE")
      await token(open(), store)
      assert.equal(await token(open(), await openStore(folder)), person.accessToken)
      assert.equal(person.refreshCount, 1)
      writer.run("ROLLBACK")
      assert.equal(await token(open(), await openStore(folder)), person.accessToken)
      assert.deepEqual(leftovers(folder), [])
      assert.equal(onlyLogin((await store.list())[0]).tokens.refreshToken?.reveal(), person.refreshToken)
      assert.equal(person.refreshCount, 1)
    })

    const isKilledBeforeItsName = async (): Promise<void> => {
      writer.run("BEGIN IMMEDIATE")
      await token(open(), store)
      writer.run("ROLLBACK")
      const [spill = ""] = leftovers(folder)
      renameSync(join(folder, spill), join(folder, `${spill}.next`))
    }

    it("is gone with its account where its process was killed before the file had its name", async () => {
      await isKilledBeforeItsName()
      const [account] = await store.list()
      assert.ok(account)
      await open().settle(account)
      await store.remove(account.id)
      assert.deepEqual(leftovers(folder), [])
    })

    it("is found where its process was killed before the file had its name", async () => {
      await isKilledBeforeItsName()
      assert.equal(await token(open(), await openStore(folder)), person.accessToken)
      assert.equal(person.refreshCount, 1)
      assert.deepEqual(leftovers(folder), [])
    })

    it("drops a waiting pair that replaces one which is no longer there", async () => {
      writer.run("BEGIN IMMEDIATE")
      await token(open(), store)
      writer.run(
        "UPDATE kiro_login SET access_token = 'aoaLOGIN', refresh_token = 'aorLOGIN', expires_at = 4e12",
      )
      writer.run("COMMIT")
      assert.equal(await token(open(), store), "aoaLOGIN")
      assert.deepEqual(leftovers(folder), [])
    })

    it("keeps no pair of a login that is no more beyond the end of any process", async () => {
      writer.run("BEGIN IMMEDIATE")
      await token(open(), store)
      writer.run("DELETE FROM kiro_login")
      writer.run("COMMIT")
      await openKeeper({ folder, url: fake.url, store: await openStore(folder) }).close()
      assert.deepEqual(leftovers(folder), [])
    })

    it("keeps what waits for a database that is away until that is back", needsNoHold, async () => {
      writer.run("BEGIN IMMEDIATE")
      await token(open(), store)
      writer.run("ROLLBACK")
      const files = readdirSync(folder).filter((name) => name.startsWith("kiro.db"))
      for (const name of files) renameSync(join(folder, name), join(folder, `away-${name}`))
      await openKeeper({ folder, url: fake.url, store: await openStore(folder) }).close()
      for (const name of files) renameSync(join(folder, `away-${name}`), join(folder, name))
      assert.equal(await token(open(), await openStore(folder)), person.accessToken)
      assert.equal(person.refreshCount, 1)
    })
  })

  describe("nor its file, which is lost during the request", () => {
    let folder: string
    let store: AccountStore
    let writer: Database
    let keeper: TokenKeeper
    let room: string

    beforeEach(async () => {
      folder = temporaryFolder()
      store = await openStore(folder)
      const login = loginOf(person, EXPIRED)
      await store.add(accountOf(login))
      writer = await openDatabase(join(folder, "kiro.db"))
      room = join(folder, `kiro-tokens.spill-${login.id}.next`)
      const runtime = realRuntime({
        fetch: async (url, init) => {
          const response = await fetch(url, init)
          writer.run("BEGIN IMMEDIATE")
          rmSync(room)
          mkdirSync(room)
          return response
        },
      })
      keeper = openKeeper({ folder, url: fake.url, store, runtime })
    })

    it("serves, and is in the database before its process ends", async () => {
      assert.equal(await token(keeper, store), person.accessToken)
      rmdirSync(room)
      writer.run("ROLLBACK")
      await keeper.close()
      assert.deepEqual(leftovers(folder), [])
      assert.equal(onlyLogin((await store.list())[0]).tokens.refreshToken?.reveal(), person.refreshToken)
    })

    it("is waited for by the end of its process, and is in the file where the database goes on taking nothing", async () => {
      assert.equal(await token(keeper, store), person.accessToken)
      let isClosed = false
      const closing = keeper.close().then(() => (isClosed = true))
      await systemClock.sleep(1500)
      assert.equal(isClosed, false)
      rmdirSync(room)
      await closing
      writer.run("ROLLBACK")
      assert.equal(await token(openKeeper({ folder, url: fake.url, store }), store), person.accessToken)
      assert.equal(person.refreshCount, 1)
    })
  })

  for (const [what, put] of Object.entries({
    "a pipe": (room: string): unknown => execFileSync("mkfifo", [room]),
    "a link": (room: string): unknown => symlinkSync(`${room}.elsewhere`, room),
  }))
    it(`puts nothing into ${what} where the pair would wait, and removes it`, needsPipes, async () => {
      const folder = temporaryFolder()
      const store = await openStore(folder)
      const login = loginOf(person, EXPIRED)
      await store.add(accountOf(login))
      put(join(folder, `kiro-tokens.spill-${login.id}.next`))
      const keeper = openKeeper({ folder, url: fake.url, store })
      assert.equal(await token(keeper, store), person.accessToken)
      assert.deepEqual(leftovers(folder), [])
    })

  it("does without a lock where none can be made, and still loses nothing", async () => {
    const folder = temporaryFolder()
    const store = await openStore(folder)
    await store.add(accountOf(loginOf(person, EXPIRED)))
    writeFileSync(join(folder, "file"), "")
    const keepers = [1, 2, 3].map(
      () =>
        new TokenKeeper({
          runtime: realRuntime(),
          store,
          sources: [],
          settings: { ...DEFAULT_SETTINGS, endpointOverride: fake.url },
          lockPath: join(folder, "file", "lock"),
          spillPath: join(folder, "spill"),
        }),
    )
    const granted = (): number =>
      fake.received("CreateToken").filter((request) => request.status === 200).length
    const [before, sent] = [granted(), fake.received("CreateToken").length]
    const asked = [...keepers, ...keepers, ...keepers]
    const answers = await Promise.all(asked.map((keeper) => token(keeper, store)))
    assert.deepEqual(new Set(answers), new Set([person.accessToken]))
    // Each keeper may have sent the token once, however many asked it; one was given a pair for it.
    assert.ok(fake.received("CreateToken").length - sent <= keepers.length)
    assert.equal(granted(), before + 1)
    const [account] = await store.list()
    assert.equal(account?.health.state, "ok")
    assert.equal(onlyLogin(account).tokens.refreshToken?.reveal(), person.refreshToken)
  })

  it("renews nothing where no new pair could be kept, and goes on when it can", needsMount, async () => {
    const folder = temporaryFolder()
    execFileSync("mount", ["-t", "tmpfs", "tmpfs", folder])
    const before = await openStore(folder)
    await before.add(accountOf(loginOf(person, EXPIRED)))
    await before.close()
    execFileSync("mount", ["-o", "remount,ro", folder])
    const store = await openStore(folder)
    const keeper = openKeeper({ folder, url: fake.url, store })
    assert.equal(await token(keeper, store), "database")
    assert.equal(person.refreshCount, 0)
    execFileSync("mount", ["-o", "remount,rw", folder])
    await systemClock.sleep(1100)
    assert.equal(await token(keeper, store), person.accessToken)
    assert.equal(person.refreshCount, 1)
    await keeper.close()
    await store.close()
    execFileSync("umount", ["--lazy", folder])
  })

  describe("on a full disk", needsMount, () => {
    let folder: string
    let store: AccountStore

    beforeEach(async () => {
      folder = temporaryFolder()
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", folder])
      store = await openStore(folder)
      await store.add(accountOf(loginOf(person, EXPIRED)))
    })
    const fill = (): void => {
      const ballast = join(folder, "ballast")
      for (let size = 1_048_576; size > 0; size = Math.floor(size / 2)) {
        try {
          writeFileSync(ballast, Buffer.alloc(size), { flag: "a" })
        } catch (error) {
          assert.match(String(error), /ENOSPC/)
        }
      }
    }
    const free = (): void => rmSync(join(folder, "ballast"))
    const end = async (keeper: TokenKeeper): Promise<void> => {
      await keeper.close()
      await store.close()
      execFileSync("umount", ["--lazy", folder])
    }

    it("keeps the refresh token and says what to do", async () => {
      fill()
      const keeper = openKeeper({ folder, url: fake.url, store })
      assert.equal(await token(keeper, store), "disk-full")
      assert.equal(person.refreshCount, 0)
      free()
      assert.equal(await token(keeper, store), person.accessToken)
      await end(keeper)
    })

    it("has room for the pair when it fills up during the request", async () => {
      const runtime = realRuntime({
        fetch: async (url, init) => {
          const response = await fetch(url, init)
          const body = await response.text()
          fill()
          return new Response(body, { status: response.status })
        },
      })
      const keeper = openKeeper({ folder, url: fake.url, store, runtime })
      assert.equal(await token(keeper, store), person.accessToken)
      assert.equal(await token(openKeeper({ folder, url: fake.url, store }), store), person.accessToken)
      free()
      const later = await openStore(folder)
      assert.equal(
        await token(openKeeper({ folder, url: fake.url, store: later }), later),
        person.accessToken,
      )
      assert.equal(onlyLogin((await later.list())[0]).tokens.refreshToken?.reveal(), person.refreshToken)
      assert.equal(person.refreshCount, 1)
      await later.close()
      await end(keeper)
    })
  })
})

describe("a pair that waits in a file", () => {
  it("is followed by the next one, also while another process reads that file", () => {
    const path = join(temporaryFolder(), "kiro-tokens.spill")
    const store: ConstructorParameters<typeof Spills>[0]["store"] = {
      compareAndSwapTokens: () => "busy",
      peek: () => ({ outcome: "unavailable" }),
    }
    const open = (): Spills => new Spills({ store, path, log: silentLog })
    const spill = (before: string, after: string): void => {
      const spills = open()
      const swap = { loginId: "l", before: tokens(before), after: tokens(after) }
      assert.equal(spills.save(swap), "spilled")
      assert.ok(spills.keepAll())
    }
    spill("one", "two")
    const reader = openSync(`${path}-l`, "r")
    spill("two", "three")
    closeSync(reader)
    const login = open().over(idcLogin({ id: "l", tokens: tokens("one") }))
    assert.equal(login.tokens.accessToken.reveal(), "access-three")
  })
})
