import assert from "node:assert/strict"
import { after, before, beforeEach, describe, it } from "node:test"
import { accountName, newAccount } from "../../../src/accounts/index.ts"
import {
  openAccounts,
  type OpenAccounts,
  type SearchOutcome,
  type SearchRules,
} from "../../../src/gateway/index.ts"
import { silentLog, systemRuntime } from "../../../src/runtime.ts"
import { Secret } from "../../../src/secret.ts"
import { DEFAULT_SETTINGS, pathsFor } from "../../../src/settings/index.ts"
import {
  type FakeAccount,
  FAILURES,
  type FakeKiro,
  json,
  startFakeKiro,
} from "../../support/fake-kiro/index.ts"
import { temporaryFolder } from "../../support/temporary-folder.ts"
import { eventually } from "../../support/clock.ts"

const found = (results: readonly unknown[]): object => ({
  jsonrpc: "2.0",
  result: { isError: false, content: [{ type: "text", text: JSON.stringify({ results, error: null }) }] },
})

describe("a web search", () => {
  let fake: FakeKiro
  let accounts: OpenAccounts

  before(async () => {
    fake = await startFakeKiro()
    const runtime = systemRuntime(silentLog)
    const settings = { ...DEFAULT_SETTINGS, endpointOverride: fake.url }
    const paths = pathsFor({ env: {}, platform: "linux", home: temporaryFolder() })
    const notify = (): void => undefined
    accounts = await openAccounts({ runtime, settings, paths, sources: [], notify })
    await add("a", fake.account({ kind: "identity-center", profileArns: [PROFILE] }))
    await add("b", fake.account({ kind: "identity-center", profileArns: [PROFILE] }))
  })
  after(async () => {
    await accounts.close()
    await fake.close()
  })
  beforeEach(() => void (fake.requests.length = 0))

  const add = (id: string, person: FakeAccount) =>
    accounts.store.add(
      newAccount({
        id,
        now: 1,
        logins: [
          {
            id: `login ${id}`,
            source: "own",
            kind: "idc",
            tokens: {
              accessToken: new Secret(person.accessToken),
              refreshToken: new Secret(person.refreshToken),
              expiresAt: Date.now() + 3_600_000,
            },
            client: { clientId: "c", clientSecret: new Secret("s") },
            loginRegion: person.loginRegion,
            startUrl: "https://x.awsapps.com/start",
            profileArn: PROFILE,
          },
        ],
      }),
    )
  const search = (query: string, sessionId?: string, rules?: SearchRules): Promise<SearchOutcome> =>
    accounts.lookUps.search({ query, sessionId, signal: new AbortController().signal }, rules)
  const payer = async (sessionId?: string, rules?: SearchRules): Promise<string | undefined> => {
    const outcome = await search("words", sessionId, rules)
    return outcome.outcome === "found" ? outcome.accountId : outcome.message
  }

  it("is one call with the profile, and its pages come back with title, address, date and excerpt", async () => {
    const publishedDate = Date.UTC(2026, 0, 2)
    const pages = [
      { title: "T", url: "https://t.example", snippet: "s", publishedDate },
      { url: "https://u.example" },
    ]
    fake.next("InvokeMCP", json(found(pages)))
    const outcome = await search(`${"q".repeat(300)}`)
    assert.ok(outcome.outcome === "found")
    assert.deepEqual(outcome.pages, [
      { title: "T", url: "https://t.example", excerpt: "s", publishedOn: "2026-01-02" },
      { title: "https://u.example", url: "https://u.example", excerpt: "" },
    ])
    const [request, ...others] = fake.received("InvokeMCP")
    assert.equal(others.length, 0)
    assert.equal(request?.headers["x-amzn-kiro-profile-arn"], PROFILE)
    assert.match(JSON.stringify(request?.body), /"method":"tools\/call".*"query":"q{200}"/)
    // What it cost is asked for behind it.
    await eventually(() => fake.received("GetUsageLimits").length > 0)
  })

  it("passes on so much text and so many results, and says what it left out", async () => {
    const page = { title: "T".repeat(9_000), url: "https://t.example", snippet: `${"s".repeat(15_000)}` }
    fake.next("InvokeMCP", json(found(Array.from({ length: 40 }, () => page))))
    const outcome = await search("words")
    assert.ok(outcome.outcome === "found")
    const { pages } = outcome
    assert.deepEqual(
      pages.slice(0, 4).map(({ excerpt }) => excerpt.replaceAll(/s{9,}/g, ({ length }) => `${length}`)),
      ["15000", "15000", "10000\n[… 5000 characters left out]", "[… 15000 characters left out]"],
    )
    assert.equal(pages.length, 20)
    assert.match(pages.at(-1)?.excerpt ?? "", /\[… 20 more results left out\]$/)
    assert.ok(JSON.stringify(pages).length < 55_000)
  })

  it("cuts no character in two", async () => {
    fake.next("InvokeMCP", json(found([{ url: "https://t.example", snippet: `s${"😀".repeat(30_000)}` }])))
    const outcome = await search("words")
    assert.ok(outcome.outcome === "found" && outcome.pages[0]?.excerpt.isWellFormed())
    for (const words of [`${"w".repeat(199)}😀`, "half \ud83d a smile"]) {
      await search(words)
      assert.ok(
        JSON.parse(fake.received("InvokeMCP").at(-1)?.text ?? "").params.arguments.query.isWellFormed(),
      )
    }
  })

  it("loses no page to another one, nor to members that are null", async () => {
    const pages = [{ title: "no address" }, "text", { url: "https://t.example", publishedDate: "2026-01-02" }]
    fake.next("InvokeMCP", json({ ...found(pages), error: null }))
    const outcome = await search("q")
    assert.deepEqual(outcome.outcome === "found" && outcome.pages, [
      { title: "https://t.example", url: "https://t.example", excerpt: "" },
    ])
    const none = { isError: null, content: [{ type: "text", text: '{"results":null}' }] }
    fake.next("InvokeMCP", json({ jsonrpc: "2.0", result: none }))
    const empty = await search("q")
    assert.deepEqual(empty.outcome === "found" && empty.pages, [])
    for (const text of ["{}", '{"results":[1]}']) {
      fake.next("InvokeMCP", json({ jsonrpc: "2.0", result: { content: [{ type: "text", text }] } }))
      assert.equal((await search("q")).outcome, "refused")
    }
  })

  it("asks what the profile of a key is, also where the key may list none", async () => {
    const key = fake.account({ kind: "api-key", profileArns: [PROFILE] })
    const login = {
      id: "login key",
      source: "own",
      kind: "api-key",
      key: new Secret(key.accessToken),
    } as const
    await accounts.store.add(newAccount({ id: "key", now: 1, logins: [login] }))
    const ofKey: SearchRules = { projectRule: { project: "/code", account: "key", fallback: false } }
    for (const listed of [true, false]) {
      fake.requests.length = 0
      if (!listed) fake.next("ListAvailableProfiles", FAILURES.notAuthorized, FAILURES.notAuthorized)
      assert.equal(await payer("ses_key", ofKey), "key")
      const [asked] = fake.received("InvokeMCP")
      assert.equal(asked?.headers["x-amzn-kiro-profile-arn"], PROFILE)
      assert.equal(fake.received("GetProfile").length, listed ? 0 : 1)
    }
    await accounts.store.remove("key")
  })

  it("is paid by the account of the session", async () => {
    await accounts.store.remember({
      sessionId: "ses_b",
      session: (memory) => ({ ...memory, accountId: "b" }),
    })
    const outcome = await search("words", "ses_b")
    assert.equal(outcome.outcome === "found" && outcome.accountId, "b")
  })

  it("goes where a message of the session would go: by the user's choice, then by a rule", async () => {
    const memory = { accountId: "a", chosenAccountId: "b" }
    await accounts.store.remember({
      sessionId: "ses_chosen",
      session: (session) => ({ ...session, ...memory }),
    })
    await accounts.store.remember({
      sessionId: "ses_a",
      session: (session) => ({ ...session, accountId: "a" }),
    })
    assert.equal(await payer("ses_chosen"), "b")
    assert.equal(await payer("ses_a"), "a")
    assert.equal(await payer("ses_a", { projectRule: { project: "/code", account: "b" } }), "b")
    assert.equal(await payer("ses_a", { newRule: { account: "b" } }), "a")
    assert.equal(await payer(undefined, { newRule: { account: "b" } }), "b")
  })

  it("asks no other account where a rule allows none", async () => {
    const projectRule = { project: "/code", account: "b", fallback: false }
    await accounts.store.update("b", (account) => ({ ...account, enabled: false }))
    assert.equal(await payer("ses_a", { projectRule: { ...projectRule, fallback: true } }), "a")
    fake.requests.length = 0
    const refusal = await payer("ses_a", { projectRule })
    assert.match(
      refusal ?? "",
      /No other account was asked: your rule for \/code in kiro\.json says fallback/,
    )
    assert.deepEqual(fake.received("InvokeMCP"), [])
    await accounts.store.update("b", (account) => ({ ...account, enabled: true }))
  })

  it("goes to the next account where one is throttled or out of credits, but against no rule", async () => {
    const meant = await accounts.store.get("b")
    assert.ok(meant !== undefined)
    for (const limit of [FAILURES.throttled, FAILURES.monthlyLimit]) {
      fake.next("InvokeMCP", limit)
      assert.equal(await payer("ses_b"), "a")
      fake.next("InvokeMCP", limit, FAILURES.throttled)
      const said = (await payer("ses_b")) ?? ""
      assert.ok(said.startsWith("Kiro could not search the web: ") && said.includes(accountName(meant)), said)
      fake.next("InvokeMCP", limit)
      const projectRule = { project: "/code", account: "b", fallback: false }
      assert.match((await payer("ses_b", { projectRule })) ?? "", /No other account was asked: your rule/)
    }
  })

  it("rather waits out a short throttle than costs money with another account", async () => {
    const now = Date.now()
    const overage = { enabled: true, used: 0 }
    const withUsed = (used: number): Promise<unknown> =>
      accounts.store.update("a", (account) => ({
        ...account,
        quota: { checkedAt: now, limit: 50, used, bonuses: [], overage },
      }))
    await withUsed(50)
    const throttled = async (until: number): Promise<void> =>
      void (await accounts.store.update("b", (account) => ({
        ...account,
        health: { state: "cooling", reason: "throttled", since: now, until, times: 1 },
      })))
    await throttled(now + 300)
    assert.equal(await payer("ses_b"), "b")
    await throttled(now + 60_000)
    assert.equal(await payer("ses_b"), "a")
    await withUsed(0)
    await accounts.store.update("b", (account) => ({ ...account, health: { state: "ok" } }))
  })

  it("goes to the next account where one has no token just now", async () => {
    const endsAt = (expiresAt: number): Promise<void> =>
      accounts.store.updateLogin("login b", (login) =>
        login.kind === "api-key" ? login : { ...login, tokens: { ...login.tokens, expiresAt } },
      )
    await endsAt(0)
    fake.next("CreateToken", FAILURES.internalError)
    assert.equal(await payer("ses_b"), "a")
    await endsAt(Date.now() + 3_600_000)
    assert.equal(await payer("ses_b"), "b")
  })

  it("says when an administrator may have switched it off, and what the service says otherwise", async () => {
    const refusal = { error: { code: -32602, message: "web tools are disabled" } }
    for (const [answer, words] of [
      [json(refusal), /web tools are disabled.*administrator/],
      [json({ result: { isError: true, content: [{ type: "text", text: "no" }] } }), /“no”/],
      [json({ result: { isError: false, content: [{ type: "text", text: "{}" }] } }), /not known/],
      [json("[]"), /not known/],
      [json({ ok: true }), /not known/],
      [json({ result: { isError: true, content: [] } }), /^Kiro refused the web search\. An administrator/],
      [FAILURES.internalError, /could not search the web: [^.]*\.(?: It said|$)/],
      [FAILURES.notAuthorized, /could not search the web: .*administrator can switch web tools off/],
      [FAILURES.suspended, /AWS has suspended .* It said: “Your User ID \(…\) temporarily/],
    ] as const) {
      fake.next("InvokeMCP", answer)
      const outcome = await search("words")
      assert.ok(outcome.outcome === "refused")
      assert.match(outcome.message, words)
    }
  })

  it("asks nobody without words, and says so where no account can be asked", async () => {
    assert.equal((await search("  ")).outcome, "refused")
    for (const id of ["a", "b"])
      await accounts.store.update(id, (account) => ({ ...account, enabled: false }))
    const outcome = await search("words")
    assert.match(outcome.outcome === "refused" ? outcome.message : "", /no account/)
    assert.deepEqual(fake.received("InvokeMCP"), [])
  })
})

const PROFILE = "arn:aws:codewhisperer:us-east-1:123456789012:profile/WORK"
