import assert from "node:assert/strict"
import { existsSync, mkdtempSync, rmSync, statSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { after, describe, it } from "node:test"
import {
  type AccountStore,
  newAccount,
  type Notice,
  openAccountStore,
  selectAccount,
} from "../../src/accounts/index.ts"
import { silentLog, systemClock } from "../../src/runtime.ts"
import { idcLogin } from "./logins.ts"

const root = mkdtempSync(join(tmpdir(), "kiro-store-"))
after(() => rmSync(root, { recursive: true, force: true }))

let files = 0

async function open(path = join(root, `${(files += 1)}`, "kiro.db")): Promise<{
  store: AccountStore
  path: string
  notices: Notice[]
}> {
  const notices: Notice[] = []
  const store = await openAccountStore({
    path,
    clock: systemClock,
    log: silentLog,
    random: Math.random,
    notify: (notice) => notices.push(notice),
  })
  return { store, path, notices }
}

describe("the account store", () => {
  it("makes no file for who only reads", async () => {
    const { store, path } = await open()
    assert.deepEqual(await store.list(), [])
    assert.equal((await store.session("ses_1")).generation, 0)
    assert.deepEqual(await store.turns(), [])
    assert.equal(existsSync(path), false)
    await store.close()
  })

  it("gives an account back as it was put in", async () => {
    const { store, path } = await open()
    const account = {
      ...newAccount({
        id: "a",
        now: 5,
        logins: [idcLogin({ id: "l", startUrl: "https://d-1.awsapps.com/start" })],
      }),
      userId: "d-1.user",
      label: "work",
      email: "a@example.com",
      lastUsedAt: 7,
      health: { state: "cooling", since: 1, until: 9, reason: "throttled", times: 2, message: "slow down" },
      hosts: { "runtime:us-east-1": "https://q.us-east-1.amazonaws.com" },
      quota: {
        checkedAt: 3,
        plan: "KIRO PRO",
        used: 12.37,
        limit: 50,
        resetAt: 10,
        trial: { used: 1, limit: 500, expiresAt: 11 },
        bonuses: [{ name: "Welcome", used: 0, limit: 100 }],
        overage: { enabled: true, used: 0.5, cap: 10_000 },
      },
    } as const
    await store.add(account)
    await store.close()
    const again = await open(path)
    assert.deepEqual(await again.store.list(), [account])
    assert.equal((await again.store.get("a"))?.logins[0]?.kind, "idc")
    await again.store.close()
  })

  it("keeps everything 0600", async () => {
    const { store, path } = await open()
    await store.add(newAccount({ id: "a", now: 0, logins: [] }))
    for (const suffix of ["", "-wal", "-shm"])
      assert.equal(statSync(path + suffix).mode & 0o777, 0o600, suffix)
    await store.close()
  })

  it("remembers the account of a session", async () => {
    const { store } = await open()
    for (const id of ["a", "b"]) await store.add(newAccount({ id, now: 0, logins: [idcLogin({ id })] }))
    const choose = (session: string): Promise<string | undefined> =>
      store
        .assign(session, (state) =>
          selectAccount(state, { strategy: "round-robin", useOverage: true, now: Date.now() }),
        )
        .then((choice) => choice.account?.id)
    assert.deepEqual(
      [await choose("1"), await choose("2"), await choose("1"), await choose("3")],
      ["a", "b", "a", "a"],
    )
    assert.equal((await store.session("2")).accountId, "b")
    await store.close()
  })
})
