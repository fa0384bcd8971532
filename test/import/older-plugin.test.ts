import assert from "node:assert/strict"
import { join } from "node:path"
import { beforeEach, describe, it } from "node:test"
import {
  isUnread,
  loginHash,
  type Row,
  type SourceReading,
  type SourceStore,
  takeIn,
} from "../../src/accounts/index.ts"
import { sourcesOf, sqlite, tokens } from "./stores.ts"
import { temporaryFolder } from "../support/temporary-folder.ts"

const BASE =
  "id TEXT PRIMARY KEY, email TEXT NOT NULL, auth_method TEXT NOT NULL, region TEXT NOT NULL, client_id TEXT, " +
  "client_secret TEXT, profile_arn TEXT, refresh_token TEXT NOT NULL, access_token TEXT NOT NULL, " +
  "expires_at INTEGER NOT NULL, rate_limit_reset INTEGER DEFAULT 0, is_healthy INTEGER DEFAULT 1, " +
  "unhealthy_reason TEXT, recovery_time INTEGER"
const COUNTERS =
  ", fail_count INTEGER DEFAULT 0, last_used INTEGER DEFAULT 0, used_count INTEGER DEFAULT 0, " +
  "limit_count INTEGER DEFAULT 0, last_sync INTEGER DEFAULT 0"

/** The tables that each generation made. */
const GENERATIONS: Readonly<Record<string, readonly string[]>> = {
  "1.3": [
    `CREATE TABLE accounts (${BASE}, real_email TEXT)`,
    "CREATE TABLE usage (account_id TEXT PRIMARY KEY, used_count INTEGER, limit_count INTEGER, real_email TEXT, last_sync INTEGER)",
    "CREATE TABLE settings (key TEXT PRIMARY KEY, value TEXT)",
  ],
  "1.5": [
    `CREATE TABLE accounts (${BASE}${COUNTERS})`,
    "CREATE UNIQUE INDEX idx_refresh_token_unique ON accounts (refresh_token)",
  ],
  "1.6": [`CREATE TABLE accounts (${BASE}${COUNTERS}, start_url TEXT)`],
  "2.0": [`CREATE TABLE accounts (${BASE}${COUNTERS}, start_url TEXT, oidc_region TEXT)`],
  "a later line": [
    `CREATE TABLE accounts (${BASE}${COUNTERS}, start_url TEXT, oidc_region TEXT, subscription_plan TEXT, refresh_token_updated_at INTEGER DEFAULT 0)`,
  ],
  "a fork": [
    `CREATE TABLE accounts (${BASE}${COUNTERS}, start_url TEXT, oidc_region TEXT, overage_count INTEGER DEFAULT 0)`,
    "CREATE TABLE removed_accounts (id TEXT PRIMARY KEY, removed_at INTEGER)",
    "CREATE TABLE plugin_meta (key TEXT PRIMARY KEY, value INTEGER)",
  ],
}

const EXPIRES = Date.UTC(2026, 10, 24, 12)
const work = {
  id: "a".repeat(64),
  email: "ann@example.com",
  auth_method: "idc",
  region: "eu-central-1",
  client_id: "client-work",
  client_secret: "secret-work",
  profile_arn: "arn:aws:codewhisperer:eu-central-1:1:profile/A",
  refresh_token: "aorWORK",
  access_token: "aoaWORK",
  expires_at: EXPIRES,
}
const social = {
  id: "b".repeat(64),
  email: "bob@example.com",
  auth_method: "desktop",
  region: "us-east-1",
  refresh_token: "aorSOCIAL",
  access_token: "aoaSOCIAL",
  expires_at: EXPIRES,
}

