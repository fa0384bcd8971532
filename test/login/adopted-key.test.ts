import assert from "node:assert/strict"
import { readFileSync, writeFileSync } from "node:fs"
import { afterEach, beforeEach, describe, it } from "node:test"
import type { AuthHook } from "@opencode-ai/plugin"
import { AUTH_MARKER } from "../../src/host/index.ts"
import { type LoginLab, openLab } from "./login-lab.ts"
import { eventually } from "../support/clock.ts"

type Loader = NonNullable<AuthHook["loader"]>

describe("when OpenCode reads its credentials", () => {
  let lab: LoginLab
  beforeEach(async () => {
    lab = await openLab()
  })
  afterEach(() => lab.close())

  const load = async (key: string): Promise<unknown> => {
    const { loader } = lab.hook()
    assert.ok(loader)
    return loader(async () => ({ type: "api", key }), {} as Parameters<Loader>[1])
  }
  const write = (text: string): void => writeFileSync(lab.authFile, text, { mode: 0o600 })

  it("takes an API key out of auth.json before the first message, and learns whose it is beside it", async () => {
    const person = lab.fake.account({ kind: "api-key" })
    write(JSON.stringify({ kiro: { type: "api", key: person.accessToken } }))
    assert.deepEqual(await load(person.accessToken), {})
    assert.deepEqual(JSON.parse(readFileSync(lab.authFile, "utf8")), {
      kiro: { type: "api", key: AUTH_MARKER },
    })
    const [login] = (await lab.accounts())[0]?.logins ?? []
    assert.equal(login?.kind === "api-key" && login.key.reveal(), person.accessToken)
    await eventually(() => lab.told.length > 0)
    assert.equal((await lab.accounts())[0]?.userId, person.userId)
    assert.match(lab.told[0]?.message ?? "", /^Signed in as API key ··[0-9a-f]{4}, /)
  })

  it("says so when Kiro refuses the key", async () => {
    const key = "ksk_0123456789abcdef"
    write(JSON.stringify({ kiro: { type: "api", key } }))
    await load(key)
    await eventually(() => lab.told.length > 0)
    assert.match(lab.told[0]?.message ?? "", /Kiro refused the API key/)
    const [account] = await lab.accounts()
    assert.equal(account?.health.state === "revoked" && account.health.reason, "api-key-refused")
  })

  it("does nothing about the marker or any other text", async () => {
    for (const key of [AUTH_MARKER, "kiro-bootstrap-placeholder", "sk-ant-0123456789"]) {
      write(JSON.stringify({ kiro: { type: "api", key } }))
      assert.deepEqual(await load(key), {})
      assert.deepEqual(JSON.parse(readFileSync(lab.authFile, "utf8")), { kiro: { type: "api", key } })
    }
    assert.deepEqual(await lab.accounts(), [])
    assert.deepEqual(lab.fake.requests, [])
  })

  it("lets OpenCode go on where the key can't be kept", async () => {
    await lab.store.close()
    const { loader } = lab.hook()
    const key = "ksk_0123456789abcdef"
    write(JSON.stringify({ kiro: { type: "api", key } }))
    assert.deepEqual(await loader?.(async () => ({ type: "api", key }), {} as Parameters<Loader>[1]), {})
    assert.match(readFileSync(lab.authFile, "utf8"), new RegExp(key))
  })
})
