import assert from "node:assert/strict"
import { mkdirSync } from "node:fs"
import { afterEach, beforeEach, describe, it } from "node:test"
import { asObject } from "../../src/json.ts"
import type { Account, Login } from "../../src/accounts/index.ts"
import { pathsFor } from "../../src/settings/index.ts"
import { type FakeAccount, resetBeforeHeaders, startFakeKiro } from "../support/fake-kiro/index.ts"
import type { FakeLocation, FakeOpenCode2 } from "../support/fake-opencode2/index.ts"
import { Lab } from "./lab.ts"
import { eventually } from "../support/clock.ts"

const START_URL = "https://d-9067642ac7.awsapps.com/start"
const FRANKFURT = "arn:aws:codewhisperer:eu-central-1:123456789012:profile/EUPROFILE"
const VIRGINIA = "arn:aws:codewhisperer:us-east-1:123456789012:profile/USPROFILE"

let lab: Lab
let host: FakeOpenCode2
let project: FakeLocation
beforeEach(async () => {
  lab = new Lab(await startFakeKiro())
  ;({ host, project } = await lab.open())
})
afterEach(() => lab.close())

const company = (): FakeAccount =>
  lab.fake.account({
    kind: "identity-center",
    loginRegion: "eu-north-1",
    startUrl: START_URL,
    profileArns: [FRANKFURT, VIRGINIA],
  })

/** Signs in as `/connect` does, and holds that OpenCode has nothing of it but a marker. */
async function signIn(
  method: string,
  answer: Readonly<Record<string, string>> = {},
): Promise<{ account: Account; label: string }> {
  const stored = await (await project.login("kiro", method, answer)).complete()
  const [account, ...others] = await lab.accounts()
  assert.ok(account !== undefined)
  assert.deepEqual(others, [])
  const { value } = stored
  assert.ok(value.type === "oauth" && value.methodID === method && value.metadata === undefined)
  assert.match(value.access, /^kept-by-opencode-kiro-auth:[0-9a-f]{16}$/)
  assert.equal(value.refresh, value.access)
  const everything = JSON.stringify(host.credentials.stored) + lab.log()
  for (const secret of account.logins.flatMap(secretsOf)) assert.ok(!everything.includes(secret))
  return { account, label: stored.label }
}

function secretsOf(login: Login): readonly string[] {
  if (login.kind === "api-key") return [login.key.reveal()]
  const { accessToken, refreshToken } = login.tokens
  const client = login.kind === "idc" ? login.client.clientSecret : undefined
  return [accessToken, refreshToken, client].flatMap((secret) => secret?.reveal() ?? [])
}

/** The one chat that was asked for, by this person. */
async function chat(person: FakeAccount) {
  const turn = await project.session({ model: "kiro/auto" }).prompt("Hello")
  assert.match(turn.text, /Hello from/, JSON.stringify(turn.failure))
  const [asked, ...others] = requests("GenerateAssistantResponse")
  assert.ok(asked !== undefined)
  assert.deepEqual(others, [])
  assert.equal(asked.headers["authorization"], `Bearer ${person.accessToken}`)
  return asked
}

const requests = (wanted: string) => lab.fake.requests.filter(({ operation }) => operation === wanted)

async function expectNothingKept(): Promise<void> {
  assert.deepEqual(host.credentials.stored, [])
  assert.deepEqual(await lab.accounts(), [])
}

