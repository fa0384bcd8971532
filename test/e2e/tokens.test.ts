import assert from "node:assert/strict"
import { readdirSync } from "node:fs"
import { join } from "node:path"
import { describe, it } from "node:test"
import { systemClock } from "../../src/runtime.ts"
import { finish, stream, text } from "../support/fake-kiro/index.ts"
import { createToken } from "../support/fake-kiro/oidc.ts"
import { readKiroCliRow, seedKiroCliStore } from "../support/kiro-cli-store.ts"
import { runOpencode, type Sandbox } from "../support/opencode/index.ts"
import { withFakeAndSandbox } from "./setup.ts"

const RUN = ["run", "-m", "kiro/claude-sonnet-4-5", "hello"]

/** OpenCode 1.18 fails where many processes open its own database at once: each has one; kiro.db is shared. */
const ownDatabase = (sandbox: Sandbox, index: number): Record<string, string> => ({
  XDG_DATA_HOME: join(sandbox.root, `data-${index}`),
  KIROCLI_DB_PATH: sandbox.kiroCliStore,
})

describe("several OpenCode processes at once, with one expired single-use token in kiro-cli", () => {
  for (const processes of [4])
    it(`${processes} of them make one refresh, and all are answered`, { timeout: 600_000 }, () =>
      withFakeAndSandbox(async ({ fake, account, sandbox }) => {
        account.expire()
        const expiresAt = Date.now() - 3_600_000
        await seedKiroCliStore({ path: sandbox.kiroCliStore, accounts: [account], expiresAt })
        fake.otherwise = stream(text("all of us"), finish())
        // Slow enough for all of them to be waiting for it.
        fake.next("CreateToken", async (request) => {
          await systemClock.sleep(4000)
          return createToken(fake, request)
        })
        const runs = await Promise.all(
          Array.from({ length: processes }, (_, index) =>
            runOpencode(sandbox, RUN, { timeoutMs: 500_000, environment: ownDatabase(sandbox, index) }),
          ),
        )
        for (const run of runs) assert.match(run.stdout, /all of us/, run.text)
        assert.equal(account.refreshCount, 1)
        assert.equal(fake.received("CreateToken").length, 1)
        const row = await readKiroCliRow(sandbox.kiroCliStore, "kirocli:odic:token")
        assert.equal((row as { refresh_token: string }).refresh_token, account.refreshToken)
        const left = readdirSync(sandbox.config).filter((name) => /\.lock|\.spill/.test(name))
        assert.deepEqual(left, [])
      }),
    )
})
