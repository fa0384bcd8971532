import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { type Login, newAccount } from "../../src/accounts/index.ts"
import type { KiroFailure, KiroProfile } from "../../src/kiro/index.ts"
import { pickProfile, type ProfileChoice } from "../../src/login/profile.ts"
import { Secret } from "../../src/secret.ts"

const profile = (region: string): KiroProfile => ({
  arn: `arn:aws:codewhisperer:${region}:123456789012:profile/P`,
  name: "P",
  region,
  active: true,
})
const [frankfurt, virginia] = [profile("eu-central-1"), profile("us-east-1")]
const startUrl = "https://d-9067642ac7.awsapps.com/start"

const idc = (login: Partial<Login>): Login => ({
  kind: "idc",
  id: "login",
  source: "own",
  loginRegion: "eu-north-1",
  startUrl,
  client: { clientId: "client", clientSecret: new Secret("secret") },
  tokens: { accessToken: new Secret("token"), expiresAt: 1 },
  ...(login as object),
})
const pick = (question: {
  asked?: string
  configured?: string
  profiles: readonly KiroProfile[]
  others?: readonly Login[]
  failure?: KiroFailure
}): ProfileChoice =>
  pickProfile({
    asked: question.asked,
    configured: question.configured,
    profiles: question.profiles,
    failure: question.failure,
    login: idc({}),
    accounts: (question.others ?? []).map((login) => newAccount({ id: login.id, now: 1, logins: [login] })),
  })

describe("the profile of a sign-in", () => {
  it("is the only one", () => {
    assert.deepEqual(pick({ profiles: [frankfurt] }), { state: "chosen", arn: frankfurt.arn, listed: true })
  })

  it("is the one that was asked for, also where the service does not list it", () => {
    assert.deepEqual(pick({ asked: virginia.arn, profiles: [frankfurt] }), {
      state: "chosen",
      arn: virginia.arn,
      listed: false,
    })
    const failure = { kind: "network", status: 0, message: "" } as const
    assert.deepEqual(pick({ asked: virginia.arn, profiles: [frankfurt], failure }), {
      state: "chosen",
      arn: virginia.arn,
      listed: true,
    })
  })

  it("is that of the settings where there are several, or where none could be seen", () => {
    const configured = virginia.arn
    assert.deepEqual(pick({ configured, profiles: [frankfurt, virginia] }), {
      state: "chosen",
      arn: configured,
      listed: true,
    })
    assert.deepEqual(pick({ configured, profiles: [] }), { state: "chosen", arn: configured, listed: false })
    const others = [profile("us-gov-west-1"), profile("us-gov-east-1")]
    assert.deepEqual(pick({ configured, profiles: others }), { state: "open" })
  })

  it("is the one that kiro-cli uses with the same Identity Center", () => {
    const kiroCli = idc({ id: "cli", source: "kiro-cli", profileArn: virginia.arn })
    assert.deepEqual(pick({ profiles: [frankfurt, virginia], others: [kiroCli] }), {
      state: "chosen",
      arn: virginia.arn,
      listed: true,
    })
    const own = { ...kiroCli, source: "own" as const }
    assert.deepEqual(pick({ profiles: [frankfurt, virginia], others: [own] }), { state: "open" })
    const elsewhere = { ...kiroCli, startUrl: "https://d-1111111111.awsapps.com/start" }
    assert.deepEqual(pick({ profiles: [frankfurt, virginia], others: [elsewhere] }), {
      state: "open",
    })
  })

  it("is left to the user where several are equal, and missing where there is none", () => {
    assert.deepEqual(pick({ profiles: [frankfurt, virginia] }), { state: "open" })
    assert.deepEqual(pick({ profiles: [] }), { state: "none" })
  })
})
