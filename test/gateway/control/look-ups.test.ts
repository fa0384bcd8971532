import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { fetchModels, fetchProfiles, fetchUsage } from "../../../src/gateway/index.ts"
import { FAILURES, json, type ReceivedRequest, startFakeKiro } from "../../support/fake-kiro/index.ts"
import { controlOf } from "./support.ts"

const arn = (region: string): string => `arn:aws:codewhisperer:${region}:1:profile/${region.toUpperCase()}`
const model = (modelId: string): unknown => ({ modelId })

describe("the usage of an account", () => {
  it("is asked for with its profile", async () => {
    await using fake = await startFakeKiro()
    fake.intercept(() => true, json({ userInfo: { userId: "d-1" } }))
    const { client, target } = controlOf(fake, "token")
    const access = { ...target.access, profileArn: arn("us-east-1") }
    const answer = await fetchUsage(client, { ...target, access })
    assert.deepEqual(answer, {
      outcome: "known",
      limits: { userId: "d-1" },
      host: "q.us-east-1.amazonaws.com",
    })
    assert.equal(fake.requests[0]?.query.get("profileArn"), arn("us-east-1"))
    assert.equal(fake.requests[0]?.query.get("isEmailRequired"), "true")
  })

  it("is asked for more plainly where the account lacks the feature, and may stay unknown", async () => {
    await using fake = await startFakeKiro()
    fake.intercept((request) => request.query.has("resourceType"), FAILURES.featureNotSupported)
    fake.intercept((request) => !request.query.has("resourceType"), json({}))
    const { client, target } = controlOf(fake, "token")
    assert.equal((await fetchUsage(client, target)).outcome, "known")
    fake.intercept(() => true, FAILURES.featureNotSupported)
    assert.deepEqual(await fetchUsage(client, target), { outcome: "unsupported" })
  })
})

describe("the models of an account", () => {
  const paged = (request: ReceivedRequest) =>
    request.query.get("nextToken") === "2"
      ? json({ models: [model("b"), {}, null], nextToken: null })
      : json({ models: [model("a")], nextToken: "2" })

  it("are read page by page, as the service gave them", async () => {
    await using fake = await startFakeKiro()
    fake.intercept(() => true, paged)
    const { client, target } = controlOf(fake, "token")
    const list = await fetchModels(client, target)
    assert.deepEqual("items" in list && list.items, [model("a"), model("b")])
  })

  it("are no half list where a page fails, and never none", async () => {
    await using fake = await startFakeKiro()
    fake.intercept(() => true, paged)
    fake.intercept((request) => request.query.has("nextToken"), FAILURES.internalError)
    const { client, target } = controlOf(fake, "token")
    assert.ok("failure" in (await fetchModels(client, target)))
    fake.intercept(() => true, json({ models: [] }))
    assert.ok("failure" in (await fetchModels(client, target)))
  })

  it("end where the service repeats a page for ever", async () => {
    await using fake = await startFakeKiro()
    fake.intercept(() => true, json({ models: [model("a")], nextToken: "again" }))
    const { client, target } = controlOf(fake, "token")
    assert.ok("items" in (await fetchModels(client, target)))
    assert.equal(fake.requests.length, 2)
  })

  it("are no list where each of its pages names another one", async () => {
    await using fake = await startFakeKiro()
    fake.intercept(
      () => true,
      (request) => json({ models: [model("a")], nextToken: `${request.query.get("nextToken")}+` }),
    )
    const { client, target } = controlOf(fake, "token")
    const list = await fetchModels(client, target)
    assert.match("failure" in list ? list.failure.message : "", /has no end/)
    assert.equal(fake.requests.length, 20)
  })
})

describe("the profiles of a login", () => {
  it("are those of all service regions", async () => {
    await using fake = await startFakeKiro()
    fake.intercept(
      () => true,
      (request) => json({ profiles: [{ arn: arn(request.host.split(".")[1] ?? ""), profileName: "Team" }] }),
    )
    const { client, target } = controlOf(fake, "token")
    const found = await fetchProfiles(client, { access: target.access })
    assert.deepEqual(found.profiles.map((profile) => profile.region).toSorted(), [
      "eu-central-1",
      "us-east-1",
    ])
    assert.deepEqual(found.failures, [])
  })

  it("are looked for in GovCloud for a login of GovCloud", async () => {
    await using fake = await startFakeKiro()
    fake.intercept(() => true, json({ profiles: [] }))
    const { client, target } = controlOf(fake, "token")
    await fetchProfiles(client, { access: target.access, loginRegion: "us-gov-west-1" })
    assert.deepEqual(fake.requests.map((request) => request.host).toSorted(), [
      "q-fips.us-gov-east-1.amazonaws.com",
      "q-fips.us-gov-west-1.amazonaws.com",
    ])
  })

  it("are none where the login may not list them, and unknown where a region did not answer", async () => {
    await using fake = await startFakeKiro()
    fake.intercept((request) => request.host.includes("us-east-1"), FAILURES.notAuthorized)
    fake.intercept((request) => request.host.includes("eu-central-1"), FAILURES.internalError)
    const { client, target } = controlOf(fake, "token")
    const found = await fetchProfiles(client, { access: target.access })
    assert.deepEqual(found.profiles, [])
    assert.deepEqual(
      found.failures.map(({ kind }) => kind),
      ["service-error"],
    )
  })
})
