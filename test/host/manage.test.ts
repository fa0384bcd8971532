import assert from "node:assert/strict"
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { dirname } from "node:path"
import { after, before, describe, it } from "node:test"
import { afterChoiceWanted, localDay, newAccount, openDatabase } from "../../src/accounts/index.ts"
import { openAccounts, type OpenAccounts } from "../../src/gateway/index.ts"
import { type AccountAct, type Management, createManagement } from "../../src/host/manage.ts"
import { openLogins } from "../../src/login/index.ts"
import { silentLog, systemRuntime } from "../../src/runtime.ts"
import { Secret } from "../../src/secret.ts"
import { DEFAULT_SETTINGS, pathsFor } from "../../src/settings/index.ts"
import { idcLogin, tokens } from "../accounts/logins.ts"
import { type FakeKiro, startFakeKiro } from "../support/fake-kiro/index.ts"
import { loginOf } from "../tokens/setup.ts"
import { temporaryFolder } from "../support/temporary-folder.ts"

describe("managing accounts from inside a host", () => {
  const place = { env: {} as Record<string, string>, platform: "linux", home: temporaryFolder() }
  const paths = pathsFor(place)
  let fake: FakeKiro
  let accounts: OpenAccounts
  let management: Management

  before(async () => {
    fake = await startFakeKiro()
    fake.account()
    const runtime = systemRuntime(silentLog)
    const settings = { ...DEFAULT_SETTINGS, endpointOverride: fake.url }
    const notify = (): void => undefined
    accounts = await openAccounts({ runtime, settings, paths, sources: [], notify })
    const { client, store, lookUps } = accounts
    const { signal } = new AbortController()
    const logins = openLogins({
      client,
      store,
      settings,
      offerModels: () => lookUps.offerModels(),
      importLogins: async () => ({ added: [], updated: [], unchanged: [], problems: [] }),
      openBrowser: () => undefined,
      signal,
    })
    management = createManagement({ accounts, logins, settings, paths, place, runtime, signal })
    await store.add(newAccount({ id: "a", now: 1, logins: [idcLogin({ id: "one" })] }))
  })
  after(async () => {
    await accounts.close()
    await fake.close()
  })

  it("keeps the account that was chosen for a session", async () => {
    const done = await management.act({ act: "use-for-session", account: "a", sessionId: "ses_1" })
    assert.match(done.message, /answers in this session/)
    assert.equal((await accounts.store.session("ses_1")).chosenAccountId, "a")
  })

  it("writes the id, not the name, into the rule of a project", async () => {
    await management.act({ act: "use-for-project", account: "a", project: "/code/x" })
    assert.deepEqual(JSON.parse(readFileSync(paths.settingsFile, "utf8")), {
      account_rules: [{ project: "/code/x", account: "a" }],
    })
  })

  it("says that the rule of a project does not count, and why, where that is so", async () => {
    const use = async (project: string): Promise<string> => {
      const done = await management.act({ act: "use-for-project", account: "a", project })
      assert.equal(done.outcome, "refused")
      return done.message
    }
    try {
      mkdirSync(dirname(paths.settingsFile), { recursive: true })
      writeFileSync(paths.settingsFile, '{ "account_rules": [{ "project": "/code/z", "acount": "b" }] }')
      assert.match(
        await use("/code/y"),
        /^The rule for \/code\/y is in \S+kiro\.json, but does not count: account_rules\[1\]\S* in .* is ignored\.$/,
      )
      writeFileSync(paths.settingsFile, "{}")
      place.env["KIRO_ACCOUNT_RULES"] = '[{ "account": "b" }]'
      assert.match(
        await use("/code/y"),
        /does not count: KIRO_ACCOUNT_RULES, or another kiro\.json, decides instead\.$/,
      )
    } finally {
      delete place.env["KIRO_ACCOUNT_RULES"]
      rmSync(paths.settingsFile)
    }
  })

  it("renames, and gives an account its own name back", async () => {
    const named = await management.act({ act: "rename", account: "a", name: " Work " })
    assert.match(named.message, /^Builder ID ··[0-9a-f]{4} is called Work now\.$/)
    const refused = await management.act({ act: "rename", account: "a", name: "ann@example.com" })
    assert.deepEqual(refused, {
      outcome: "refused",
      message: "A name can't hold an e-mail address: leave the @ out.",
    })
    assert.match(
      (await management.act({ act: "rename", account: "a", name: "" })).message,
      /^Work is called Builder ID ··[0-9a-f]{4} again\.$/,
    )
  })

  it("switches an account off and on, and says what still keeps it", async () => {
    const off = await management.act({ act: "disable", account: "a" })
    assert.match(off.message, /^Builder ID ··[0-9a-f]{4} is switched off: kept, but not used\.$/)
    assert.equal((await accounts.store.get("a"))?.enabled, false)
    const until = Date.now() + 3_600_000
    await accounts.store.update("a", (account) => ({
      ...account,
      health: { state: "cooling", since: Date.now(), until, times: 1, reason: "monthly-quota" },
    }))
    // Its login is none that the service knows: what it says when it is asked is what still keeps the account.
    const done = await management.act({ act: "enable", account: "a" })
    assert.match(done.message, /is switched on, but its login has ended\. Sign in again: .*Kiro\.$/)
    // It has no login any more that could be asked for its profiles.
    await assert.rejects(
      management.profiles("a"),
      /^Error: Builder ID ··\w+: its login has ended\. Sign in again: /,
    )
    assert.equal((await accounts.store.get("a"))?.enabled, true)
    const used = await management.act({ act: "use-for-session", account: "a", sessionId: "ses_1" })
    assert.match(used.message, /in this session from now on\. Just now it can't: login needed\.$/)
  })

  it("says of one at rest that is switched on what that may bring about", async () => {
    const record = { places: [], hashes: ["h"], inherited: [], owner: "user", successors: [{ id: "newer" }] }
    const login = { ...idcLogin({ id: "older" }), tokens: { ...tokens("older"), expiresAt: 1 }, record }
    await accounts.store.add({ ...newAccount({ id: "rests", now: 1, logins: [login] }), userId: "user" })
    const done = await management.act({ act: "enable", account: "rests" })
    assert.match(done.message, /is switched on; kiro-cli may be signed out by that\.$/)
    await accounts.store.remove("rests")
  })

  it("says that nothing was done while another program holds the database", async () => {
    const other = await openDatabase(paths.database)
    other.run("BEGIN IMMEDIATE")
    try {
      const acts: readonly AccountAct[] = [
        { act: "rename", account: "a", name: "Lost" },
        { act: "disable", account: "a" },
        { act: "use-for-session", account: "a", sessionId: "ses_2" },
        { act: "lift-budget" },
      ]
      for (const done of await Promise.all(acts.map((act) => management.act(act))))
        assert.deepEqual(done, {
          outcome: "refused",
          message: "the account database was locked by another program for more than five seconds",
        })
    } finally {
      other.run("ROLLBACK")
      other.close()
    }
  })

  it("lifts the budget of this day", async () => {
    await management.act({ act: "lift-budget" })
    assert.ok((await accounts.store.spentOn(localDay(Date.now()))).lifted)
  })

  it("signs in again in the way the account was made, and removes it", async () => {
    const signIn = await management.signInAgain("a")
    assert.match(signIn.url, /^https:/)
    const removed = await management.act({ act: "remove", account: "a" })
    assert.match(removed.message, /^Builder ID ··[0-9a-f]{4} is forgotten here\.$/)
    assert.deepEqual(await accounts.store.list(), [])
    const gone = await management.act({ act: "enable", account: "a" })
    assert.deepEqual([gone.outcome, /removed/.test(gone.message)], ["refused", true])
  })

  it("says why the profiles can't be asked for, without who is meant by the service", async () => {
    const person = fake.account()
    person.suspended = true
    const login = loginOf(person, Date.now() + 3_600_000)
    await accounts.store.add(newAccount({ id: "s", now: 2, logins: [login] }))
    await assert.rejects(
      management.profiles("s"),
      /^Error: Kiro: AWS has suspended Builder ID ··\w+\. It said: “Your User ID \(…\) temporarily .*Only AWS/,
    )
  })

  it("says of one that waits for credits until when, with nothing to be done about it", async () => {
    const person = fake.account({ usage: { used: 50 } })
    const login = loginOf(person, Date.now() + 3_600_000)
    const now = Date.now()
    await accounts.store.add({
      ...newAccount({ id: "empty", now: 3, logins: [login] }),
      enabled: false,
      health: { state: "cooling", since: now, until: now + 3_600_000, reason: "monthly-quota", times: 1 },
    })
    const done = await management.act({ act: "enable", account: "empty" })
    assert.match(done.message, /is switched on, but out of credits until [^.]*\.$/)
  })

  it("tells of one whose profile has to be chosen, and signs in again with the provider of before", async () => {
    const now = Date.now()
    const profiles = ["us-east-1", "eu-central-1"].map(
      (region) => `arn:aws:codewhisperer:${region}:1:profile/P`,
    )
    const login = { ...idcLogin({ id: "open" }), startUrl: "https://x.awsapps.com/start" }
    await accounts.store.add(
      afterChoiceWanted(newAccount({ id: "open", now: 4, logins: [login] }), { profiles, now }),
    )
    const line = (await management.list()).find(({ id }) => id === "open")
    assert.match(line?.need ?? "", /which of its profiles to use\. Choose a profile: /)
    const github = {
      id: "hub",
      source: "own",
      kind: "social",
      tokens: tokens("hub"),
      provider: "github",
    } as const
    await accounts.store.add(newAccount({ id: "hub", now: 5, logins: [github] }))
    fake.account({ kind: "social" })
    await management.signInAgain("hub")
    const begun = fake.received("SocialDeviceAuthorization").at(-1)
    assert.match(JSON.stringify(begun?.body), /"Github"/)
  })

  it("signs in again at the Identity Center of before", async () => {
    const login = { startUrl: "https://d-1.awsapps.com/start", loginRegion: "eu-west-1" }
    await accounts.store.add(newAccount({ id: "work", now: 6, logins: [idcLogin({ id: "work", ...login })] }))
    fake.account({ kind: "identity-center", ...login })
    await management.signInAgain("work")
    const begun = fake.received("StartDeviceAuthorization").at(-1)
    assert.match(begun?.host ?? "", /eu-west-1/)
    assert.match(JSON.stringify(begun?.body), /"startUrl":"https:\/\/d-1\.awsapps\.com\/start"/)
  })

  it("says where to sign in again who can't do so here", async () => {
    const external = {
      id: "ext",
      source: "kiro-ide",
      kind: "external-idp",
      tokens: tokens("ext"),
      clientId: "c",
      tokenEndpoint: "https://idp.example/token",
      scopes: "openid",
    } as const
    const key = { id: "key", source: "own", kind: "api-key", key: new Secret("ksk_1") } as const
    for (const [id, logins, says] of [
      ["external", [external], /`kiro-cli login`, or in the Kiro IDE/],
      ["by-key", [key], /Make a new API key/],
      ["none", [], /has no login any more: sign in with \/connect/],
    ] as const) {
      await accounts.store.add(newAccount({ id, now: 7, logins: [...logins] }))
      await assert.rejects(management.signInAgain(id), says)
    }
  })

  it("says that a removal signs nobody out, where the login came from elsewhere", async () => {
    const cliLogin = idcLogin({ id: "cli", source: "kiro-cli" })
    await accounts.store.add(newAccount({ id: "c", now: 0, logins: [cliLogin] }))
    const removed = await management.act({ act: "remove", account: "c" })
    assert.match(removed.message, / is forgotten here; where it came from it stays signed in\.$/)
  })
})
