import assert from "node:assert/strict"
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { join } from "node:path"

/** The shapes of every secret that the fake Kiro makes up: tokens, client secrets and API keys. */
const SECRET =
  /ao[ar]AAAAAG[0-9a-f-]{16,}|eyJ0eXAiOiJKV1Qi[0-9a-f-]{16,}|eyJraWQi[0-9a-f-]{36}|ksk_[0-9a-f]{8}-[0-9a-f-]{27}/g

/** Where a secret belongs: our database and its spilled pairs, and the stores of other programs. */
const STORE =
  /^kiro\.db|^kiro-tokens\.spill|\.sqlite3|\.db(-wal|-shm)?$|^kiro-auth-token\.json$|^[0-9a-f]{40}\.json$/

/** The secrets in a text, cut so that telling of them gives none away. */
export function secretsIn(text: string): readonly string[] {
  return [...new Set(text.match(SECRET))].map((secret) => `${secret.slice(0, 12)}…`)
}

/** What holds a secret and is no store of logins, below a folder, as `path: secret…`. A link leads to what is none of the test's. */
function secretsUnder(folder: string): readonly string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return entry.name === "node_modules" ? [] : secretsUnder(path)
    if (!entry.isFile() || STORE.test(entry.name)) return []
    return secretsIn(readFileSync(path, "latin1")).map((secret) => `${path}: ${secret}`)
  })
}

/** Removes what a test wrote, unless a secret was written where none belongs. It may be gone already. */
export function removeFolder(folder: string): void {
  if (!existsSync(folder)) return
  const leaks = secretsUnder(folder)
  try {
    rmSync(folder, { recursive: true, force: true })
  } catch (error) {
    // Windows removes no file that this process still has open.
    if (process.platform !== "win32") throw error
  }
  assert.deepEqual(leaks, [], "a secret was written to disk")
}
