import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { buildChatRequest, hostsFor, serviceRegionOf } from "../../src/kiro/index.ts"
import { Secret } from "../../src/secret.ts"
import { VERSION } from "../../src/version.ts"

const profileIn = (region: string): string => `arn:aws:codewhisperer:${region}:123456789012:profile/ABC`

describe("serviceRegionOf", () => {
  it("takes the profile's region before every other", () => {
    const place = serviceRegionOf({
      profileArn: profileIn("eu-central-1"),
      loginRegion: "us-east-1",
      defaultRegion: "us-east-1",
    })
    assert.deepEqual(place, { outcome: "served", region: "eu-central-1", mapped: false })
  })

  it("maps a login region to the service region of its continent", () => {
    const mapped = (loginRegion: string): unknown =>
      serviceRegionOf({ loginRegion, defaultRegion: "us-east-1" })
    for (const near of ["eu-north-1", "eusc-de-east-1", "me-south-1", "il-central-1", "af-south-1"])
      assert.deepEqual(mapped(near), { outcome: "served", region: "eu-central-1", mapped: true })
    assert.deepEqual(mapped("ap-southeast-2"), { outcome: "served", region: "us-east-1", mapped: true })
    assert.deepEqual(mapped("us-gov-east-1"), { outcome: "served", region: "us-gov-east-1", mapped: false })
    assert.deepEqual(serviceRegionOf({ defaultRegion: "eu-central-1" }), {
      outcome: "served",
      region: "eu-central-1",
      mapped: false,
    })
  })

  it("refuses China and a profile where Kiro does not run", () => {
    assert.deepEqual(serviceRegionOf({ loginRegion: "cn-north-1", defaultRegion: "us-east-1" }), {
      outcome: "unsupported",
      region: "cn-north-1",
    })
    for (const region of ["cn-northwest-1", "evil.example/", "eu-west-1"])
      assert.deepEqual(serviceRegionOf({ profileArn: profileIn(region), defaultRegion: "us-east-1" }), {
        outcome: "unsupported",
        region,
      })
  })
})

describe("hostsFor", () => {
  const names = (wanted: Parameters<typeof hostsFor>[0]): string[] =>
    hostsFor(wanted).map((host) => host.name)

  it("keeps one order per plane", () => {
    assert.deepEqual(names({ plane: "runtime", serviceRegion: "us-east-1" }), [
      "q.us-east-1.amazonaws.com",
      "runtime.us-east-1.kiro.dev",
    ])
    assert.deepEqual(names({ plane: "control", serviceRegion: "eu-central-1" }), [
      "q.eu-central-1.amazonaws.com",
      "management.eu-central-1.kiro.dev",
    ])
  })

  it("puts the remembered host first and ignores one it does not know", () => {
    const wanted = { plane: "runtime", serviceRegion: "us-east-1" } as const
    assert.deepEqual(names({ ...wanted, remembered: "runtime.us-east-1.kiro.dev" }), [
      "runtime.us-east-1.kiro.dev",
      "q.us-east-1.amazonaws.com",
    ])
    assert.deepEqual(names({ ...wanted, remembered: "evil.example" }), names(wanted))
  })

  it("uses the FIPS hosts in GovCloud", () => {
    assert.deepEqual(names({ plane: "runtime", serviceRegion: "us-gov-west-1" }), [
      "q-fips.us-gov-west-1.amazonaws.com",
    ])
    assert.deepEqual(names({ plane: "control", serviceRegion: "us-gov-west-1" }), [
      "q-fips.us-gov-west-1.amazonaws.com",
      "management.us-gov-west-1.kiro.dev",
    ])
  })
})

describe("buildChatRequest", () => {
  const body = {
    conversationState: {
      chatTriggerType: "MANUAL",
      conversationId: "3f6c1d7e-8a53-4a0f-9a6a-1d2a7b9a0c11",
      history: [],
      currentMessage: { userInputMessage: { content: "hi", modelId: "auto", origin: "AI_EDITOR" } },
    },
  } as const

  it("names itself, its attempt and its token, and nobody else", () => {
    const [host] = hostsFor({ plane: "runtime", serviceRegion: "us-east-1" })
    assert.ok(host)
    const request = buildChatRequest({
      host,
      body,
      accessToken: new Secret("aoaTOKEN"),
      invocationId: "invocation-1",
      attempt: 2,
      maxAttempts: 20,
    })
    assert.equal(request.url, "https://q.us-east-1.amazonaws.com/generateAssistantResponse")
    assert.deepEqual(request.headers, {
      authorization: "Bearer aoaTOKEN",
      "user-agent": `opencode-kiro-auth/${VERSION}`,
      "x-amz-user-agent": `opencode-kiro-auth/${VERSION}`,
      "x-amzn-codewhisperer-optout": "true",
      "x-amzn-kiro-agent-mode": "vibe",
      "content-type": "application/json",
      accept: "application/vnd.amazon.eventstream",
      "amz-sdk-invocation-id": "invocation-1",
      "amz-sdk-request": "attempt=2; max=20",
    })
    assert.deepEqual(JSON.parse(request.body), body)
  })

  it("tells a stand-in which host it stands for, and the token's type where the service asks for it", () => {
    const [host] = hostsFor({
      plane: "runtime",
      serviceRegion: "eu-central-1",
      override: "http://127.0.0.1:4000/",
    })
    assert.ok(host)
    const request = buildChatRequest({
      host,
      body,
      accessToken: new Secret("ksk_1"),
      tokenType: "API_KEY",
      invocationId: "i",
      attempt: 1,
      maxAttempts: 1,
    })
    assert.equal(request.url, "http://127.0.0.1:4000/generateAssistantResponse")
    assert.equal(request.headers["x-kiro-original-host"], "q.eu-central-1.amazonaws.com")
    assert.equal(request.headers["tokentype"], "API_KEY")
  })
})
