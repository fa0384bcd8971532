import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { type Login, newAccount } from "../../src/accounts/index.ts"
import type { KiroProfile } from "../../src/kiro/index.ts"
import { pickProfile, type ProfileChoice } from "../../src/plugin/login/profile.ts"
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
}): ProfileChoice =>
  pickProfile({
    asked: question.asked,
    configured: question.configured,
    profiles: question.profiles,
    login: idc({}),
    accounts: (question.others ?? []).map((login) => newAccount({ id: login.id, now: 1, logins: [login] })),
  })

describe("the profile of a sign-in", () => {
  it("is the only one", () => {
    assert.deepEqual(pick({ profiles: [frankfurt] }), { chosen: frankfurt.arn, known: true })
  })

  it("is the one that was asked for, also where the service does not list it", () => {
    assert.deepEqual(pick({ asked: virginia.arn, profiles: [frankfurt] }), {
      chosen: virginia.arn,
      known: false,
    })
  })

  it("is that of the settings where there are several, or where none could be seen", () => {
    const configured = virginia.arn
    assert.deepEqual(pick({ configured, profiles: [frankfurt, virginia] }), {
      chosen: configured,
      known: true,
    })
    assert.deepEqual(pick({ configured, profiles: [] }), { chosen: configured, known: false })
  })

  it("is the one that kiro-cli uses with the same Identity Center", () => {
    const kiroCli = idc({ id: "cli", source: "kiro-cli", profileArn: virginia.arn })
    assert.deepEqual(pick({ profiles: [frankfurt, virginia], others: [kiroCli] }), {
      chosen: virginia.arn,
      known: true,
    })
    const elsewhere = { ...kiroCli, startUrl: "https://d-1111111111.awsapps.com/start" }
    assert.deepEqual(pick({ profiles: [frankfurt, virginia], others: [elsewhere] }), {
      choose: [frankfurt, virginia],
    })
  })

  it("is left to the user where several are equal, and missing where there is none", () => {
    assert.deepEqual(pick({ profiles: [frankfurt, virginia] }), { choose: [frankfurt, virginia] })
    assert.deepEqual(pick({ profiles: [] }), { none: true })
  })
})
