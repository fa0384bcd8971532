/** Builds and ends a plugin instance twenty times, each after one answered chat; exits by itself if nothing is left. */
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { startInstance } from "../../src/plugin/instance.ts"
import { cliDatabase } from "../import/stores.ts"
import { startFakeKiro } from "../support/fake-kiro/index.ts"
import { seedKiroCliStore } from "../support/kiro-cli-store.ts"
import { chatThrough } from "./chat-through.ts"
import { temporaryFolder } from "../support/temporary-folder.ts"

const home = temporaryFolder()
const fake = await startFakeKiro()
const config = join(home, ".config", "opencode")
mkdirSync(config, { recursive: true })
writeFileSync(join(config, "kiro.json"), JSON.stringify({ endpoint_override: fake.url }))
await seedKiroCliStore({ path: cliDatabase(home), accounts: [fake.account()] })

const input = { directory: home, worktree: home, client: { tui: { showToast: async () => true } } }
for (let build = 0; build < 20; build++) {
  const place = { env: {}, platform: "linux", home }
  const hooks = await startInstance({ input, place })
  const send = await chatThrough(hooks)
  const messages = [{ role: "user", content: "hi" }]
  const response = await send({ model: "claude-sonnet-4-5", stream: build % 2 === 0, messages })
  const text = await response.text()
  if (response.status !== 200) throw new Error(`${response.status}: ${text}`)
  await hooks.dispose?.()
}
await fake.close()
console.log("done")
