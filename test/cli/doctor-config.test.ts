import assert from "node:assert/strict"
import { execFileSync } from "node:child_process"
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs"
import { delimiter, join, sep } from "node:path"
import { afterEach, beforeEach, describe, it } from "node:test"
import { pathToFileURL } from "node:url"
import { callOf, isOlder } from "../../src/cli/doctor/programs.ts"
import { noAccount } from "../../src/gateway/refuse/texts.ts"
import { ownFolder } from "../../src/settings/index.ts"
import { VERSION } from "../../src/version.ts"
import { needsLinks } from "../support/posix.ts"
import { type DoctorLab, openDoctorLab } from "./doctor-lab.ts"
import { editJson, program, writePlugin } from "./lab.ts"

const NEWER = "99.0.0"

/** What follows the arrow of the only problem. */
function remedyOf(problems: readonly string[], problem: RegExp): string {
  assert.equal(problems.length, 1, problems.join("\n"))
  assert.match(problems[0] ?? "", problem)
  return problems[0]?.split(" → ")[1] ?? ""
}

function quoted(remedy: string): string {
  return /"([^"]+)" instead/.exec(remedy)?.[1] ?? ""
}

describe("doctor on OpenCode's configuration", () => {
  let lab: DoctorLab
  let config: string
  const list = (...plugin: readonly unknown[]): void => editJson(config, (before) => ({ ...before, plugin }))
  const followed = async (): Promise<void> => assert.deepEqual(await lab.problems(), [])

  beforeEach(async () => {
    lab = await openDoctorLab()
    config = join(lab.sandbox.config, "opencode.json")
  })
  afterEach(() => lab.close())

  it("finds nothing where all is well, and says what it looked at", async () => {
    const { code, out, err } = await lab.run("doctor")
    assert.deepEqual([code, err], [0, ""])
    assert.match(out, new RegExp(`opencode-kiro-auth ${VERSION}, OpenCode 1.18.33, (Bun|Node) [\\d.]+, `))
    for (const line of [
      /Where things are/,
      /kiro\.db \(not there\)$/m,
      /q\.us-east-1\.amazonaws\.com answers/,
      /clock .* is right/,
    ])
      assert.match(out, line)
    assert.match(
      out,
      /Builder ID of kiro-cli, which the first message takes in, is ready, 12\.37 \/ 50\.00 credits\n\nAll is well\.\n$/,
    )
  })

  it("says by what command to report what it could not look at", needsLinks, async () => {
    await lab.run("import")
    const spill = join(lab.sandbox.config, "kiro-tokens.spill")
    symlinkSync(spill, spill)
    const named = /this command: (.*)/.exec((await lab.run("doctor")).out)?.[1]
    const remedy = remedyOf(await lab.problems(), /this could not be looked at: .*ELOOP/)
    assert.equal(remedy, `Report it with: \`${named} doctor --report\``)
  })

  it("writes the folder into a command without what would escape the quote behind it on Windows", async () => {
    const folder = ownFolder() ?? ""
    for (const spec of [folder + sep, pathToFileURL(folder + sep).href]) {
      list(spec)
      const { out } = await lab.run("doctor")
      assert.ok(out.includes(`opencode plugin "${folder}" -g -f`), out)
    }
  })

  it("misses the plugin in every file that OpenCode reads, and takes it from each of them", async () => {
    list()
    const remedy = remedyOf(await lab.problems(), /does not list the plugin/)
    // What is to be pasted is JSON, also of a path of Windows.
    assert.deepEqual(JSON.parse(/"plugin": (\[.*\]) into /.exec(remedy)?.[1] ?? ""), [ownFolder()])
    assert.ok(remedy.startsWith(`Run: \`opencode plugin "${ownFolder()}" -g\` `), remedy)
    assert.ok(remedy.includes(`into ${config}`), remedy)
    const jsonc = join(lab.sandbox.config, "opencode.jsonc")
    writeFileSync(jsonc, "{}")
    assert.ok(remedyOf(await lab.problems(), /does not list the plugin/).includes(`into ${jsonc}`))
    rmSync(jsonc)
    list("opencode-kiro-auth")
    await followed()
    list()
    const plugin = '{ // for work\n  "plugin": [["opencode-kiro-auth", {}], /* "x" */ // last\n  ],\n}'
    const { project } = lab.sandbox
    const deep = join(project, "packages", "one")
    mkdirSync(deep, { recursive: true })
    for (const file of [
      join(lab.sandbox.config, "opencode.jsonc"),
      join(project, "opencode.jsonc"),
      join(project, ".opencode", "opencode.json"),
      join(lab.home, ".opencode", "opencode.json"),
    ]) {
      mkdirSync(join(file, ".."), { recursive: true })
      writeFileSync(file, plugin)
      assert.deepEqual(await lab.problems({ directory: deep }), [], file)
      rmSync(file)
    }
  })

  it("takes it from the environment too, and mends nothing there", async () => {
    list()
    const withContent = (content: string) => ({ environment: { OPENCODE_CONFIG_CONTENT: content } })
    assert.deepEqual(await lab.problems(withContent('{ "plugin": ["opencode-kiro-auth"] }')), [])
    const disabling = withContent('{ "plugin": ["opencode-kiro-auth"], "disabled_providers": ["kiro"] }')
    const { json } = await lab.runWith(disabling, "doctor", "--fix", "--json")
    assert.match(
      JSON.stringify(json),
      /OPENCODE_CONFIG_CONTENT disables the provider kiro[^}]*"mendable":false/,
    )
    assert.ok(!existsSync("OPENCODE_CONFIG_CONTENT"))
    const broken = await lab.problems(withContent('{ "plu'))
    remedyOf(broken, /^OPENCODE_CONFIG_CONTENT is not JSON/)
  })

  it("sees what the administrator of the computer has decided", async () => {
    const managed = join(lab.sandbox.root, "managed")
    mkdirSync(managed)
    editJson(join(managed, "opencode.jsonc"), () => ({ enabled_providers: ["corp"] }))
    const problems = await lab.problems({ environment: { OPENCODE_TEST_MANAGED_CONFIG_DIR: managed } })
    remedyOf(problems, /managed\Wopencode\.jsonc enables other providers only/)
  })

  it("sees that the environment lets OpenCode load no plugin", async () => {
    for (const value of ["1", "true"]) {
      const problems = await lab.problems({ environment: { OPENCODE_PURE: value } })
      assert.match(
        remedyOf(problems, /OPENCODE_PURE is set: OpenCode loads no plugin/),
        /unset OPENCODE_PURE/,
      )
    }
    assert.deepEqual(await lab.problems({ environment: { OPENCODE_PURE: "0" } }), [])
  })

  it("does not look beyond the repository that it is called in", async () => {
    list()
    const inner = join(lab.sandbox.project, "inner")
    mkdirSync(join(inner, ".git"), { recursive: true })
    writeFileSync(join(lab.sandbox.project, "opencode.json"), '{"plugin":["opencode-kiro-auth"]}')
    remedyOf(await lab.problems({ directory: inner }), /does not list the plugin/)
  })

  it("sees an old copy of the plugin, which OpenCode never refreshes by itself", async () => {
    list("opencode-kiro-auth")
    const copy = join(lab.sandbox.root, "cache", "opencode", "packages", "opencode-kiro-auth@latest")
    writePlugin(join(copy, "node_modules", "opencode-kiro-auth"), "0.0.1")
    const remedy = remedyOf(await lab.problems(), /loads opencode-kiro-auth 0\.0\.1, this command is/)
    assert.ok(remedy.startsWith(`Delete ${copy};`), remedy)
    rmSync(copy, { recursive: true })
    await followed()
  })

  it("sees an old pinned version, and a folder that was not brought up to date", async () => {
    list("opencode-kiro-auth@0.0.1")
    const pinned = join(lab.sandbox.root, "cache", "opencode", "packages", "opencode-kiro-auth@0.0.1")
    writePlugin(join(pinned, "node_modules", "opencode-kiro-auth"), "0.0.1")
    list(
      quoted(remedyOf(await lab.problems(), /loads opencode-kiro-auth 0\.0\.1/)).replace(
        /.* instead of /,
        "",
      ),
    )
    await followed()
    writePlugin(join(lab.sandbox.config, "plugin"), "0.0.1")
    list("./plugin")
    const remedy = remedyOf(await lab.problems(), /loads opencode-kiro-auth 0\.0\.1/)
    assert.match(remedy, /^In .*plugin: `git pull && npm install && npm run build`\.$/)
    writePlugin(join(lab.sandbox.config, "plugin"), VERSION)
    await followed()
  })

  it("sees a path with no built plugin, and a tarball that OpenCode would not load", async () => {
    rmSync(join(lab.sandbox.config, "plugin", "index.js"))
    assert.match(remedyOf(await lab.problems(), /no built plugin is there/), /npm install && npm run build/)
    writePlugin(join(lab.sandbox.config, "plugin"), VERSION)
    await followed()
    const tarball = join(lab.sandbox.root, "opencode-kiro-auth-0.1.0.tgz")
    writeFileSync(tarball, "")
    list(tarball)
    list(quoted(remedyOf(await lab.problems(), /no built plugin is there/)))
    await followed()
  })

  it("sees a second Kiro plugin, listed or lying in a plugin folder", async () => {
    list("./plugin", "@someone/opencode-kiro@1.2.3")
    assert.match(
      remedyOf(await lab.problems(), /another Kiro plugin, @someone\/opencode-kiro@1\.2\.3/),
      /Take it out/,
    )
    list("./plugin")
    await followed()
    const loose = join(lab.sandbox.config, "plugins", "kiro.js")
    mkdirSync(join(loose, ".."))
    writeFileSync(loose, "")
    assert.match(remedyOf(await lab.problems(), /also loads .*kiro\.js/), /Move it out/)
    rmSync(loose)
    await followed()
  })

  it(
    "sees it beside a link that leads to itself, and a file where a folder belongs",
    needsLinks,
    async () => {
      const dotted = join(lab.sandbox.project, ".opencode")
      const cache = join(lab.sandbox.root, "cache", "opencode", "npm")
      for (const folder of [join(dotted, "plugins"), cache]) mkdirSync(folder, { recursive: true })
      symlinkSync("plugin", join(dotted, "plugin"))
      writeFileSync(join(cache, "opencode-kiro-auth@latest"), "")
      list("opencode-kiro-auth")
      await followed()
      writeFileSync(join(dotted, "plugins", "kiro.js"), "")
      assert.match(remedyOf(await lab.problems(), /also loads .*kiro\.js/), /Move it out/)
    },
  )

  it("sees what else claims the provider kiro", async () => {
    const claims: readonly (readonly [object, RegExp])[] = [
      [
        { disabled_providers: ["kiro"] },
        /disables the provider kiro → Take "kiro" out of disabled_providers/,
      ],
      [{ enabled_providers: ["openai"] }, /enables other providers only → Put "kiro" into enabled_providers/],
      [
        { provider: { kiro: { npm: "@ai-sdk/anthropic" } } },
        /provider\.kiro\.npm is @ai-sdk\/anthropic → Take it out/,
      ],
      [
        { provider: { kiro: { options: { baseURL: "https://x.example" } } } },
        /provider\.kiro\.options\.baseURL is set/,
      ],
      [
        { provider: { kiro: { models: { auto: { provider: { npm: "x" } } } } } },
        /provider\.kiro\.models\.auto\.provider\.npm is x/,
      ],
    ]
    for (const [claim, found] of claims) {
      editJson(config, (before) => ({ ...before, ...claim }))
      remedyOf(await lab.problems(), found)
      editJson(config, ({ plugin }) => ({ plugin }))
    }
    const models = { "claude-sonnet-4-5": { name: "Mine", limit: { context: 200_000, output: 64_000 } } }
    editJson(config, (before) => ({
      ...before,
      provider: { kiro: { models, npm: "@ai-sdk/openai-compatible" } },
    }))
    await followed()
  })

  it("sees files that are not JSON: tui.json, opencode.json, kiro.json, auth.json", async () => {
    const panel = join(lab.sandbox.config, "tui.json")
    writeFileSync(panel, '{ "plugin": [')
    remedyOf(await lab.problems(), /tui\.json is not JSON → Correct it/)
    rmSync(panel)
    const project = join(lab.sandbox.project, "opencode.json")
    writeFileSync(project, "{ plugin: }")
    remedyOf(await lab.problems(), /opencode\.json is not JSON → Correct it/)
    rmSync(project)
    mkdirSync(project)
    remedyOf(await lab.problems(), /opencode\.json is not a file → Correct it/)
    rmSync(project, { recursive: true })
    const list = readFileSync(config, "utf8")
    writeFileSync(config, "{")
    // Nobody knows whether it lists the plugin.
    remedyOf(await lab.problems(), /opencode\.json is not JSON → Correct it/)
    writeFileSync(config, list)
    const auth = join(lab.sandbox.data, "auth.json")
    writeFileSync(auth, "{")
    const move = /(?:mv|move) "([^"]+)" "([^"]+)"/.exec(
      remedyOf(await lab.problems(), /auth\.json can't be read as JSON/),
    )
    renameSync(move?.[1] ?? "", move?.[2] ?? "")
    await followed()
    const kiro = join(lab.sandbox.config, "kiro.json")
    const before = readFileSync(kiro, "utf8")
    writeFileSync(kiro, "{")
    const [broken = "", ...others] = await lab.problems({
      environment: { KIRO_ENDPOINT_OVERRIDE: lab.fake.url },
    })
    assert.deepEqual(
      [others, /kiro\.json is broken at line 1: .* → Correct it/.test(broken)],
      [[], true],
      broken,
    )
    writeFileSync(kiro, before)
    await followed()
  })

  it("sees one that is nested deeper than anybody reads, and looks at all else", async () => {
    const depth = 400_000
    writeFileSync(config, `{ "plugin": ${"[".repeat(depth)}${"]".repeat(depth)} }`)
    remedyOf(await lab.problems(), /opencode\.json is not JSON/)
    assert.match((await lab.run("update")).err, /opencode\.json is not JSON: correct it first/)
  })

  it("sees an entry of auth.json that keeps OpenCode from starting, and none in any other", async () => {
    const auth = join(lab.sandbox.data, "auth.json")
    writeFileSync(auth, JSON.stringify({ kiro: { type: "wellknown", key: "a", token: "b" } }))
    assert.match(
      remedyOf(await lab.problems(), /auth\.json says of kiro .*wellknown/),
      /Take the entry "kiro" out/,
    )
    for (const kiro of [undefined, 17, null, { type: "api", key: "x" }, { type: "oauth", refresh: 1 }]) {
      writeFileSync(auth, JSON.stringify({ kiro, other: { type: "wellknown", key: "a", token: "b" } }))
      await followed()
    }
  })

  it("is not held up by files without end, whose-ever they are", async () => {
    const endless = "x".repeat(5_000_000)
    const { config: folder, data, project } = lab.sandbox
    mkdirSync(join(data, "log"), { recursive: true })
    writeFileSync(join(data, "log", "kiro.log"), `{"level":"error","message":"${endless}"}\n`)
    writeFileSync(join(data, "auth.json"), JSON.stringify({ kiro: { type: "api", key: endless } }))
    writeFileSync(join(project, "opencode.json"), `{"a":"${endless}"}`)
    mkdirSync(join(project, ".opencode"))
    writeFileSync(join(project, ".opencode", "plugins"), "no folder")
    writeFileSync(join(project, ".opencode", "opencode.jsonc"), `{} ${"/* ".repeat(1_000_000)}`)
    writeFileSync(join(folder, "plugin", "package.json"), `{"version":"${endless}"}`)
    const problems = await lab.problems()
    assert.deepEqual(
      problems.map((problem) => /(is too large|is not JSON|can't be read)/.exec(problem)?.[1]),
      ["is too large", "is not JSON", "can't be read"],
    )
    assert.doesNotMatch((await lab.run("doctor", "--report")).out, /x{100}/)
  })

  it("sees a value that is not allowed, by its key and with its range, also in a project's kiro.json", async () => {
    const file = join(lab.sandbox.project, ".opencode", "kiro.json")
    mkdirSync(join(file, ".."))
    writeFileSync(file, '{"rate_limit_max_retries": 11}')
    remedyOf(await lab.problems(), /rate_limit_max_retries.*10.* → Correct it/)
    rmSync(file)
    await followed()
  })

  it("sees that a newer plugin is published, by the user's own npm", async () => {
    const answer = (version: string, repository?: string): void => {
      const document = { version, ...(repository !== undefined && { "repository.url": repository }) }
      program(lab.bin, "npm", { prints: JSON.stringify(document), tells: join(lab.bin, "asked") })
    }
    const ours = "git+https://github.com/someone/opencode-kiro-auth.git"
    answer(NEWER, ours)
    const remedy = remedyOf(await lab.problems(), /99\.0\.0 is published \(git\+https.*\), this command is/)
    assert.match(remedy, /main\.[jt]s update`$/)
    assert.match(readFileSync(join(lab.bin, "asked"), "utf8"), /^view opencode-kiro-auth version/)
    answer(VERSION, ours)
    await followed()
    // Somebody else's package of this name says nothing of this one.
    answer(NEWER)
    await followed()
    program(lab.bin, "npm", { code: 1 })
    await followed()
  })

  it("knows OpenCode 2: its list, its own environment, its log, and a host that is too old", async () => {
    program(lab.bin, "opencode", { prints: "opencode 2.3.0" })
    editJson(config, () => ({ plugins: ["-other", { package: "./plugin", options: {} }] }))
    mkdirSync(join(lab.sandbox.data, "log"), { recursive: true })
    writeFileSync(
      join(lab.sandbox.data, "log", "opencode.log"),
      "INFO kiro is fine\nERROR failed to load plugin opencode-kiro-auth ref=err_1\n" +
        `ERROR provider=kiro error="${noAccount({ syncsKiroCli: true })}"\n`,
    )
    const environment = { KIRO_TOASTS: "true" }
    const { code, out } = await lab.runWith({ environment }, "doctor")
    assert.equal(code, 0, out)
    assert.match(out, /OpenCode 2\.3\.0, /)
    assert.match(out, /background service may not see .*KIRO_TOASTS.*opencode service set env \w+ VALUE/)
    assert.match(out, /OpenCode's log: ERROR failed to load plugin opencode-kiro-auth ref=err_1/)
    assert.doesNotMatch(out, /is fine|signed in on this computer|panel of the terminal UI/)
    writeFileSync(join(lab.sandbox.config, "service.json"), '{"env":{"KIRO_TOASTS":"true","NO_PROXY":"*"}}')
    assert.doesNotMatch((await lab.runWith({ environment }, "doctor")).out, /may not see/)
    // Its `opencode plugin add` takes no folder.
    editJson(config, () => ({}))
    const byHand = /^Put "plugin": \["[^`]+"\] into \S+opencode\.json\.$/
    assert.match(remedyOf(await lab.problems(), /does not list the plugin/), byHand)
    const unlisted = await lab.run("update")
    assert.deepEqual([unlisted.code, byHand.test(unlisted.out.trim().split("plugin. ")[1] ?? "")], [1, true])
    list("./plugin")
    program(lab.bin, "opencode", { prints: "1.18.20" })
    assert.match(
      remedyOf(await lab.problems(), /OpenCode 1\.18\.20 is older than 1\.18\.27/),
      /opencode upgrade/,
    )
  })

  it("sees what keeps OpenCode 2 from the plugin or its panel, and what it would load twice", async () => {
    program(lab.bin, "opencode", { prints: "2.3.0" })
    const plugins = (...lines: readonly unknown[]): void => editJson(config, () => ({ plugins: lines }))
    plugins("./plugin", "-opencode-kiro-auth")
    remedyOf(await lab.problems(), /opencode\.json switches the plugin off: "-opencode-kiro-auth"/)
    plugins("./plugin", "-opencode-*")
    remedyOf(await lab.problems(), /switches the plugin off: "-opencode-\*"/)
    for (const lines of [
      ["-*", "./plugin"],
      ["./plugin", "-*", "opencode-kiro*"],
      ["./plugin", "-other", "-kiro*", "*"],
    ]) {
      plugins(...lines)
      await followed()
    }
    const cli = join(lab.sandbox.config, "cli.json")
    writeFileSync(cli, "{ plugins: ")
    remedyOf(await lab.problems(), /cli\.json is not JSON/)
    writeFileSync(cli, '{ "plugins": ["other", { "package": "opencode-kiro-auth" }], } // mine')
    assert.match(remedyOf(await lab.problems(), /cli\.json lists opencode-kiro-auth too/), /Take it out/)
    const environment = { OPENCODE_CLI_CONFIG_CONTENT: '{"plugins":["-opencode-kiro-auth"]}' }
    assert.deepEqual(await lab.problems({ environment }), [])
    assert.match(
      (await lab.runWith({ environment }, "doctor")).out,
      /OPENCODE_CLI_CONFIG_CONTENT switches the panel off/,
    )
    // An OpenCode 1 reads none of this.
    program(lab.bin, "opencode", { prints: "1.18.33" })
    editJson(config, () => ({ plugin: ["./plugin", "-opencode-kiro-auth"] }))
    await followed()
  })

  it("names the part of the plugin that is missing", async () => {
    const folder = join(lab.sandbox.config, "plugin")
    const part = (path: string): { default: string } => ({ default: `./${path}` })
    editJson(join(folder, "package.json"), (before) => ({
      ...before,
      exports: { "./server": part("index.js"), "./tui": part("tui.js") },
    }))
    remedyOf(
      await lab.problems(),
      /no built plugin is there: it lacks the models of OpenCode 2 \(opencode2[\\/]provider\.js\), the terminal UI's part \(\.\/tui\.js\)/,
    )
    mkdirSync(join(folder, "opencode2"))
    writeFileSync(join(folder, "opencode2", "provider.js"), "")
    writeFileSync(join(folder, "tui.js"), "")
    await followed()
  })

  it("sees that git would take the logins, or has taken them", needsGit(), async () => {
    const folder = lab.sandbox.config
    const git = (...args: readonly string[]): void =>
      void execFileSync("git", ["-C", folder, ...args], { stdio: "ignore" })
    await lab.run("import")
    await followed()
    git("init")
    rmSync(join(folder, ".gitignore"), { force: true })
    const open = remedyOf(await lab.problems(), /kiro\.db lies in a git work tree and is not ignored/)
    const lines = /lines (\S+) and (\S+) to (\S+)\.$/.exec(open) ?? []
    git("add", "-f", "kiro.db")
    git("-c", "user.name=a", "-c", "user.email=a@b", "commit", "-m", "dotfiles")
    const taken = remedyOf(await lab.problems(), /kiro\.db is committed to git, with your tokens/)
    assert.ok(taken.includes(`git -C "${folder}" rm --cached kiro.db`), taken)
    git("rm", "--cached", "kiro.db")
    writeFileSync(lines[3] ?? "", `${lines[1]}\n${lines[2]}\n`)
    await followed()
    assert.ok(existsSync(join(folder, "kiro.db")))
  })
})

function needsGit(): { readonly skip?: string } {
  try {
    execFileSync("git", ["--version"], { stdio: "ignore" })
    return {}
  } catch {
    return { skip: "no git here" }
  }
}

describe("versions", () => {
  it("are ordered by their numbers, a pre-release before its release; what is none comes before none", async () => {
    const ascending = ["0.1.0", "0.2.0-beta.2", "0.2.0-beta.10", "0.2.0", "0.10.0", "1.0.0"]
    for (const [index, version] of ascending.entries())
      for (const [at, other] of ascending.entries())
        assert.equal(await isOlder(other, version), at < index, `${other} ${version}`)
    assert.equal(await isOlder("nightly", "1.0.0"), false)
  })
})

/** What is an `.exe` file on Windows, and what might start it. */
const PLANTED = ["git.exe", "cmd.exe", "node.exe", "bun.exe", "powershell.exe", "rundll32.exe"]

/**
 * Where programs are `.exe` files: Node under their names, which writes a file when it is started from here. The
 * environment that tells it to; Bun takes none that would.
 */
function plantNode(folder: string, ran: string): Record<string, string> {
  if (process.platform !== "win32" || process.versions["bun"] !== undefined) return {}
  const preload = join(folder, "planted.cjs")
  writeFileSync(
    preload,
    `const { dirname } = require("node:path")
     if (dirname(process.execPath) === __dirname) require("node:fs").writeFileSync(${JSON.stringify(ran)}, "ran")`,
  )
  const environment = { NODE_OPTIONS: `${process.env["NODE_OPTIONS"] ?? ""} --require ${preload}`.trim() }
  for (const name of PLANTED) {
    copyFileSync(process.execPath, join(folder, name))
    execFileSync(join(folder, name), ["-e", "0"], { env: { ...process.env, ...environment } })
    assert.ok(existsSync(ran), `what is planted as ${name} tells that it ran`)
    rmSync(ran)
  }
  return environment
}

describe("programs", () => {
  const linux = { env: { PATH: ".:/usr/bin::bin", A: "1" }, platform: "linux", home: "/home/me" }
  const windows = {
    env: { Path: 'C:\\repo\\..\\bin;.;;"D:\\a b";node_modules\\.bin', SYSTEMROOT: "C:\\WINDOWS" },
    platform: "win32",
    home: "C:\\Users\\me",
  }

  it("are started by themselves, but for the scripts of npm on Windows", () => {
    assert.deepEqual(callOf(linux, "npm", ["view"]), {
      file: "npm",
      args: ["view"],
      env: { PATH: "/usr/bin", A: "1" },
      cwd: "/home/me",
    })
    const npm = callOf(windows, "npm", ["view"])
    assert.deepEqual(npm.args, ["/d", "/c", "npm", "view"])
    assert.deepEqual(callOf(windows, "git", ["-C", "a b"]).args, ["-C", "a b"])
  })

  it("are themselves where OpenCode's program was told to be a Bun", () => {
    const at = { ...linux, env: { ...linux.env, BUN_BE_BUN: "1" } }
    assert.deepEqual(callOf(at, "opencode", ["--version"]).env, callOf(linux, "opencode", []).env)
  })

  it("are never taken from the folder where the command was called", () => {
    for (const program of ["npm", "opencode", "git"]) {
      const { file, env, cwd } = callOf(windows, program, [])
      assert.equal(cwd, "C:\\WINDOWS\\System32")
      assert.equal(env["NoDefaultCurrentDirectoryInExePath"], "1")
      assert.equal(env["Path"], 'C:\\repo\\..\\bin;"D:\\a b"')
      assert.equal(file, program === "git" ? "git" : "C:\\WINDOWS\\System32\\cmd.exe")
    }
  })

  it("that a repository planted do not run, though the PATH names the current folder", async () => {
    const lab = await openDoctorLab()
    const { project } = lab.sandbox
    const ran = join(project, "ran")
    for (const name of ["npm", "git", "opencode"]) program(project, name, { tells: ran })
    const environment = {
      PATH: [".", lab.bin, process.env["PATH"]].join(delimiter),
      ...plantNode(project, ran),
    }
    await lab.runWith({ directory: project, environment }, "doctor")
    // The ones that stand behind it on the PATH do.
    assert.match(
      (await lab.spawnWith({ directory: project, environment }, "doctor")).out,
      /OpenCode 1\.18\.33, /,
    )
    for (const command of [["doctor", "--report"], ["update"]])
      await lab.spawnWith({ directory: project, environment }, ...command)
    assert.ok(!existsSync(ran))
    await lab.close()
  })
})
