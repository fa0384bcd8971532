import assert from "node:assert/strict"
import { execFile } from "node:child_process"
import { mkdirSync, writeFileSync } from "node:fs"
import { extname, join } from "node:path"
import { describe, it } from "node:test"
import { promisify } from "node:util"
import { startFakeKiro } from "../support/fake-kiro/index.ts"
import { kiroCliStoreOf, readKiroCliRow, seedKiroCliStore } from "../support/kiro-cli-store.ts"
import { packageFolder } from "../support/opencode/index.ts"
import { temporaryFolder } from "../support/temporary-folder.ts"
import { startEnvironment } from "../support/posix.ts"

const SCRIPT = join(import.meta.dirname, `host-process${extname(import.meta.filename)}`)
const run = promisify(execFile)

describe("several processes of OpenCode 2 on one home, with the built package", () => {
  it("make one refresh of a token that has ended, write it back to kiro-cli, and are all answered", async () => {
    const folder = join(packageFolder(), "dist")
    const home = temporaryFolder()
    await using fake = await startFakeKiro()
    const account = fake.account()
    account.expire()
    const config = join(home, ".config", "opencode")
    mkdirSync(config, { recursive: true })
    writeFileSync(join(config, "kiro.json"), JSON.stringify({ endpoint_override: fake.url }))
    const store = kiroCliStoreOf(home)
    await seedKiroCliStore({ path: store, accounts: [account], expiresAt: Date.now() - 3_600_000 })
    const env = { ...startEnvironment(), HOME: home, USERPROFILE: home, BROWSER: "true" }
    const answers = await Promise.all(
      ["one", "two", "three"].map((question) =>
        run(process.execPath, [SCRIPT, folder, question], { env, timeout: 50_000 }),
      ),
    )
    for (const { stdout } of answers)
      assert.deepEqual(JSON.parse(stdout), { text: "Hello from the fake Kiro.", waits: [] }, stdout)
    assert.equal(account.refreshCount, 1)
    assert.equal(fake.chats.length, 3)
    assert.deepEqual(fake.refused, [])
    const row = (await readKiroCliRow(store, "kirocli:odic:token")) as { refresh_token: string }
    assert.equal(row.refresh_token, account.refreshToken)
  })
})
