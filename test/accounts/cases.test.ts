import assert from "node:assert/strict"
import { spawn, spawnSync } from "node:child_process"
import { chmodSync, chownSync, readdirSync, renameSync, statSync } from "node:fs"
import { join } from "node:path"
import { text } from "node:stream/consumers"
import { beforeEach, describe, it } from "node:test"
import { TokenKeeper, type Identify, type Login, newAccount, openDatabase } from "../../src/accounts/index.ts"
import { importLogins } from "../../src/import/index.ts"
import { silentLog, systemClock } from "../../src/runtime.ts"
import { DEFAULT_SETTINGS } from "../../src/settings/index.ts"
import { sqlite } from "../import/stores.ts"
import { fakeClock } from "../support/clock.ts"
import { type FakeKiro, startFakeKiro } from "../support/fake-kiro/index.ts"
import { temporaryFolder } from "../support/temporary-folder.ts"
import { accountOf, EXPIRED, loginOf, onlyLogin, openStore as openTokenStore } from "../tokens/setup.ts"
import { idcLogin } from "./logins.ts"
import { openStore } from "./open-for-test.ts"
import { Home } from "./people.ts"
import type { UsageCall } from "./people-service.ts"

const HOUR = 3_600_000

describe("a login of kiro-cli's that is another person's by now", () => {
  let home: Home
  beforeEach(() => {
    home = new Home(temporaryFolder())
  })

  it("is never given for the first one's, also where both tokens have ended", async () => {
    await home.signsIn("A")
    assert.equal(await home.servedBy("a"), "A")
    await home.signsIn("B")
    home.endAccessTokens()
    assert.equal(await home.servedBy("a"), "A")
    home.endAccessTokens()
    assert.equal(await home.servedBy("a"), "A")
    const { ours } = await home.refreshTokens()
    assert.deepEqual(
      new Set(
        [...ours]
          .filter((token) => home.service.isCurrent(token))
          .map((token) => home.service.familyOf(token)?.person),
      ),
      new Set(["A", "B"]),
    )
  })

  it("does not lock the first one's account by being suspended", async () => {
    await home.signsIn("A")
    await home.servedBy("a")
    home.service.suspended.add("B")
    await home.signsIn("B")
    await home.servedBy("b")
    home.endAccessTokens()
    assert.equal(await home.servedBy("a"), "A")
  })

  for (const usage of ["down", "refused", "unsupported"] as const satisfies readonly UsageCall[])
    it(`goes into no other account while the usage call is ${usage}`, async () => {
      await home.signsIn("A")
      await home.servedBy("a")
      home.service.usage = usage
      await home.signsIn("B")
      assert.equal(await home.servedBy("a"), "A")
      home.endAccessTokens()
      await home.servedBy("a")
      await home.check()
      const kept = (await home.accountsOf("A")).map(({ logins }) => logins.length)
      assert.deepEqual(kept, [1])
    })

  it("leaves the pair of one who was never named where it is", async () => {
    await home.signsIn("A")
    await home.takeIn()
    home.endAccessTokens()
    await home.signsIn("B")
    assert.equal(await home.servedBy(), "B")
    assert.equal((await home.accountsOf("A")).length, 1)
  })

  it("is asked about with its own profile, not with the first one's", async () => {
    const profiles: (string | undefined)[] = []
    const identify: Identify = async (login) => {
      profiles.push(login.profileArn)
      return home.service.identify(login)
    }
    const profile = (arn: string): Promise<void> =>
      sqlite(home.cliFile, (database) => {
        const value = JSON.stringify({ arn, profile_name: "work" })
        database.run("INSERT OR REPLACE INTO state VALUES ('api.codewhisperer.profile', CAST(? AS BLOB))", [
          value,
        ])
      })
    const sync = async (): Promise<unknown> =>
      importLogins({ store: await home.store(), sources: home.sources(), clock: home.clock, identify })
    await home.signsIn("A")
    await profile("arn:of-a")
    await sync()
    await home.servedBy()
    await home.signsIn("B")
    await profile("arn:of-b")
    await sync()
    assert.deepEqual(new Set(profiles), new Set(["arn:of-b"]))
  })

  it("does not replace the first one's where an older plugin gives everybody the same row", async () => {
    const [one, two] = [home.service.signIn("A"), home.service.signIn("B")]
    const file = join(home.folder, ".config", "opencode", "kiro.db")
    await sqlite(file, (database) => {
      database.run(
        "CREATE TABLE accounts (id TEXT, auth_method TEXT, profile_arn TEXT, refresh_token TEXT, access_token TEXT, expires_at INTEGER)",
      )
      database.run("INSERT INTO accounts VALUES ('same', 'desktop', 'arn:fixed', ?, ?, ?)", [
        one.refreshToken,
        one.accessToken,
        one.expiresAt,
      ])
    })
    await home.takeIn()
    await sqlite(file, (database) =>
      database.run("UPDATE accounts SET refresh_token = ?, access_token = ?", [
        two.refreshToken,
        two.accessToken,
      ]),
    )
    await home.takeIn()
    await home.check()
    assert.deepEqual([(await home.accountsOf("A")).length, (await home.accountsOf("B")).length], [1, 1])
  })

  it("is an account of its own where it came by another provider, though one that was never named was removed", async () => {
    home.service.usage = "down"
    await home.signsIn("A")
    await home.takeIn()
    await home.remove("A")
    await home.cliSignsOut()
    const pair = home.service.signIn("B")
    await sqlite(home.cliFile, (database) =>
      database.run("INSERT INTO auth_kv VALUES ('kirocli:social:token', ?)", [
        JSON.stringify({
          access_token: pair.accessToken,
          refresh_token: pair.refreshToken,
          expires_at: new Date(pair.expiresAt).toISOString(),
          provider: "google",
        }),
      ]),
    )
    assert.equal(await home.servedBy(), "B")
  })

  it("takes no part of an account that was removed, also where its user asks for the import", async () => {
    home.service.usage = "down"
    await home.signsIn("A")
    await home.takeIn()
    const [removed] = await home.accountsOf("A")
    await home.remove("A")
    await home.signsIn("B")
    await home.takeIn(true)
    const [account, ...others] = await home.accountsOf("B")
    assert.ok(account && removed)
    assert.notEqual(account.id, removed.id)
    assert.deepEqual([account.record?.joined, account.forgotten, others], [undefined, undefined, []])
    assert.equal(await home.servedBy(), "B")
  })
})

