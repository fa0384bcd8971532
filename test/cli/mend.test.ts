import assert from "node:assert/strict"
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { afterEach, beforeEach, describe, it } from "node:test"
import { openContext } from "../../src/cli/context.ts"
import { examine, withoutHome } from "../../src/cli/doctor/doctor.ts"
import { renameAway } from "../../src/cli/update.ts"
import { createTerminal } from "../../src/cli/terminal.ts"
import { isObject } from "../../src/json.ts"
import { systemClock } from "../../src/runtime.ts"
import { ownFolder } from "../../src/settings/index.ts"
import { type DoctorLab, openDoctorLab } from "./doctor-lab.ts"
import { editJson, program, writePlugin } from "./lab.ts"
import { VERSION } from "../../src/version.ts"
import { assertPrivate } from "../support/posix.ts"
import { temporaryFolder } from "../support/temporary-folder.ts"

/** Windows has no mode bits, and they do not bind root. */
function mayNotWrite(): { readonly skip?: string } {
  const mayWriteAnywhere = process.platform === "win32" || process.getuid?.() === 0
  return mayWriteAnywhere ? { skip: "this user may write everywhere" } : {}
}

const nobody = { write: () => {} }

describe("doctor --fix", () => {
  let lab: DoctorLab
  let config: string
  beforeEach(async () => {
    lab = await openDoctorLab()
    config = lab.sandbox.config
  })
  afterEach(() => lab.close())

  const mended = async (): Promise<readonly string[]> => {
    const { json, out, err } = await lab.run("doctor", "--fix", "--json")
    assert.ok(isObject(json) && Array.isArray(json["fixed"]), out + err)
    return json["fixed"] as string[]
  }

  it("lists the plugin in the file that is there, keeps its comments, and leaves a copy beside it", async () => {
    const file = join(config, "opencode.jsonc")
    const before = '{\n  // mine\n  "model": "kiro/auto", // the best\n}\n'
    writeFileSync(file, before)
    editJson(join(config, "opencode.json"), () => ({}))
    const done = await mended()
    const after = readFileSync(file, "utf8")
    assert.match(after, /\/\/ mine\n.*"kiro\/auto".*\/\/ the best/s)
    assert.ok(after.includes(JSON.stringify(ownFolder())), after)
    const copy = readdirSync(config).find((name) => /^opencode\.jsonc\..+\.bak$/.test(name)) ?? ""
    assert.equal(readFileSync(join(config, copy), "utf8"), before)
    assert.ok(readFileSync(join(config, "tui.json"), "utf8").includes(JSON.stringify(ownFolder())))
    assert.ok(
      done.some((line) => line.startsWith("kept ") && line.endsWith(copy)),
      done.join("\n"),
    )
    assert.ok(
      done.some((line) => /^set .* as plugin in .*tui\.json$/.test(line)),
      done.join("\n"),
    )
    // What it listed is this repository, which is not built here: it is found by its name all the same.
    assert.deepEqual(await mended(), [])
  })

  it("lists the panel once, in whichever file of the terminal UI it is", async () => {
    editJson(join(config, "opencode.json"), () => ({}))
    const [tui, listing] = [join(config, "tui.json"), join(config, "tui.jsonc")]
    writeFileSync(tui, '{ "theme": "nord" }')
    writeFileSync(listing, JSON.stringify({ plugin: [ownFolder()] }))
    await mended()
    assert.equal(readFileSync(tui, "utf8"), '{ "theme": "nord" }')
    assert.deepEqual(await mended(), [])
  })

  it("changes no file that is not JSON, and says so", async () => {
    const [file, tui] = [join(config, "opencode.json"), join(config, "tui.json")]
    for (const broken of ['{ "plugin": [ }', "[]"]) {
      writeFileSync(file, broken)
      assert.deepEqual(await mended(), [])
      assert.equal(readFileSync(file, "utf8"), broken)
    }
    assert.ok(!existsSync(tui))
    writeFileSync(file, "{}")
    writeFileSync(tui, "[]")
    const { json } = await lab.run("doctor", "--fix", "--json")
    assert.ok(isObject(json))
    // What was done before it came to that is told all the same.
    const [kept = "", listed = "", ...more] = json["fixed"] as string[]
    assert.deepEqual([more, kept.startsWith(`kept ${file} as `)], [[], true], kept)
    assert.match(listed, /^set \[".+"\] as plugin in .*opencode\.json$/)
    assert.match(String(json["notFixed"]), /^could not mend .*tui\.json is not JSON: correct it first$/)
    assert.equal(readFileSync(tui, "utf8"), "[]")
    writeFileSync(file, "{}")
    const { out } = await lab.run("doctor", "--fix")
    assert.match(out, /^mended: set .* as plugin in .*opencode\.json$/m)
    assert.match(out, /^✗ could not mend "OpenCode's configuration does not list the plugin": /m)
    assert.doesNotMatch(out, /mended: could|Error: /)
  })

  it("changes no list that the file names a second time, of which the last counts", async () => {
    const file = join(config, "opencode.json")
    const twice = '{ "plugin": ["opencode-kiro-auth"], "model": "kiro/auto", "plugin": ["other"] }'
    writeFileSync(file, twice)
    const { json } = await lab.run("doctor", "--fix", "--json")
    assert.ok(isObject(json))
    assert.deepEqual(json["fixed"], [])
    const why = /opencode\.json names "plugin" more than once, and the last counts: make one of them first$/
    assert.match(String(json["notFixed"]), why)
    assert.equal(readFileSync(file, "utf8"), twice)
    assert.match(
      (await lab.problems()).join("\n"),
      /names "plugin" more than once: OpenCode counts the last alone →/,
    )
  })

  it("says what it may not write", mayNotWrite(), async () => {
    const file = join(config, "opencode.json")
    editJson(file, () => ({}))
    chmodSync(config, 0o555)
    const { json } = await lab.run("doctor", "--fix", "--json")
    chmodSync(config, 0o755)
    assert.ok(isObject(json))
    assert.deepEqual(json["fixed"], [])
    assert.match(String(json["notFixed"]), /could not mend .*: .*opencode\.json can't be written \(EACCES\)$/)
  })

  it("names the path that leads nowhere, and no command that would not help", async () => {
    editJson(join(config, "opencode.json"), () => ({ plugin: ["./nowhere/opencode-kiro-auth"] }))
    const { out } = await lab.run("doctor")
    assert.match(out, /→ Correct the path: nothing is at .*nowhere[\\/]opencode-kiro-auth\./)
    assert.doesNotMatch(out, /opencode plugin|npm (?:ci|install)/)
  })

  it("adds to a list that is there", async () => {
    editJson(join(config, "opencode.json"), (before) => ({ ...before, plugin: ["other"] }))
    await mended()
    const { plugin } = JSON.parse(readFileSync(join(config, "opencode.json"), "utf8"))
    assert.deepEqual(plugin, ["other", ownFolder()])
  })

  it("makes a list of the one plugin that stood there without, and keeps it where it is another's", async () => {
    const file = join(config, "opencode.json")
    const pluginsOf = (path: string): unknown => JSON.parse(readFileSync(path, "utf8")).plugin
    editJson(join(config, "tui.json"), () => ({ plugin: "their-panel" }))
    editJson(file, () => ({ plugin: "theirs@1.0.0" }))
    await mended()
    assert.deepEqual(pluginsOf(file), ["theirs@1.0.0", ownFolder()])
    assert.deepEqual(pluginsOf(join(config, "tui.json")), ["their-panel", ownFolder()])
    editJson(file, () => ({ plugin: "opencode-kiro-auth" }))
    await mended()
    assert.deepEqual(pluginsOf(file), [ownFolder()])
  })

  it("takes out what switches the plugin of OpenCode 2 off, and what loads its panel twice", async () => {
    program(lab.bin, "opencode", { prints: "2.3.0" })
    const file = join(config, "opencode.json")
    editJson(file, () => ({ plugins: ["./plugin", "-opencode-kiro-auth"] }))
    const cli = join(config, "cli.json")
    writeFileSync(
      cli,
      '{\n  // mine\n  "plugins": ["opencode-kiro-auth", "other", ["opencode-kiro-auth@1.0.0", {}]]\n}\n',
    )
    const done = await mended()
    assert.ok(done.includes(`took plugins.1 out of ${file}`), done.join("\n"))
    assert.ok(done.includes(`took plugins.0 out of ${cli}`), done.join("\n"))
    assert.deepEqual(JSON.parse(readFileSync(file, "utf8")), { plugins: ["./plugin"] })
    assert.match(readFileSync(cli, "utf8"), /\/\/ mine\n\s+"plugins": \[\s*"other"\s*\]/)
    assert.deepEqual(await mended(), [])
  })

  it("moves the plugin into the list that OpenCode 1 reads, where it stands in OpenCode 2's alone", async () => {
    const file = join(config, "opencode.json")
    program(lab.bin, "opencode", { prints: "1.18.33" })
    writeFileSync(file, '{\n  // mine\n  "plugins": ["./plugin", "other"]\n}\n')
    const [wrong, ...more] = await lab.problems()
    assert.match(wrong ?? "", /opencode\.json lists \.\/plugin in "plugins", which OpenCode 1 passes over → /)
    assert.deepEqual(more, [])
    // That the panel is loaded says nothing of the models.
    const tui = join(config, "tui.json")
    writeFileSync(tui, '{ "plugin": ["./plugin"] }')
    const { out } = await lab.run("doctor")
    assert.match(out, /the terminal UI loads opencode-kiro-auth \S+ \(.*tui\.json\)/)
    assert.doesNotMatch(out, /OpenCode loads/)
    rmSync(tui)
    await mended()
    const after = readFileSync(file, "utf8")
    assert.match(after, /\/\/ mine/)
    assert.match(after, /"plugins": \[\s*"other"\s*\]/)
    assert.match(after, /"plugin": \[\s*"\.\/plugin"\s*\]/)
    assert.deepEqual([await lab.problems(), await mended()], [[], []])
    // Of a host that nobody could ask, either list may be the one.
    program(lab.bin, "opencode", { code: 1 })
    writeFileSync(file, '{ "plugins": ["./plugin"] }')
    assert.deepEqual(await lab.problems(), [])
  })

  it("takes out what claims the provider, and gives it back where it is switched off", async () => {
    const file = join(config, "opencode.json")
    const models = { auto: { name: "Mine", provider: { npm: "x" } } }
    editJson(file, (before) => ({
      ...before,
      disabled_providers: ["kiro", "openai"],
      enabled_providers: ["openai"],
      provider: {
        kiro: { npm: "@ai-sdk/anthropic", options: { baseURL: "https://x.example", a: 1 }, models },
      },
    }))
    const before = readFileSync(file, "utf8")
    const done = await mended()
    assert.equal(done.filter((line) => line.startsWith("took ")).length, 3)
    // Each was a change of its own: the one copy is of the file before the first.
    assert.equal(done.filter((line) => line.startsWith("kept ")).length, 1)
    const [copy = ""] = readdirSync(config).filter((name) => name.endsWith(".bak"))
    assert.equal(readFileSync(join(config, copy), "utf8"), before)
    const { plugin: _, ...document } = JSON.parse(readFileSync(file, "utf8"))
    assert.deepEqual(document, {
      disabled_providers: ["openai"],
      enabled_providers: ["openai", "kiro"],
      provider: { kiro: { options: { a: 1 }, models: { auto: { name: "Mine", provider: {} } } } },
    })
    assert.deepEqual(await lab.problems(), [])
  })

  it("keeps one copy of a file, also where its changes take seconds", async () => {
    const file = join(config, "opencode.json")
    editJson(file, () => ({ disabled_providers: ["kiro"], provider: { kiro: { npm: "x" } } }))
    const before = readFileSync(file, "utf8")
    const place = { env: lab.sandbox.environment, platform: process.platform, home: lab.home }
    const terminal = createTerminal({ stdout: nobody, stderr: nobody, env: {} })
    const context = await openContext(place, terminal, "diagnosis")
    let seconds = 0
    const clock = { ...systemClock, now: () => Date.now() + 1000 * seconds++ }
    const run = async () => ({ outcome: "not-run" }) as const
    const command = { name: "doctor", fix: true, live: false, report: false, json: true, yes: false } as const
    const call = { directory: lab.sandbox.project, run }
    await examine({ ...context, runtime: { ...context.runtime, clock } }, command, call)
    await context.close()
    const copies = readdirSync(config).filter((name) => name.startsWith("opencode.json."))
    assert.deepEqual(
      copies.map((name) => readFileSync(join(config, name), "utf8")),
      [before],
    )
    assert.deepEqual(JSON.parse(readFileSync(file, "utf8")).provider, { kiro: {} })
  })

  it("makes kiro.db private again, renames a stale copy, and mends nothing twice", async () => {
    await lab.run("import")
    const database = join(config, "kiro.db")
    chmodSync(database, 0o644)
    editJson(join(config, "opencode.json"), (before) => ({ ...before, plugin: ["opencode-kiro-auth"] }))
    const packages = join(lab.sandbox.root, "cache", "opencode", "packages")
    writePlugin(join(packages, "opencode-kiro-auth@latest", "node_modules", "opencode-kiro-auth"), "0.0.1")
    const done = await mended()
    assertPrivate(database)
    assert.match(readdirSync(packages).join(), /^opencode-kiro-auth@latest\.\w+\.old$/)
    // There are no modes on Windows.
    assert.ok(done.length >= (process.platform === "win32" ? 1 : 2), done.join("\n"))
    assert.deepEqual(await mended(), [])
    assert.match((await lab.run("doctor", "--fix")).out, /nothing to mend without asking/)
  })

  it("renames no folder of the user's own, whatever that is called", async () => {
    writePlugin(join(config, "mine", "built", "kiro@latest"), "0.0.1")
    editJson(join(config, "opencode.json"), (before) => ({ ...before, plugin: ["./mine/built/kiro@latest"] }))
    assert.match(
      (await lab.problems()).join(),
      /OpenCode loads opencode-kiro-auth 0\.0\.1.* → In .*: `git pull/,
    )
    assert.deepEqual(await mended(), [])
    assert.ok(existsSync(join(config, "mine", "built", "kiro@latest")))
  })

  it("says in a report too what it did", async () => {
    editJson(join(config, "opencode.json"), () => ({}))
    writeFileSync(join(config, "tui.json"), "[]")
    const { out } = await lab.run("doctor", "--fix", "--report")
    assert.match(out, /^Mended:\n  \[mended\] kept .*\n  \[mended\] set .* as plugin in .*opencode\.json$/m)
    assert.match(out, /^  \[failed\] could not mend .*tui\.json is not JSON/m)
  })

  it("does nothing without being told to, and says that it could", async () => {
    editJson(join(config, "opencode.json"), () => ({}))
    const before = readdirSync(config)
    assert.match((await lab.run("doctor")).out, /One problem\.\nOne is mended by: .* doctor --fix/)
    assert.deepEqual(readdirSync(config), before)
  })

  it("writes down what is wrong with a pasted block and no plugin, and with file: entries that lead nowhere", async () => {
    const file = join(config, "opencode.json")
    editJson(file, () => ({
      plugin: ["file:///%zz", "file://elsewhere/x", "file:///nowhere/opencode-kiro-auth-not"],
      provider: { kiro: { models: { auto: {} } } },
    }))
    const problems = await lab.problems()
    assert.match(
      problems.join("\n"),
      /provider\.kiro block, and no plugin that answers it: "undefined\/chat\/completions"|no built plugin/,
    )
    assert.ok(
      problems.every((text) => !text.includes("could not be looked at")),
      problems.join("\n"),
    )
  })

  it("sees a name that npm does not have, and writes the folder of this installation in its place", async () => {
    program(lab.bin, "npm", { prints: '{"error":{"code":"E404"}}', code: 1 })
    editJson(join(config, "opencode.json"), () => ({ plugin: [["opencode-kiro-auth", { a: 1 }]] }))
    assert.match((await lab.problems()).join(), /which npm does not have: OpenCode says "Provider not found"/)
    assert.ok((await lab.run("doctor")).out.includes(`\`opencode plugin "${ownFolder()}" -g -f\``))
    await mended()
    const { plugin } = JSON.parse(readFileSync(join(config, "opencode.json"), "utf8"))
    assert.deepEqual(plugin, [[ownFolder(), { a: 1 }]])
  })

  it("writes it in the place of lines that lead nowhere, in tui.json too, wherever the plugin is listed", async () => {
    program(lab.bin, "npm", { prints: '{"error":{"code":"E404"}}', code: 1 })
    const files = ["opencode.json", "tui.json"].map((name) => join(config, name))
    const [file = "", tui = ""] = files
    const moved = "/moved/opencode-kiro-auth"
    const rightOnes = [ownFolder(), ["their-panel", [ownFolder(), { show_email: true }]]]
    const named = (spec: string): readonly unknown[] => ["their-panel", [spec, { show_email: true }]]
    for (const dead of [moved, "opencode-kiro-auth"]) {
      editJson(tui, () => ({ plugin: named(dead) }))
      for (const plugin of [[dead], []]) {
        editJson(file, () => ({ plugin }))
        const problems = (await lab.problems()).join("\n")
        assert.match(
          problems,
          /tui\.json lists \S*opencode-kiro-auth, (?:but no built|which npm does not have)/,
        )
        await mended()
        const [server, panel] = files.map((path) => JSON.parse(readFileSync(path, "utf8")).plugin)
        assert.deepEqual([server[0], panel], rightOnes)
        editJson(tui, () => ({ plugin: named(dead) }))
      }
      editJson(file, () => ({ plugin: ["./plugin"] }))
      assert.equal((await lab.problems()).length, 1)
      await mended()
      assert.deepEqual(JSON.parse(readFileSync(tui, "utf8")).plugin, rightOnes[1])
    }
  })
})

