/** Builds and ends a plugin instance twenty times, each after one answered chat; exits by itself if nothing is left. */
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { startInstance } from "../../src/plugin/instance.ts"
import { startFakeKiro } from "../support/fake-kiro/index.ts"
import { seedKiroCliStore } from "../support/kiro-cli-store.ts"
import { temporaryFolder } from "../support/temporary-folder.ts"

const home = temporaryFolder()
const fake = await startFakeKiro()
const config = join(home, ".config", "opencode")
mkdirSync(config, { recursive: true })
writeFileSync(join(config, "kiro.json"), JSON.stringify({ endpoint_override: fake.url }))
const store = join(home, ".local", "share", "kiro-cli", "data.sqlite3")
await seedKiroCliStore({ path: store, accounts: [fake.account()] })

const input = { directory: home, worktree: home, client: { tui: { showToast: async () => true } } }
for (let build = 0; build < 20; build++) {
  const place = { env: {}, platform: "linux", home }
  const hooks = await startInstance({ input, place })
  const document: { provider?: Record<string, { options?: Record<string, unknown> }> } = {}
  await hooks.config?.(document as never)
  const fetch = document.provider?.["kiro"]?.options?.["fetch"] as typeof globalThis.fetch
  const baseURL = document.provider?.["kiro"]?.options?.["baseURL"]
  const messages = [{ role: "user", content: "hi" }]
  const response = await fetch(`${String(baseURL)}/chat/completions`, {
    method: "POST",
    body: JSON.stringify({ model: "claude-sonnet-4-5", stream: build % 2 === 0, messages }),
  })
  const text = await response.text()
  if (response.status !== 200) throw new Error(`${response.status}: ${text}`)
  await hooks.dispose?.()
}
await fake.close()
console.log("done")
