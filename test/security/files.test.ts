import assert from "node:assert/strict"
import { chmodSync, readdirSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { it } from "node:test"
import { newAccount } from "../../src/accounts/index.ts"
import { Spills } from "../../src/accounts/tokens/spill.ts"
import { silentLog, systemClock } from "../../src/runtime.ts"
import { openLog, replaceFile } from "../../src/settings/index.ts"
import { idcLogin, tokens } from "../accounts/logins.ts"
import { needsModes } from "../support/posix.ts"
import { temporaryFolder } from "../support/temporary-folder.ts"
import { openStore } from "../accounts/open-for-test.ts"

it("everything we write is for its owner alone, whatever the umask", needsModes, async () => {
  const folder = temporaryFolder()
  const at = (name: string): string => join(folder, name)
  const umask = process.umask(0)
  const { store } = await openStore({ path: at("kiro.db") })
  try {
    await store.add(newAccount({ id: "a", now: 1, logins: [idcLogin({ id: "a" })] }))
    const log = openLog({ path: at("kiro.log"), level: "info", clock: systemClock, maxFileBytes: 100 })
    for (const line of ["one", "two"]) log.info(line)
    await replaceFile({ path: at("kiro-models.json"), text: "{}", unique: "x" })
    const busy = {
      compareAndSwapTokens: () => "busy" as const,
      peek: () => ({ outcome: "unavailable" }) as const,
    }
    const spills = new Spills({ store: busy, path: at("kiro-tokens.spill"), log: silentLog })
    assert.equal(spills.save({ loginId: "a", before: tokens("a"), after: tokens("b") }), "spilled")
    const written = readdirSync(folder).toSorted()
    assert.deepEqual(written, [
      "kiro-models.json",
      "kiro-tokens.spill-a",
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
  }
})

it("a database that others could read is closed to them", needsModes, async () => {
  const path = join(temporaryFolder(), "kiro.db")
  for (const suffix of ["", "-wal", "-shm"]) writeFileSync(path + suffix, "")
  for (const suffix of ["", "-wal", "-shm"]) chmodSync(path + suffix, 0o644)
  const { store } = await openStore({ path })
  await store.add(newAccount({ id: "a", now: 1, logins: [idcLogin({ id: "a" })] }))
  for (const suffix of ["", "-wal", "-shm"]) assert.equal(statSync(path + suffix).mode & 0o777, 0o600, suffix)
  await store.close()
})
