import assert from "node:assert/strict"
import { after, before, describe, it } from "node:test"
import { startFakeKiro, type FakeAccount, type FakeKiro, type Rotation } from "../support/fake-kiro/index.ts"
import { call, type Answer } from "./service.ts"

const DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"

let fake: FakeKiro
let now = Date.UTC(2026, 10, 24)
before(async () => {
  fake = await startFakeKiro({ now: () => now })
})
after(() => fake.close())

describe("SSO OIDC of the fake", () => {
  it("signs in by device authorization: register, authorize, poll until approved", async () => {
    const account = fake.account()
    fake.signIn({ account, polls: ["authorization_pending", "slow_down", "approved"], interval: 5 })
    const { client, device } = await begin(account)
    assert.match(String(device.body["userCode"]), /^[A-Z0-9]{4}-[A-Z0-9]{4}$/)
    assert.equal(device.body["interval"], 5)
    assert.deepEqual(await pollError(client, device), { status: 400, error: "authorization_pending" })
    assert.deepEqual(await pollError(client, device), { status: 400, error: "slow_down" })
    const tokens = await poll(client, device)
    assert.equal(tokens.body["accessToken"], account.accessToken)
    assert.equal(tokens.body["refreshToken"], account.refreshToken)
    assert.deepEqual(await pollError(client, device), { status: 400, error: "invalid_grant" })
  })

  it("can say pending with status 200, refuse, and let a code expire", async () => {
    const account = fake.account()
    fake.signIn({ account, polls: ["authorization_pending", "access_denied"], pollStatus: 200 })
    const first = await begin(account)
    assert.deepEqual(await pollError(first.client, first.device), {
      status: 200,
      error: "authorization_pending",
    })
    assert.deepEqual(await pollError(first.client, first.device), { status: 200, error: "access_denied" })
    fake.signIn({ account, expiresIn: 60 })
    const second = await begin(account)
    now += 61_000
    assert.deepEqual(await pollError(second.client, second.device), { status: 400, error: "expired_token" })
  })

  it("knows start URLs only in their own region", async () => {
    const account = fake.account({
      kind: "identity-center",
      startUrl: "https://d-111.awsapps.com/start",
      loginRegion: "eu-north-1",
    })
    assert.equal((await begin(account, "oidc.eu-north-1.amazonaws.com")).device.status, 200)
    assert.equal((await begin(account, "oidc.us-east-1.amazonaws.com")).device.status, 400)
    assert.equal((await begin({ startUrl: "https://nobody.awsapps.com/start" })).device.status, 400)
  })

  it("refuses a registration without its members", async () => {
    const answer = await call(fake, "/client/register", { body: { clientName: "x" } })
    assert.deepEqual([answer.status, answer.body["error"]], [400, "invalid_client_metadata"])
  })

  const ROTATIONS: readonly { rotation: Rotation; again: number; named: boolean }[] = [
    { rotation: "single-use", again: 400, named: true },
    { rotation: "reusable", again: 200, named: true },
    { rotation: "same", again: 200, named: true },
    { rotation: "absent", again: 200, named: false },
  ]
  for (const { rotation, again, named } of ROTATIONS)
    it(`refreshes with ${rotation} refresh tokens`, async () => {
      const account = fake.account({ rotation })
      const used = account.refreshToken
      const first = await refresh(account, used)
      assert.equal(first.status, 200)
      assert.equal(first.body["accessToken"], account.accessToken)
      assert.equal(Object.hasOwn(first.body, "refreshToken"), named)
      assert.equal(first.body["refreshToken"] === used, rotation === "same")
      assert.equal((await refresh(account, used)).status, again)
    })

  it("refuses the client of another account, a wrong secret, and a dead token", async () => {
    const [account, other] = [fake.account(), fake.account()]
    const { refreshToken } = account
    const wrongClient = await refresh({ client: other.client }, refreshToken)
    assert.deepEqual([wrongClient.status, wrongClient.body["error"]], [400, "invalid_grant"])
    const wrongSecret = await refresh({ client: { ...account.client, clientSecret: "no" } }, refreshToken)
    assert.deepEqual([wrongSecret.status, wrongSecret.body["error"]], [401, "invalid_client"])
    account.revoke()
    assert.equal((await refresh(account, refreshToken)).body["error"], "invalid_grant")
  })

  it("binds a refresh token to the client that signed in", async () => {
    const account = fake.account()
    const { client, device } = await begin(account)
    const { body } = await poll(client, device)
    const used = String(body["refreshToken"])
    assert.equal((await refresh(account, used)).status, 400)
    assert.equal((await refresh({ client: client.body as FakeAccount["client"] }, used)).status, 200)
  })
})

