import assert from "node:assert/strict"
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { after, describe, it } from "node:test"
import { createModelLists, type ModelLists } from "../../../src/gateway/control/model-lists.ts"
import type { AccountModelList } from "../../../src/kiro/index.ts"
import { readCachedModels } from "../../../src/plugin/config/offered-models.ts"
import { FAILURES, json, startFakeKiro } from "../../support/fake-kiro/index.ts"
import { type Control, controlOf } from "./support.ts"

const folder = mkdtempSync(join(tmpdir(), "kiro-models-"))
after(() => rmSync(folder, { recursive: true, force: true }))

let files = 0

function listsOf({ client, target }: Control): {
  lists: ModelLists
  path: string
  stored: AccountModelList[]
} {
  const stored: AccountModelList[] = []
  const path = join(folder, `${++files}`, "kiro-models.json")
  const lists = createModelLists({
    client,
    path,
    open: async () => ({ loginId: "login", target }),
    store: {
      list: async () => [
        { id: "a", enabled: true },
        { id: "off", enabled: false },
      ],
      modelLists: async () => stored,
      setModelList: async (list) => void stored.push(list),
    },
  })
  return { lists, path, stored }
}

describe("the live lists", () => {
  it("are fetched once an hour, kept, and written for the next start", async () => {
    await using fake = await startFakeKiro()
    fake.intercept(() => true, json({ models: [{ modelId: "claude-opus-5.5" }] }))
    const control = controlOf(fake, "token")
    const { lists, path } = listsOf(control)
    assert.equal(await lists.of("a"), undefined)
    await lists.refresh.now(["a"])
    await lists.refresh.now(["a"])
    assert.equal(fake.requests.length, 1)
    assert.deepEqual(await lists.of("a"), [{ wireId: "claude-opus-5.5" }])
    assert.deepEqual(readCachedModels(path), { live: [{ wireId: "claude-opus-5.5" }] })
    assert.deepEqual(readdirSync(join(path, "..")), ["kiro-models.json"])
    if (process.platform !== "win32") assert.equal(statSync(path).mode & 0o777, 0o600)
    control.clock.advance(3_600_000)
    await lists.refresh.now(["a"])
    assert.equal(fake.requests.length, 2)
  })

  it("outlive a service that gives none", async () => {
    await using fake = await startFakeKiro()
    fake.intercept(() => true, json({ models: [{ modelId: "auto" }] }))
    const control = controlOf(fake, "token")
    const { lists, path } = listsOf(control)
    await lists.refresh.now(["a"])
    fake.intercept(() => true, FAILURES.throttled)
    await lists.refresh.force("a")
    assert.equal(fake.requests.length, 2)
    assert.deepEqual(readCachedModels(path), { live: [{ wireId: "auto" }] })
  })

  it("of accounts that are off or gone are not offered at the next start", async () => {
    await using fake = await startFakeKiro()
    fake.intercept(() => true, json({ models: [{ modelId: "auto" }] }))
    const { lists, path } = listsOf(controlOf(fake, "token"))
    await lists.refresh.now(["off"])
    assert.deepEqual(readCachedModels(path), {})
    assert.deepEqual(await lists.of("off"), [{ wireId: "auto" }])
  })
})

describe("the cached models", () => {
  it("are none without a file", () => assert.deepEqual(readCachedModels(join(folder, "none.json")), {}))

  for (const [what, text] of [
    ["half a file", '{"version":1,"lists":[{"acc'],
    ["another file", "[1,2]"],
    ["an empty file", ""],
  ] as const)
    it(`are none, with a problem, in ${what}`, () => {
      const path = join(folder, "broken.json")
      writeFileSync(path, text)
      const { live, problem } = readCachedModels(path)
      assert.equal(live, undefined)
      assert.match(problem ?? "", /broken\.json/)
    })
})
