import assert from "node:assert/strict"
import { mkdirSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { beforeEach, describe, it } from "node:test"
import { type Login, newAccount, openDatabase } from "../../src/accounts/index.ts"
import { Secret } from "../../src/secret.ts"
import { putCliRow, sqlite, writeCliStore } from "../import/stores.ts"
import { temporaryFolder } from "../support/temporary-folder.ts"
import { Home } from "./people.ts"
import type { Pair } from "./people-service.ts"

const HOUR = 3_600_000
const MINUTE = 60_000

/** How a program shows a pair in one place of its own. */
type Show = (home: Home, pair: Pair) => Promise<void> | void
type Fields = Readonly<Record<string, unknown>>

const inIde =
  (fields: Fields): Show =>
  ({ folder }, { accessToken, refreshToken, expiresAt }) => {
    const file = join(folder, ".aws", "sso", "cache", "kiro-auth-token.json")
    mkdirSync(dirname(file), { recursive: true })
    const ends = new Date(expiresAt).toISOString()
    writeFileSync(file, JSON.stringify({ accessToken, refreshToken, expiresAt: ends, ...fields }))
  }

const inCli =
  (key: string, fields: Fields): Show =>
  async (home, { accessToken, refreshToken, expiresAt }) => {
    if ((await home.cliPair()) === undefined) await writeCliStore(home.cliFile, {}).catch(() => undefined)
    const ends = new Date(expiresAt).toISOString()
    await sqlite(home.cliFile, (database) => {
      putCliRow(database, key, {
        access_token: accessToken,
        refresh_token: refreshToken,
        expires_at: ends,
        ...fields,
      })
      const registration = { client_id: "client", client_secret: "secret", region: "us-east-1" }
      putCliRow(database, "kirocli:odic:device-registration", registration)
    })
  }

const inOlderRow =
  (id: string, fields: Fields): Show =>
  ({ folder }, { accessToken, refreshToken, expiresAt }) =>
    sqlite(join(folder, ".config", "opencode", "kiro.db"), (database) => {
      database.run(
        "CREATE TABLE IF NOT EXISTS accounts (id TEXT PRIMARY KEY, auth_method TEXT, region TEXT, client_id TEXT, client_secret TEXT, profile_arn TEXT, start_url TEXT, refresh_token TEXT, access_token TEXT, expires_at INTEGER)",
      )
      const row = {
        auth_method: "desktop",
        ...fields,
        refresh_token: refreshToken,
        access_token: accessToken,
      }
      const columns = ["id", "expires_at", ...Object.keys(row)]
      database.run(
        `INSERT OR REPLACE INTO accounts (${columns.join(", ")}) VALUES (${columns.map(() => "?").join(", ")})`,
        [id, expiresAt, ...Object.values(row)] as (string | number)[],
      )
    })

const COMPANY = { region: "us-east-1", start_url: "https://d-1.awsapps.com/start" }
const BUILDER_ID = { region: "us-east-1", start_url: "https://view.awsapps.com/start" }
const OTHER_COMPANY = { ...COMPANY, start_url: "https://d-2.awsapps.com/start" }
const IDENTITY_PROVIDER = {
  client_id: "client",
  token_endpoint: "https://login.example.com/oauth2/token",
  scopes: "offline_access",
}
const PLACES: Readonly<Record<string, Show>> = {
  "the IDE's file, by Google": inIde({ authMethod: "social", provider: "Google", profileArn: "arn:shared" }),
  "the IDE's file, by a company": inIde({
    authMethod: "IdC",
    clientId: "client",
    clientSecret: "secret",
    region: "us-east-1",
    startUrl: "https://d-1.awsapps.com/start",
  }),
  "kiro-cli's row of GitHub": inCli("kirocli:social:token", {
    provider: "github",
    profile_arn: "arn:shared",
  }),
  "kiro-cli's row of a company": inCli("kirocli:odic:token", COMPANY),
  "kiro-cli's row of an identity provider": inCli("kirocli:external-idp:token", IDENTITY_PROVIDER),
  "an older plugin's row": inOlderRow("same", { profile_arn: "arn:shared" }),
}

/** One place, in which people sign in and their program renews; OpenCode may be another process at each step. */
class Stage {
  readonly home = new Home(temporaryFolder())
  readonly #show: Show
  readonly #restarts: boolean
  pair: Pair = { accessToken: "", refreshToken: "", expiresAt: 0 }

  constructor(show: Show, restarts = false) {
    this.#show = show
    this.#restarts = restarts
  }

  async signsIn(person: string, show = this.#show): Promise<void> {
    this.pair = this.home.service.signIn(person)
    await show(this.home, this.pair)
    await this.#next()
  }

  async renews(show = this.#show): Promise<void> {
    const pair = this.home.service.renew(this.pair.refreshToken)
    assert.ok(pair)
    this.pair = pair
    await show(this.home, pair)
    await this.#next()
  }

  async by(session?: string): Promise<string> {
    const person = await this.home.servedBy(session)
    await this.#next()
    return person
  }

  ends(): void {
    this.home.clock.advance(2 * HOUR)
  }

  async shown(): Promise<number> {
    return (await (await this.home.store()).list()).length
  }

  get superseded(): readonly string[] {
    return this.home.service.sent.filter((each) => each.superseded).map((each) => each.refreshToken)
  }

  async #next(): Promise<void> {
    if (this.#restarts) await this.home.restart()
  }
}

const RESTARTED = ["the IDE's file, by Google", "an older plugin's row"]

for (const [place, show] of Object.entries(PLACES))
  for (const restarts of RESTARTED.includes(place) ? [false, true] : [false])
    describe(`orders of events in ${place}${restarts ? ", each step another process" : ""}`, () => {
      const stage = (): Stage => new Stage(show, restarts)

      it("an ordinary renewal is invisible", async () => {
        const on = stage()
        await on.signsIn("A")
        const first = await on.home.asks()
        const calls = on.home.service.usageCalls
        on.home.clock.advance(HOUR / 2)
        await on.renews()
        assert.deepEqual(await on.home.asks(), first)
        assert.equal(on.home.service.usageCalls, calls + 1)
        assert.equal(await on.shown(), 1)
        assert.deepEqual([on.home.notices, on.superseded], [[], []])
      })

      it("the newest of one person's pairs serves while nobody can be asked, and none in between is sent", async () => {
        const on = stage()
        await on.signsIn("A")
        await on.by()
        on.home.service.usage = "down"
        for (let round = 0; round < 2; round += 1) {
          await on.renews()
          await on.by()
        }
        on.ends()
        assert.equal(await on.by(), "A")
        assert.deepEqual(on.superseded, [])
        on.home.service.usage = "up"
        on.home.clock.advance(20 * MINUTE)
        assert.equal(await on.by(), "A")
        assert.equal(await on.shown(), 1)
      })

      it("another person's sign-in leaves the first one's conversation its own, over many token lives", async () => {
        const on = stage()
        await on.signsIn("A")
        assert.equal(await on.by("a"), "A")
        await on.signsIn("B")
        for (let round = 0; round < 3; round += 1) {
          on.ends()
          assert.equal(await on.by("a"), "A")
        }
        assert.equal(await on.shown(), 2)
        assert.deepEqual(on.superseded, [])
      })

      for (const usage of ["down", "refused", "unsupported"] as const)
        it(`while the usage call is ${usage} another person's pair is in no other account, and the first answers after`, async () => {
          const on = stage()
          await on.signsIn("A")
          await on.by("a")
          on.home.service.usage = usage
          await on.signsIn("B")
          assert.equal(await on.by("a"), "A")
          on.ends()
          await on.by("a")
          on.home.service.usage = "up"
          on.home.service.suspended.add("B")
          on.home.clock.advance(25 * HOUR)
          assert.equal(await on.by("a"), "A")
          assert.deepEqual(on.superseded, [])
        })

      it("the renewed pair of one who is suspended, off or removed is not used while nobody can be asked", async () => {
        for (const act of ["suspended", "off", "removed"] as const) {
          const on = stage()
          await on.signsIn("A")
          await on.by()
          on.home.service.usage = "down"
          if (act === "suspended") {
            on.home.service.suspended.add("A")
            await on.by()
            on.home.service.suspended.clear()
          }
          if (act === "off") {
            const store = await on.home.store()
            for (const { id } of await store.list()) await on.home.switches(id, "off")
          }
          if (act === "removed") await on.home.remove("A")
          for (let round = 0; round < 2; round += 1) {
            await on.renews()
            assert.equal(await on.by(), "nobody", act)
          }
          on.ends()
          assert.equal(await on.by(), "nobody", act)
          on.home.service.usage = "up"
          on.home.clock.advance(20 * MINUTE)
          assert.equal(await on.by(), "nobody", act)
        }
      })
    })

describe("a renewal whose record tells more than the one before", () => {
  const variants: readonly (readonly [string, Show, Show])[] = [
    [
      "kiro-cli's start URL",
      inCli("kirocli:odic:token", { region: "us-east-1" }),
      inCli("kirocli:odic:token", COMPANY),
    ],
    [
      "kiro-cli's provider",
      inCli("kirocli:social:token", {}),
      inCli("kirocli:social:token", { provider: "google" }),
    ],
    [
      "a slash behind the start URL",
      inCli("kirocli:odic:token", COMPANY),
      inCli("kirocli:odic:token", { ...COMPANY, start_url: `${COMPANY.start_url}/` }),
    ],
    [
      "an older plugin's start URL",
      inOlderRow("1", {
        auth_method: "idc",
        region: "us-east-1",
        client_id: "client",
        client_secret: "secret",
      }),
      inOlderRow("1", {
        auth_method: "idc",
        region: "us-east-1",
        client_id: "client",
        client_secret: "secret",
        start_url: "https://d-1.awsapps.com/start",
      }),
    ],
  ]
  for (const [what, before, after] of variants)
    for (const [how, one, other] of [
      ["appears", before, after],
      ["is gone", after, before],
    ] as const)
      it(`is no new sign-in where ${what} ${how}: the superseded pair is not sent`, async () => {
        const on = new Stage(one)
        await on.signsIn("A")
        await on.by("a")
        on.home.service.usage = "down"
        await on.renews(other)
        on.ends()
        await on.by("a")
        assert.deepEqual(on.superseded, [])
        assert.equal(await on.by("a"), "A")
      })
})

describe("two start URLs on one registration", () => {
  for (const [what, first, second] of [
    ["two companies", COMPANY, OTHER_COMPANY],
    ["a Builder ID and a company behind it", BUILDER_ID, COMPANY],
    ["a company and a Builder ID behind it", COMPANY, BUILDER_ID],
  ] as const)
    it(`serve each its own, also where nobody can be asked: ${what}`, async () => {
      const on = new Stage(inCli("kirocli:odic:token", first))
      await on.signsIn("A")
      assert.equal(await on.by("a"), "A")
      on.home.service.usage = "refused"
      await on.signsIn("B", inCli("kirocli:odic:token", second))
      on.ends()
      assert.equal(await on.by("a"), "A")
      on.home.service.exhausted.add("A")
      assert.equal(await on.by("b"), "B")
      assert.deepEqual(on.superseded, [])
    })
})

describe("two people in two rows of kiro-cli's store", () => {
  let home: Home
  beforeEach(async () => {
    home = new Home(temporaryFolder())
    const row = ({ accessToken, refreshToken, expiresAt }: Pair, company: Fields): Fields => ({
      access_token: accessToken,
      refresh_token: refreshToken,
      expires_at: new Date(expiresAt).toISOString(),
      ...company,
    })
    const registration = { client_id: "client", client_secret: "secret", region: "us-east-1" }
    const before = home.service.signIn("A")
    home.clock.advance(MINUTE)
    await writeCliStore(
      home.cliFile,
      {
        "codewhisperer:odic:token": row(before, COMPANY),
        "codewhisperer:odic:device-registration": registration,
        "kirocli:odic:token": row(home.service.signIn("B"), OTHER_COMPANY),
        "kirocli:odic:device-registration": registration,
      },
      { "api.codewhisperer.profile": { arn: "arn:of-b", profile_name: "work" } },
    )
  })

  it("have each their own profile, whosever pair we renewed last", async () => {
    const profiles = async (): Promise<unknown> => {
      const logins = (await (await home.store()).list()).flatMap((account) => account.logins)
      return Object.fromEntries(logins.map((login) => [home.ownerOf(login), login.profileArn]))
    }
    const own = { A: undefined, B: "arn:of-b" }
    await home.takeIn()
    await (await home.keeper()).learnOwners()
    assert.deepEqual(await profiles(), own)
    home.clock.advance(2 * HOUR)
    home.service.exhausted.add("B")
    assert.equal(await home.servedBy(), "A")
    await home.takeIn()
    assert.deepEqual(await profiles(), own)
  })

  it("serve each their own company, also where the older one has ended and nobody can be asked", async () => {
    home.service.usage = "refused"
    home.clock.advance(2 * HOUR)
    assert.equal(await home.servedBy(), "B")
    home.service.exhausted.add("B")
    assert.equal(await home.servedBy(), "A")
  })
})

describe("four people in an older plugin's table", () => {
  const people = ["A", "B", "C", "D"]
  const four = async (fields: Fields): Promise<{ home: Home; pairs: ReadonlyMap<string, Pair> }> => {
    const home = new Home(temporaryFolder())
    const pairs = new Map<string, Pair>()
    for (const person of people) {
      const pair = home.service.signIn(person)
      pairs.set(person, pair)
      await inOlderRow(person, fields)(home, pair)
      home.clock.advance(MINUTE)
    }
    return { home, pairs }
  }
  const kinds: readonly (readonly [string, Fields, Show])[] = [
    [
      "by one provider",
      { profile_arn: "arn:shared" },
      inCli("kirocli:social:token", { provider: "google", profile_arn: "arn:shared" }),
    ],
    [
      "on one registration",
      { auth_method: "idc", region: "us-east-1", client_id: "client", client_secret: "secret" },
      inCli("kirocli:odic:token", { region: "us-east-1" }),
    ],
  ]
  /** One of each of them, all known. */
  const conversations = async (home: Home): Promise<ReadonlyMap<string, string>> => {
    const found = new Map<string, string>()
    await home.takeIn()
    await (await home.keeper()).learnOwners()
    for (let number = 0; number < people.length; number += 1) {
      const answer = await home.asks(`s${number}`)
      await home.check()
      home.clock.advance(MINUTE)
      if (!found.has(answer.by)) found.set(answer.by, `s${number}`)
    }
    return found
  }

  for (const [how, fields, inKiroCli] of kinds) {
    it(`${how} are four accounts that serve each its own, over restarts and other processes`, async () => {
      const { home } = await four(fields)
      const other = new Home(home.folder, home)
      await Promise.all([home.takeIn(), other.takeIn()])
      assert.equal((await (await home.store()).listAll()).length, 4)
      for (let round = 0; round < 3; round += 1) {
        for (const process of [home, other]) {
          await process.asks("s")
          await process.check()
        }
        home.clock.advance(2 * HOUR)
        await other.restart()
      }
      for (const person of people) assert.equal((await home.accountsOf(person)).length, 1)
      assert.ok(home.service.sent.every(({ superseded }) => !superseded))
    })

    it(`${how} serve each their own where all had ended before anybody looked`, async () => {
      const { home } = await four(fields)
      home.clock.advance(2 * HOUR)
      const served: string[] = []
      for (const session of people) {
        const { by } = await home.asks(session)
        await home.check()
        served.push(by)
        home.service.exhausted.add(by)
      }
      assert.deepEqual(served.toSorted(), people)
    })

    it(`${how} go on with their own where another signs in to kiro-cli, whom nobody asked yet`, async () => {
      const { home } = await four(fields)
      const served = await conversations(home)
      assert.equal(served.size, 4)
      home.clock.advance(2 * HOUR)
      await inKiroCli(home, home.service.signIn("E"))
      for (const [person, session] of served) {
        const answer = await home.asks(session)
        await home.check()
        assert.equal(answer.by, person)
      }
    })
  }
})

describe("a pair of a removed account", () => {
  it("is deleted where its place was paid, or went on to another's, without our doing", async () => {
    for (const next of ["paid", "another's"] as const) {
      const on = new Stage(inCli("kirocli:odic:token", COMPANY))
      await on.signsIn("A")
      await on.by()
      on.ends()
      on.home.cliGoesAway()
      await on.by()
      on.home.clock.advance(HOUR)
      assert.equal(await on.by(), "A")
      await on.home.remove("A")
      const database = await openDatabase(join(on.home.folder, "kiro.db"))
      const row = database.get("SELECT * FROM kiro_login")
      database.close()
      on.home.cliComesBack()
      const ours: Pair = {
        accessToken: String(row?.["access_token"]),
        refreshToken: String(row?.["refresh_token"]),
        expiresAt: Number(row?.["expires_at"]),
      }
      const shown = next === "paid" ? ours : on.home.service.signIn("B")
      await inCli("kirocli:odic:token", COMPANY)(on.home, shown)
      await on.home.takeIn()
      await on.home.takeIn()
      const { ours: kept } = await on.home.refreshTokens()
      assert.ok(!kept.includes(ours.refreshToken), next)
      assert.equal(await on.by(), next === "paid" ? "nobody" : "B")
    }
  })
})

describe("a login that was refused by mistake", () => {
  it("serves again where its program got a newer token for the same refresh token", async () => {
    const on = new Stage(inCli("kirocli:social:token", { provider: "google" }))
    on.home.service.rotation = "repeated"
    await on.signsIn("A")
    await on.by()
    on.ends()
    const family = on.home.service.familyOf(on.pair.refreshToken)
    assert.ok(family)
    family.alive = false
    assert.equal(await on.by(), "nobody")
    family.alive = true
    await on.renews()
    assert.equal(await on.by(), "A")
  })
})

describe("a person who is off", () => {
  const cli = inCli("kirocli:odic:token", COMPANY)
  const oneAccount = async (on: Stage, isNamed: boolean): Promise<string> => {
    const accounts = (await (await on.home.store()).list()).filter(
      ({ userId }) => (userId !== undefined) === isNamed,
    )
    assert.equal(accounts.length, 1)
    return accounts[0]?.id ?? ""
  }
  const turn = async (on: Stage, id: string, to: "on" | "off"): Promise<void> => {
    on.home.clock.advance(1000)
    await on.home.switches(id, to)
  }

  it("does not come back after 90 days, where nobody ever learnt whose the login is", async () => {
    const on = new Stage(cli)
    on.home.service.usage = "unsupported"
    await on.signsIn("A")
    assert.equal(await on.by(), "A")
    await turn(on, await oneAccount(on, false), "off")
    await on.renews()
    assert.equal(await on.by(), "nobody")
    on.home.clock.advance(91 * 24 * HOUR)
    for (let round = 0; round < 3; round += 1) {
      await on.renews()
      assert.equal(await on.by(), "nobody")
      await on.home.restart()
    }
  })

  it("does not come back by a renewal of what was taken in before and is off again", async () => {
    const on = new Stage(cli)
    await on.signsIn("A")
    await on.by()
    on.home.service.usage = "down"
    await turn(on, await oneAccount(on, true), "off")
    await on.renews()
    assert.equal(await on.by(), "nobody")
    const renewed = await oneAccount(on, false)
    await turn(on, renewed, "on")
    assert.equal(await on.by(), "A")
    await turn(on, renewed, "off")
    await on.renews()
    assert.equal(await on.by(), "nobody")
    await turn(on, renewed, "on")
    assert.equal(await on.by(), "A")
  })
})

describe("rows of a version that joined logins on resemblance", () => {
  it("are asked whose they are before one of them serves for another", async () => {
    const home = new Home(temporaryFolder())
    const [one, other] = [home.service.signIn("A"), home.service.signIn("B")]
    const login = (id: string, { accessToken, refreshToken }: Pair, expiresAt: number): Login => ({
      kind: "social",
      id,
      source: "own",
      tokens: { accessToken: new Secret(accessToken), refreshToken: new Secret(refreshToken), expiresAt },
    })
    const logins = [login("a", one, one.expiresAt - 1000), login("b", other, other.expiresAt)]
    const store = await home.store()
    await store.add({ ...newAccount({ id: "mixed", now: 1, logins }), userId: "user-A" })
    const answer = await home.asks("a")
    assert.ok(answer.by !== "nobody")
    await home.check()
    assert.equal((await home.accountsOf("B")).length, 1)
  })
})

describe("an owner that was asked for", () => {
  it("does not name the pair that another version wrote into the row meanwhile", async () => {
    const on = new Stage(inCli("kirocli:odic:token", COMPANY))
    await on.signsIn("A")
    await on.home.takeIn()
    const strange = on.home.service.signIn("B")
    const { identify } = on.home.service
    let isWritten = false
    Object.assign(on.home.service, {
      identify: async (login: Login) => {
        const answer = await identify(login)
        if (isWritten) return answer
        isWritten = true
        const database = await openDatabase(join(on.home.folder, "kiro.db"))
        database.run("UPDATE kiro_login SET access_token = ?, refresh_token = ?, expires_at = ?", [
          strange.accessToken,
          strange.refreshToken,
          strange.expiresAt,
        ])
        database.close()
        // Another process reads the row first.
        await new Home(on.home.folder, on.home).takeIn()
        return answer
      },
    })
    await (await on.home.keeper()).learnOwners()
    await on.home.check()
    await on.by()
  })
})