describe("the social sign-in of the fake", () => {
  it("has a device flow with times in milliseconds", async () => {
    const account = fake.account({ kind: "social" })
    fake.signIn({ account, polls: ["authorization_pending", "approved"], interval: 2 })
    const start = await call(fake, "/oauth/device/authorization", {
      body: { clientId: "kiro-cli", loginProvider: "Github" },
    })
    assert.equal(start.body["intervalInMilliseconds"], 2000)
    const body = { clientId: "kiro-cli", deviceCode: start.body["deviceCode"] }
    assert.deepEqual(await call(fake, "/oauth/device/poll", { body }), {
      status: 200,
      body: { status: "authorization_pending" },
    })
    const done = await call(fake, "/oauth/device/poll", { body })
    assert.equal(done.body["accessToken"], account.accessToken)
    assert.equal(done.body["profileArn"], account.profileArns[0])
  })

  it("refuses a provider that is none", async () => {
    const body = { clientId: "kiro-cli", loginProvider: "GitHub" }
    assert.equal((await call(fake, "/oauth/device/authorization", { body })).status, 400)
  })

  it("refreshes without a client, and says 401 to a dead token", async () => {
    const account = fake.account({ kind: "social" })
    const body = { refreshToken: account.refreshToken }
    const first = await call(fake, "/refreshToken", { body })
    assert.equal(first.body["accessToken"], account.accessToken)
    assert.equal((await call(fake, "/refreshToken", { body })).status, 401)
  })
})

describe("the external identity provider of the fake", () => {
  it("takes a form and answers in snake case", async () => {
    const account = fake.account({ kind: "external-idp" })
    const form = {
      grant_type: "refresh_token",
      client_id: account.client.clientId,
      refresh_token: account.refreshToken,
    }
    const answer = await call(fake, "/tenant/oauth2/v2.0/token", { form })
    assert.equal(answer.body["access_token"], account.accessToken)
    assert.deepEqual(await call(fake, "/oauth2/default/v1/token", { form }), {
      status: 400,
      body: { error: "invalid_grant", error_description: "invalid_grant" },
    })
  })

  it("refuses the same as JSON", async () => {
    const account = fake.account({ kind: "external-idp" })
    const body = { grant_type: "refresh_token", refresh_token: account.refreshToken }
    assert.equal((await call(fake, "/tenant/oauth2/v2.0/token", { body })).status, 400)
  })
})

async function begin(
  account: Pick<FakeAccount, "startUrl">,
  host = "oidc.us-east-1.amazonaws.com",
): Promise<{ client: Answer; device: Answer }> {
  const registration = { clientName: "test", clientType: "public", scopes: ["codewhisperer:conversations"] }
  const client = await call(fake, "/client/register", { host, body: registration })
  const body = { ...pick(client), startUrl: account.startUrl }
  return { client, device: await call(fake, "/device_authorization", { host, body }) }
}

function poll(client: Answer, device: Answer): Promise<Answer> {
  const body = { ...pick(client), grantType: DEVICE_CODE, deviceCode: device.body["deviceCode"] }
  return call(fake, "/token", { body })
}

async function pollError(client: Answer, device: Answer): Promise<{ status: number; error: unknown }> {
  const { status, body } = await poll(client, device)
  return { status, error: body["error"] }
}

function refresh(account: Pick<FakeAccount, "client">, refreshToken: string): Promise<Answer> {
  const { clientId, clientSecret } = account.client
  return call(fake, "/token", { body: { clientId, clientSecret, grantType: "refresh_token", refreshToken } })
}

const pick = ({ body }: Answer): object => ({
  clientId: body["clientId"],
  clientSecret: body["clientSecret"],
})