describe("a sign-in from OpenCode 2", () => {
  it("with Builder ID", async () => {
    const person = lab.fake.account()
    const { account, label } = await signIn("aws", { start_url: "", login_region: "", profile_arn: "" })
    assert.match(label, /^Builder ID ··/)
    assert.equal(account.userId, person.userId)
    await chat(person)
  })

  it("with an Identity Center, by its start URL, its region and a profile in another region", async () => {
    const person = company()
    const typed = { start_url: " d-9067642ac7 ", login_region: "EU North 1", profile_arn: FRANKFURT }
    const attempt = await project.login("kiro", "aws", typed)
    assert.match(attempt.url, /^https:\/\/d-9067642ac7\.awsapps\.com\/start\/?#\/device\?user_code=/)
    const stored = await attempt.complete()
    assert.match(stored.label, /^d-9067642ac7|^Identity Center/)
    const [login] = (await lab.accounts())[0]?.logins ?? []
    assert.ok(login?.kind === "idc")
    assert.deepEqual(
      [login.startUrl, login.loginRegion, login.profileArn],
      [START_URL, "eu-north-1", FRANKFURT],
    )
    assert.equal(requests("StartDeviceAuthorization")[0]?.host, "oidc.eu-north-1.amazonaws.com")
    const { host: asked, body } = await chat(person)
    assert.match(asked, /eu-central-1/)
    assert.match(JSON.stringify(body), new RegExp(FRANKFURT))
  })

  for (const provider of ["Google", "Github"])
    it(`with ${provider}, by the device flow`, async () => {
      const person = lab.fake.account({ kind: "social" })
      lab.fake.deviceGrants.plan({ account: person, interval: 1 })
      const { account } = await signIn("social", { provider })
      const [login] = account.logins
      assert.ok(login?.kind === "social")
      assert.equal(login.profileArn, person.profileArns[0])
      assert.match(
        JSON.stringify(lab.fake.requests.map(({ body }) => body)),
        new RegExp(`"loginProvider":"${provider}"`),
      )
      await chat(person)
    })

  it("by import of the login of kiro-cli", async () => {
    await lab.signInWithKiroCli()
    const [person] = lab.fake.accounts
    assert.ok(person !== undefined)
    const { account, label } = await signIn("import")
    assert.match(label, /^Builder ID ··/)
    assert.equal(account.userId, person.userId)
    await chat(person)
  })

  it("with an API key, pasted as it stands in a shell", async () => {
    const person = lab.fake.account({ kind: "api-key" })
    const { label } = await signIn("api-key", { api_key: ` KIRO_API_KEY="${person.accessToken}" ` })
    assert.match(label, /^API key ··/)
    await chat(person)
  })
})

describe("a sign-in from OpenCode 2 that fails", () => {
  const plans = {
    aws: { kind: "builder-id", answer: { start_url: "" } },
    social: { kind: "social", answer: { provider: "Google" } },
  } as const
  for (const method of ["aws", "social"] as const)
    for (const [poll, words] of [
      ["access_denied", /denied in the browser/],
      ["expired_token", /not approved in time/],
    ] as const)
      it(`says so in words for ${poll} by ${method}, and can be tried again`, async () => {
        const { kind, answer } = plans[method]
        const account = lab.fake.account({ kind })
        lab.fake.deviceGrants.plan({ account, polls: [poll], interval: 1 })
        await assert.rejects((await project.login("kiro", method, answer)).complete(), words)
        await expectNothingKept()
        lab.fake.deviceGrants.plan({ account, interval: 1 })
        await signIn(method, answer)
      })

  it("ends by itself where the code runs out while nobody approves it", async () => {
    const account = lab.fake.account()
    lab.fake.deviceGrants.plan({ account, polls: ["authorization_pending"], interval: 1, expiresIn: 2 })
    const attempt = await project.login("kiro", "aws", { start_url: "" })
    await assert.rejects(attempt.complete(), /not approved in time/)
    await expectNothingKept()
  })

  it("is refused by the form for what is no start URL, region, profile or key", async () => {
    for (const [method, answer] of [
      ["aws", { start_url: "hello" }],
      ["aws", { start_url: "", login_region: "Stockholm" }],
      ["aws", { start_url: "", profile_arn: "arn:aws:iam::123456789012:role/Admin" }],
      ["api-key", { api_key: "sk-ant-0123456789" }],
      ["api-key", { api_key: "" }],
    ] as const)
      await assert.rejects(project.login("kiro", method, answer), /not of the form/)
    assert.deepEqual(lab.fake.requests, [])
  })

  it("says what is wrong with a start URL or region that only looks good", async () => {
    company()
    for (const [answer, words] of [
      [{ start_url: "d-0000000000", login_region: "eu-north-1" }, /start URL.*region/],
      [{ start_url: "d-9067642ac7", login_region: "us-west-2" }, /us-west-2/],
      [{ start_url: "d-9067642ac7", login_region: "cn-north-1" }, /China/],
      [{ start_url: "company.okta.com" }, /kiro-cli login/],
    ] as const)
      await expectRefusal("aws", answer, words)
    await expectNothingKept()
  })

  it("is begun by the terminal UI too, which is given the page and the code alone", async () => {
    const person = lab.fake.account()
    lab.fake.deviceGrants.plan({ account: person })
    const call = (input: object) => project.call("opencode-kiro-auth", "signIn", input)
    const begun = await call({ method: "aws", answers: { start_url: "builder-id", other: 1 } })
    assert.deepEqual(Object.keys(begun ?? {}), ["url", "instructions"])
    await eventually(async () => (await lab.accounts()).length === 1)
    await eventually(() => /Signed in as Builder ID/.test(lab.log()))
    await assert.rejects(call({ method: "telephone" }), /knows no such way/)
  })

  it("is asked about by the terminal UI, which hears how it ended", async () => {
    const call = (method: string, input: object) => project.call("opencode-kiro-auth", method, input)
    const aws = { method: "aws", answers: { start_url: "builder-id" } }
    const outcome = async (attempt: string) => asObject(await call("signInOutcome", { attempt }))
    lab.fake.deviceGrants.plan({ account: lab.fake.account() })
    await call("signIn", { ...aws, attempt: "one" })
    assert.equal((await outcome("one"))["state"], "pending")
    await eventually(async () => (await outcome("one"))["state"] === "signed-in")
    const { message, accountId } = await outcome("one")
    assert.match(String(message), /^Signed in as Builder ID/)
    assert.deepEqual(
      (await lab.accounts()).map(({ id }) => id),
      [accountId],
    )
    lab.fake.deviceGrants.plan({ account: lab.fake.account(), polls: ["access_denied"] })
    await call("signIn", { ...aws, attempt: "two" })
    await eventually(async () => (await outcome("two"))["state"] === "failed")
    assert.match(JSON.stringify(await outcome("two")), /was denied in the browser/)
    assert.deepEqual(await outcome("three"), { state: "unknown" })
    const odd = { method: "aws", answers: { start_url: "company.okta.com" }, attempt: "four" }
    assert.match(JSON.stringify(await call("signIn", odd)), /"refused":".*kiro-cli login/)
  })

  it("says what to do where there is nothing to import", async () => {
    await expectRefusal("import", {}, /No login of kiro-cli.*`kiro-cli login`/)
    await expectNothingKept()
  })

  it("keeps no key that Kiro refuses, or can't be asked about", async () => {
    const answer = { api_key: "ksk_0123456789abcdef" }
    await assert.rejects((await project.login("kiro", "api-key", answer)).complete(), /refused this API key/)
    lab.fake.intercept(() => true, resetBeforeHeaders)
    await assert.rejects((await project.login("kiro", "api-key", answer)).complete(), /could not be reached/)
    await expectNothingKept()
    assert.ok(!lab.log().includes(answer.api_key))
  })

  it("leaves no trace where its user walks away from it and OpenCode reloads", async () => {
    const account = lab.fake.account()
    lab.fake.deviceGrants.plan({ account, polls: ["authorization_pending"] })
    const attempt = await project.login("kiro", "aws", { start_url: "" })
    const ended = assert.rejects(
      attempt.complete(),
      /OpenCode has reloaded or ended the plugin meanwhile\. Begin once more/,
    )
    await project.reload()
    await ended
    await eventually(() => /a sign-in was not finished/.test(lab.log()))
    const polled = lab.fake.requests.length
    await new Promise((resolve) => setTimeout(resolve, 1200))
    assert.equal(lab.fake.requests.length, polled)
    await expectNothingKept()
  })
})

describe("where nothing can be kept", () => {
  beforeEach(() => mkdirSync(pathsFor(lab.place).database, { recursive: true }))

  it("no browser is opened for what would be lost", async () => {
    await expectRefusal("aws", { start_url: "" }, /could not be stored/)
    await expectRefusal("social", { provider: "Google" }, /could not be stored/)
    assert.deepEqual(lab.fake.requests, [])
    assert.deepEqual(host.credentials.stored, [])
  })

  it("a key or an import leaves no marker behind", async () => {
    const { accessToken } = lab.fake.account({ kind: "api-key" })
    const key = async () => (await project.login("kiro", "api-key", { api_key: accessToken })).complete()
    await assert.rejects(key, /could not be stored/)
    await lab.signInWithKiroCli()
    const imported = async () => (await project.login("kiro", "import")).complete()
    await assert.rejects(imported, /could not be stored/)
    assert.deepEqual(host.credentials.stored, [])
    assert.ok(!lab.log().includes(accessToken))
  })
})

/** Of a sign-in that never began: its words stand where those of a page to open would, and are how it ended. */
async function expectRefusal(
  method: string,
  answer: Readonly<Record<string, string>>,
  words: RegExp,
): Promise<void> {
  const attempt = await project.login("kiro", method, answer)
  assert.equal(attempt.url, "")
  assert.match(attempt.instructions, words)
  await assert.rejects(attempt.complete(), words)
}
