import assert from "node:assert/strict"
import { existsSync, mkdirSync, rmdirSync, utimesSync } from "node:fs"
import { join } from "node:path"
import { describe, it } from "node:test"
import { LOCK_STALE_MS, lockAt, WATCHED_TRIES } from "../../src/accounts/tokens/lock.ts"
import { silentLog } from "../../src/runtime.ts"
import { temporaryFolder } from "../support/temporary-folder.ts"

describe("the lock of a login", () => {
  const open = () => {
    const path = join(temporaryFolder(), "lock")
    return { path, tryLock: lockAt(path, silentLog) }
  }
  /** As a holder leaves it that was last heard of so long ago. */
  const signedAgo = (path: string, ms: number): void => {
    const at = new Date(Date.now() - ms)
    utimesSync(path, at, at)
  }
  const HOUR = 3_600_000

  it("is had where nobody holds it, and given back", async () => {
    const { path, tryLock } = open()
    const lock = await tryLock()
    assert.equal(lock.state, "held")
    assert.equal((await lockAt(path, silentLog)()).state, "busy")
    if (lock.state === "held") await lock.release()
    assert.ok(!existsSync(path))
  })

  it("is no stale one because a laptop slept or the clock was set: its holder gets to say that it lives", async () => {
    const { path, tryLock } = open()
    mkdirSync(path)
    for (const slept of [8 * HOUR, HOUR, HOUR / 2]) {
      signedAgo(path, slept)
      for (let tries = 0; tries < WATCHED_TRIES; tries += 1) assert.equal((await tryLock()).state, "busy")
    }
    rmdirSync(path)
    assert.equal((await tryLock()).state, "held")
  })

  it("is taken from a holder that gives no sign of life while it is watched", async () => {
    const { path, tryLock } = open()
    mkdirSync(path)
    signedAgo(path, LOCK_STALE_MS + 1000)
    const states: string[] = []
    for (let tries = 0; tries <= WATCHED_TRIES; tries += 1) states.push((await tryLock()).state)
    assert.deepEqual(new Set(states.slice(0, -1)), new Set(["busy"]))
    assert.equal(states.at(-1), "held")
  })
})
