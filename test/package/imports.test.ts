import assert from "node:assert/strict"
import { execFile } from "node:child_process"
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { dirname, extname, join } from "node:path"
import { describe, it } from "node:test"
import { pathToFileURL } from "node:url"
import { promisify } from "node:util"
import { asObject } from "../../src/json.ts"
import { encodeModelLists } from "../../src/kiro/index.ts"
import { offeredModels } from "../../src/kiro/models/index.ts"
import { VERSION } from "../../src/version.ts"
import { manifest } from "./production.ts"
import { packageFolder } from "../support/opencode/index.ts"
import { startEnvironment } from "../support/posix.ts"
import { temporaryFolder } from "../support/temporary-folder.ts"

const OURS = extname(import.meta.filename)
const SOURCE = join(import.meta.dirname, "..", "..", "src")

/** The command runs when it is imported; the terminal UI's files need the host's own packages. */
const NOT_IMPORTED = /^cli[\\/]main\.|^tui[\\/](?:tui|panel|v1|v2)\./

/** Bun keeps a cache of what it compiled in the home folder unless told not to. */
const ENVIRONMENT = { ...startEnvironment(), BUN_RUNTIME_TRANSPILER_CACHE_PATH: "0" }

describe("importing", () => {
  const files = readdirSync(SOURCE, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(OURS) && !NOT_IMPORTED.test(name))
    .map((name) => join(SOURCE, name))

  it("any file makes no file, timer, listener or connection, and lets the process end", async () => {
    assert.ok(files.length > 100)
    const home = temporaryFolder()
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [join(import.meta.dirname, `import-process${OURS}`), ...files, ...built()],
      { cwd: home, env: { ...ENVIRONMENT, HOME: home, USERPROFILE: home }, timeout: 30_000 },
    )
    assert.equal(stdout.trim(), "[]")
    assert.deepEqual(readdirSync(home), [])
  })

  it("a file that Bun takes as it is brings every letter as it was written", async () => {
    const files = readdirSync(join(packageFolder(), "dist"), { recursive: true, encoding: "utf8" })
    const texts = files
      .filter((name) => name.endsWith(".js"))
      .map((name) => readFileSync(join(packageFolder(), "dist", name), "utf8"))
    const taken = texts.filter((text) => text.startsWith("// @bun"))
    assert.ok(taken.length > 0)
    // Bun reads it as Latin-1.
    for (const text of taken) assert.doesNotMatch(text, /[\u0080-\uFFFF]/)
    assert.ok(taken.some((text) => text.includes("`\\u00b7\\u00b7${")))
  })

  it("the start brings no module that OpenCode has not loaded by then, nor any package", () => {
    const start = ["index.js", "server/start.js"].map((name) => join(packageFolder(), "dist", name))
    const texts = start.map((file) => readFileSync(file, "utf8"))
    const imported = texts.flatMap((text) => [...text.matchAll(/^import .*? from "(.*)";$/gm)])
    const foreign = new Set(imported.map(([, id = ""]) => id).filter((id) => !id.startsWith(".")))
    // Each other one costs milliseconds before the first paint: Bun takes ten for node:crypto.
    assert.deepEqual([...foreign].toSorted(), ["node:fs", "node:fs/promises", "node:os", "node:path"])
  })

  it("a package of the installation is loaded where it is needed, not before", () => {
    const dist = join(packageFolder(), "dist")
    const files = readdirSync(dist, { recursive: true, encoding: "utf8" }).filter((name) =>
      name.endsWith(".js"),
    )
    const texts = files.map((name) => readFileSync(join(dist, name), "utf8"))
    const dependencies = Object.keys(
      asObject(manifest(join(packageFolder(), "package.json"))["dependencies"]),
    )
    assert.ok(dependencies.length > 0)
    for (const name of dependencies) {
      assert.ok(
        texts.some((text) => text.includes(`import("${name}")`)),
        name,
      )
      for (const text of texts)
        assert.doesNotMatch(text, new RegExp(`^(?:import|export) .*"${name}["/]`, "m"))
    }
  })

  it("the start offers its models without any other file of ours and without a stream of its process, before there is a list and with one", async () => {
    const [folder, home] = [temporaryFolder(), temporaryFolder()]
    for (const name of ["dist/index.js", "dist/server/start.js", "package.json"]) {
      mkdirSync(dirname(join(folder, name)), { recursive: true })
      copyFileSync(join(packageFolder(), name), join(folder, name))
    }
    const start = async (): Promise<unknown> => {
      const { stdout } = await promisify(execFile)(
        process.execPath,
        [join(import.meta.dirname, `start-process${OURS}`), folder],
        { cwd: home, env: { ...ENVIRONMENT, HOME: home, USERPROFILE: home }, timeout: 30_000 },
      )
      return JSON.parse(stdout)
    }
    assert.deepEqual(
      await start(),
      offeredModels().map(({ id }) => id),
    )
    const list = {
      accountId: "a",
      serviceRegion: "us-east-1",
      fetchedAt: 1,
      models: [{ modelId: "brand-new" }],
    }
    const config = join(home, ".config", "opencode")
    mkdirSync(config, { recursive: true })
    writeFileSync(join(config, "kiro.json"), "{}")
    writeFileSync(join(config, "kiro-models.json"), encodeModelLists([list], VERSION))
    const [first, ...others] = (await start()) as readonly string[]
    assert.equal(first, "brand-new")
    assert.equal(others.length, 15)
  })

  it("the package gives one value, a plugin module", async () => {
    for (const path of [join(SOURCE, `index${OURS}`), join(packageFolder(), "server.js")]) {
      const entry: object = await import(pathToFileURL(path).href)
      assert.deepEqual(Object.keys(entry), ["default"])
    }
  })
})

/** The server's door and its chunks, and the module that OpenCode 2 imports by its address. */
function built(): readonly string[] {
  const dist = join(packageFolder(), "dist")
  return readdirSync(dist, { recursive: true, encoding: "utf8" })
    .filter((name) => /^(?:index|server[\\/].*|opencode2[\\/].*)\.js$/.test(name))
    .map((name) => join(dist, name))
}
