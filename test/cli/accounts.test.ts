import assert from "node:assert/strict"
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterEach, beforeEach, describe, it } from "node:test"
import { afterChoiceWanted, openDatabase, recordOf, shortId } from "../../src/accounts/index.ts"
import { isObject } from "../../src/json.ts"
import type { FakeAccount } from "../support/fake-kiro/index.ts"
import { idcLogin, namedAccount } from "../accounts/logins.ts"
import { seedKiroCliStore } from "../support/kiro-cli-store.ts"
import { secretsIn } from "../support/secrets.ts"
import { editJson, type Lab, openLab, type Ran } from "./lab.ts"

const VIRGINIA = "arn:aws:codewhisperer:us-east-1:123456789012:profile/USPROFILE"
const FRANKFURT = "arn:aws:codewhisperer:eu-central-1:123456789012:profile/EUPROFILE"

describe("accounts", () => {
  let lab: Lab
  let builder: FakeAccount
  let social: FakeAccount
  const printed: string[] = []

  beforeEach(async () => {
    lab = await openLab()
    builder = lab.fake.account()
    social = lab.fake.account({ kind: "social", usage: { used: 45.5, limit: 50, plan: "PRO" } })
  })
  afterEach(() => lab.close())

  const run = async (...args: readonly string[]): Promise<Ran> => {
    const ran = await lab.run(...args)
    printed.push(ran.out, ran.err)
    return ran
  }
  const signIn = async (...accounts: readonly FakeAccount[]): Promise<void> => {
    await seedKiroCliStore({ path: lab.sandbox.kiroCliStore, accounts })
    await run("import")
  }
  const listed = async (): Promise<readonly Record<string, unknown>[]> => {
    const { json } = await run("accounts", "--json")
    assert.ok(isObject(json) && Array.isArray(json["accounts"]))
    return json["accounts"] as Record<string, unknown>[]
  }

  it("says what to do where there are none, and makes no file", async () => {
    assert.match(
      (await run("accounts")).out,
      /No account yet\. Sign in with kiro-cli, or run: `opencode auth login` \(in OpenCode: \/connect\)/,
    )
    await seedKiroCliStore({ path: lab.sandbox.kiroCliStore, accounts: [builder] })
    assert.match((await run("accounts")).out, /A login of kiro-cli is there; .*\n.*main\.[jt]s import/)
    assert.deepEqual((await run("accounts", "--json")).json, { accounts: [] })
    assert.ok(!existsSync(join(lab.sandbox.config, "kiro.db")))
  })

  it("tells nobody to sign in with kiro-cli, or that it has no login, where it is not to be looked at", async () => {
    await seedKiroCliStore({ path: lab.sandbox.kiroCliStore, accounts: [builder] })
    const off = { environment: { KIRO_AUTO_SYNC_KIRO_CLI: "false" } }
    for (const [command, args] of [
      ["accounts", []],
      ["import", ["--dry-run"]],
      ["doctor", []],
    ] as const) {
      const { out } = await lab.runWith(off, command, ...args)
      assert.match(out, /kiro-cli is not (?:used|looked at).* auto_sync_kiro_cli is false/, command)
      assert.doesNotMatch(out, /`kiro-cli login`|Sign in with kiro-cli|no login of kiro-cli/, command)
    }
  })

  it("shows what an import would take, and changes nothing until it is asked to", async () => {
    await seedKiroCliStore({ path: lab.sandbox.kiroCliStore, accounts: [builder, social] })
    const rehearsed = await run("import", "--dry-run")
    assert.deepEqual([rehearsed.code, rehearsed.out.split("\n").length], [0, 3])
    assert.match(rehearsed.out, /^Builder ID: would be added$/m)
    assert.ok(!existsSync(join(lab.sandbox.config, "kiro.db")))
    assert.match((await run("import")).out, /^Builder ID ··[0-9a-f]{4}: added$/m)
    assert.equal((await listed()).length, 2)
    assert.match((await run("import")).out, /nothing new/)
    const { json } = await run("import", "--json")
    assert.ok(isObject(json) && Array.isArray(json["unchanged"]) && json["unchanged"].length === 2)
  })

  it("changes nothing by showing it, whatever lies in the place of the database", async () => {
    await seedKiroCliStore({ path: lab.sandbox.kiroCliStore, accounts: [builder] })
    const file = join(lab.sandbox.config, "kiro.db")
    const older = await openDatabase(file)
    older.run(
      "CREATE TABLE accounts (id TEXT PRIMARY KEY, auth_method, refresh_token, access_token, expires_at)",
    )
    older.close()
    const left = (): unknown => [readdirSync(lab.sandbox.config), readFileSync(file)]
    for (const content of [readFileSync(file), "no database ".repeat(1000)]) {
      writeFileSync(file, content, { mode: 0o644 })
      const before = left()
      const { out } = await run("import", "--dry-run")
      assert.match(out, /^Builder ID: would be added$/m)
      assert.deepEqual(left(), before)
    }
  })

  it("tells of a store that can't be read, and ends with 1", async () => {
    editJson(lab.sandbox.kiroCliStore, () => ({ no: "database" }))
    const { code, err } = await run("import")
    assert.equal(code, 1)
    assert.match(err, /data\.sqlite3 is not a SQLite database or is damaged\.$/m)
  })

  it("asks Kiro for the credits of each, and ends with 1 where it gets no answer", async () => {
    await signIn(builder, social)
    const { code, out, err } = await run("usage")
    assert.deepEqual([code, err], [0, ""])
    assert.match(out, /^Account +Plan +State +Credits +Used +Resets +From$/m)
    assert.match(
      out,
      /^Builder ID ··[0-9a-f]{4} +KIRO FREE +ok +12\.37 \/ 50\.00 +25 % +\S+ \S+(?:, \d{4})? +kiro-cli$/m,
    )
    assert.match(out, /45\.50 \/ 50\.00/)
    builder.revoke()
    const after = await run("usage")
    assert.equal(after.code, 1)
    assert.match(after.out, /login needed/)
    assert.match(
      after.err,
      /Builder ID ··[0-9a-f]{4}: Kiro did not say what it has used; for the reason run `.* doctor`\.\n/,
    )
  })

  it("shows in red the credits that are used up, to the last of them", async () => {
    await signIn(lab.fake.account({ usage: { used: 50, limit: 50 } }), social)
    const { out } = await lab.runWith({ environment: { FORCE_COLOR: "1" } }, "usage")
    assert.ok(out.includes("\u001b[31m50.00 / 50.00"), out)
    assert.ok(out.includes("\u001b[33m45.50 / 50.00"), out)
  })

  it("shows paid credits that were used, also where no more may be", async () => {
    const overage = { enabled: false, used: 3, cap: 10_000 }
    await signIn(builder, lab.fake.account({ usage: { overage } }))
    const { out } = await run("usage")
    assert.equal(out.match(/overage off, 3\.00/g)?.length, 1)
    assert.equal(out.match(/overage/g)?.length, 1)
  })

  it("uses again by its short id one that rests behind a newer sign-in, under which alone it is shown", async () => {
    await signIn(builder)
    const store = await lab.openStore()
    const [known] = await store.list()
    assert.ok(known)
    await store.add({ ...namedAccount("newer"), logins: [idcLogin({ id: "login of newer" })] })
    await store.update(known.id, (account) => ({
      ...account,
      logins: account.logins.map((login) => ({
        ...login,
        ...(login.kind !== "api-key" && { tokens: { ...login.tokens, expiresAt: Date.now() - 1000 } }),
        record: { ...recordOf(login), successors: [{ id: "login of newer" }] },
      })),
    }))
    await store.close()
    const [newer, ...others] = await listed()
    assert.deepEqual([newer?.["id"], others], ["newer", []])
    assert.match(JSON.stringify(newer?.["resting"]), new RegExp(`"id":"${known.id}".*"reason":"resting"`))
    const short = new RegExp(String.raw`before it: Builder ID ··${shortId(known)}, behind a newer sign-in\. `)
    assert.match((await run("accounts")).out, short)
    const enabled = await run("accounts", "enable", shortId(known))
    assert.match(enabled.out, /is used again; kiro-cli may be signed out by that\n/)
  })

  it("gives instants as ISO 8601 to machines, and no identity", async () => {
    const expiresAt = Date.UTC(2026, 11, 20)
    const trial = { used: 1, limit: 500, expiresAt }
    const person = lab.fake.account({
      email: "some.body@example.com",
      usage: { trial, bonuses: [{ name: "Welcome", used: 0, limit: 100, expiresAt }] },
    })
    await signIn(person)
    const { out, json } = await run("usage", "--json")
    const instants = JSON.stringify(json).match(/"(?:expiresAt|resetAt)":"[^"]+"/g)
    assert.deepEqual(instants?.toSorted(), [
      '"expiresAt":"2026-12-20T00:00:00.000Z"',
      '"expiresAt":"2026-12-20T00:00:00.000Z"',
      `"resetAt":"${new Date(person.usage.resetAt).toISOString()}"`,
    ])
    assert.ok(!out.includes("some.body") && !out.includes(person.userId))
  })

  it("tells machines whether the account can be used now, whatever was done", async () => {
    await signIn(builder)
    const [first] = await listed()
    const short = String(first?.["shortId"])
    const usable = async (...words: readonly string[]): Promise<unknown> => {
      const { code, json } = await run("accounts", ...words, "--json")
      assert.ok(isObject(json) && code === 0)
      return json["usable"]
    }
    assert.equal(await usable("label", short, "mine"), true)
    assert.equal(await usable("disable", short), false)
    assert.equal(await usable("label", short, "yours"), false)
    assert.equal(await usable("enable", short), true)
    assert.equal(await usable("remove", short), false)
  })

  it("says once that an account which is switched on is suspended all the same", async () => {
    await signIn(builder)
    builder.suspended = true
    assert.match((await run("usage")).err, /^AWS has suspended Builder ID/)
    const { code, out, err } = await run("accounts", "enable", String((await listed())[0]?.["shortId"]))
    assert.deepEqual([code, err], [1, ""])
    assert.match(out, /^! Builder ID ··[0-9a-f]{4} is switched on, but can't be used: suspended\. Only AWS/)
  })

  it("labels, disables, enables and removes the one that is meant", async () => {
    await signIn(builder, social)
    const [first] = await listed()
    const short = String(first?.["shortId"])
    // As it is shown, so that it can be typed as it is read.
    assert.match((await run("accounts", "label", short, "at   work")).out, /✓ at work is the new name of /)
    assert.equal((await listed())[0]?.["name"], "at work")
    assert.match((await run("accounts", "disable", "At Work")).out, /✓ at work is kept, but not used/)
    // What `--help` calls the short id of the list stands there also behind a name of the user's own.
    assert.match((await run("accounts")).out, new RegExp(`^at work ··${short} .*switched off`, "m"))
    for (const typed of [`··${short}`, `Builder ID ${short}`])
      assert.match((await run("accounts", "enable", typed)).out, /✓ at work is used again/)
    const [, second] = await listed()
    // A remedy names it by that alone.
    for (const taken of ["AT WORK", short]) {
      const refused = await run("accounts", "label", String(second?.["shortId"]), taken)
      assert.equal(refused.code, 1)
      assert.match(refused.err, new RegExp(`(?:Builder ID|Google) ··${short} goes by "${taken}" already`))
    }
    assert.match(
      (await run("accounts", "label", short, "-2nd one")).out,
      /✓ -2nd one is the new name of at work/,
    )
    await run("accounts", "label", String(second?.["shortId"]), "")
    assert.match((await run("accounts", "label", short, "")).out, /goes by its own name again/)
    const removed = await run("accounts", "remove", short, "--json")
    assert.ok(isObject(removed.json) && removed.json["done"] === "remove")
    assert.deepEqual(
      (await listed()).map(({ id }) => id === first?.["id"]),
      [false],
    )
    await run("accounts", "remove", String(second?.["shortId"]))
    // Its login is still there, and no message takes it in.
    assert.match((await run("accounts")).out, /one that was removed here comes back by:\n.* import/)
    const { out } = await run("doctor")
    assert.match(out, /what was removed here stays so, also where kiro-cli has it/)
    assert.match((await run("import")).out, /: added$/m)
  })

  it("says of several that are meant what means only one", async () => {
    const store = await lab.openStore()
    // An older version lets two have one name, and the hashes of the last two begin alike.
    for (const [id, label] of [["a", "work"], ["b", "Work"], ["157"], ["251"]] as const)
      await store.add(namedAccount(id, label))
    await store.close()
    for (const typed of ["work", "c75d"]) {
      const { code, err } = await run("accounts", "disable", typed)
      assert.equal(code, 1)
      const [, ...each] = err.split("account: ")[1]?.match(/\((\w+)\), .*\((\w+)\)/) ?? []
      assert.equal(each.length, 2, err)
      for (const one of each) assert.equal((await run("accounts", "disable", one)).code, 0, one)
    }
  })

  it("names some of many where nobody is called so", async () => {
    await signIn(builder)
    const store = await lab.openStore()
    for (let index = 0; index < 60; index++) await store.add(namedAccount(`a${index}`, `team ${index}`))
    await store.close()
    const { err } = await run("accounts", "disable", "nobody")
    assert.match(err, /no account is called "nobody"; there are .*, and \d\d more: see accounts$/m)
    assert.ok(err.length < 600, err)
  })

  it("lists the profiles of an Identity Center login, and chooses one", async () => {
    const options = { loginRegion: "eu-north-1", profileArns: [VIRGINIA, FRANKFURT] }
    const company = lab.fake.account({ kind: "identity-center", ...options })
    await signIn(company)
    const [account] = await listed()
    const short = String(account?.["shortId"])
    const found = await run("accounts", "profile", short)
    assert.match(found.out, new RegExp(`us-east-1 +${VIRGINIA}`))
    assert.match(found.out, new RegExp(`eu-central-1 +${FRANKFURT}`))
    const number = /^(\d) .*eu-central-1/m.exec(found.out)?.[1] ?? ""
    for (const choice of [FRANKFURT, number]) {
      const chosen = await run("accounts", "profile", short, choice)
      assert.match(chosen.out, /✓ .* uses \S+ in eu-central-1/)
      assert.match((await run("accounts", "profile", short)).out, new RegExp(`${FRANKFURT} +used$`, "m"))
      await run("accounts", "profile", short, VIRGINIA)
    }
    const wrong = await run("accounts", "profile", short, `${FRANKFURT}X`)
    assert.equal(wrong.code, 1)
    assert.match(wrong.err, /has no profile/)
  })

  it("says once what is left to do of one that is switched on and still can't be used", async () => {
    await signIn(builder)
    const store = await lab.openStore()
    const choice = { profiles: [VIRGINIA, FRANKFURT], now: Date.now() }
    for (const { id } of await store.list())
      await store.update(id, (account) => afterChoiceWanted(account, choice))
    await store.close()
    const [account] = await listed()
    const { code, out } = await run("accounts", "enable", String(account?.["shortId"]))
    assert.equal(code, 1)
    assert.match(out, /is switched on, but can't be used: Choose a profile: \/kiro, or `/)
  })

  it("says that a Builder ID needs no profile", async () => {
    await signIn(builder)
    const [account] = await listed()
    const { out } = await run("accounts", "profile", String(account?.["shortId"]))
    assert.match(out, /has no profiles, and needs none/)
  })

  it("has printed no token and no e-mail address in all of this", () => {
    const all = printed.join("\n")
    assert.ok(all.length > 1000)
    assert.deepEqual(secretsIn(all), [])
    assert.ok(!/@example\.com/.test(all))
  })
})
