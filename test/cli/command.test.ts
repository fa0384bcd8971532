import assert from "node:assert/strict"
import { spawnSync } from "node:child_process"
import { appendFileSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs"
import { extname, join } from "node:path"
import { PassThrough } from "node:stream"
import { after, before, describe, it } from "node:test"
import { stripVTControlCharacters } from "node:util"
import { redirectingDotenv } from "../../src/cli/context.ts"
import { isTooOld, programHere, tooOld, withoutSqliteWarning } from "../../src/cli/interpreter.ts"
import { createTerminal, type Terminal } from "../../src/cli/terminal.ts"
import { VERSION } from "../../src/version.ts"
import { seedKiroCliStore } from "../support/kiro-cli-store.ts"
import { needsLinks, needsShell } from "../support/posix.ts"
import { type Lab, MAIN, openLab } from "./lab.ts"
import { temporaryFolder } from "../support/temporary-folder.ts"
import { OLD_BUN } from "../support/old-bun.ts"

const COLOUR = "\u001B["

describe("the command", () => {
  let lab: Lab
  before(async () => {
    lab = await openLab()
    await seedKiroCliStore({ path: lab.sandbox.kiroCliStore, accounts: [lab.fake.account()] })
    await lab.run("import")
  })
  after(() => lab.close())

  it("says what it can do, and its version", async () => {
    const help = await lab.run("--help")
    assert.equal(help.code, 0)
    for (const word of ["accounts", "usage", "budget", "import", "doctor", "update", "--json", "Exit codes"])
      assert.ok(help.out.includes(word), word)
    assert.equal((await lab.run()).out, help.out)
    assert.deepEqual(await lab.run("--version"), { code: 0, out: `${VERSION}\n`, err: "", json: undefined })
  })

  it("ends with 2 and tells how, where the command line is off", async () => {
    const wrong = [
      ["nonsense"],
      ["accounts", "nonsense", "a1b2"],
      ["accounts", "enable"],
      ["accounts", "label", "a1b2"],
      ["accounts", "label", "a1b2", "me@example.com"],
      ["usage", "now"],
      ["accounts", "--dry-run"],
      ["usage", "--report"],
      ["doctor", "--nonsense"],
      ["usage", "--days", "0"],
      ["usage", "--days"],
      ["usage", "--by", "colour"],
      ["budget", "double"],
    ]
    for (const words of wrong) {
      const { code, out, err } = await lab.run(...words)
      assert.equal(code, 2, words.join(" "))
      assert.equal(out, "")
      assert.match(err, /^✗ .+\nRun it with --help/)
    }
  })

  it("guesses what was meant", async () => {
    const guesses: readonly (readonly [readonly string[], RegExp])[] = [
      [["acounts"], /there is no command "acounts"; did you mean accounts\?/],
      [["accounts", "enabel", "a1b2"], /accounts has no "enabel"; did you mean enable\?/],
      // As `/kiro` calls it.
      [["accounts", "rename", "a1b2", "x"], /accounts has no "rename"; did you mean label\?/],
      [["accounts", "off", "a1b2"], /accounts has no "off"; did you mean disable\?/],
      [["upgrade"], /there is no command "upgrade"; did you mean update\?/],
      [["constructor"], /there is no command "constructor"; there are accounts, /],
      [
        ["accounts", "foo"],
        /accounts has no "foo"; there are list, label, enable, disable, remove, profile$/m,
      ],
      [
        ["foo"],
        /there is no command "foo"; there are accounts, usage, budget, import, doctor, update, help$/m,
      ],
      [["budget", "double"], /budget has no "double"; there is lift$/m],
      [["doctor", "--reprot"], /there is no option "--reprot"; did you mean --report\?/],
      [
        ["usage", "--foo"],
        /there is no option "--foo"; there are --days, --by, --csv, --json, --help, --version$/m,
      ],
      [["--foo"], /there is no option "--foo"; there are --days, --by, --csv, --dry-run, --report,/],
      [["usage", "--by=modle"], /did you mean model\?/],
      [
        ["usage", "--by=shoes"],
        /--by takes no "shoes"; there are day, model, account, session, project, purpose$/m,
      ],
      [["login"], /sign in with: `opencode auth login`/],
      [["logout"], /forget an account with: accounts remove ACCOUNT/],
      [["doc"], /there is no command "doc"; there are accounts/],
      [["accounts", "list", "a1b2"], /"a1b2" is too much/],
      [["usage", "--fix"], /--fix goes with doctor/],
      [["doctor", "--live", "--yes=no"], /--yes takes no value/],
      [["usage", "--json=false"], /--json takes no value/],
    ]
    for (const [words, guess] of guesses) {
      const { code, err } = await lab.run(...words)
      assert.equal(code, 2)
      assert.match(err, guess)
    }
  })

  it("wraps no line of its help at 80 columns", async () => {
    const { out } = await lab.run("--help")
    const [, command = "", ...lines] = out.split("\n")
    assert.match(command, /main\.[jt]s COMMAND$/)
    for (const line of lines) assert.ok(line.length <= 80, line)
  })

  it("gives machines a document also where it fails", async () => {
    assert.deepEqual((await lab.run("accounts", "nonsense", "a1b2", "--json")).json, {
      error: 'accounts has no "nonsense"; there are list, label, enable, disable, remove, profile',
    })
    const { code, json } = await lab.run("accounts", "disable", "zzzz", "--json")
    assert.equal(code, 1)
    assert.match(JSON.stringify(json), /^\{"error":"no account is called /)
  })

  it("ends with 1 where an account is not there, and names those that are", async () => {
    const { code, err } = await lab.run("accounts", "disable", "zzzz")
    assert.equal(code, 1)
    assert.match(err, /no account is called "zzzz"; there is Builder ID ··[0-9a-f]{4} \([0-9a-f]{4}\)/)
  })

  it("prints plain text into a pipe, and nothing at all to stderr", async () => {
    const { out, err } = await lab.spawnWith({}, "usage")
    assert.match(out, /12\.37 \/ 50\.00/)
    assert.ok(!out.includes(COLOUR))
    assert.equal(err, "")
  })

  it("keeps to FORCE_COLOR and NO_COLOR", async () => {
    const forced = await lab.runWith({ environment: { FORCE_COLOR: "1" } }, "accounts")
    assert.ok(forced.out.includes(COLOUR))
    const both = await lab.runWith({ environment: { FORCE_COLOR: "1", NO_COLOR: "1" } }, "accounts")
    assert.ok(!both.out.includes(COLOUR))
    const blank = await lab.runWith({ environment: { FORCE_COLOR: "1", NO_COLOR: "" } }, "accounts")
    assert.ok(blank.out.includes(COLOUR))
  })

  it("ends quietly when who reads has enough", needsShell, () => {
    const run = `"${process.execPath}" "${MAIN}" --help | true`
    const { stderr } = spawnSync("sh", ["-c", run], { encoding: "utf8", env: lab.sandbox.environment })
    assert.equal(stderr, "")
  })

  it("works in a folder that was taken away under its shell", { skip: needsShell.skip ?? OLD_BUN }, () => {
    const run = `rmdir "$PWD" && "${process.execPath}" "${MAIN}" accounts`
    const at = { encoding: "utf8", env: lab.sandbox.environment, cwd: temporaryFolder() } as const
    const { status, stdout, stderr } = spawnSync("sh", ["-c", run], at)
    assert.deepEqual([status, stderr], [0, ""])
    assert.match(stdout, /^Builder ID ··/m)
  })

  it(
    "says where its output goes to a full disk, and fails",
    { skip: !existsSync("/dev/full") && "needs /dev/full" },
    () => {
      const run = `"${process.execPath}" "${MAIN}" --help > /dev/full`
      const { status, stderr } = spawnSync("sh", ["-c", run], {
        encoding: "utf8",
        env: lab.sandbox.environment,
      })
      assert.equal(stderr, "✗ the output can't be written (ENOSPC)\n")
      assert.equal(status, 1)
    },
  )

  it("starts through a link, as npx and bunx start it", needsLinks, () => {
    const folder = temporaryFolder()
    const link = join(folder, `opencode-kiro-auth${extname(MAIN)}`)
    symlinkSync(MAIN, link)
    const { stdout } = spawnSync(process.execPath, [link, "--version"], { encoding: "utf8" })
    assert.equal(stdout, `${VERSION}\n`)
  })

  it("says in one sentence that a value of kiro.json is not allowed, and goes on", async () => {
    const environment = { KIRO_REQUEST_TIMEOUT_MS: "5" }
    const { code, err } = await lab.runWith({ environment }, "accounts")
    assert.equal(code, 0)
    assert.match(err, /request_timeout_ms.*600000/)
    assert.equal(err.trim().split("\n").length, 1)
    for (const words of [["import"], ["usage", "--days", "3"], ["accounts", "label", "zzzz", "x"]])
      assert.doesNotMatch((await lab.runWith({ environment }, ...words)).err, /request_timeout_ms/)
  })

  it("says of many mistakes in kiro.json the first, and how many there are", async () => {
    const environment = { KIRO_REQUEST_TIMEOUT_MS: "5", KIRO_TOASTS: "perhaps", KIRO_LOG_LEVEL: "loud" }
    for (const words of [["accounts"], ["budget"]]) {
      const { code, err } = await lab.runWith({ environment }, ...words)
      assert.equal(code, 0)
      assert.match(
        err,
        /^\w+ in the environment \(KIRO_[A-Z_]+\) must be [^.]*; it is ignored\. And 2 more: `.* doctor`\.\n$/,
      )
    }
    const { out } = await lab.runWith({ environment }, "doctor")
    for (const key of ["request_timeout_ms", "toasts", "log_level"])
      assert.match(out, new RegExp(`✗ ${key} in`))
  })
})

describe("progress", () => {
  const stream = (isTTY: boolean) => {
    const written: string[] = []
    return { isTTY, written, write: (text: string) => written.push(text) }
  }

  it("is shown while it waits where a person watches, and wiped", async () => {
    const stderr = stream(true)
    const terminal = createTerminal({ stdout: stream(true), stderr, env: {} })
    assert.equal(await terminal.progress("Asking", async () => 7), 7)
    assert.deepEqual(stderr.written, ["Asking …", "\r\u001B[2K"])
  })

  it("is not shown in a pipe, and neither are colours", async () => {
    const [stdout, stderr] = [stream(false), stream(false)]
    const terminal = createTerminal({ stdout, stderr, env: {} })
    await terminal.progress("Asking", async () => terminal.err(terminal.paint("bad", "no")))
    terminal.out(terminal.paint("good", "yes"))
    assert.deepEqual([stdout.written, stderr.written], [["yes\n"], ["no\n"]])
  })

  it("is wiped when the work fails", async () => {
    const stderr = stream(true)
    const terminal = createTerminal({ stdout: stream(true), stderr, env: {} })
    await assert.rejects(terminal.progress("Asking", () => Promise.reject(new Error("no"))))
    assert.equal(stderr.written.at(-1), "\r\u001B[2K")
  })

  it("stands below what is said meanwhile, and never in its line", async () => {
    const screen = stream(true)
    const terminal = createTerminal({ stdout: screen, stderr: screen, env: { NO_COLOR: "1" } })
    await terminal.progress("Asking", async () => {
      terminal.warn("gone")
      terminal.out("found")
    })
    terminal.warn("done")
    assert.equal(
      screen.written.join(""),
      "Asking …\r\u001B[2Kgone\nAsking …\r\u001B[2Kfound\nAsking …\r\u001B[2Kdone\n",
    )
  })

  it("is left out on a dumb terminal, as colours are", async () => {
    const [stdout, stderr] = [stream(true), stream(true)]
    const terminal = createTerminal({ stdout, stderr, env: { TERM: "dumb" } })
    await terminal.progress("Asking", async () => terminal.out(terminal.paint("good", "yes")))
    assert.deepEqual([stdout.written, stderr.written], [["yes\n"], []])
  })
})

describe("a question", () => {
  const person = { isTTY: true, write: () => true }
  const answer = (typed: string): Promise<boolean | undefined> => {
    const stdin = Object.assign(new PassThrough(), { isTTY: true })
    stdin.end(typed)
    return createTerminal({ stdout: person, stderr: person, stdin, env: {} }).confirm("Go on?")
  }

  it("is answered by yes alone, and by no where the input ends without a word", async () => {
    for (const typed of ["y\n", "Yes\n", " y \n"]) assert.equal(await answer(typed), true, typed)
    for (const typed of ["n\n", "\n", "yet\n", ""]) assert.equal(await answer(typed), false, typed)
  })

  it("is put to nobody in a pipe", async () => {
    assert.equal(
      await createTerminal({ stdout: person, stderr: person, env: {} }).confirm("Go on?"),
      undefined,
    )
  })
})

describe("a table", () => {
  const columns = [{ title: "Name" }, { title: "Plan", expendable: 1 }, { title: "From", expendable: 2 }]
  const rows = [["Identity Center ··ffaf", "KIRO POWER", "kiro-cli, own login"]]
  /** Of a terminal that is so wide; `undefined`: a pipe. */
  const terminalOf = (width: number | undefined): Terminal => {
    const stdout = { ...(width !== undefined && { isTTY: true, columns: width }), write: () => true }
    return createTerminal({ stdout, stderr: { write: () => true }, env: {} })
  }
  const drawn = (width: number | undefined): readonly string[] =>
    stripVTControlCharacters(terminalOf(width).table(columns, rows)).split("\n")

  it("leaves out what is expendable before a row would wrap, and nothing in a pipe", () => {
    assert.deepEqual(drawn(undefined), [
      "Name                    Plan        From",
      "Identity Center ··ffaf  KIRO POWER  kiro-cli, own login",
    ])
    assert.deepEqual(drawn(55), drawn(undefined))
    assert.deepEqual(drawn(54)[1], "Identity Center ··ffaf  KIRO POWER")
    assert.deepEqual(drawn(30)[1], "Identity Center ··ffaf")
    assert.deepEqual(drawn(5)[1], "Identity Center ··ffaf")
    // So wide is a terminal of which nobody has said how wide it is.
    assert.deepEqual(drawn(0), drawn(80))
  })

  it("cuts a name short where the rest alone is too wide, but for the id that it is typed by", () => {
    const terminal = terminalOf(36)
    const columns = [{ title: "", shrinks: "right" }, { title: "" }] as const
    const rows = [
      [terminal.paint("strong", "Identity Center ··ffaf"), "at the daily limit"],
      ["The account of the whole company", "ok"],
      ["For $$ and $& of the company", "ok"],
    ]
    const lines = stripVTControlCharacters(terminal.table(columns, rows))
    assert.deepEqual(lines.split("\n"), [
      "Identity…··ffaf   at the daily limit",
      "The account of…   ok",
      "For $$ and $& o…  ok",
    ])
  })

  it("breaks no command that is named in backticks", () => {
    const text = "Choose one, or `run this command` now."
    assert.equal(terminalOf(22).wrap(text, 2), "Choose one, or\n  `run this command`\n  now.")
    // A line of a log may end within one.
    const cut = "The last line of it, `run this com"
    assert.equal(terminalOf(22).wrap(cut, 2), "The last line of it,\n  `run this com")
  })

  it("breaks texts between words, and indents what follows", () => {
    assert.equal(terminalOf(22).wrap("one two three four five", 2), "one two three four\n  five")
    assert.equal(terminalOf(22).wrap("one two three sixsix", 2), "one two three sixsix")
    assert.equal(terminalOf(undefined).wrap("one two", 2), "one two")
  })
})

describe("a repository's .env, which Bun reads by itself", () => {
  it("can't say where a login goes", async () => {
    const lab = await openLab()
    const { project } = lab.sandbox
    const file = join(project, ".env.local")
    writeFileSync(file, "A=1\nexport KIRO_ENDPOINT_OVERRIDE = https://evil.example\n")
    const { code, json, err } = await lab.spawnWith({ directory: project }, "usage", "--json")
    if ("Bun" in globalThis) {
      assert.equal(code, 1)
      assert.match(err, /\.env\.local sets KIRO_ENDPOINT_OVERRIDE, .* Run it in another folder, or with node/)
      assert.match(JSON.stringify(json), /"error"/)
    } else assert.deepEqual([code, json], [0, { accounts: [] }])
    await lab.close()
  })

  it("is no matter where it sets something else, or does not count", () => {
    const folder = temporaryFolder()
    const set = (env: Record<string, string>) => redirectingDotenv(folder, env)
    writeFileSync(
      join(folder, ".env"),
      "NODE_ENV=test\nKIRO_API_KEY=ksk_0\nPATH=$HOME:/bin\nA_KIRO_TOASTS=1\n",
    )
    const env = { NODE_ENV: "test", KIRO_API_KEY: "ksk_0", HOME: "/root", KIRO_TOASTS: "true" }
    assert.equal(set(env), undefined)
    writeFileSync(join(folder, ".env"), "A=1\r\n  HTTPS_PROXY: http://evil.example\r\n")
    assert.equal(set(env), undefined)
    assert.match(set({ ...env, HTTPS_PROXY: "x" }) ?? "", /sets HTTPS_PROXY/)
  })

  it("is seen also as Windows has it: under a name of any case, in an environment that does not list it", () => {
    const folder = temporaryFolder()
    writeFileSync(join(folder, ".ENV"), "\nhttps_proxy=http://evil.example\n")
    const env = Object.defineProperty({}, "https_proxy", { value: "http://evil.example" })
    assert.match(redirectingDotenv(folder, env) ?? "", /sets https_proxy/)
  })

  it("is not run with where nobody sees what it sets: it is too large, or no text", async () => {
    const lab = await openLab()
    const { project } = lab.sandbox
    const file = join(project, ".env")
    const sets = "\nKIRO_ENDPOINT_OVERRIDE=https://evil.example\n"
    for (const [before, why] of [
      ["\n".repeat(4_000_000), "is too large"],
      [Buffer.from([0xff, 0xfe]), "is in UTF-16"],
    ] as const) {
      writeFileSync(file, before)
      appendFileSync(file, sets)
      const { code, err } = await lab.spawnWith({ directory: project }, "usage", "--json")
      assert.equal(code, "Bun" in globalThis ? 1 : 0)
      if ("Bun" in globalThis) assert.match(err, new RegExp(`\\.env ${why}.*, so that nobody sees`))
    }
    writeFileSync(file, "\n".repeat(3_999_000))
    mkdirSync(join(project, ".envs"))
    assert.equal((await lab.spawnWith({ directory: project }, "usage")).code, 0)
    await lab.close()
  })
})

describe("the interpreter", () => {
  it("is judged by its version: Node has SQLite from 22.13 on, Bun always", () => {
    assert.deepEqual(
      ["20.20.2", "22.12.0", "22.13.0", "24.0.0"].map((node) => isTooOld({ node })),
      [true, true, false, false],
    )
    assert.equal(isTooOld({ node: "20.0.0", bun: "1.3.0" }), false)
  })

  it("is named as it was started, OpenCode's own program too", () => {
    const at = (bun: string | undefined, env: Record<string, string>, platform = "linux") =>
      programHere({ versions: { node: "24.0.0", bun }, env, platform })
    assert.deepEqual(
      [at(undefined, { BUN_BE_BUN: "1" }), at("1.3.14", {}), at("1.3.14", { BUN_BE_BUN: "1" })],
      ["node", "bun", "BUN_BE_BUN=1 opencode"],
    )
    assert.equal(at("1.3.14", { BUN_BE_BUN: "1" }, "win32"), "set BUN_BE_BUN=1&& opencode")
  })

  it("is named with all that was typed, where the Node that was to run it is too old", () => {
    const typed = ["accounts", "label", "a1b2", "mine at work"]
    assert.match(
      tooOld("/x/main.js", typed, "linux"),
      /\n {2}BUN_BE_BUN=1 opencode "\/x\/main\.js" accounts label a1b2 "mine at work"$/,
    )
    assert.match(tooOld("/x/main.js", ["accounts", "label", "a1b2", ""], "linux"), / a1b2 ""$/)
  })

  it("is kept from calling SQLite experimental, and from nothing else", () => {
    const told: unknown[][] = []
    const emitWarning = withoutSqliteWarning({ emitWarning: (...given: unknown[]) => void told.push(given) })
    emitWarning("SQLite is an experimental feature and might change at any time", "ExperimentalWarning")
    emitWarning("The Fetch API is an experimental feature", "ExperimentalWarning")
    emitWarning(new Error("a leak"))
    assert.deepEqual(
      told.map(([warning]) => String(warning)),
      ["The Fetch API is an experimental feature", "Error: a leak"],
    )
  })
})