describe("kiro-cli stays signed in", () => {
  let home: Home
  beforeEach(() => {
    home = new Home(temporaryFolder())
  })

  it("where its file is away for the moment of our refresh", async () => {
    await home.signsIn("A")
    await home.asks()
    home.clock.advance(2 * HOUR)
    const sent = home.service.onSent
    home.service.onSent = async () => home.cliGoesAway()
    await home.asks()
    home.service.onSent = sent
    home.cliComesBack()
    await home.takeIn()
    assert.ok(home.service.isCurrent((await home.cliPair())?.refreshToken ?? ""))
  })

  it("where another variable hides its store from the process that renews", async () => {
    await home.signsIn("A")
    await home.asks()
    await home.restart()
    const hidden = join(home.folder, "hidden")
    renameSync(join(home.folder, ".local"), hidden)
    home.clock.advance(2 * HOUR)
    assert.equal((await home.asks()).by, "nobody")
    home.clock.advance(HOUR)
    assert.equal((await home.asks()).by, "A")
    renameSync(hidden, join(home.folder, ".local"))
    await home.takeIn()
    assert.ok(home.service.isCurrent((await home.cliPair())?.refreshToken ?? ""))
  })
})

describe("a pair that was rotated", () => {
  it("is kept by a clean close, also where the token service takes longer than the close waits for the rest", async () => {
    const home = new Home(temporaryFolder())
    await home.signsIn("A")
    await home.takeIn()
    home.clock.advance(2 * HOUR)
    let arrived = (): void => undefined
    const sent = new Promise<void>((resolve) => (arrived = resolve))
    let answer = (): void => undefined
    home.service.onSent = () => {
      arrived()
      return new Promise((resolve) => (answer = resolve))
    }
    const keeper = await home.keeper()
    const [account] = await (await home.store()).list()
    assert.ok(account)
    const asking = keeper.fresh({ account })
    await sent
    const closing = home.restart()
    home.clock.advance(8000)
    for (let turn = 0; turn < 20; turn += 1) await systemClock.turn()
    answer()
    await asking
    await closing
    const { ours } = await home.refreshTokens()
    assert.ok([...ours].some((token) => home.service.isCurrent(token)))
  })

  it("is refused by no odd answer: a proxy's 403 and a page leave the login as it was", async () => {
    for (const response of [
      () => Response.json({ error: "access_denied" }, { status: 403 }),
      () => new Response("<html>Bad Request</html>", { status: 400 }),
      () => new Response("", { status: 403 }),
    ])
      for (const kind of ["idc", "social"] as const) {
        const { store, clock, keeper } = await withAnswer(kind, response)
        const [account] = await store.list()
        assert.ok(account)
        for (let round = 0; round < 3; round += 1) {
          const answer = await keeper.fresh({ account: (await store.list())[0] ?? account })
          assert.ok(answer.state === "none" && answer.reason === "service", JSON.stringify(answer))
          clock.advance(2 * 60_000)
        }
        assert.equal((await store.list())[0]?.health.state, "ok")
      }
  })

  it("is refused by a social service's bare answer only where it comes again a minute later", async () => {
    const { store, clock, keeper } = await withAnswer("social", () => new Response("", { status: 400 }))
    const ask = async (): Promise<string> => {
      const [account] = await store.list()
      assert.ok(account)
      const answer = await keeper.fresh({ account })
      return answer.state === "none" ? answer.reason : "token"
    }
    assert.equal(await ask(), "service")
    clock.advance(30_000)
    assert.equal(await ask(), "service")
    clock.advance(31_000)
    assert.equal(await ask(), "revoked")
  })

  async function withAnswer(kind: "idc" | "social", response: () => Response) {
    const folder = temporaryFolder()
    const clock = fakeClock()
    const store = await openTokenStore(folder, { clock })
    const { tokens } = idcLogin({ id: "l" })
    const ended = { ...tokens, expiresAt: clock.now() - 1 }
    const login: Login =
      kind === "idc"
        ? { ...idcLogin({ id: "l" }), tokens: ended }
        : { id: "l", source: "own", kind, tokens: ended }
    await store.add(newAccount({ id: "a", now: 0, logins: [login] }))
    const runtime = {
      clock,
      log: silentLog,
      fetch: async () => response(),
      random: () => 0.5,
      randomUUID: () => "",
    }
    const keeper = new TokenKeeper({
      runtime,
      store,
      sources: [],
      settings: DEFAULT_SETTINGS,
      lockPath: join(folder, "lock"),
      spillPath: join(folder, "spill"),
    })
    return { store, clock, keeper }
  }
})

