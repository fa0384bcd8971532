import assert from "node:assert/strict"
import { lstatSync, mkdirSync, readFileSync, realpathSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, it } from "node:test"
import {
  type AccountRule,
  accountRules,
  type Project,
  type RuleQuestion,
  saveProjectRule,
} from "../../src/settings/index.ts"
import { needsLinks } from "../support/posix.ts"
import { temporaryFolder } from "../support/temporary-folder.ts"

const LINUX = { home: "/home/ann", platform: "linux" }

/** A folder that is no repository. */
const at = (directory: string): Project => ({ directory, worktree: directory })

function decides(
  kind: "project" | "new",
  rules: readonly AccountRule[],
  question: RuleQuestion,
  place = LINUX,
) {
  const { ofProject, ofNew } = accountRules(rules, place)
  return (kind === "project" ? ofProject(question.project) : ofNew(question))?.account
}

describe("account rules", () => {
  it("hold for a folder and what is in it, or for what a glob means", () => {
    const holds = (project: string, folder: string, place = LINUX): boolean =>
      decides("project", [{ project, account: "a" }], { project: at(folder) }, place) === "a"
    for (const [project, folder] of [
      ["~/work", "/home/ann/work"],
      ["~/work/", "/home/ann/work/one/src"],
      ["/srv/*/app", "/srv/x/app/src"],
      ["/srv/**", "/srv/x/y"],
      ["~", "/home/ann/anything"],
      ["/", "/srv/app"],
      ["/a.b(c)", "/a.b(c)/d"],
      ["~/work/x/..", "/home/ann/work/one"],
      ["/srv//./app/", "/srv/app/src/"],
      ["~/x/../*/app", "/home/ann/one/app"],
    ] as const)
      assert.ok(holds(project, folder), `${project} ${folder}`)
    for (const [project, folder] of [
      ["~/work", "/home/ann/workshop"],
      ["/srv/*/app", "/srv/x/y/app"],
      ["/a.b", "/axb"],
      ["~ann", "/home/annann"],
    ] as const)
      assert.ok(!holds(project, folder), `${project} ${folder}`)
    const mac = { home: "/Users/ann", platform: "darwin" }
    assert.ok(holds("~/Work", "/users/Ann/work/one", mac))
    assert.ok(holds("~/Caf\u00e9", "/Users/ann/Cafe\u0301", mac))
    assert.ok(!holds("~/Work", "/home/ann/work"))
    const windows = { home: String.raw`C:\Users\Ann`, platform: "win32" }
    assert.ok(holds(String.raw`~\Work`, String.raw`C:\Users\ann\work\one`, windows))
  })

  it("hold in a git worktree beside the project where they do at the same place of its main checkout", () => {
    const project = {
      directory: "/trees/one/web",
      worktree: "/trees/one",
      mainWorktree: "/home/ann/work/app",
    }
    const windows = { home: String.raw`C:\Users\Ann`, platform: "win32" }
    const onWindows = {
      directory: String.raw`D:\trees\one\web`,
      worktree: String.raw`D:\trees\one`,
      mainWorktree: String.raw`C:\Users\Ann\work\app`,
    }
    for (const kind of ["project", "new"] as const) {
      const holds = (rule: string, asked = project, place = LINUX): boolean => {
        const agent = kind === "new" ? { agent: "build" } : {}
        const rules = [{ project: rule, account: "a", ...agent }]
        return decides(kind, rules, { project: asked, ...agent }, place) === "a"
      }
      for (const rule of ["~/work", "~/work/app", "~/work/*/web", "/trees/one", "/trees/one/web"])
        assert.ok(holds(rule), rule)
      for (const rule of ["~/work/app/api", "/trees/two", "~/work/app/src"]) assert.ok(!holds(rule), rule)
      assert.ok(holds("~/work/app/web", onWindows, windows))
      assert.ok(!holds("~/work/app/api", onWindows, windows))
    }
  })

  it("hold for a folder by whichever link it is named", needsLinks, () => {
    const home = realpathSync(temporaryFolder())
    const [real, link] = [join(home, "disk", "app"), join(home, "work")]
    mkdirSync(join(real, "src"), { recursive: true })
    symlinkSync(real, link)
    const holds = (project: string, folder: string): boolean =>
      decides(
        "project",
        [{ project, account: "a" }],
        { project: at(folder) },
        { home, platform: "linux" },
      ) === "a"
    for (const [project, folder] of [
      [real, join(link, "src")],
      [link, join(real, "src")],
      ["~/work", real],
      [join(home, "disk", "*"), link],
    ] as const)
      assert.ok(holds(project, folder), `${project} ${folder}`)
    assert.ok(!holds(join(home, "work", "other"), real))
  })

  it("of a project alone count for every request, the others for new conversations; the first decides", () => {
    const rules = [
      { project: "/code", agent: "build", account: "a" },
      { project: "/code", account: "b" },
      { project: "/code", account: "c" },
      { model: "claude-opus-*", account: "d" },
      { account: "e" },
    ]
    const question = { project: at("/code"), agent: "build", models: ["claude-opus-5"] }
    assert.equal(decides("project", rules, question), "b")
    assert.equal(decides("new", rules, question), "a")
    assert.equal(decides("new", rules, { ...question, agent: "plan" }), "d")
    assert.equal(decides("new", rules, { models: ["auto"] }), "e")
    assert.equal(decides("project", rules, { models: ["auto"] }), undefined)
    assert.deepEqual(
      [rules, rules.slice(1, 3), []].map((some) => accountRules(some, LINUX).hasNew),
      [true, false, false],
    )
  })
})