describe("an older plugin's table", () => {
  let home: string
  let file: string
  beforeEach(() => {
    home = temporaryFolder()
    file = join(home, ".config", "opencode", "kiro.db")
  })

  const source = (): SourceStore => {
    const found = sourcesOf(home).find((each) => each.source === "older-plugin")
    assert.ok(found)
    return found
  }
  const read = (): Promise<SourceReading> => source().read()

  const write = (
    generation: string,
    rows: readonly Readonly<Record<string, string | number | null>>[],
  ): Promise<void> =>
    sqlite(file, (database) => {
      for (const statement of GENERATIONS[generation] ?? []) database.run(statement)
      for (const row of rows) {
        const columns = Object.keys(row)
        const places = columns.map(() => "?").join(", ")
        database.run(`INSERT INTO accounts (${columns.join(", ")}) VALUES (${places})`, Object.values(row))
      }
    })
  const table = async (): Promise<readonly Row[]> => {
    let rows: readonly Row[] = []
    await sqlite(file, (database) => {
      rows = database.all("SELECT * FROM accounts ORDER BY id").map((row) => ({ ...row }))
    })
    return rows
  }

  for (const generation of Object.keys(GENERATIONS)) {
    it(`gives both accounts of a database of ${generation}, and takes back a pair`, async () => {
      const counters = generation === "1.3" ? {} : { used_count: 12.75, limit_count: 1000, fail_count: 3 }
      const rows = [{ ...work, ...counters }, social]
      await write(generation, rows)
      const before = await table()
      const { logins, problems } = await read()
      assert.deepEqual(problems, [])
      assert.deepEqual(
        logins.map(({ login, email }) => [login.kind, email, login.profileArn]),
        [
          ["idc", "ann@example.com", work.profile_arn],
          ["social", "bob@example.com", undefined],
        ],
      )
      const [first] = logins
      assert.ok(first?.login.kind === "idc")
      assert.equal(first.login.loginRegion, "eu-central-1")
      assert.equal(first.login.tokens.expiresAt, EXPIRES)
      const after = tokens("aoaNEW", "aorNEW", EXPIRES + 3_600_000)
      const change = { place: first.place, replaces: [loginHash(first.login)], after }
      assert.equal(await source().writeBack(change), "written")
      assert.equal(await source().writeBack(change), "current")
      assert.deepEqual(await table(), [
        { ...before[0], access_token: "aoaNEW", refresh_token: "aorNEW", expires_at: EXPIRES + 3_600_000 },
        before[1],
      ])
    })
  }

  it("tells the login region from that of the profile", async () => {
    await write("2.0", [{ ...work, oidc_region: "eu-north-1", start_url: "https://d-1.awsapps.com/start" }])
    const [first] = (await read()).logins
    assert.ok(first?.login.kind === "idc")
    assert.equal(first.login.loginRegion, "eu-north-1")
    assert.equal(first.login.startUrl, "https://d-1.awsapps.com/start")
  })

  it("takes every row for a login of its own, but one that its plugin replaced, and a note for no failure", async () => {
    const placeholder = `idc-placeholder+${"0".repeat(16)}@awsapps.local`
    const note = "InvalidTokenException: Replaced by active Kiro CLI account during sync"
    await write("2.0", [
      { ...work, id: "1", email: placeholder, refresh_token: "r1" },
      { ...work, id: "2", refresh_token: "r2", is_healthy: 0, unhealthy_reason: note },
      { ...work, id: "3", refresh_token: "r3", unhealthy_reason: "Replaced by real email" },
      { ...social, id: "4", email: `desktop-placeholder+${"1".repeat(16)}@awsapps.local` },
    ])
    const { logins } = await read()
    assert.deepEqual(
      logins.map(({ place, email }) => [place.key.split("/").at(-1), email]),
      [
        ["1", undefined],
        ["2", "ann@example.com"],
        ["4", undefined],
      ],
    )
  })

  it("gives four people four accounts, though they share registration, profile and the made-up address", async () => {
    const rows = ["1", "2", "3", "4"].map((id) => ({
      ...work,
      id,
      email: `idc-placeholder+${"0".repeat(16)}@awsapps.local`,
      refresh_token: `r${id}`,
      access_token: `a${id}`,
    }))
    await write("2.0", rows)
    const { put } = takeIn([], { offered: (await read()).logins, now: 1, byUser: false })
    assert.equal(put.length, 4)
  })

  it("does not offer what a fork remembers as removed", async () => {
    await write("a fork", [work, social])
    await sqlite(file, (database) => database.run("INSERT INTO removed_accounts VALUES (?, 1)", [work.id]))
    assert.deepEqual(
      (await read()).logins.map(({ login }) => login.kind),
      ["social"],
    )
  })

  it("follows a row that changes under us, and names one that can't be used", async () => {
    await write("2.0", [work, { ...social, access_token: "" }])
    const { logins, problems } = await read()
    assert.deepEqual(problems, [
      { source: "older-plugin", file, key: `accounts ${social.id}`, message: "holds no token pair" },
    ])
    const [first] = logins
    assert.ok(first)
    await sqlite(file, (database) =>
      database.run("UPDATE accounts SET access_token = 'a2', refresh_token = 'r2'"),
    )
    const [again] = (await read()).logins
    assert.ok(again?.login.kind === "idc")
    assert.equal(again.login.tokens.refreshToken?.reveal(), "r2")
    await sqlite(file, (database) => database.run("UPDATE accounts SET access_token = ''"))
    assert.ok(isUnread(await read(), first.place))
    await sqlite(file, (database) => database.run("DELETE FROM accounts"))
    assert.deepEqual(await read(), { logins: [], problems: [], unread: [] })
  })

  it("keeps away from a table of that name that is somebody else's", async () => {
    await sqlite(file, (database) => database.run("CREATE TABLE accounts (name TEXT)"))
    const { logins, problems } = await read()
    assert.deepEqual(logins, [])
    assert.deepEqual(problems, [
      { source: "older-plugin", file, key: "accounts", message: "lacks the column id" },
    ])
  })
})
