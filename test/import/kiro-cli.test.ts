import assert from "node:assert/strict"
import { execFileSync } from "node:child_process"
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { beforeEach, describe, it } from "node:test"
import {
  type DatabaseDriver,
  isIdentityCenter,
  isUnread,
  loadDatabaseDriver,
  type Login,
  loginHash,
  openDatabase,
  recordOf,
  type SourceReading,
  type SourceStore,
  takeIn,
} from "../../src/accounts/index.ts"
import { kiroCliDatabases } from "../../src/import/index.ts"
import { openKiroCliSource } from "../../src/import/kiro-cli.ts"
import { fakeClock } from "../support/clock.ts"
import {
  builderToken,
  cliDatabase,
  cliRow,
  externalToken,
  putCliRow,
  registration,
  socialToken,
  sourcesOf,
  sqlite,
  tokens,
  writeCliStore,
} from "./stores.ts"
import { needsLinks, needsMount, needsPipes } from "../support/posix.ts"
import { temporaryFolder } from "../support/temporary-folder.ts"

describe("kiro-cli's store", () => {
  let home: string
  let file: string
  beforeEach(() => {
    home = temporaryFolder()
    file = cliDatabase(home)
  })

  const source = (env: Record<string, string> = {}): SourceStore => {
    const [first] = sourcesOf(home, env)
    assert.ok(first?.source === "kiro-cli")
    return first
  }
  const read = (env?: Record<string, string>): Promise<SourceReading> => source(env).read()
  const onlyLogin = async (): Promise<Login> => {
    const { logins, problems } = await read()
    assert.deepEqual(problems, [])
    assert.equal(logins.length, 1)
    const [first] = logins
    assert.ok(first)
    return first.login
  }

  it("gives a Builder ID login with its registration, region and expiry", async () => {
    await writeCliStore(file, {
      "kirocli:odic:token": builderToken,
      "kirocli:odic:device-registration": registration,
    })
    const login = await onlyLogin()
    assert.ok(login.kind === "idc")
    assert.equal(login.tokens.accessToken.reveal(), "aoaBUILDER")
    assert.equal(login.tokens.refreshToken?.reveal(), "aorBUILDER")
    assert.equal(login.tokens.expiresAt, Date.parse("2026-11-24T14:33:30.786Z"))
    assert.equal(login.client.clientId, "client-builder")
    assert.equal(login.client.clientSecret.reveal(), "secret-builder")
    assert.equal(login.client.expiresAt, Date.parse("2027-02-01T00:00:00Z"))
    assert.equal(login.loginRegion, "us-east-1")
    assert.equal(login.startUrl, "https://view.awsapps.com/start")
    assert.equal(isIdentityCenter(login), false)
  })

  it("gives an Identity Center login with the profile, start URL and region chosen in kiro-cli", async () => {
    const { start_url: _url, region: _region, ...bare } = builderToken
    const { region: _none, ...bareRegistration } = registration
    await writeCliStore(
      file,
      {
        "kirocli:odic:token": { ...bare, region: "eu-west-1" },
        "kirocli:odic:device-registration": bareRegistration,
      },
      {
        "api.codewhisperer.profile": {
          arn: "arn:aws:codewhisperer:eu-central-1:1:profile/A",
          profile_name: "KiroProfile",
        },
        "auth.idc.start-url": "https://d-123.awsapps.com/start",
        "auth.idc.region": "eu-west-1",
      },
    )
    const login = await onlyLogin()
    assert.ok(login.kind === "idc")
    assert.equal(login.startUrl, "https://d-123.awsapps.com/start")
    assert.equal(login.loginRegion, "eu-west-1")
    assert.equal(login.profileArn, "arn:aws:codewhisperer:eu-central-1:1:profile/A")
  })

  it("finds a login among whatever else the store keeps", async () => {
    await writeCliStore(file, {
      "kirocli:odic:device-registration": registration,
      ...Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`a:${index}`, "{}"])),
      "kirocli:odic:token": builderToken,
    })
    assert.equal((await onlyLogin()).kind, "idc")
  })

  it("gives every login of a store that holds several, in either spelling of every key", async () => {
    await writeCliStore(
      file,
      {
        "kirocli:oidc:token": { accessToken: "a1", refreshToken: "r1", expiresAt: 1_796_000_000 },
        "kirocli:oidc:device-registration": { clientId: "c1", clientSecret: "s1" },
        "codewhisperer:odic:token": { ...builderToken, access_token: "a2", refresh_token: "r2" },
        "codewhisperer:odic:device-registration": { ...registration, client_id: "c2" },
        "kirocli:social:token": socialToken,
        "kirocli:external-idp:token": externalToken,
        "unrelated:key": "{}",
      },
      { "api.codewhisperer.profile": { arn: "arn:work", profile_name: "Work" } },
    )
    const { logins, problems } = await read()
    assert.deepEqual(problems, [])
    const seen = logins.map(({ login, place }) => [
      place.key.split("#")[1],
      login.kind,
      login.kind === "idc" ? login.client.clientId : undefined,
      login.profileArn,
    ])
    assert.deepEqual(seen, [
      ["kirocli:oidc:token", "idc", "c1", "arn:work"],
      ["codewhisperer:odic:token", "idc", "c2", undefined],
      ["kirocli:external-idp:token", "external-idp", undefined, undefined],
      ["kirocli:social:token", "social", undefined, socialToken["profile_arn"]],
    ])
  })

  it("takes a token whose registration is spelt the other way, but never another prefix's", async () => {
    await writeCliStore(file, {
      "kirocli:odic:token": builderToken,
      "kirocli:oidc:device-registration": registration,
    })
    assert.equal((await onlyLogin()).kind, "idc")
    await sqlite(file, (database) => {
      database.run(
        "UPDATE auth_kv SET key = 'codewhisperer:odic:device-registration' WHERE key LIKE '%registration'",
      )
    })
    const { logins, problems } = await read()
    assert.deepEqual(logins, [])
    assert.deepEqual(
      problems.map(({ key, message }) => [key, message]),
      [["kirocli:odic:token", "has no device registration beside it"]],
    )
  })

  it("names the row that can't be used and still gives the others", async () => {
    await writeCliStore(file, {
      "kirocli:odic:token": '{"access_token":"half',
      "kirocli:odic:device-registration": registration,
      "codewhisperer:odic:token": "null",
      "kirocli:external-idp:token": { ...externalToken, token_endpoint: "http://127.0.0.1/steal" },
      "kirocli:social:token": socialToken,
    })
    const { logins, problems } = await read()
    assert.deepEqual(
      logins.map(({ login }) => login.kind),
      ["social"],
    )
    assert.deepEqual(problems.map(({ file: where, key, message }) => [where, key, message]).toSorted(), [
      [file, "kirocli:external-idp:token", "names a token endpoint that is not https"],
      [file, "kirocli:odic:token", "is not a JSON object"],
    ])
    // The folder's name is random, and may hold such a word.
    assert.doesNotMatch(JSON.stringify(problems).replaceAll(JSON.stringify(file), ""), /half|steal/)
  })

  it("says nothing of a store that isn't there, unless its place was named", async () => {
    assert.deepEqual((await read()).problems, [])
    const named = await read({ KIROCLI_DB_PATH: join(home, "elsewhere.db") })
    assert.deepEqual(named.problems, [
      { source: "kiro-cli", file: join(home, "elsewhere.db"), message: "does not exist" },
    ])
  })

  it("turns an empty, a strange and a locked store into a problem that names the file", async () => {
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, "")
    assert.deepEqual((await read()).problems, [
      { source: "kiro-cli", file, message: "holds no table auth_kv" },
    ])
    writeFileSync(file, "this is no database, just some text that is long enough to be looked at".repeat(20))
    assert.deepEqual((await read()).problems, [
      { source: "kiro-cli", file, message: "is not a SQLite database or is damaged", failure: "corrupt" },
    ])
  })

  it("does not wait for ever at a pipe", needsPipes, async () => {
    mkdirSync(dirname(file), { recursive: true })
    execFileSync("mkfifo", [file])
    const problems = [{ source: "kiro-cli", file, message: "can't be opened", failure: "unavailable" }]
    assert.deepEqual((await read()).problems, problems)
    rmSync(file)
    await writeCliStore(file, { "kirocli:social:token": socialToken })
    execFileSync("mkfifo", [`${file}-journal`])
    assert.deepEqual((await read()).problems, problems)
    rmSync(`${file}-journal`)
    assert.equal((await read()).logins.length, 1)
  })

  it("is read by itself where what stands in the place of its log can hold nothing", needsLinks, async () => {
    await writeCliStore(file, { "kirocli:social:token": socialToken })
    const log = `${file}-wal`
    rmSync(log, { force: true })
    for (const put of [() => mkdirSync(log), () => symlinkSync(log, log)]) {
      put()
      const { logins, problems } = await read()
      assert.deepEqual([logins.length, problems], [1, []])
      rmSync(log, { recursive: true })
    }
  })

  it("waits for a lock without standing still, and gives up on it with a problem", async () => {
    await writeCliStore(file, { "kirocli:social:token": socialToken })
    const holder = await openDatabase(file)
    holder.run("BEGIN EXCLUSIVE")
    const clock = fakeClock()
    const [locked] = sourcesOf(home, {}, {}, clock)
    assert.ok(locked)
    assert.deepEqual((await locked.read()).problems, [
      { source: "kiro-cli", file, message: "is locked by another program", failure: "busy" },
    ])
    const waited = clock.slept.reduce((sum, ms) => sum + ms, 0)
    assert.ok(waited >= 5000 && waited < 6000, `${waited} ms`)
    const reading = locked.read()
    holder.run("COMMIT")
    holder.close()
    assert.equal((await reading).logins.length, 1)
  })

  it("waits in the same way for a file handle, and says that too many are open", async () => {
    await writeCliStore(file, { "kirocli:social:token": socialToken })
    const open = await loadDatabaseDriver()
    let refusals = 2
    const driver: DatabaseDriver = (path, options) => {
      if (refusals-- > 0) throw Object.assign(new Error("EMFILE: too many open files"), { code: "EMFILE" })
      return open(path, options)
    }
    const effects = { clock: fakeClock(), random: () => 0.5, driver }
    const source = openKiroCliSource({ files: [file], named: false, defaultRegion: "us-east-1", effects })
    assert.equal((await source.read()).logins.length, 1)
    refusals = Infinity
    const [problem] = (await source.read()).problems
    assert.equal(problem?.failure, "no-handle")
    assert.match(problem.message, /^can't be opened: too many files are open/)
  })

  it("reads what is only in the write-ahead log yet", async () => {
    await writeCliStore(file, {})
    const cli = await openDatabase(file)
    cli.get("PRAGMA journal_mode = WAL")
    putCliRow(cli, "kirocli:social:token", socialToken)
    assert.equal((await read()).logins.length, 1)
    cli.run("BEGIN IMMEDIATE")
    assert.equal((await read()).logins.length, 1)
    cli.run("COMMIT")
    cli.close()
    assert.equal((await read()).logins.length, 1)
  })

  it("is read also where its folder can't be written", needsMount, async () => {
    const folder = dirname(file)
    mkdirSync(folder, { recursive: true })
    execFileSync("mount", ["-t", "tmpfs", "tmpfs", folder])
    try {
      await writeCliStore(file, { "kirocli:social:token": socialToken })
      await sqlite(file, (database) => void database.get("PRAGMA journal_mode = WAL"))
      execFileSync("mount", ["-o", "remount,ro", folder])
      const login = await onlyLogin()
      assert.ok(login.kind === "social")
      const place = { source: "kiro-cli", key: `${file}#kirocli:social:token` } as const
      const change = { place, replaces: [loginHash(login)], after: tokens("aoaNEW", "aorNEW", 9e12) }
      assert.equal(await source().writeBack(change), "unavailable")
    } finally {
      execFileSync("umount", ["--lazy", folder])
    }
  })

  it("is looked for where each system keeps it, or only where the user says", () => {
    const at = (platform: string, env: Record<string, string>): readonly string[] =>
      kiroCliDatabases({ env, platform, home: platform === "win32" ? "C:\\Users\\ann" : "/home/ann" })
    assert.deepEqual(at("linux", {}), [
      "/home/ann/.local/share/kiro-cli/data.sqlite3",
      "/home/ann/.local/share/amazon-q/data.sqlite3",
    ])
    assert.equal(at("linux", { XDG_DATA_HOME: "/data" })[0], "/data/kiro-cli/data.sqlite3")
    assert.deepEqual(at("linux", { XDG_DATA_HOME: "data" }), at("linux", {}))
    assert.equal(at("darwin", {})[0], "/home/ann/Library/Application Support/kiro-cli/data.sqlite3")
    assert.deepEqual(at("win32", { LOCALAPPDATA: "L:\\", APPDATA: "R:\\" }), [
      "L:\\Kiro-Cli\\data.sqlite3",
      "R:\\kiro-cli\\data.sqlite3",
      "L:\\amazon-q\\data.sqlite3",
    ])
    assert.equal(at("win32", {})[0], "C:\\Users\\ann\\AppData\\Local\\Kiro-Cli\\data.sqlite3")
    assert.deepEqual(at("linux", { KIROCLI_DB_PATH: "/tmp/x.db" }), ["/tmp/x.db"])
    assert.deepEqual(at("linux", { KIROCLI_DB_PATH: "~/x.db" }), ["/home/ann/x.db"])
    assert.deepEqual(at("linux", { KIROCLI_DB_PATH: "~ann/x.db" }), ["~ann/x.db"])
    assert.deepEqual(at("win32", { KIROCLI_DB_PATH: "~\\x.db" }), ["C:\\Users\\ann\\x.db"])
  })

  it("reads legacy and current store as one where one is a copy of the other", async () => {
    const rows = {
      "codewhisperer:odic:token": builderToken,
      "codewhisperer:odic:device-registration": registration,
    }
    await writeCliStore(file, rows)
    await writeCliStore(join(home, ".local", "share", "amazon-q", "data.sqlite3"), rows)
    const { logins } = await read()
    assert.ok(logins[0]?.place.key.startsWith(file))
    const { put } = takeIn([], { offered: logins, now: 1, byUser: false })
    assert.deepEqual(
      put.map((account) => account.logins.map((login) => recordOf(login).places.length)),
      [[2]],
    )
    const after = tokens("aoaNEW", "aorNEW", Date.parse("2026-11-24T20:00:00Z"))
    for (const { login, place } of logins)
      assert.equal(await source().writeBack({ place, replaces: [loginHash(login)], after }), "written")
    for (const place of [file, join(home, ".local", "share", "amazon-q", "data.sqlite3")])
      assert.equal((await cliRow(place, "codewhisperer:odic:token"))["refresh_token"], "aorNEW")
  })

  describe("when it is written back to", () => {
    const after = tokens("aoaNEW", "aorNEW", Date.parse("2026-11-24T20:00:00.5Z"))

    it("changes three fields, in the row's own spelling and time format", async () => {
      const camel = { accessToken: "a", refreshToken: "r", expiresAt: 1_795_000_000, unknown: { keep: [1] } }
      await writeCliStore(file, {
        "kirocli:odic:token": builderToken,
        "kirocli:odic:device-registration": registration,
        "kirocli:social:token": camel,
      })
      const { logins } = await read()
      for (const { login, place } of logins) {
        const change = { place, replaces: [loginHash(login)], after }
        assert.equal(await source().writeBack(change), "written")
        assert.equal(await source().writeBack(change), "current")
      }
      assert.deepEqual(await cliRow(file, "kirocli:social:token"), {
        accessToken: "aoaNEW",
        refreshToken: "aorNEW",
        expiresAt: Date.parse("2026-11-24T20:00:00Z") / 1000,
        unknown: { keep: [1] },
      })
      assert.deepEqual(await cliRow(file, "kirocli:odic:token"), {
        ...builderToken,
        access_token: "aoaNEW",
        refresh_token: "aorNEW",
        expires_at: "2026-11-24T20:00:00.500000Z",
      })
      assert.deepEqual(await cliRow(file, "kirocli:odic:device-registration"), registration)
    })

    it("leaves a newer access token of the same refresh token alone, and replaces an older one", async () => {
      const held = { ...socialToken, access_token: "aoaHELD", refresh_token: "aorNEW" }
      const place = { source: "kiro-cli", key: `${file}#kirocli:social:token` } as const
      await writeCliStore(file, { "kirocli:social:token": held })
      for (const [expires_at, result] of [
        ["2026-11-24T21:00:00Z", "current"],
        ["2026-11-24T19:00:00Z", "written"],
      ] as const) {
        const row = { ...held, expires_at }
        await sqlite(file, (database) => putCliRow(database, "kirocli:social:token", row))
        assert.equal(await source().writeBack({ place, replaces: [], after }), result)
      }
    })

    it("leaves a row alone that holds another pair by now, and one that vanished", async () => {
      await writeCliStore(file, { "kirocli:social:token": socialToken })
      const login = await onlyLogin()
      const place = { source: "kiro-cli", key: `${file}#kirocli:social:token` } as const
      const change = { place, replaces: [loginHash(login)], after }
      const other = { ...socialToken, access_token: "aoaOTHER", refresh_token: "aorOTHER" }
      await sqlite(file, (database) => putCliRow(database, "kirocli:social:token", other))
      assert.equal(await source().writeBack(change), "other")
      assert.deepEqual(await cliRow(file, "kirocli:social:token"), other)
      await sqlite(file, (database) => database.run("DELETE FROM auth_kv"))
      assert.equal(await source().writeBack(change), "gone")
      assert.equal(await cliRow(file, "kirocli:social:token"), null)
      rmSync(file)
      assert.equal(await source().writeBack(change), "unavailable")
    })
  })

  describe("when it is read again", () => {
    it("says of each row whether it holds a login, nothing, or something that can't be read", async () => {
      await writeCliStore(file, {
        "kirocli:odic:token": builderToken,
        "kirocli:odic:device-registration": registration,
      })
      const place = { source: "kiro-cli", key: `${file}#kirocli:odic:token` } as const
      const states = async (key: string, row: unknown): Promise<string> => {
        await sqlite(file, (database) => putCliRow(database, key, row))
        const reading = await read()
        if (reading.logins.some((each) => each.place.key === place.key)) return "login"
        return isUnread(reading, place) ? "unread" : "gone"
      }
      assert.equal(await states("kirocli:odic:token", builderToken), "login")
      assert.equal(await states("kirocli:odic:token", "{"), "unread")
      assert.equal(await states("kirocli:odic:token", "null"), "gone")
      assert.equal(await states("kirocli:odic:token", builderToken), "login")
      assert.equal(await states("kirocli:odic:device-registration", "{"), "unread")
      rmSync(file)
      assert.ok(isUnread(await read(), place))
    })
  })

  it("changes its fingerprint with a write and never its bytes by being read", async () => {
    await writeCliStore(file, { "kirocli:social:token": socialToken })
    const bytes = readFileSync(file)
    const cli = source()
    const before = cli.fingerprint()
    await cli.read()
    assert.equal(cli.fingerprint(), before)
    assert.deepEqual(readFileSync(file), bytes)
    await sqlite(file, (database) => putCliRow(database, "kirocli:odic:token", builderToken))
    assert.notEqual(cli.fingerprint(), before)
  })

  it("is left alone altogether where the user turned the sync off", () => {
    const kinds = sourcesOf(home, {}, { autoSyncKiroCli: false }).map((each) => each.source)
    assert.ok(!kinds.includes("kiro-cli"))
  })
})