describe("the rule of a project", () => {
  const folder = temporaryFolder()
  const save = async (text: string | undefined, account = "a1") => {
    const file = join(folder, `${Math.random()}.json`)
    if (text !== undefined) writeFileSync(file, text)
    const saved = await saveProjectRule({ file, project: "/code/x", account, unique: "1", place: LINUX })
    return { saved, text: saved.outcome === "saved" ? readFileSync(file, "utf8") : undefined }
  }

  it("is written into a file that keeps its comments and other rules, before them", async () => {
    const { text } = await save(
      '{\n  // mine\n  "toasts": false,\n  "account_rules": [\n    { "account": "z" }, // the rest\n  ],\n}\n',
    )
    assert.match(text ?? "", /\/\/ mine/)
    assert.match(text ?? "", /\/\/ the rest/)
    const { parse } = await import("jsonc-parser")
    assert.deepEqual(parse(text ?? "", [], { allowTrailingComma: true }), {
      toasts: false,
      account_rules: [{ project: "/code/x", account: "a1" }, { account: "z" }],
    })
  })

  it("makes the file where there is none, and changes the account of a rule that is there", async () => {
    const rule = { project: "/code/x", account: "a1" }
    assert.deepEqual(JSON.parse((await save(undefined)).text ?? ""), { account_rules: [rule] })
    const kept = [
      { project: "/code/x", agent: "plan", account: "p" },
      { ...rule, fallback: false },
    ]
    const changed = await save(JSON.stringify({ account_rules: kept }), "a2")
    assert.deepEqual(JSON.parse(changed.text ?? ""), {
      account_rules: [kept[0], { ...rule, account: "a2", fallback: false }],
    })
  })

  it("stands before one that would decide in its place, and is one rule from then on", async () => {
    const rules = [
      { project: "/code", account: "wide" },
      { project: "/code/x", account: "narrow", fallback: false },
    ]
    const { text = "" } = await save(JSON.stringify({ account_rules: rules }))
    const before = { project: "/code/x", account: "a1", fallback: false }
    assert.deepEqual(JSON.parse(text), { account_rules: [before, ...rules] })
    const again = await save(text, "a2")
    assert.deepEqual(JSON.parse(again.text ?? ""), {
      account_rules: [{ ...before, account: "a2" }, ...rules],
    })
  })

  it("is written over nothing that its user took for rules", async () => {
    const { saved } = await save('{ "account_rules": { "project": "/code", "account": "z" } }')
    assert.ok(saved.outcome === "refused")
    assert.match(saved.message, /^account_rules in \S+\.json is no list: repair it first$/)
    const twice = await save(
      '{ "account_rules": [], "account_rules": [{ "project": "/code/x", "account": "z" }] }',
    )
    assert.ok(twice.saved.outcome === "refused")
    assert.match(
      twice.saved.message,
      /^\S+\.json names account_rules more than once: make one of them first$/,
    )
    const none = await save('{ "account_rules": null }')
    assert.deepEqual(JSON.parse(none.text ?? ""), { account_rules: [{ project: "/code/x", account: "a1" }] })
  })

  it("is refused in our own words where the file can't be written", async () => {
    const [file, unique] = [join(folder, "kiro.json"), "no file has such a name ".repeat(20)]
    const saved = await saveProjectRule({ file, project: "/code/x", account: "a1", unique, place: LINUX })
    assert.ok(saved.outcome === "refused")
    assert.match(saved.message, /^\S+kiro\.json can't be written \(E[A-Z]+\)$/)
  })

  it("is written into a file as Windows' own programs leave it", async () => {
    const { text } = await save('\uFEFF{\r\n  "toasts": false\r\n}\r\n')
    assert.deepEqual(JSON.parse(text ?? ""), {
      toasts: false,
      account_rules: [{ project: "/code/x", account: "a1" }],
    })
    assert.doesNotMatch(text ?? "", /[^\r]\n/)
  })

  it("leaves a broken file alone, and writes through a link", needsLinks, async () => {
    assert.equal((await save('{ "toasts": fal')).saved.outcome, "refused")
    assert.equal((await save("[]")).saved.outcome, "refused")
    const [real, link] = [join(folder, "real.json"), join(folder, "link.json")]
    writeFileSync(real, "{}")
    symlinkSync(real, link)
    await saveProjectRule({ file: link, project: "/code/x", account: "a1", unique: "1", place: LINUX })
    assert.ok(lstatSync(link).isSymbolicLink())
    assert.match(readFileSync(real, "utf8"), /\/code\/x/)
  })
})
