import assert from "node:assert/strict"
import { afterEach, beforeEach, describe, it } from "node:test"
import { type Account, learnIdentity, type Login, newAccount } from "../../src/accounts/index.ts"
import { Secret } from "../../src/secret.ts"
import { FAILURES } from "../support/fake-kiro/index.ts"
import { API_KEY, type LoginLab, openLab } from "./login-lab.ts"

const HOUR = 3_600_000

/** Somebody whom nobody could name yet switches themselves off or removes themselves, and signs in once more. */
describe("a sign-in after whatever its user did before", () => {
  let lab: LoginLab
  let isDown: boolean
  beforeEach(async () => {
    lab = await openLab()
    isDown = true
    lab.fake.intercept(({ operation }) => isDown && operation === "GetUsageLimits", FAILURES.throttled)
  })
  afterEach(() => lab.close())

  const givesKey = async (key: string): Promise<Account | undefined> => {
    lab.clock.advance(1000)
    await lab.signIn(API_KEY, { api_key: key })
    return (await lab.accounts()).find(({ logins }) => logins.some(({ kind }) => kind === "api-key"))
  }
  const adds = async (id: string, login: Partial<Login>): Promise<Login> => {
    const now = lab.clock.now()
    const tokens = {
      accessToken: new Secret(`access ${id}`),
      refreshToken: new Secret(id),
      expiresAt: now + HOUR,
    }
    const whole = { kind: "social", id, source: "own", tokens, ...login } as Login
    await lab.store.add(newAccount({ id, now, logins: [whole] }))
    return whole
  }
  const isNamed = async (login: Login, userId: string): Promise<void> => {
    lab.clock.advance(1000)
    const now = lab.clock.now()
    await lab.store.reconcile((accounts) => learnIdentity(accounts, { login, userId, now }))
  }
  const isDoneTo = async (act: "disable" | "remove", account: string): Promise<void> => {
    lab.clock.advance(1000)
    await lab.management().act({ act, account })
  }

  for (const act of ["disable", "remove"] as const)
    it(`counts where it is a key that was given before: ${act}`, async () => {
      const { accessToken, userId } = lab.fake.account({ kind: "api-key" })
      const key = (await givesKey(accessToken))?.logins[0]
      assert.ok(key)
      await isNamed(await adds("theirs", {}), userId)
      await isDoneTo(act, "theirs")
      await givesKey(accessToken)
      await isNamed(key, userId)
      assert.deepEqual(
        (await lab.accounts()).map((account) => [account.userId, account.enabled]),
        [[userId, true]],
      )
    })

  it("counts where the service says at once that it is somebody who was removed", async () => {
    const { accessToken, userId } = lab.fake.account({ kind: "api-key" })
    await givesKey(accessToken)
    await isNamed(await adds("theirs", {}), userId)
    await isDoneTo("remove", "theirs")
    isDown = false
    assert.equal((await givesKey(accessToken))?.userId, userId)
  })

  it("counts for an account that it signs in again, also where the clock was ahead of it before", async () => {
    const { userId } = lab.fake.account()
    const client = { clientId: "client", clientSecret: new Secret("secret") }
    const revoked = { at: 1, reason: "invalid_grant" }
    await adds("refused", { kind: "idc", client, loginRegion: "us-east-1", revoked })
    await isNamed(await adds("theirs", {}), userId)
    lab.clock.advance(8 * HOUR)
    await isDoneTo("remove", "theirs")
    lab.clock.advance(-8 * HOUR)
    await (await lab.management().signInAgain("refused")).complete()
    const again = (await lab.accounts())[0]?.logins[0]
    assert.ok(again)
    await isNamed(again, userId)
    assert.equal((await lab.accounts())[0]?.userId, userId)
  })

  it("gives a host the account of a key that was removed once and given again", async () => {
    const { accessToken } = lab.fake.account({ kind: "api-key" })
    const before = await givesKey(accessToken)
    await isDoneTo("remove", before?.id ?? "")
    const after = await givesKey(accessToken)
    assert.ok(after)
    assert.equal(await lab.logins().accountOfKey(new Secret(accessToken)), after.id)
  })
})
