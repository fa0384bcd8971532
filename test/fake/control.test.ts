import assert from "node:assert/strict"
import { after, before, describe, it } from "node:test"
import { FAKE_MODELS, FAILURES, startFakeKiro, type FakeKiro } from "../support/fake-kiro/index.ts"
import { chatBody, postChat } from "./requests.ts"
import { bearer, call } from "./service.ts"

const FRANKFURT = "arn:aws:codewhisperer:eu-central-1:123456789012:profile/FRANKFURT"
const VIRGINIA = "arn:aws:codewhisperer:us-east-1:123456789012:profile/VIRGINIA"

let fake: FakeKiro
before(async () => {
  fake = await startFakeKiro()
})
after(() => fake.close())

describe("the bearer check of the fake", () => {
  it("refuses an unknown, an expired and a missing token in the words of each plane", async () => {
    const account = fake.account()
    const query = "/getUsageLimits?origin=AI_EDITOR"
    const management = { host: "management.us-east-1.kiro.dev" }
    const unknown = { authorization: "Bearer nobody" }
    const invalid = "The bearer token included in the request is invalid."
    assert.deepEqual(await call(fake, query), { status: 403, body: { message: invalid, reason: null } })
    assert.equal((await call(fake, query, { headers: unknown })).body["message"], invalid)
    assert.equal(
      (await call(fake, query, { ...management, headers: unknown })).body["message"],
      "Invalid token",
    )
    account.expire()
    assert.equal((await postChat(fake, account)).status, 403)
    const expired = await call(fake, query, { ...management, headers: bearer(account) })
    assert.equal(expired.body["message"], "Token expired")
    assert.equal(expired.status, 403)
  })

  it("wants the token type of API keys and of external providers, and of no other", async () => {
    const [key, external, builder] = [
      fake.account({ kind: "api-key" }),
      fake.account({ kind: "external-idp" }),
      fake.account(),
    ]
    const typed = (tokentype: string): RequestInit => ({ headers: { tokentype } })
    const profile = chatBody({ profileArn: external.profileArns[0] ?? "" })
    assert.equal((await postChat(fake, key, chatBody())).status, 403)
    assert.equal((await postChat(fake, key, chatBody(), typed("API_KEY"))).status, 200)
    assert.equal((await postChat(fake, external, profile)).status, 403)
    assert.equal((await postChat(fake, external, profile, typed("EXTERNAL_IDP"))).status, 200)
    assert.equal((await postChat(fake, builder, chatBody(), typed("API_KEY"))).status, 403)
  })

  it("refuses a suspended account everywhere", async () => {
    const account = fake.account()
    account.suspended = true
    const chat = await postChat(fake, account)
    assert.equal(chat.status, 403)
    assert.match(await chat.text(), /TEMPORARILY_SUSPENDED/)
    const usage = await call(fake, "/getUsageLimits", { headers: bearer(account) })
    assert.equal(usage.body["reason"], "TEMPORARILY_SUSPENDED")
  })

  it("wants an Identity Center account's own profile, in the region of the host", async () => {
    const account = fake.account({ kind: "identity-center", profileArns: [FRANKFURT] })
    const at = (region: string): RequestInit => ({
      headers: { "x-kiro-original-host": `runtime.${region}.kiro.dev` },
    })
    const own = chatBody({ profileArn: FRANKFURT })
    assert.equal((await postChat(fake, account, chatBody(), at("eu-central-1"))).status, 403)
    assert.equal((await postChat(fake, account, own, at("eu-central-1"))).status, 200)
    const elsewhere = await postChat(fake, account, own, at("us-east-1"))
    assert.equal(elsewhere.status, 400)
    assert.match(await elsewhere.text(), /Invalid profileArn/)
    assert.equal((await postChat(fake, account, chatBody({ profileArn: VIRGINIA }))).status, 403)
  })

  it("gives the limit's own error to a chat of an account that has nothing left", async () => {
    const account = fake.account({ usage: { used: 50, limit: 50 } })
    assert.equal((await postChat(fake, account)).status, 402)
    account.usage = {
      ...account.usage,
      bonuses: [{ name: "w", used: 0, limit: 5, expiresAt: Date.now() + 9999 }],
    }
    assert.equal((await postChat(fake, account)).status, 200)
  })
})

describe("the routes of the fake", () => {
  it("exist only on the hosts that have them", async () => {
    const headers = bearer(fake.account())
    const models = { headers, host: "management.us-east-1.kiro.dev" }
    assert.equal((await call(fake, "/List-Available-Models?origin=CLI", models)).status, 200)
    assert.equal((await call(fake, "/ListAvailableModels?origin=CLI", models)).status, 404)
    const q = { headers, host: "q.us-east-1.amazonaws.com" }
    assert.equal((await call(fake, "/listavailablemodels?origin=CLI", q)).status, 200)
    assert.equal((await call(fake, "/List-Available-Models?origin=CLI", q)).status, 404)
    const runtime = { headers, host: "runtime.us-east-1.kiro.dev" }
    assert.equal((await call(fake, "/getUsageLimits?origin=CLI", runtime)).status, 404)
    assert.equal((await call(fake, "/nothing")).status, 404)
  })

  it("exist as RPC too, with the parameters in the body", async () => {
    const account = fake.account()
    const rpc = (target: string): Record<string, string> => ({
      ...bearer(account),
      "x-amz-target": target,
    })
    const models = await call(fake, "/", {
      headers: rpc("AmazonCodeWhispererService.ListAvailableModels"),
      body: { origin: "CLI", maxResults: 2 },
    })
    assert.equal((models.body["models"] as unknown[]).length, 2)
    const chat = await postChat(fake, account, chatBody(), {
      headers: { "x-amz-target": "ignored on a REST path" },
    })
    assert.equal(chat.status, 200)
    const unknown = await call(fake, "/", { headers: rpc("AmazonCodeWhispererService.Nothing"), body: {} })
    assert.equal(unknown.status, 404)
  })
})

