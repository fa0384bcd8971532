import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { LoginError, readLoginTarget, readRegion, type LoginDefaults } from "../../src/login/input.ts"

const plain: LoginDefaults = { defaultRegion: "us-east-1" }
const company: LoginDefaults = {
  defaultRegion: "us-east-1",
  idcStartUrl: "https://d-9067642ac7.awsapps.com/start",
  idcRegion: "eu-north-1",
}
const builderId = { kind: "builder-id", startUrl: "https://view.awsapps.com/start", loginRegion: "us-east-1" }

describe("where a sign-in goes", () => {
  it("goes to Builder ID when nothing is typed and nothing is set", () => {
    assert.deepEqual(readLoginTarget({ start_url: "" }, plain), builderId)
    assert.deepEqual(readLoginTarget({}, { ...plain, defaultRegion: "eu-central-1" }), builderId)
  })

  it("goes to the company's Identity Center when nothing is typed and one is set", () => {
    assert.deepEqual(readLoginTarget({ start_url: " " }, company), {
      kind: "identity-center",
      startUrl: "https://d-9067642ac7.awsapps.com/start",
      loginRegion: "eu-north-1",
    })
  })

  for (const word of [
    "builder-id",
    " Builder ID",
    "builderid",
    "AWS Builder ID",
    "https://view.awsapps.com/start/",
  ])
    it(`takes "${word}" for Builder ID, also where a company is set`, () => {
      assert.deepEqual(readLoginTarget({ start_url: word }, company), builderId)
    })

  for (const typed of [
    "https://d-9067642ac7.awsapps.com/start",
    "https://d-9067642ac7.awsapps.com/start/",
    "https://d-9067642ac7.awsapps.com/start/#/",
    "https://d-9067642ac7.awsapps.com/start#/?tab=accounts",
    "  d-9067642ac7.awsapps.com/start\n",
    "http://d-9067642ac7.awsapps.com/start",
    "d-9067642ac7.awsapps.com",
    "d-9067642ac7",
    "D-9067642AC7",
    "<https://d-9067642ac7.awsapps.com/start>",
  ])
    it(`reads ${JSON.stringify(typed)} as the start URL of that directory`, () => {
      const target = readLoginTarget({ start_url: typed, login_region: "EU North 1 " }, plain)
      assert.equal(target.kind, "identity-center")
      assert.equal(target.startUrl, "https://d-9067642ac7.awsapps.com/start")
      assert.equal(target.loginRegion, "eu-north-1")
    })

  it("takes the region from what was typed, then from a regional portal, the settings, the default", () => {
    const portal = "https://ssoins-0123456789abcdef.portal.ap-southeast-2.app.aws"
    const region = (answers: Record<string, string>, defaults: LoginDefaults): string =>
      readLoginTarget(answers, defaults).loginRegion
    assert.equal(region({ start_url: portal, login_region: "us-west-2" }, company), "us-west-2")
    assert.equal(region({ start_url: portal, login_region: "" }, company), "ap-southeast-2")
    assert.equal(region({ start_url: "d-9067642ac7" }, company), "eu-north-1")
    assert.equal(region({ start_url: "d-9067642ac7" }, { defaultRegion: "eu-west-1" }), "eu-west-1")
  })

  it("keeps an alias and the path of a GovCloud portal", () => {
    const startUrl = (typed: string): string => readLoginTarget({ start_url: typed }, plain).startUrl
    assert.equal(startUrl("my-company.awsapps.com/start/"), "https://my-company.awsapps.com/start")
    assert.equal(
      startUrl("https://start.us-gov-home.awsapps.com/directory/d-9067642ac7/"),
      "https://start.us-gov-home.awsapps.com/directory/d-9067642ac7",
    )
  })

  it("keeps the profile that was asked for", () => {
    const profile = "arn:aws:codewhisperer:eu-central-1:123456789012:profile/ABCDEF123456"
    assert.equal(
      readLoginTarget({ start_url: "d-9067642ac7", profile_arn: ` ${profile} ` }, plain).profileArn,
      profile,
    )
    assert.equal(
      readLoginTarget({ start_url: "d-9067642ac7", profile_arn: "  " }, plain).profileArn,
      undefined,
    )
  })

  for (const [typed, words] of [
    ["my company", /start URL/],
    ["ftp://d-9067642ac7.awsapps.com/start", /start URL/],
    ["https://user:pass@d-9067642ac7.awsapps.com/start", /start URL/],
    ["https://start.home.awsapps.cn/directory/d-9067642ac7", /China/],
    ["https://login.microsoftonline.com/tenant", /kiro-cli login/],
    ["company.okta.com", /kiro-cli login/],
  ] as const)
    it(`refuses "${typed}" and says why`, () => {
      assert.throws(
        () => readLoginTarget({ start_url: typed }, plain),
        (error) => error instanceof LoginError && words.test(error.message),
      )
    })

  it("refuses what is no region and what is no profile ARN", () => {
    assert.throws(() => readRegion("Stockholm"), /not an AWS region/)
    assert.throws(
      () => readLoginTarget({ start_url: "d-9067642ac7", profile_arn: "MyProfile" }, plain),
      /profile ARN/,
    )
  })
})
