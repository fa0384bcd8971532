import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { newAccount, type Notice } from "../../src/accounts/index.ts"
import { createNotify } from "../../src/host/services.ts"
import { createToaster, type Toast } from "../../src/plugin/toasts.ts"
import { silentLog } from "../../src/runtime.ts"
import { idcLogin } from "../accounts/logins.ts"
import { fakeClock } from "../support/clock.ts"

const SWITCHED: Notice = {
  kind: "account-switched",
  from: "A ··1111",
  to: "B ··2222",
  because: "credits used up",
}

describe("a notice", () => {
  it("is shown once for one event, and again for another", () => {
    const toasts: Toast[] = []
    const notify = createNotify({ show: (toast) => toasts.push(toast), log: silentLog, enabled: true })
    notify(SWITCHED)
    notify(SWITCHED)
    notify({ ...SWITCHED, to: "C ··3333" })
    assert.equal(toasts.length, 2)
    assert.match(toasts[0]?.message ?? "", /A ··1111.*credits used up.*B ··2222/)
  })

  it("is shown again where what was over has come back: another suspension, another login that ended", () => {
    const toasts: Toast[] = []
    const notify = createNotify({ show: (toast) => toasts.push(toast), log: silentLog, enabled: true })
    const login = idcLogin({ id: "one" })
    const account = newAccount({ id: "a", now: 0, logins: [login] })
    for (const at of [1, 1, 2]) {
      const health = { state: "revoked", since: at, reason: "suspended" } as const
      notify({ kind: "account-revoked", reason: "suspended", account: { ...account, health } })
    }
    assert.equal(toasts.length, 2)
    for (const [at, since] of [
      [1, 1],
      // Of two requests that hear of it each says when.
      [1, 2],
      [5, 5],
    ] as const) {
      const health = { state: "revoked", since, reason: "login-expired" } as const
      const logins = [{ ...login, revoked: { at, reason: "invalid_grant" } }]
      notify({ kind: "account-revoked", reason: "login-expired", account: { ...account, health, logins } })
    }
    assert.equal(toasts.length, 4)
  })

  it("goes to the log alone where toasts are switched off", () => {
    const logged: string[] = []
    const log = { ...silentLog, info: (message: string) => logged.push(message) }
    const toast = (): void => assert.fail("a toast was shown")
    createNotify({ show: toast, log, enabled: false })(SWITCHED)
    assert.equal(logged.length, 1)
  })
})

describe("a toast", () => {
  const lab = () => {
    const clock = fakeClock(1000)
    const shown: { readonly at: number; readonly message: string }[] = []
    const showToast = async ({ body }: { readonly body: { readonly message: string } }) =>
      void shown.push({ at: clock.now(), message: body.message })
    const client = { tui: { showToast } }
    const stop = new AbortController()
    const toast = createToaster({ client, clock, log: silentLog, startedAt: 1000, signal: stop.signal })
    return { clock, shown, stop, toast }
  }
  const settled = () => new Promise((resolve) => setImmediate(resolve))

  it("waits until OpenCode's UI listens, three seconds after the start", async () => {
    const { clock, shown, toast } = lab()
    toast({ message: "early", variant: "info" })
    await settled()
    assert.deepEqual(clock.slept, [3000])
    assert.deepEqual(shown, [{ at: 4000, message: "early" }])
  })

  it("is shown at once later on", async () => {
    const { clock, shown, toast } = lab()
    clock.advance(10_000)
    toast({ message: "late", variant: "info" })
    await settled()
    assert.deepEqual(clock.slept, [])
    assert.equal(shown.length, 1)
  })

  it("is dropped without a word when the instance has ended", async () => {
    const { shown, stop, toast } = lab()
    stop.abort(new Error("ended"))
    toast({ message: "too late", variant: "info" })
    await settled()
    assert.deepEqual(shown, [])
  })
})