describe("the control plane of the fake", () => {
  it("lists its models page by page, the default one in each host's spelling", async () => {
    const headers = bearer(fake.account())
    const seen: unknown[] = []
    for (let next: unknown = ""; next !== null;) {
      const { body } = await call(fake, `/ListAvailableModels?origin=CLI&nextToken=${String(next)}`, {
        headers,
      })
      seen.push(...(body["models"] as { modelId: string }[]).map(({ modelId }) => modelId))
      assert.equal((body["defaultModel"] as { modelId: string }).modelId, "auto")
      next = body["nextToken"]
    }
    assert.deepEqual(
      seen,
      FAKE_MODELS.map(({ modelId }) => modelId),
    )
    const host = "management.us-east-1.kiro.dev"
    const { body } = await call(fake, "/List-Available-Models?origin=CLI", { headers, host })
    assert.equal(body["defaultModelId"], "auto")
    assert.equal((await call(fake, "/ListAvailableModels", { headers })).status, 400)
  })

  it("lists the models of one account where it has its own", async () => {
    const account = fake.account({ models: FAKE_MODELS.slice(0, 1) })
    const { body } = await call(fake, "/ListAvailableModels?origin=CLI", { headers: bearer(account) })
    assert.equal((body["models"] as unknown[]).length, 1)
    assert.equal((await postChat(fake, account, chatBody({ modelId: "claude-opus-5" }))).status, 400)
  })

  it("lists profiles by region", async () => {
    const account = fake.account({ kind: "identity-center", profileArns: [FRANKFURT, VIRGINIA] })
    const arns = async (host: string): Promise<string[]> => {
      const options = { headers: bearer(account), host, body: {} }
      const { body } = await call(fake, "/ListAvailableProfiles", options)
      return (body["profiles"] as { arn: string }[]).map(({ arn }) => arn)
    }
    assert.deepEqual(await arns("q.eu-central-1.amazonaws.com"), [FRANKFURT])
    assert.deepEqual(await arns("q.us-east-1.amazonaws.com"), [VIRGINIA])
  })

  it("tells usage with trial, bonus and overage, the e-mail only when asked", async () => {
    const account = fake.account({
      email: "one@example.com",
      usage: {
        used: 12.37,
        trial: { used: 120.44, limit: 500, expiresAt: 1_769_000_000_000 },
        bonuses: [{ name: "Welcome", used: 0, limit: 100, expiresAt: 1_771_000_000_000 }],
        overage: { enabled: true, used: 3.5, cap: 10_000 },
      },
    })
    const { body } = await call(fake, "/getUsageLimits?origin=AI_EDITOR", { headers: bearer(account) })
    const [credit = {}] = body["usageBreakdownList"] as Record<string, unknown>[]
    assert.deepEqual([credit["currentUsage"], credit["currentUsageWithPrecision"]], [12, 12.37])
    assert.equal((credit["freeTrialInfo"] as Record<string, unknown>)["usageLimitWithPrecision"], 500)
    assert.equal((credit["bonuses"] as unknown[]).length, 1)
    assert.deepEqual(body["overageConfiguration"], { overageStatus: "ENABLED" })
    assert.deepEqual(body["userInfo"], { userId: account.userId, email: null })
    const asked = await call(fake, "/getUsageLimits?isEmailRequired=true", { headers: bearer(account) })
    assert.deepEqual(asked.body["userInfo"], { userId: account.userId, email: "one@example.com" })
  })

  it("can be scripted per operation", async () => {
    fake.next("GetUsageLimits", FAILURES.featureNotSupported)
    const headers = bearer(fake.account())
    assert.equal((await call(fake, "/getUsageLimits", { headers })).body["reason"], "FEATURE_NOT_SUPPORTED")
    assert.equal((await call(fake, "/getUsageLimits", { headers })).status, 200)
  })

  it("answers a web search, and refuses a query that is too long inside a status 200", async () => {
    const headers = bearer(fake.account())
    const search = (query: string): Promise<{ body: Record<string, unknown> }> =>
      call(fake, "/mcp", {
        headers,
        body: {
          id: "1",
          jsonrpc: "2.0",
          method: "tools/call",
          params: { name: "web_search", arguments: { query } },
        },
      })
    assert.ok((await search("AWS event stream")).body["result"])
    assert.ok((await search("q".repeat(201))).body["error"])
  })
})
