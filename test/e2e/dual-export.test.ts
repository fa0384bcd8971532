import assert from "node:assert/strict"
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { after, before, describe, it } from "node:test"
import { pathToFileURL } from "node:url"
import { type FakeAccount, type FakeKiro, finish, text } from "../support/fake-kiro/index.ts"
import { seedKiroCliStore } from "../support/kiro-cli-store.ts"
import { type OpencodeServer, packageFolder, type Sandbox, writeJson } from "../support/opencode/index.ts"
import { NOBODY, openServerStage } from "./setup.ts"
import { eventually } from "../support/clock.ts"

/** First nobody is signed in, then somebody is. */
describe("OpenCode 1 with the export that also serves OpenCode 2", { concurrency: false }, () => {
  let fake: FakeKiro
  let account: FakeAccount
  let sandbox: Sandbox
  let server: OpencodeServer
  let calls: () => string
  before(async () => {
    ;({ fake, account, sandbox, server } = await openServerStage(NOBODY))
    const wrapper = wrapPackage(sandbox)
    calls = wrapper.calls
    await server.listPlugins([wrapper.folder])
  })
  after(() => server.listPlugins([packageFolder()]))

  it("calls `setup` with its preview, which leaves no file, no request and no line in the log", async () => {
    await server.get("/api/provider").catch(() => undefined)
    await server.newSession()
    await eventually(() => calls() !== "")
    assert.match(calls(), /^(?:undefined\n)+$/)
    assert.deepEqual(
      readdirSync(sandbox.config).filter((name) => name.startsWith("kiro")),
      ["kiro.json"],
    )
    assert.ok(!existsSync(join(sandbox.data, "log", "kiro.log")))
    assert.deepEqual(fake.requests, [])
    assert.doesNotMatch(server.output, /kiro/i)
  })

  it("answers all the same, before and after that call", async () => {
    await seedKiroCliStore({ path: sandbox.kiroCliStore, accounts: [account] })
    await server.startAnew()
    const session = await server.newSession()
    for (const words of ["first", "second"]) {
      fake.answer(text(`The ${words} answer.`), finish())
      const turn = await server.prompt(session, "hello")
      assert.match(JSON.stringify(turn.parts), new RegExp(`The ${words} answer`))
      await server.get("/api/provider").catch(() => undefined)
    }
    assert.match(calls(), /^(?:undefined\n)*$/)
  })
})

/** The built package behind a wrapper that writes down what each call of `setup` returned. */
function wrapPackage(sandbox: Sandbox): { readonly folder: string; readonly calls: () => string } {
  const folder = join(sandbox.root, "wrapper")
  const log = join(sandbox.root, "setup.log")
  mkdirSync(folder)
  const built = pathToFileURL(join(packageFolder(), "dist", "index.js")).href
  writeFileSync(
    join(folder, "index.js"),
    `import { appendFileSync } from "node:fs"
import plugin from ${JSON.stringify(built)}
export default {
  ...plugin,
  async setup(context) {
    const result = await plugin.setup(context)
    appendFileSync(${JSON.stringify(log)}, String(result) + "\\n")
    return result
  },
}
`,
  )
  writeJson(join(folder, "package.json"), {
    name: "wrapper",
    version: "1.0.0",
    type: "module",
    main: "index.js",
  })
  return { folder, calls: () => (existsSync(log) ? readFileSync(log, "utf8") : "") }
}
