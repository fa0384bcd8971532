import assert from "node:assert/strict"
import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { before, beforeEach, describe, it } from "node:test"
import { readOverview } from "../../src/accounts/index.ts"
import { isObject } from "../../src/json.ts"
import { seedKiroCliStore } from "../support/kiro-cli-store.ts"
import { FAKE_MODELS, type FakeKiro, json, resetBeforeHeaders } from "../support/fake-kiro/index.ts"
import type { OpencodeServer, Sandbox } from "../support/opencode/index.ts"
import { forgetAccounts, NOBODY, openServerStage } from "./setup.ts"

const START_URL = "https://d-9067642ac7.awsapps.com/start"
const FRANKFURT = "arn:aws:codewhisperer:eu-central-1:123456789012:profile/EUPROFILE"
const MARKER = "kept-by-opencode-kiro-auth"
const [AWS, SOCIAL, IMPORT, API_KEY] = [0, 1, 2, 3]

/** The route that the terminal UI's /connect uses. */
describe("signing in through OpenCode's server", { concurrency: false }, () => {
  let fake: FakeKiro
  let sandbox: Sandbox
  let server: OpencodeServer

  before(async () => {
    ;({ fake, sandbox, server } = await openServerStage(NOBODY))
  })
  beforeEach(() => {
    fake.accounts.length = 0
    fake.forget()
    server.events.length = 0
  })

  const authorize = async (
    method: number,
    inputs: Record<string, string>,
  ): Promise<Record<string, unknown>> => {
    const answer = await server.post("/provider/kiro/oauth/authorize", { method, inputs })
    assert.ok(isObject(answer))
    return answer
  }
  const signIn = async (method: number, inputs: Record<string, string>): Promise<void> => {
    await authorize(method, inputs)
    assert.equal(await server.post("/provider/kiro/oauth/callback", { method }), true)
  }
  const toast = async (words: RegExp): Promise<void> => {
    await server.event(
      ({ type, properties }) => type === "tui.toast.show" && words.test(String(properties["message"])),
      60_000,
    )
  }
  const authFile = (): string => {
    const path = join(sandbox.data, "auth.json")
    return existsSync(path) ? readFileSync(path, "utf8") : ""
  }
  const signedIn = async (): Promise<readonly unknown[]> => {
    const overview = await readOverview({ path: join(sandbox.config, "kiro.db"), now: Date.now() })
    return overview?.accounts ?? []
  }
  const chat = async (): Promise<void> => {
    const turn = await server.prompt(await server.newSession(), "hello")
    const texts = turn.parts.map((part) => (part.type === "text" ? String(part["text"]) : ""))
    assert.match(texts.join(""), /Hello from the fake Kiro/, JSON.stringify(turn))
  }

  const failures = [
    [
      "a wrong start URL",
      { start_url: "d-0000000000", login_region: "eu-north-1" },
      (): void => undefined,
      /AWS refused https:\/\/d-0000000000.*eu-north-1/,
    ],
    [
      "a wrong region",
      { start_url: START_URL, login_region: "us-west-2" },
      (): void =>
        void fake.account({ kind: "identity-center", loginRegion: "eu-north-1", startUrl: START_URL }),
      /us-west-2/,
    ],
    [
      "a region in China",
      { start_url: START_URL, login_region: "cn-north-1" },
      (): void => undefined,
      /China/,
    ],
    [
      "no connection",
      { start_url: "" },
      (): void => fake.next("RegisterClient", resetBeforeHeaders),
      /reached/,
    ],
    [
      "a refused registration",
      { start_url: "" },
      (): void =>
        fake.next(
          "RegisterClient",
          json({ error: "unauthorized_client", error_description: "no" }, { status: 401 }),
        ),
      /registration of this computer was refused/,
    ],
  ] as const
  for (const [what, inputs, arrange, words] of failures)
    it(`shows a readable toast for ${what}, and stores nothing`, async () => {
      arrange()
      await assert.rejects(authorize(AWS, { ...inputs }))
      await toast(words)
      assert.equal(authFile(), "")
      assert.deepEqual(await signedIn(), [])
    })

  for (const [poll, words] of [
    ["access_denied", /The sign-in was denied/],
    ["expired_token", /in time/],
  ] as const)
    it(`shows a readable toast for ${poll}, and stores nothing`, async () => {
      fake.deviceGrants.plan({ account: fake.account(), polls: [poll] })
      await authorize(AWS, { start_url: "" })
      await assert.rejects(server.post("/provider/kiro/oauth/callback", { method: AWS }))
      await toast(words)
      assert.equal(authFile(), "")
      assert.deepEqual(await signedIn(), [])
    })

  it("refuses a start URL that is none by its own message", async () => {
    await assert.rejects(
      authorize(AWS, { start_url: "my company" }),
      /ProviderAuthValidationFailed.*not a start URL/,
    )
  })

  it("says what to do when there is nothing to import, and stores nothing", async () => {
    await assert.rejects(authorize(IMPORT, {}))
    await toast(/kiro-cli login/)
    assert.equal(authFile(), "")
    assert.deepEqual(await signedIn(), [])
  })

  it("signs in to an Identity Center, and answers in the region of its profile without a restart", async () => {
    const [brandNew] = FAKE_MODELS
    assert.ok(brandNew)
    fake.account({
      kind: "identity-center",
      loginRegion: "eu-north-1",
      startUrl: START_URL,
      profileArns: [FRANKFURT],
      models: [...FAKE_MODELS, { ...brandNew, modelId: "claude-brand-new-9.1", modelName: "Brand New" }],
    })
    const inputs = { start_url: "d-9067642ac7", login_region: "eu-north-1", profile_arn: "" }
    const { url, method, instructions } = await authorize(AWS, inputs)
    assert.equal(method, "auto")
    assert.match(String(url), /^https:\/\/d-9067642ac7\.awsapps\.com\/start\/#\/device\?user_code=/)
    // What the terminal UI copies when the user presses c.
    const code = /[A-Z0-9]{4}-[A-Z0-9]{4,5}/.exec(String(instructions))?.[0] ?? ""
    assert.ok(String(url).endsWith(code))
    assert.equal(await server.post("/provider/kiro/oauth/callback", { method: AWS }), true)
    await toast(
      /Signed in as Identity Center ··[0-9a-f]{4}[^]*Profile: KiroProfile-eu-central-1 in eu-central-1/,
    )
    const oidc = fake.requests.filter(({ host }) => host.startsWith("oidc."))
    assert.ok(oidc.length > 2 && oidc.every(({ host }) => host === "oidc.eu-north-1.amazonaws.com"))
    assert.deepEqual(JSON.parse(authFile()), { kiro: { type: "api", key: MARKER } })
    await server.startAnew()
    const listed = JSON.stringify(await server.get("/provider"))
    assert.ok(listed.includes("claude-brand-new-9-1") && !listed.includes("aoaAAAA"))
    await chat()
    assert.match(fake.chats.at(-1)?.host ?? "", /^(q|runtime)\.eu-central-1\./)
    assert.equal((fake.chats.at(-1)?.body as { profileArn?: string } | undefined)?.profileArn, FRANKFURT)
  })

  it("adds a second account with Google", async () => {
    fake.deviceGrants.plan({ account: fake.account({ kind: "social" }), interval: 1 })
    await signIn(SOCIAL, { provider: "Google" })
    await toast(/Signed in as google ··[0-9a-f]{4}/i)
  })

  it("imports the session of kiro-cli, says what it found, and answers with it", async () => {
    await forgetAccounts(join(sandbox.config, "kiro.db"))
    const person = fake.account()
    await seedKiroCliStore({ path: sandbox.kiroCliStore, accounts: [person] })
    await signIn(IMPORT, {})
    await toast(/Builder ID ··[0-9a-f]{4} \(kiro-cli\): (added|already here)/)
    assert.deepEqual(JSON.parse(authFile()), { kiro: { type: "api", key: MARKER } })
    await chat()
    assert.equal(fake.chats.at(-1)?.account, person)
  })

  it("takes an API key by the method, and refuses one that Kiro does not know", async () => {
    await authorize(API_KEY, { api_key: "ksk_0123456789abcdef" })
    await assert.rejects(server.post("/provider/kiro/oauth/callback", { method: API_KEY }))
    await toast(/Kiro refused this API key/)
    await forgetAccounts(join(sandbox.config, "kiro.db"))
    const person = fake.account({ kind: "api-key" })
    await signIn(API_KEY, { api_key: person.accessToken })
    await toast(/Signed in as API key ··[0-9a-f]{4}/)
    assert.deepEqual(JSON.parse(authFile()), { kiro: { type: "api", key: MARKER } })
    await chat()
    assert.equal(fake.chats.at(-1)?.account, person)
    assert.equal(fake.chats.at(-1)?.headers["tokentype"], "API_KEY")
  })

  it("moves an API key that was put into auth.json, and answers with it", async () => {
    const person = fake.account({ kind: "api-key" })
    const response = await fetch(`${server.url}/auth/kiro`, {
      method: "PUT",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ type: "api", key: person.accessToken }),
    })
    assert.equal(response.status, 200)
    assert.ok(authFile().includes(person.accessToken))
    await server.startAnew()
    await server.get("/provider")
    assert.deepEqual(JSON.parse(authFile()), { kiro: { type: "api", key: MARKER } })
    await toast(/Signed in as API key ··[0-9a-f]{4}/)
    await chat()
  })
})