describe("update", () => {
  it("renames OpenCode's copy away and says to restart, or says how it is done", async () => {
    const lab = await openDoctorLab()
    const file = join(lab.sandbox.config, "opencode.json")
    assert.match((await lab.run("update")).out, /→ In .*plugin: `git pull && npm install && npm run build`/)
    editJson(file, () => ({ plugin: ["opencode-kiro-auth"] }))
    assert.match((await lab.run("update")).out, /has no copy yet/)
    const copy = join(lab.sandbox.root, "cache", "opencode", "packages", "opencode-kiro-auth@latest")
    mkdirSync(join(copy, "node_modules", "opencode-kiro-auth"), { recursive: true })
    const { code, json } = await lab.run("update", "--json")
    assert.equal(code, 0)
    assert.match(JSON.stringify(json), /"renamed .*Restart OpenCode/)
    assert.ok(!existsSync(copy))
    rmSync(join(copy, ".."), { recursive: true })
    mkdirSync(join(copy, "node_modules", "opencode-kiro-auth"), { recursive: true })
    const project = join(lab.sandbox.project, "opencode.json")
    editJson(project, () => ({ plugin: ["opencode-kiro-auth"] }))
    const twice = (await lab.run("update")).out.trim().split("\n")
    assert.deepEqual(
      twice.map((line) => /^(?:✓ renamed|→ Restart)/.exec(line)?.[0]),
      ["✓ renamed", "→ Restart"],
    )
    rmSync(project)
    editJson(file, () => ({ plugin: ["opencode-kiro-auth@0.0.1"] }))
    assert.match((await lab.run("update")).out, /pins opencode-kiro-auth@0\.0\.1/)
    program(lab.bin, "opencode", { prints: "1.18.33" })
    editJson(file, () => ({ plugins: ["opencode-kiro-auth"] }))
    const passedOver = await lab.run("update")
    assert.equal(passedOver.code, 1)
    assert.match(
      passedOver.out,
      /in "plugins", which OpenCode 1 passes over: `.* doctor --fix` mends that\.$/m,
    )
    editJson(file, (before) => ({ ...before, plugin: ["opencode-kiro-auth@0.0.1"] }))
    const both = await lab.run("update")
    assert.deepEqual([both.code, both.out.includes("passes over")], [0, false])
    editJson(file, () => ({}))
    const missing = await lab.run("update")
    assert.equal(missing.code, 1)
    assert.match(missing.out, /does not list the plugin/)
    writeFileSync(file, "{")
    const broken = await lab.run("update")
    assert.deepEqual([broken.code, broken.out], [1, ""])
    assert.match(broken.err, /opencode\.json is not JSON: correct it first/)
    await lab.close()
  })
})

describe("a folder in node_modules, which has nothing to build the package from", () => {
  it("is brought up to date, and repaired, by an installation", async () => {
    const lab = await openDoctorLab()
    const folder = join(lab.home, "tools", "node_modules", "opencode-kiro-auth")
    writePlugin(folder, VERSION)
    editJson(join(lab.sandbox.config, "opencode.json"), () => ({ plugin: [folder] }))
    const { out } = await lab.run("update")
    assert.match(
      out,
      /→ Install the newer package in the place of .*opencode-kiro-auth\. Then restart OpenCode\./,
    )
    writePlugin(folder, "0.0.1")
    assert.match((await lab.problems()).join(), /OpenCode loads .* 0\.0\.1,.* → Install the newer package in/)
    rmSync(join(folder, "index.js"))
    assert.match(
      (await lab.problems()).join(),
      /no built plugin is there.* → Install the package anew in .*, or/,
    )
    await lab.close()
  })
})

describe("an update of what leads nowhere", () => {
  it("says so, and what writes this installation in its place", async () => {
    const lab = await openDoctorLab()
    program(lab.bin, "npm", { prints: '{"error":{"code":"E404"}}', code: 1 })
    for (const spec of ["opencode-kiro-auth", "/moved/opencode-kiro-auth"]) {
      editJson(join(lab.sandbox.config, "opencode.json"), () => ({ plugin: [spec] }))
      const { code, out } = await lab.run("update")
      assert.match(out, /→ .*opencode\.json lists \S+, where nothing is: `.* doctor --fix` mends that\.$/m)
      assert.doesNotMatch(out, /git pull|Restart|at its next start/)
      assert.equal(code, 1)
    }
    await lab.close()
  })
})

describe("the copies of earlier updates", () => {
  it("go at the next one, but for those of today and what is no such copy", () => {
    const packages = temporaryFolder()
    const kept = [
      "copy.20261129T080000.old",
      "copy.mine.old",
      "copy.20261128T080000.old.bak",
      "copy2.20261101T080000.old",
    ]
    const gone = ["copy.20261128T235959.old", "copy.20250101T000000.old"]
    for (const name of ["copy", ...kept, ...gone])
      mkdirSync(join(packages, name, "node_modules"), { recursive: true })
    const copy = join(packages, "copy")
    const done = renameAway(copy, "20261129T120000")
    assert.deepEqual(readdirSync(packages).toSorted(), [...kept, "copy.20261129T120000.old"].toSorted())
    assert.deepEqual(
      done.slice(1).toSorted(),
      gone.map((name) => `removed ${join(packages, name)}, of an earlier update`).toSorted(),
    )
  })
})

describe("a copy that can't be renamed", () => {
  it("is said to be one, with what may be done", () => {
    const copy = join(temporaryFolder(), "copy")
    // What stands in the way of its new name does so on every system.
    for (const folder of [copy, join(`${copy}.now.old`, "full")]) mkdirSync(folder, { recursive: true })
    const advice =
      process.platform === "win32"
        ? "where OpenCode is open, close it first"
        : `see that you may write to ${dirname(copy)}`
    assert.throws(
      () => renameAway(copy, "now"),
      ({ message }: Error) => message.includes("copy can't be renamed (") && message.endsWith(`): ${advice}`),
    )
  })
})

describe("a report", () => {
  it("has no home folder in any spelling", () => {
    const windows = "C:\\Users\\Ann Lee"
    const texts = [
      String.raw`C:\Users\Ann Lee\x`,
      String.raw`"c:\\users\\ann lee\\x"`,
      "C:/Users/Ann Lee/x",
      "file:///C:/Users/Ann%20Lee/x",
      "/mnt/c/Users/Ann Lee/x",
      "/c/users/ANN LEE/x",
      String.raw`C:\Users\ANNLEE~1\AppData\Local\Temp`,
      String.raw`\\localhost\c$\Users\Ann Lee\x`,
      "file:///c%3A/Users/Ann%20Lee/x",
      encodeURIComponent(`${windows}\\x`),
    ]
    for (const text of texts) assert.doesNotMatch(withoutHome(text, windows), /ann/i, text)
    for (const text of [
      String.raw`C:\Users\ANN~1.LEE\AppData`,
      String.raw`C:\Users\ANNSON~2.LEE\AppData`,
      String.raw`C:\Users\AN3F2C~1.LEE\AppData`,
    ]) {
      const name = text.includes("ANN~1") ? "ann.leeson" : "ann son junior.leeson"
      assert.equal(withoutHome(text, `C:\\Users\\${name}`), String.raw`~\AppData`, text)
    }
    const accents = "C:\\Users\\Ännchen O'Lee & Co"
    for (const text of [
      accents.normalize("NFD"),
      new URL("file:///C:/Users/Ännchen O'Lee & Co").href,
      encodeURI("C:/Users/Ännchen O'Lee & Co".normalize("NFD")),
      `C:/Users/${encodeURIComponent("Ännchen O'Lee & Co")}`,
      "C:\\Users\\ÄNNCHE~1",
    ]) {
      assert.match(withoutHome(text, accents), /^(?:file:\/\/\/)?~$/, text)
    }
    assert.equal(withoutHome("/home/ann/x /home/anna/x", "/home/ann"), "~/x /home/anna/x")
    assert.equal(withoutHome("/home/a.b/x /home/aXb", "/home/a.b/"), "~/x /home/aXb")
    assert.equal(withoutHome("/x", "/"), "/x")
  })
})
