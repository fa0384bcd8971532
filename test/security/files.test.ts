import assert from "node:assert/strict"
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { it } from "node:test"
import { newAccount, openAccountStore } from "../../src/accounts/index.ts"
import { reserveSpill } from "../../src/accounts/tokens/spill.ts"
import { silentLog, systemClock } from "../../src/runtime.ts"
import { openLog, replaceFile } from "../../src/settings/index.ts"
import { idcLogin, tokens } from "../accounts/logins.ts"

const POSIX = process.platform === "win32" ? { skip: "no file modes here" } : {}

it("everything we write is for its owner alone, whatever the umask", POSIX, async () => {
  const folder = mkdtempSync(join(tmpdir(), "kiro-modes-"))
  const at = (name: string): string => join(folder, name)
  const umask = process.umask(0)
  const store = await openAccountStore({
    path: at("kiro.db"),
    clock: systemClock,
    log: silentLog,
    random: Math.random,
  })
  try {
    await store.add(newAccount({ id: "a", now: 1, logins: [idcLogin({ id: "a" })] }))
    const log = openLog({ path: at("kiro.log"), level: "info", clock: systemClock, maxFileBytes: 100 })
    for (const line of ["one", "two"]) log.info(line)
    await replaceFile({ path: at("kiro-models.json"), text: "{}", unique: "x" })
    const spill = reserveSpill(at("kiro-tokens.spill"))
    assert.ok(spill.state === "reserved" && spill.write({ before: tokens("a"), after: tokens("b") }))
    const written = readdirSync(folder).toSorted()
    assert.deepEqual(written, [
      "kiro-models.json",
      "kiro-tokens.spill",
      "kiro.db",
      "kiro.db-shm",
      "kiro.db-wal",
      "kiro.log",
      "kiro.log.1",
    ])
    for (const name of written) assert.equal(statSync(at(name)).mode & 0o777, 0o600, name)
  } finally {
    process.umask(umask)
    await store.close()
    rmSync(folder, { recursive: true, force: true })
  }
})
