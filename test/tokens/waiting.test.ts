import assert from "node:assert/strict"
import { join } from "node:path"
import { describe, it } from "node:test"
import {
  type AccountStore,
  newAccount,
  pairHash,
  recordOf,
  type TokenLogin,
  type WriteBack,
} from "../../src/accounts/index.ts"
import type { LoginPlace } from "../../src/accounts/account.ts"
import { InStep, type SourceStore } from "../../src/accounts/tokens/in-step.ts"
import { type PairSwap, withRecord } from "../../src/accounts/login.ts"
import { Spills } from "../../src/accounts/tokens/spill.ts"
import type { TokenSwap } from "../../src/accounts/store/account-rows.ts"
import { silentLog } from "../../src/runtime.ts"
import { idcLogin, tokens } from "../accounts/logins.ts"
import { openStore } from "../accounts/open-for-test.ts"
import { fakeClock } from "../support/clock.ts"
import { temporaryFolder } from "../support/temporary-folder.ts"

describe("pairs that wait for a database one behind the other", () => {
  it("go there as one, which names the pair between them", () => {
    const asked: PairSwap[] = []
    const store = {
      compareAndSwapTokens: ({ before, after, through = [] }: PairSwap) => {
        asked.push({ before, after, through })
        return "busy" as const
      },
      peek: () => ({ outcome: "unavailable" }) as const,
    }
    const spills = new Spills({ store, path: join(temporaryFolder(), "spill"), log: silentLog })
    for (const [before, after] of [
      ["1", "2"],
      ["2", "3"],
      ["3", "4"],
    ] as const) {
      const swap = { loginId: "l", before: tokens(before), after: tokens(after) }
      assert.equal(spills.save(swap), "spilled")
    }
    assert.deepEqual(
      asked.map(({ before, after, through }) => [pairHash(before), pairHash(after), through]),
      [
        [pairHash(tokens("1")), pairHash(tokens("2")), []],
        [pairHash(tokens("1")), pairHash(tokens("3")), [pairHash(tokens("2"))]],
        [pairHash(tokens("1")), pairHash(tokens("4")), [pairHash(tokens("2")), pairHash(tokens("3"))]],
      ],
    )
  })
})

describe("a pair that waits in a file", () => {
  const swap: TokenSwap = { loginId: "l", before: tokens("old"), after: tokens("new") }

  it("stays there until the database is seen to have let go of the old one, whatever the write said", () => {
    let shown = pairHash(swap.before)
    let written: "busy" | "written" | "changed" = "busy"
    const store = {
      compareAndSwapTokens: () => written,
      peek: () => ({ outcome: "row", hash: shown }) as const,
    }
    const path = join(temporaryFolder(), "spill")
    const open = (): Spills => new Spills({ store, path, log: silentLog })
    const first = open()
    assert.equal(first.save(swap), "spilled")
    assert.ok(first.keepAll())
    for (written of ["written", "changed"] as const) {
      assert.equal(open().settle("l"), "waiting")
      assert.deepEqual(open().inFiles(), ["l"])
    }
    shown = pairHash(swap.after)
    assert.equal(open().settle("l"), "settled")
    assert.deepEqual(open().inFiles(), [])
  })

  it("goes into the row also where the service gave the old refresh token with it again", () => {
    const { refreshToken } = swap.before
    assert.ok(refreshToken)
    const same = { ...swap, after: { ...swap.after, refreshToken } }
    const results = ["busy", "written"] as const
    let asked = 0
    const store = {
      compareAndSwapTokens: () => results[asked++] ?? "changed",
      peek: () => ({ outcome: "row", hash: pairHash(same.after) }) as const,
    }
    const spills = new Spills({ store, path: join(temporaryFolder(), "spill"), log: silentLog })
    assert.equal(spills.save(same), "spilled")
    assert.equal(spills.settle("l"), "settled")
  })

  it("is told from the room for one, which is no login's", () => {
    const store = {
      compareAndSwapTokens: () => "busy" as const,
      peek: () => ({ outcome: "unavailable" }) as const,
    }
    const spills = new Spills({ store, path: join(temporaryFolder(), "spill"), log: silentLog })
    assert.equal(spills.reserve("l"), "reserved")
    assert.deepEqual(spills.inFiles(), [])
    assert.equal(spills.save(swap), "spilled")
    assert.equal(spills.reserve("l"), "reserved")
    assert.deepEqual(spills.inFiles(), ["l"])
  })
})

describe("a store that can't be read", () => {
  it("is away since it was first found so, however often it is looked at", async () => {
    const clock = fakeClock()
    const { store } = await openStore({ clock })
    const place = { source: "kiro-ide", key: "file" } as const
    const record = { places: [place], hashes: [pairHash(tokens("l"))], inherited: [] }
    const login = { ...idcLogin({ id: "l", source: "kiro-ide" }), record }
    await store.add(newAccount({ id: "a", now: clock.now(), logins: [login] }))
    const away: SourceStore = {
      source: "kiro-ide",
      has: () => true,
      read: async () => ({ logins: [], problems: [], unread: ["file"] }),
      fingerprint: () => "",
      writeBack: async () => "unavailable",
    }
    const inStep = new InStep({ store, sources: [away], clock, log: silentLog })
    const held = async (): Promise<TokenLogin> => {
      const found = (await store.get("a"))?.logins[0]
      assert.ok(found !== undefined && found.kind !== "api-key")
      return found
    }
    const first = clock.now()
    assert.equal(await inStep.look(await held()), first)
    clock.advance(60_000)
    assert.equal(await inStep.look(await held()), first)
    await store.close()
  })
})

describe("a pair that is owed to another program", () => {
  const clock = fakeClock()
  const place = { source: "kiro-cli", key: "file#row", shown: "older", owed: true } as const
  /** The places of the login, once the program's store was written to. */
  const placesAfter = async (
    writeBack: (store: AccountStore) => Promise<WriteBack>,
  ): Promise<readonly LoginPlace[]> => {
    const { store } = await openStore({ clock })
    const record = { places: [place], hashes: ["older", pairHash(tokens("l"))], inherited: [] }
    const login = { ...idcLogin({ id: "l", source: "kiro-cli" }), record }
    await store.add(newAccount({ id: "a", now: clock.now(), logins: [login] }))
    const source: SourceStore = {
      source: "kiro-cli",
      has: () => true,
      read: async () => ({ logins: [], problems: [], unread: [] }),
      fingerprint: () => "",
      writeBack: () => writeBack(store),
    }
    await new InStep({ store, sources: [source], clock, log: silentLog }).pay(login)
    const [after] = (await store.get("a"))?.logins ?? []
    await store.close()
    assert.ok(after)
    return recordOf(after).places
  }

  it("does not get its place back where another login took it while the pair was written", async () => {
    const places = await placesAfter(async (store) => {
      await store.updateLogin("l", (row) => withRecord(row, { places: [] }))
      return "other"
    })
    assert.deepEqual(places, [])
  })

  it("is shown there once it is written, and not where a pair stands that ours does not replace", async () => {
    assert.deepEqual(await placesAfter(async () => "written"), [
      { ...place, shown: pairHash(tokens("l")), owed: false },
    ])
    assert.deepEqual(await placesAfter(async () => "other"), [{ ...place, owed: false }])
  })

  it("is owed no more to a row that is gone, but still to a store that is away", async () => {
    assert.deepEqual(await placesAfter(async () => "gone"), [])
    assert.deepEqual(await placesAfter(async () => "unavailable"), [place])
  })
})
