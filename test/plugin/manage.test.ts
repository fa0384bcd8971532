import assert from "node:assert/strict"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { afterEach, beforeEach, describe, it } from "node:test"
import { FAILURES } from "../support/fake-kiro/index.ts"
import { API_KEY, AWS, type LoginLab, openLab } from "../login/login-lab.ts"

const MANAGE = 4
const FRANKFURT = "arn:aws:codewhisperer:eu-central-1:123456789012:profile/EUPROFILE"
const VIRGINIA = "arn:aws:codewhisperer:us-east-1:123456789012:profile/USPROFILE"
const START_URL = "https://d-9067642ac7.awsapps.com/start"

describe("managing accounts in `opencode auth login`", () => {
  let lab: LoginLab
  beforeEach(async () => {
    lab = await openLab()
  })
  afterEach(() => lab.close())

  const signIn = async (): Promise<string> => {
    lab.fake.account()
    await lab.signIn(AWS)
    lab.known = await lab.management().list()
    lab.told.length = 0
    return lab.known[0]?.id ?? ""
  }
  const did = async (answers: Record<string, string>): Promise<string> => {
    await lab.signIn(MANAGE, answers)
    return lab.told.at(-1)?.message ?? ""
  }

  it("is offered once there is an account, each with its state and credits", async () => {
    assert.equal(lab.hook().methods.length, MANAGE)
    await signIn()
    const method = lab.hook().methods[MANAGE]
    assert.equal(method?.label, "Manage accounts")
    const [account, deed] = method.prompts ?? []
    assert.ok(account?.type === "select" && deed?.type === "select")
    assert.match(account.options[0]?.label ?? "", /^Builder ID ··[0-9a-f]{4}$/)
    assert.match(account.options[0]?.hint ?? "", /^ok · [\d.]+ \/ 50\.00 credits used · ██░{6} 25 %$/)
    assert.equal(deed.options.length, 7)
    await lab.management().act({ act: "disable", account: lab.known[0]?.id ?? "" })
    lab.known = await lab.management().list()
    const [again] = lab.hook().methods[MANAGE]?.prompts ?? []
    assert.ok(again?.type === "select")
    assert.match(again.options[0]?.label ?? "", /^Builder ID ··[0-9a-f]{4}: switched off$/)
    assert.match(again.options[0]?.hint ?? "", /^[\d.]+ \/ 50\.00 credits used · ██░{6} 25 %$/)
  })

  it("renames, switches off and on, and says each; the menu follows", async () => {
    const account = await signIn()
    assert.match(await did({ account, deed: "rename", name: "Work" }), /is called Work now/)
    assert.match(await did({ account, deed: "disable" }), /Work is switched off/)
    assert.equal((await lab.accounts())[0]?.enabled, false)
    assert.match(await did({ account, deed: "enable" }), /Work is switched on/)
    assert.ok(lab.changes >= 3)
    assert.ok(lab.told.every(({ printed }) => printed === true))
  })

  it("asks Kiro about one that is switched on, and says whether it is used again", async () => {
    const account = await signIn()
    const now = lab.clock.now()
    const kept = { since: now, until: now + 3_600_000, times: 1, reason: "monthly-quota" } as const
    await lab.store.update(account, (current) => ({ ...current, health: { state: "cooling", ...kept } }))
    assert.match(await did({ account, deed: "enable" }), / is switched on\.$/)
    assert.equal((await lab.accounts())[0]?.health.state, "ok")
    for (const each of lab.fake.accounts) each.usage = { ...each.usage, used: 50, limit: 50, bonuses: [] }
    await lab.store.update(account, (current) => ({ ...current, health: { state: "cooling", ...kept } }))
    assert.match(await did({ account, deed: "enable" }), / is switched on, but out of credits until /)
  })

  it("lets it serve this project by a rule that holds its id", async () => {
    const account = await signIn()
    assert.match(await did({ account, deed: "use-for-project" }), /project from now on/)
    const rules = JSON.parse(readFileSync(join(lab.home, ".config", "opencode", "kiro.json"), "utf8"))
    assert.deepEqual(rules.account_rules, [{ project: join(lab.home, "project"), account }])
  })

  it("removes only what the user is sure of", async () => {
    const other = await signIn()
    assert.match(await did({ account: other, deed: "remove", sure: " Y " }), /is forgotten here/)
    const account = await signIn()
    for (const sure of ["", "no", "yesterday"])
      await assert.rejects(lab.signIn(MANAGE, { account, deed: "remove", sure }), /Nothing was removed/)
    assert.match(await did({ account, deed: "remove", sure: "yes" }), /is forgotten here/)
    assert.deepEqual(await lab.accounts(), [])
    await assert.rejects(
      lab.signIn(MANAGE, { account, deed: "rename", name: "x" }),
      /account ··[0-9a-f]{4} is gone/,
    )
  })

  it("lists the profiles by numbers and takes one", async () => {
    const profileArns = [FRANKFURT, VIRGINIA, FRANKFURT.replace("EUPROFILE", "EUSECOND")]
    lab.fake.account({ kind: "identity-center", loginRegion: "eu-north-1", startUrl: START_URL, profileArns })
    await lab.signIn(AWS, { start_url: START_URL, login_region: "eu-north-1" })
    lab.known = await lab.management().list()
    assert.match(lab.known[0]?.state ?? "", /choose a profile/)
    const account = lab.known[0]?.id ?? ""
    const listed = await did({ account, deed: "choose-profile", profile: "" })
    assert.match(
      listed,
      /1\. .* in us-east-1 .*\n.*2\. .* in eu-central-1 .*EUPROFILE\)\n.*3\. .*EUSECOND\)\n/,
    )
    assert.match(
      await did({ account, deed: "choose-profile", profile: "2" }),
      / uses the profile EUPROFILE in eu-central-1\.$/,
    )
    assert.equal((await lab.accounts())[0]?.profileArn, FRANKFURT)
  })

  it("lets a new sign-in take the part of a refused one where nobody can say whose it is", async () => {
    lab.fake.intercept(({ operation }) => operation === "GetUsageLimits", FAILURES.notAuthorized)
    const account = await signIn()
    await lab.store.update(account, (current) => ({
      ...current,
      label: "Mine",
      health: { state: "revoked", since: 1, reason: "login-expired" },
      logins: current.logins.map((login) => ({ ...login, revoked: { at: 1, reason: "invalid_grant" } })),
    }))
    assert.match(await did({ account, deed: "sign-in" }), /^Signed in again as Mine/)
    const [mine, ...others] = await lab.accounts()
    assert.equal(others.length, 0)
    assert.equal(mine?.id, account)
    assert.deepEqual(mine.health, { state: "ok" })
    assert.deepEqual(
      mine.logins.map(({ revoked }) => revoked),
      [undefined],
    )
  })

  it("says so where somebody else signed in, and what that leaves to do", async () => {
    const account = await signIn()
    await lab.store.update(account, (current) => ({ ...current, label: "Mine" }))
    const stranger = async (): Promise<string> => {
      lab.fake.deviceGrants.plan({ account: lab.fake.account() })
      const message = await did({ account, deed: "sign-in" })
      assert.match(message, /^Signed in as Builder ID/)
      return message
    }
    assert.match(await stranger(), /^Nothing says that this is Mine; that stays as it was\.$/m)
    await lab.store.update(account, (current) => ({
      ...current,
      health: { state: "revoked", since: 1, reason: "login-expired" },
    }))
    assert.match(await stranger(), /^Nothing says that this is Mine, which still needs its own sign-in\.$/m)
    assert.equal((await lab.accounts()).length, 3)
  })

  it("begins the sign-in that the account was made by, and says where there is none", async () => {
    const account = await signIn()
    assert.match(await did({ account, deed: "sign-in" }), /^Signed in again as Builder ID/)
    assert.equal(lab.opened.length, 2)
    const key = lab.fake.account({ kind: "api-key" })
    await lab.signIn(API_KEY, { api_key: key.accessToken })
    lab.known = await lab.management().list()
    const other = lab.known.at(-1)?.id ?? ""
    await assert.rejects(lab.signIn(MANAGE, { account: other, deed: "sign-in" }), /Make a new API key/)
  })
})
