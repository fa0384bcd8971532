import assert from "node:assert/strict"
import { existsSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { beforeEach, describe, it } from "node:test"
import { moveApiKey } from "../../src/plugin/auth-file.ts"
import { AUTH_MARKER } from "../../src/host/index.ts"
import { assertPrivate, needsLinks } from "../support/posix.ts"
import { temporaryFolder } from "../support/temporary-folder.ts"

const KEY = "ksk_0123456789abcdef"

describe("an API key in OpenCode's auth.json", () => {
  let folder: string
  let file: string
  let kept: string[]
  beforeEach(() => {
    folder = temporaryFolder()
    file = join(folder, "auth.json")
    kept = []
  })

  const move = (): Promise<number | undefined> => moveApiKey(file, async (key) => kept.push(key.reveal()))
  const write = (document: unknown): void => writeFileSync(file, JSON.stringify(document), { mode: 0o600 })
  const content = (): unknown => JSON.parse(readFileSync(file, "utf8"))

  it("is kept first and then replaced by the marker; other entries stay, and so does the mode", async () => {
    const anthropic = { type: "oauth", refresh: "r", access: "a", expires: 1, future: { kept: true } }
    write({ anthropic, kiro: { type: "api", key: KEY } })
    assert.equal(await move(), 1)
    assert.deepEqual(kept, [KEY])
    assert.deepEqual(content(), { anthropic, kiro: { type: "api", key: AUTH_MARKER } })
    assertPrivate(file)
    assert.deepEqual(readdirSync(folder), ["auth.json"])
  })

  it("stays where it could not be kept", async () => {
    write({ kiro: { type: "api", key: KEY } })
    await assert.rejects(
      moveApiKey(file, async () => {
        throw new Error("disk full")
      }),
      /disk full/,
    )
    assert.deepEqual(content(), { kiro: { type: "api", key: KEY } })
  })

  it("is not overwritten when another one took its place meanwhile", async () => {
    const other = { kiro: { type: "api", key: "ksk_another_0123456789" } }
    write({ kiro: { type: "api", key: KEY } })
    await moveApiKey(file, async () => write(other))
    assert.deepEqual(content(), other)
  })

  for (const [what, document] of [
    ["the marker", { kiro: { type: "api", key: AUTH_MARKER } }],
    ["an older plugin's placeholder", { kiro: { type: "api", key: "kiro-bootstrap-placeholder" } }],
    ["another provider's key", { openai: { type: "api", key: KEY } }],
    ["an entry of another kind", { kiro: { type: "wellknown", key: KEY, token: "x" } }],
    ["an OAuth entry", { kiro: { type: "oauth", refresh: KEY, access: KEY, expires: 0 } }],
  ] as const)
    it(`is not found in ${what}`, async () => {
      write(document)
      assert.equal(await move(), undefined)
      assert.deepEqual(content(), document)
      assert.deepEqual(kept, [])
    })

  it("is not looked for in a malformed file, which stays as it is", async () => {
    const text = `{"kiro":{"type":"api","key":"${KEY}"`
    writeFileSync(file, text)
    assert.equal(await move(), undefined)
    assert.equal(readFileSync(file, "utf8"), text)
  })

  it("is not there where there is no file, and none is made", async () => {
    assert.equal(await move(), undefined)
    assert.equal(existsSync(file), false)
  })

  it("is replaced in the file behind a link, and the link stays", needsLinks, async () => {
    const target = join(folder, "real.json")
    writeFileSync(target, JSON.stringify({ kiro: { type: "api", key: KEY } }))
    symlinkSync(target, file)
    assert.equal(await move(), 1)
    assert.match(readFileSync(target, "utf8"), new RegExp(AUTH_MARKER))
    assert.ok(readdirSync(folder).includes("real.json"))
    assert.deepEqual(content(), { kiro: { type: "api", key: AUTH_MARKER } })
  })
})
