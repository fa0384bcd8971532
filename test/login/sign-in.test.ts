import assert from "node:assert/strict"
import { mkdirSync } from "node:fs"
import { join } from "node:path"
import { afterEach, beforeEach, describe, it } from "node:test"
import {
  type Account,
  chooseProfile,
  type Login,
  newAccount,
  openDatabase,
  takeIn,
} from "../../src/accounts/index.ts"
import { WHAT_KIRO_PERMITS } from "../../src/login/texts.ts"
import { AUTH_MARKER } from "../../src/host/index.ts"
import { Secret } from "../../src/secret.ts"
import { pathsFor } from "../../src/settings/index.ts"
import { FAILURES, json, resetBeforeHeaders } from "../support/fake-kiro/index.ts"
import { usageDocument } from "../support/fake-kiro/usage.ts"
import { API_KEY, AWS, IMPORT, type LoginLab, openLab, SOCIAL } from "./login-lab.ts"

const START_URL = "https://d-9067642ac7.awsapps.com/start"
const FRANKFURT = "arn:aws:codewhisperer:eu-central-1:123456789012:profile/EUPROFILE"
const VIRGINIA = "arn:aws:codewhisperer:us-east-1:123456789012:profile/USPROFILE"
const signedIn = { type: "success", key: AUTH_MARKER }
const stockholm = { start_url: "d-9067642ac7", login_region: "eu-north-1", profile_arn: "" }
const google = { provider: "Google" }

