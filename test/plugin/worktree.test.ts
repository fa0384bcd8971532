import assert from "node:assert/strict"
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { it } from "node:test"
import { startInstance } from "../../src/plugin/instance.ts"
import { pathsFor } from "../../src/settings/index.ts"
import { openStore } from "../accounts/open-for-test.ts"
import { startFakeKiro } from "../support/fake-kiro/index.ts"
import { kiroCliStoreOf, seedKiroCliStore } from "../support/kiro-cli-store.ts"
import { temporaryFolder } from "../support/temporary-folder.ts"
import { chatThrough } from "./chat-through.ts"

it("obeys in a git worktree the rule for its project, and books there what it costs", async () => {
  await using fake = await startFakeKiro()
  const home = temporaryFolder()
  const [main, tree] = [join(home, "work", "app"), join(home, "trees", "one")]
  const place = { env: {}, platform: process.platform, home }
  const { configDirectory, settingsFile, database } = pathsFor(place)
  mkdirSync(configDirectory, { recursive: true })
  const rule = { project: join(main, "web"), account: "nobody", fallback: false }
  writeFileSync(settingsFile, JSON.stringify({ endpoint_override: fake.url, account_rules: [rule] }))
  await seedKiroCliStore({ path: kiroCliStoreOf(home), accounts: [fake.account()] })
  const say = async (folder: string): Promise<string> => {
    const client = { tui: { showToast: async () => true } }
    const input = { directory: join(tree, folder), worktree: tree, project: { worktree: main }, client }
    const hooks = await startInstance({ input, place })
    const send = await chatThrough(hooks)
    const response = await send({ model: "auto", messages: [{ role: "user", content: "hi" }] })
    const said = await response.text()
    await hooks.dispose?.()
    return said
  }
  assert.match(await say("web"), /your rule for .*app.web/)
  assert.match(await say("api"), /Hello from/)
  const { store } = await openStore({ path: database })
  assert.deepEqual(
    (await store.turns()).map(({ project }) => project),
    [main],
  )
  await store.close()
})