describe("a clock that was wrong", () => {
  it("parks nobody longer than it takes to be right again", async () => {
    const clock = fakeClock()
    const { store, path } = await openStore({ clock })
    await store.add({
      ...newAccount({ id: "a", now: 0, logins: [idcLogin({ id: "l" })] }),
      health: {
        state: "cooling",
        since: clock.now() + 8 * HOUR,
        until: clock.now() + 9 * HOUR,
        reason: "throttled",
        times: 1,
      },
    })
    assert.equal((await store.get("a"))?.health.state, "ok")
    const database = await openDatabase(path)
    const health = { state: "cooling", since: clock.now(), until: 9e15, reason: "throttled", times: 1 }
    database.run("UPDATE kiro_account SET health = ?", [JSON.stringify(health)])
    database.close()
    const read = (await store.get("a"))?.health
    assert.equal(read?.state === "cooling" && read.until - read.since, 24 * HOUR)
    await store.close()
  })
})

const NOBODY = 65_534
const isRoot = process.getuid?.() === 0 && spawnSync("setpriv", ["--version"]).status === 0
const needsRoot = { skip: !isRoot && "only root, with setpriv, becomes another user" }

describe("as a user that is not root", needsRoot, () => {
  const asNobody = async (folder: string, url: string): Promise<string> => {
    const worker = join(import.meta.dirname, "..", "tokens", `worker${import.meta.filename.slice(-3)}`)
    const child = spawn(
      "setpriv",
      [
        `--reuid=${NOBODY}`,
        `--regid=${NOBODY}`,
        "--clear-groups",
        process.execPath,
        worker,
        folder,
        url,
        "none",
      ],
      // Everybody may write there, unlike into the run's own folder.
      { stdio: ["pipe", "pipe", "inherit"], env: { ...process.env, HOME: folder, TMPDIR: "/tmp" } },
    )
    child.stdin.end("go\n")
    const printed = await text(child.stdout)
    return /^token (.*)$/m.exec(printed)?.[1] ?? printed
  }
  /** Where one person is signed in, whose access token ends then. */
  const homeOfNobody = async (fake: FakeKiro, expiresAt: number) => {
    const folder = temporaryFolder()
    const person = fake.account()
    const store = await openTokenStore(folder)
    await store.add(accountOf(loginOf(person, expiresAt)))
    await store.close()
    for (const name of ["", ...readdirSync(folder)]) chownSync(join(folder, name), NOBODY, NOBODY)
    return { folder, person }
  }

  it("a database that can't be written costs no login: its pair waits beside it, over any restart", async () => {
    await using fake = await startFakeKiro()
    const { folder, person } = await homeOfNobody(fake, EXPIRED)
    chmodSync(join(folder, "kiro.db"), 0o400)
    for (let process = 0; process < 3; process += 1)
      assert.equal(await asNobody(folder, fake.url), person.accessToken)
    assert.equal(person.refreshCount, 1)
    assert.ok(readdirSync(folder).some((name) => name.startsWith("kiro-tokens.spill-")))
    chmodSync(join(folder, "kiro.db"), 0o600)
    assert.equal(await asNobody(folder, fake.url), person.accessToken)
    assert.ok(!readdirSync(folder).some((name) => name.startsWith("kiro-tokens.spill-")))
    const after = await openTokenStore(folder)
    assert.equal(onlyLogin((await after.list())[0]).tokens.refreshToken?.reveal(), person.refreshToken)
    await after.close()
  })

  it("a folder that can't be written costs no login", async () => {
    await using fake = await startFakeKiro()
    const { folder, person } = await homeOfNobody(fake, EXPIRED)
    chmodSync(folder, 0o500)
    try {
      assert.equal(await asNobody(folder, fake.url), "database")
      assert.equal(person.refreshCount, 0)
    } finally {
      chmodSync(folder, 0o700)
    }
    assert.equal(await asNobody(folder, fake.url), person.accessToken)
  })

  it("a database that others could read is closed to them", async () => {
    await using fake = await startFakeKiro()
    const { folder, person } = await homeOfNobody(fake, Date.now() + HOUR)
    chmodSync(join(folder, "kiro.db"), 0o644)
    assert.equal(await asNobody(folder, fake.url), person.accessToken)
    assert.equal(statSync(join(folder, "kiro.db")).mode & 0o777, 0o600)
  })
})
