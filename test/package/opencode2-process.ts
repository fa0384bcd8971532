/** Loads a built package as OpenCode 2 does, in two locations; exits by itself if nothing is left open. */
import assert from "node:assert/strict"
import { mkdirSync, renameSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { startFakeKiro } from "../support/fake-kiro/index.ts"
import { FakeOpenCode2 } from "../support/fake-opencode2/index.ts"
import { kiroCliStoreOf, seedKiroCliStore } from "../support/kiro-cli-store.ts"

const [, , folder = "", as = ""] = process.argv
const home = process.env["HOME"] ?? ""
const fake = await startFakeKiro()
const config = join(home, ".config", "opencode")
mkdirSync(config, { recursive: true })
writeFileSync(join(config, "kiro.json"), JSON.stringify({ endpoint_override: fake.url }))
await seedKiroCliStore({ path: kiroCliStoreOf(home), accounts: [fake.account()] })

const host = new FakeOpenCode2({
  plugin: as === "package" ? { package: folder } : { directory: folder },
})
const [one, two] = [await host.open(join(home, "one")), await host.open(join(home, "two"))]
assert.deepEqual(host.failures, [])
if (as === "removed") {
  // The host has loaded the provider, and nobody asked yet.
  await one.resolve("kiro/auto")
  renameSync(join(folder, "dist"), join(folder, "before"))
  const turn = await one.session({ model: "kiro/auto" }).prompt("Hello")
  assert.match(turn.failure?.message ?? "", /files of the plugin can't be loaded .* Restart OpenCode\.$/)
  assert.deepEqual(turn.waits, [])
  console.log("done")
  process.exit()
}
for (const project of [one, two]) {
  assert.ok(project.models().size > 20)
  assert.equal(project.methods("kiro").length, 4)
  await ask(project)
}
await one.reload()
await ask(one)
await one.close()
await ask(two)
const orphan = await two.session({ model: "kiro/auto" }).title("Hello")
assert.equal(orphan.failure, undefined)
await host[Symbol.asyncDispose]()
await fake.close()
console.log("done")

async function ask(project: typeof one): Promise<void> {
  const turn = await project.session({ model: "kiro/claude-sonnet-4-5#high" }).prompt("Hello")
  assert.match(turn.text, /Hello from/, JSON.stringify(turn.failure))
}