describe("signing in", () => {
  let lab: LoginLab
  beforeEach(async () => {
    lab = await openLab()
  })
  afterEach(() => lab.close())

  const company = (...profileArns: string[]): ReturnType<typeof lab.fake.account> =>
    lab.fake.account({ kind: "identity-center", loginRegion: "eu-north-1", startUrl: START_URL, profileArns })
  const told = (): string => lab.told.map(({ message }) => message).join("\n")
  const operations = (): (string | undefined)[] => lab.fake.requests.map(({ operation }) => operation)

  it("offers the methods in their order, all of a type that keeps keys out of auth.json", () => {
    const { methods } = lab.hook()
    assert.deepEqual(
      methods.map(({ label }) => label),
      [
        "AWS Builder ID or IAM Identity Center",
        "Google or GitHub",
        "Import from kiro-cli or Kiro IDE",
        "API key",
      ],
    )
    assert.ok(methods.every(({ type }) => type === "oauth"))
  })

  it("shows page and code first, opens the page, and asks for tokens only once the host waits for them", async () => {
    lab.fake.account()
    const [method] = lab.hook().methods
    assert.equal(method?.type, "oauth")
    const authorization = await method.authorize({ start_url: "" })
    assert.match(authorization.url, /^https:\/\/view\.awsapps\.com\/start\/#\/device\?user_code=/)
    const code = /[A-Z0-9]{4}-[A-Z0-9]{4,5}/.exec(authorization.instructions)?.[0]
    assert.equal(code, /user_code=(.*)/.exec(authorization.url)?.[1])
    assert.deepEqual(lab.opened, [authorization.url])
    assert.deepEqual(operations(), ["RegisterClient", "StartDeviceAuthorization"])
  })

  it("keeps a Builder ID with its owner and models, and gives the host the marker alone", async () => {
    const person = lab.fake.account()
    assert.deepEqual(await lab.signIn(AWS, { start_url: "" }), signedIn)
    const [account, ...others] = await lab.accounts()
    assert.equal(others.length, 0)
    assert.equal(account?.userId, person.userId)
    assert.equal(account?.email, person.email)
    assert.equal(account?.quota?.limit, 50)
    const [login] = account?.logins ?? []
    assert.equal(login?.kind === "idc" && login.tokens.accessToken.reveal(), person.accessToken)
    assert.equal(login?.kind === "idc" && login.startUrl, undefined)
    // As older versions keep it.
    assert.ok(await lab.store.registration({ loginRegion: "us-east-1", startUrl: "" }))
    assert.equal((await lab.store.modelLists()).length, 1)
    const [who, models, permitted, ...rest] = told().split("\n")
    assert.match(who ?? "", /^Signed in as Builder ID ··[0-9a-f]{4}, .*, [\d.]+ \/ 50\.00 credits used\.$/)
    assert.match(models ?? "", /^\d+ models\.$/)
    assert.equal(permitted, WHAT_KIRO_PERMITS)
    assert.deepEqual(rest, [])
    assert.equal(lab.told[0]?.variant, "success")
    assert.ok(!told().includes(String(person.email)))
  })

  it("signs in to an Identity Center in one region and finds its profile in another", async () => {
    company(FRANKFURT)
    await lab.signIn(AWS, stockholm)
    const [account] = await lab.accounts()
    const [login] = account?.logins ?? []
    assert.equal(login?.profileArn, FRANKFURT)
    assert.equal(login?.kind === "idc" && login.loginRegion, "eu-north-1")
    assert.equal(login?.kind === "idc" && login.startUrl, START_URL)
    assert.ok(await lab.store.registration({ loginRegion: "eu-north-1", startUrl: START_URL }))
    assert.equal((await lab.store.modelLists())[0]?.serviceRegion, "eu-central-1")
    const oidc = lab.fake.requests.filter(({ host }) => host.startsWith("oidc."))
    assert.ok(oidc.every(({ host }) => host === "oidc.eu-north-1.amazonaws.com"))
    assert.match(told(), /Profile: KiroProfile-eu-central-1 in eu-central-1/)
  })

  it("keeps the login where several profiles could be used, and lists them", async () => {
    company(FRANKFURT, VIRGINIA)
    assert.deepEqual(await lab.signIn(AWS, stockholm), signedIn)
    const [account] = await lab.accounts()
    assert.equal(account?.logins[0]?.profileArn, undefined)
    // The credits are those of a profile that is not chosen yet.
    assert.ok(account !== undefined && account.quota === undefined)
    assert.match(told(), /^ {2}1\. .* in us-east-1 \(….*\)\n {2}2\. .* in eu-central-1 /m)
    assert.match(told(), /accounts profile [0-9a-f]{4} 2/)
    assert.equal(told().match(/is kept/g)?.length, 1)
    assert.equal(lab.told[0]?.variant, "warning")
    assert.ok(!operations().includes("ListAvailableModels"))
  })

  it("takes the profile that was typed, or that of the settings", async () => {
    company(FRANKFURT, VIRGINIA)
    const profile = async (): Promise<string | undefined> =>
      (await lab.accounts()).at(-1)?.logins.at(-1)?.profileArn
    await lab.signIn(AWS, { ...stockholm, profile_arn: VIRGINIA })
    assert.equal(await profile(), VIRGINIA)
    lab.settings = { ...lab.settings, idcProfileArn: FRANKFURT }
    await lab.signIn(AWS, stockholm)
    assert.equal(await profile(), FRANKFURT)
    const asked = lab.fake.received("GetUsageLimits").map(({ query }) => query.get("profileArn"))
    assert.deepEqual(asked, [VIRGINIA, FRANKFURT])
  })

  it("says which profiles there are where the one that was typed is none of them", async () => {
    company(FRANKFURT)
    await lab.signIn(AWS, { ...stockholm, profile_arn: VIRGINIA })
    assert.match(told(), /Kiro does not list it for this sign-in\.\nIt lists:\n {2}1\. .* in eu-central-1 \(/)
  })

  it("lets a profile that is typed replace the one that was chosen before", async () => {
    company(FRANKFURT, VIRGINIA)
    await lab.signIn(AWS, { ...stockholm, profile_arn: VIRGINIA })
    const [account] = await lab.accounts()
    await lab.store.update(account?.id ?? "", (current) => ({ ...current, profileArn: VIRGINIA }))
    await lab.signIn(AWS, { ...stockholm, profile_arn: FRANKFURT })
    assert.equal((await lab.accounts())[0]?.profileArn, FRANKFURT)
  })

  it("keeps the profile that was chosen before, where nothing else is typed", async () => {
    company(FRANKFURT, VIRGINIA)
    await lab.signIn(AWS, stockholm)
    const [before] = await lab.accounts()
    await lab.store.update(before?.id ?? "", (current) => chooseProfile(current, FRANKFURT))
    await lab.signIn(AWS, stockholm)
    const { message = "", variant } = lab.told.at(-1) ?? {}
    assert.match(message, /^Signed in again as .*\n\d+ models\.\nProfile: .* in eu-central-1/)
    assert.doesNotMatch(message, /Choose one/)
    assert.equal(variant, "success")
    const [account, ...others] = await lab.accounts()
    assert.deepEqual(others, [])
    assert.deepEqual([account?.health, account?.profileArn], [{ state: "ok" }, FRANKFURT])
  })

  it("chooses no profile for the account where there is but one, and leaves the one that was chosen", async () => {
    company(FRANKFURT)
    await lab.signIn(AWS, { ...stockholm, profile_arn: FRANKFURT })
    const [account] = await lab.accounts()
    assert.equal(account?.profileArn, undefined)
    await lab.store.update(account?.id ?? "", (current) => chooseProfile(current, VIRGINIA))
    await lab.signIn(AWS, stockholm)
    assert.equal((await lab.accounts())[0]?.profileArn, VIRGINIA)
  })

  it("signs in whose usage the service does not tell", async () => {
    lab.fake.account()
    lab.fake.intercept(({ operation }) => operation === "GetUsageLimits", FAILURES.featureNotSupported)
    assert.deepEqual(await lab.signIn(AWS), signedIn)
    const [account] = await lab.accounts()
    assert.deepEqual([account?.userId, account?.health], [undefined, { state: "ok" }])
    assert.match(told(), /^Signed in as Builder ID ··[0-9a-f]{4}\.\n\d+ models\.\n/)
    assert.equal(lab.told[0]?.variant, "success")
  })

  it("says what to do where an Identity Center user has no profile", async () => {
    company()
    assert.deepEqual(await lab.signIn(AWS, stockholm), signedIn)
    assert.equal((await lab.accounts()).length, 1)
    assert.match(told(), /administrator/)
  })

  it("never takes an approved login away because of what comes after it", async () => {
    company(FRANKFURT)
    lab.fake.intercept(({ host }) => !host.startsWith("oidc."), resetBeforeHeaders)
    assert.deepEqual(await lab.signIn(AWS, stockholm), signedIn)
    const [account] = await lab.accounts()
    assert.equal(account?.userId, undefined)
    assert.equal(account?.logins.length, 1)
    assert.deepEqual(account?.health, { state: "ok" })
    assert.match(told(), /could not be looked up/)
    assert.equal(lab.told[0]?.variant, "warning")
  })

  it("lets nothing that the service says do anything to a screen", async () => {
    company(FRANKFURT)
    const words = { __type: "InternalServerException", message: "\u001B[2Jno \u202Eway\nout" }
    lab.fake.intercept(({ host }) => !host.startsWith("oidc."), json(words, { status: 500 }))
    assert.deepEqual(await lab.signIn(AWS, stockholm), signedIn)
    assert.match(told(), /could not be looked up \(no way out\)\./)
  })

  it("leaves tokens alone that another process renewed meanwhile", async () => {
    company(FRANKFURT)
    lab.fake.next("ListAvailableProfiles", async () => {
      const [account] = await lab.accounts()
      await lab.store.update(account?.id ?? "", (current) => ({
        ...current,
        logins: current.logins.map((login) =>
          login.kind === "idc"
            ? { ...login, tokens: { accessToken: new Secret("renewed"), expiresAt: lab.clock.now() + 1 } }
            : login,
        ),
      }))
      return FAILURES.notAuthorized
    })
    await lab.signIn(AWS, stockholm)
    const [login] = (await lab.accounts())[0]?.logins ?? []
    assert.equal(login?.kind === "idc" && login.tokens.accessToken.reveal(), "renewed")
    assert.equal(login?.profileArn, FRANKFURT)
  })

  it("does not name the pair that another version wrote into the row while its owner was asked for", async () => {
    const [person, other] = [lab.fake.account(), lab.fake.account()]
    lab.fake.deviceGrants.plan({ account: person })
    lab.fake.next("GetUsageLimits", async () => {
      const database = await openDatabase(pathsFor({ env: {}, platform: "linux", home: lab.home }).database)
      database.run("UPDATE kiro_login SET access_token = ?, refresh_token = ?", [
        other.accessToken,
        other.refreshToken,
      ])
      database.close()
      // Whoever reads the row first makes a login of its own of it.
      await lab.store.reconcile((accounts) => takeIn(accounts, { offered: [], now: 1, byUser: false }))
      return json(usageDocument(person, { withEmail: true }))
    })
    await lab.signIn(AWS)
    const accounts = await lab.accounts()
    assert.deepEqual(
      accounts.map(({ userId }) => userId),
      [undefined],
    )
  })

  it("adds a second person, and knows the first one again", async () => {
    const first = lab.fake.account()
    const second = lab.fake.account()
    lab.fake.deviceGrants.plan({ account: first })
    lab.fake.deviceGrants.plan({ account: second })
    lab.fake.deviceGrants.plan({ account: first })
    await lab.signIn(AWS)
    await lab.signIn(AWS)
    assert.equal((await lab.accounts()).length, 2)
    await lab.signIn(AWS)
    const accounts = await lab.accounts()
    assert.deepEqual(
      accounts.map(({ userId }) => userId),
      [first.userId, second.userId],
    )
    assert.equal(accounts[0]?.logins.length, 1)
    assert.match(lab.told[1]?.message ?? "", /^Signed in as/)
    assert.match(lab.told[2]?.message ?? "", /^Signed in again as/)
    assert.equal(operations().filter((operation) => operation === "RegisterClient").length, 1)
  })

  it("revives an account that was revoked, disabled or removed", async () => {
    lab.fake.account()
    await lab.signIn(AWS)
    const [before] = await lab.accounts()
    const id = before?.id ?? ""
    await lab.store.update(id, (current) => ({
      ...current,
      enabled: false,
      health: { state: "revoked", since: 1, reason: "login-expired" },
      logins: current.logins.map((login) => ({ ...login, revoked: { at: 1, reason: "invalid_grant" } })),
    }))
    await lab.signIn(AWS)
    const [revived] = await lab.accounts()
    assert.equal(revived?.id, id)
    assert.deepEqual(revived?.health, { state: "ok" })
    assert.equal(revived?.enabled, true)
    assert.deepEqual(
      revived?.logins.map(({ revoked }) => revoked),
      [undefined],
    )
    await lab.store.remove(id)
    await lab.signIn(AWS)
    assert.equal((await lab.accounts()).length, 1)
  })

  it("ends no wait for credits of which the service says nothing", async () => {
    const person = lab.fake.account()
    await lab.signIn(AWS)
    const id = (await lab.accounts())[0]?.id ?? ""
    const now = lab.clock.now()
    const health = {
      state: "cooling",
      since: now,
      until: now + 60_000,
      reason: "monthly-quota",
      times: 1,
    } as const
    await lab.store.update(id, (current) => ({ ...current, health }))
    const nameless = json({ userInfo: { userId: person.userId } })
    lab.fake.intercept(({ operation }) => operation === "GetUsageLimits", nameless)
    await lab.signIn(AWS)
    assert.deepEqual(
      (await lab.accounts()).map((account) => account.health),
      [health],
    )
  })

  it("finds no fault with who signs in again as the account that was meant", async () => {
    lab.fake.account()
    await lab.signIn(AWS)
    const again = await lab.management().signInAgain((await lab.accounts())[0]?.id ?? "")
    const { message, variant } = await again.complete()
    assert.match(message, /^Signed in again as/)
    assert.doesNotMatch(message, /Nothing says/)
    assert.equal(variant, "success")
  })

  it("says when the account is suspended, and keeps it so until the service answers a sign-in", async () => {
    const person = lab.fake.account()
    await lab.signIn(AWS)
    person.suspended = true
    assert.deepEqual(await lab.signIn(AWS), signedIn)
    assert.match(told(), /suspended/)
    const suspended = (await lab.accounts()).at(-1)
    assert.equal(suspended?.health.state === "revoked" && suspended.health.reason, "suspended")
    await lab.store.update((await lab.accounts())[0]?.id ?? "", (current) => ({
      ...current,
      health: { state: "revoked", since: 1, reason: "suspended" },
    }))
    person.suspended = false
    await lab.signIn(AWS)
    assert.deepEqual((await lab.accounts())[0]?.health, { state: "ok" })
  })

  it("leaves a suspension that another process met meanwhile, where the service did not answer this one", async () => {
    lab.fake.account()
    const suspended = { state: "revoked", since: 1, reason: "suspended" } as const
    lab.fake.next("GetUsageLimits", async () => {
      const id = (await lab.accounts())[0]?.id ?? ""
      await lab.store.update(id, (current) => ({ ...current, health: suspended }))
      return FAILURES.throttled
    })
    await lab.signIn(AWS)
    assert.deepEqual((await lab.accounts())[0]?.health, suspended)
  })

  it("signs in with Google or GitHub and keeps the profile that came along", async () => {
    const person = lab.fake.account({ kind: "social" })
    assert.deepEqual(await lab.signIn(SOCIAL, { provider: "Google" }), signedIn)
    const [account] = await lab.accounts()
    const [login] = account?.logins ?? []
    assert.equal(account?.userId, person.userId)
    assert.equal(login?.kind === "social" && login.provider, "google")
    assert.equal(login?.profileArn, person.profileArns[0])
    assert.deepEqual(lab.clock.slept, [5000])
  })

  it("takes an API key that Kiro accepts, once", async () => {
    const person = lab.fake.account({ kind: "api-key" })
    assert.deepEqual(await lab.signIn(API_KEY, { api_key: ` ${person.accessToken} ` }), signedIn)
    await lab.signIn(API_KEY, { api_key: person.accessToken })
    const [account, ...others] = await lab.accounts()
    assert.equal(others.length, 0)
    assert.equal(account?.logins.length, 1)
    assert.match(lab.told[1]?.message ?? "", /Signed in again as API key ··[0-9a-f]{4}/)
  })

  it("keeps an API key once that several windows find at the same time, also a refused one", async () => {
    const person = lab.fake.account({ kind: "api-key" })
    for (const [index, key] of [person.accessToken, "ksk_0123456789abcdef"].entries()) {
      const find = async () => lab.logins().accountOfKey(new Secret(key))
      const found = await Promise.all([find(), find(), find()])
      assert.equal((await lab.accounts()).length, index + 1)
      assert.deepEqual(new Set(found).size, 1)
    }
  })

  it("takes an API key again whose account was removed, but not where a host has only kept it", async () => {
    const person = lab.fake.account({ kind: "api-key" })
    await lab.signIn(API_KEY, { api_key: person.accessToken })
    await lab.management().act({ act: "remove", account: (await lab.accounts())[0]?.id ?? "" })
    assert.equal(await lab.logins().accountOfKey(new Secret(person.accessToken)), undefined)
    assert.deepEqual(await lab.accounts(), [])
    await lab.signIn(API_KEY, { api_key: person.accessToken })
    assert.equal((await lab.accounts()).length, 1)
  })

  it("lets an API key of a suspended account answer again once the service takes it", async () => {
    const person = lab.fake.account({ kind: "api-key" })
    await lab.signIn(API_KEY, { api_key: person.accessToken })
    const [suspended] = await lab.accounts()
    await lab.store.update(suspended?.id ?? "", (current) => ({
      ...current,
      health: { state: "revoked", since: 1, reason: "suspended" },
    }))
    await lab.signIn(API_KEY, { api_key: person.accessToken })
    assert.deepEqual((await lab.accounts())[0]?.health, { state: "ok" })
  })

  it("stores no API key that Kiro refuses, or could not be asked about", async () => {
    await assert.rejects(lab.signIn(API_KEY, { api_key: "ksk_0123456789abcdef" }), /refused this API key/)
    lab.fake.intercept(() => true, resetBeforeHeaders)
    await assert.rejects(lab.signIn(API_KEY, { api_key: "ksk_0123456789abcdef" }), /could not be reached/)
    lab.fake.intercept(() => true, { kind: "document", status: 300, headers: {}, body: "" })
    await assert.rejects(
      lab.signIn(API_KEY, { api_key: "ksk_0123456789abcdef" }),
      /could not be reached to check the key \((?:300 redirect to another address|Unexpected\w+ .*)\)\. Nothing/,
    )
    await assert.rejects(lab.signIn(API_KEY, { api_key: "sk-ant-something" }), /begin with ksk_/)
    assert.deepEqual(await lab.accounts(), [])
    assert.ok(!told().includes("0123456789abcdef") && !told().includes("something"))
  })

  describe("by import", () => {
    const loginOf = ({ accessToken, client }: ReturnType<typeof lab.fake.account>): Login => ({
      kind: "idc",
      id: accessToken.slice(0, 32),
      source: "kiro-cli",
      loginRegion: "us-east-1",
      client: { clientId: client.clientId, clientSecret: new Secret(client.clientSecret) },
      tokens: { accessToken: new Secret(accessToken), expiresAt: lab.clock.now() + 3_600_000 },
    })
    const instructions = async (): Promise<string> => {
      const method = lab.hook().methods[IMPORT]
      assert.equal(method?.type, "oauth")
      return (await method.authorize({})).instructions
    }

    it("says what to do when there is nothing, and why kiro-cli was left out", async () => {
      lab.settings = { ...lab.settings, autoSyncKiroCli: false }
      await assert.rejects(
        lab.signIn(IMPORT),
        /kiro-cli login.*\n.*auto_sync_kiro_cli is false in kiro\.json or the environment\./,
      )
    })

    const imported = async (login: Login): Promise<Account> =>
      lab.store.add(newAccount({ id: lab.runtime.randomUUID(), now: lab.clock.now(), logins: [login] }))

    it("shows what was found and done, and learns whose it is", async () => {
      const person = lab.fake.account()
      const account = await imported(loginOf(person))
      const file = { source: "kiro-cli", file: "/x/data.sqlite3", message: "is locked" } as const
      const row = { ...file, key: "kirocli:social:token", message: "holds no access token" }
      lab.importOutcome = { added: [account], updated: [], unchanged: [], problems: [file, row] }
      assert.deepEqual(await lab.signIn(IMPORT), signedIn)
      assert.match(
        told(),
        /^Builder ID ··[0-9a-f]{4} \(kiro-cli\): added\nLeft out: \/x\/data\.sqlite3 is locked\.\nLeft out: \/x\/data\.sqlite3 \(kirocli:social:token\) holds no access token\.$/,
      )
      assert.equal((await lab.accounts())[0]?.userId, person.userId)
      assert.equal((await lab.store.modelLists()).length, 1)
      lab.importOutcome = { added: [], updated: [], unchanged: await lab.accounts(), problems: [] }
      assert.match(await instructions(), /already here/)
    })

    it("leaves a login whose token has ended to the first message, which renews it", async () => {
      const login = loginOf(lab.fake.account())
      const account = await imported(login)
      lab.importOutcome = { added: [account], updated: [], unchanged: [], problems: [] }
      lab.clock.advance(3_600_000)
      assert.deepEqual(await lab.signIn(IMPORT), signedIn)
      assert.deepEqual(operations(), [])
    })

    it("joins the person's own sign-in", async () => {
      const person = lab.fake.account()
      await lab.signIn(AWS)
      person.issueAccess()
      const account = await imported(loginOf(person))
      lab.importOutcome = { added: [account], updated: [], unchanged: [], problems: [] }
      await lab.signIn(IMPORT)
      const [joined, ...others] = await lab.accounts()
      assert.equal(others.length, 0)
      assert.deepEqual(
        joined?.logins.map(({ source }) => source),
        ["own", "kiro-cli"],
      )
      assert.match(lab.told.at(-1)?.message ?? "", /\(own login, kiro-cli\): brought up to date/)
    })
  })

  describe("when it fails", () => {
    const failures = [
      ["a wrong start URL", { start_url: "d-0000000000", login_region: "eu-north-1" }, /start URL.*region/],
      ["a wrong region", { start_url: "d-9067642ac7", login_region: "us-west-2" }, /us-west-2/],
      ["a region in China", { start_url: "d-9067642ac7", login_region: "cn-north-1" }, /China/],
      [
        "a region that is none",
        { start_url: "d-9067642ac7", login_region: "Stockholm" },
        /not an AWS region/,
      ],
      ["an address of an identity provider", { start_url: "company.okta.com" }, /kiro-cli login/],
    ] as const
    for (const [what, answers, words] of failures)
      it(`says so in words, to both front ends, for ${what}`, async () => {
        company(FRANKFURT)
        await assert.rejects(lab.signIn(AWS, { ...answers }), words)
        assert.match(told(), words)
        assert.equal(lab.told[0]?.variant, "error")
        assert.deepEqual(await lab.accounts(), [])
        const { start_url: name, login_region: loginRegion = "us-east-1" }: Partial<typeof stockholm> =
          answers
        const startUrl = START_URL.replace("d-9067642ac7", name ?? "")
        assert.equal(await lab.store.registration({ loginRegion, startUrl }), undefined)
      })

    for (const [poll, words] of [
      ["access_denied", /denied/],
      ["expired_token", /in time/],
    ] as const)
      it(`says so in words for ${poll}, and stores no account`, async () => {
        lab.fake.deviceGrants.plan({ account: lab.fake.account(), polls: ["authorization_pending", poll] })
        await assert.rejects(lab.signIn(AWS), words)
        assert.match(told(), words)
        assert.deepEqual(await lab.accounts(), [])
      })

    const page = {
      kind: "document",
      status: 403,
      headers: { "content-type": "text/html" },
      body: "<p>No</p>",
    } as const
    const word = (error: string) => json({ error, error_description: "no" }, { status: 400 })
    const fault = json({ message: "busy" }, { status: 500 })
    const refusals = [
      ["RegisterClient", fault, {}, /^AWS sign-in \(oidc\.us-east-1\) has a fault of its own.*in a while\.$/],
      [
        "RegisterClient",
        page,
        {},
        /^Something between this computer and AWS sign-in .* refused .* the proxy/,
      ],
      [
        "RegisterClient",
        word("invalid_client"),
        stockholm,
        /was refused \(no\)\. Your administrator may not/,
      ],
      ["StartDeviceAuthorization", word("invalid_request"), {}, /^AWS refused .* with Builder ID \(no\)\.$/],
      [
        "SocialDeviceAuthorization",
        word("invalid_request"),
        google,
        /^Kiro refused .* with Google \(no\)\.$/,
      ],
      [
        "SocialDeviceAuthorization",
        resetBeforeHeaders,
        google,
        /^Kiro's sign-in service could not be reached/,
      ],
    ] as const
    for (const [operation, answer, answers, words] of refusals)
      it(`tells who refused and what to do: ${words.source}`, async () => {
        lab.fake.next(operation, answer)
        await assert.rejects(lab.signIn(answers === google ? SOCIAL : AWS, { ...answers }))
        assert.match(told(), words)
        assert.deepEqual(await lab.accounts(), [])
      })

    it("says so in words when AWS can't be reached or refuses the registration", async () => {
      lab.fake.next("RegisterClient", resetBeforeHeaders)
      await assert.rejects(lab.signIn(AWS), /could not be reached \([^()]*[^.]\)\. Check/)
      lab.fake.next(
        "RegisterClient",
        json({ error: "unauthorized_client", error_description: "no" }, { status: 401 }),
      )
      await assert.rejects(lab.signIn(AWS), /registration of this computer was refused \(no\)/)
      assert.deepEqual(await lab.accounts(), [])
    })

    it("is refused before a browser opens where nothing can be kept", async () => {
      mkdirSync(join(lab.home, ".config", "opencode", "kiro.db"), { recursive: true })
      for (const [method, answers] of [
        [AWS, {}],
        [SOCIAL, { provider: "Google" }],
      ] as const)
        await assert.rejects(
          lab.signIn(method, answers),
          /could not be stored, because the account database can't be opened: check its folder and permissions\. /,
        )
      assert.deepEqual(lab.opened, [])
      assert.deepEqual(lab.fake.requests, [])
    })

    it("says nothing when the instance ends while it waits", async () => {
      lab.fake.deviceGrants.plan({ account: lab.fake.account(), polls: ["authorization_pending"] })
      const [method] = lab.hook().methods
      assert.equal(method?.type, "oauth")
      const authorization = await method.authorize({})
      assert.equal(authorization.method, "auto")
      lab.controller.abort(new Error("disposed"))
      await assert.rejects(authorization.callback(), /disposed/)
      assert.deepEqual(lab.told, [])
    })

    it("is no failure of the sign-in where the instance has ended", async () => {
      mkdirSync(join(lab.home, ".config", "opencode", "kiro.db"), { recursive: true })
      lab.controller.abort(new Error("disposed"))
      const begun = lab.logins().begin({ method: "social", answers: { provider: "Google" } })
      await assert.rejects(begun, /^Error: disposed$/)
    })
  })

  it("treats a failing usage call of an API key as no refusal", async () => {
    const person = lab.fake.account({ kind: "api-key" })
    lab.fake.next("GetUsageLimits", FAILURES.throttled)
    assert.deepEqual(await lab.signIn(API_KEY, { api_key: person.accessToken }), signedIn)
    assert.equal((await lab.accounts()).length, 1)
  })
})
