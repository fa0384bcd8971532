import assert from "node:assert/strict"
import { chmodSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterEach, beforeEach, describe, it } from "node:test"
import type { Account } from "../../src/accounts/index.ts"
import { createTerminal } from "../../src/cli/terminal.ts"
import { idcLogin } from "../accounts/logins.ts"
import { editJson, type Lab, openLab } from "./lab.ts"
import { addTurn } from "../support/add-turn.ts"
import { needsModes } from "../support/posix.ts"

const NAMES = [
  undefined,
  "Acme Corporation International GmbH & Co. KG, platform team",
  "会社のアカウント 東京",
  "🚀 side project 🎉",
]

describe("in a terminal of 80 columns", () => {
  let lab: Lab
  beforeEach(async () => {
    lab = await openLab()
  })
  afterEach(() => lab.close())

  const say = async (...args: readonly string[]): Promise<string> =>
    (await lab.runWith({ columns: 80, environment: { FORCE_COLOR: "0" } }, ...args)).out.trimEnd()

  const fill = async (): Promise<void> => {
    const store = await lab.openStore()
    for (const [index, label] of NAMES.entries()) await store.add(accountCalled(label, String(index)))
    const turn = { accountId: "1", sessionId: "ses_1", modelId: "claude-sonnet-4-5", at: Date.now() }
    await addTurn(store, {
      ...turn,
      credits: 7,
      project: `/home/someone/${"folder/".repeat(12)}名前/the-end`,
    })
    await store.close()
  }

  it("has no row that wraps, and columns that stand below each other, whatever accounts are called", async () => {
    await fill()
    for (const args of [["accounts"], ["usage", "--days", "2"], ["usage", "--by", "project"], ["budget"]])
      for (const line of (await say(...args)).split("\n"))
        assert.ok(cells(line) <= 80, `${args.join(" ")}: ${cells(line)} cells: ${line}`)
    const [titles = "", ...rows] = (await say("accounts")).split("\n\n")[0]?.split("\n") ?? []
    const [state, end] = [titles.indexOf("State"), titles.indexOf("Credits") + "Credits".length]
    for (const row of rows) {
      assert.equal(cells(row.slice(0, row.indexOf("ok"))), state, row)
      assert.equal(cells(row.slice(0, row.indexOf(" / 2000.00") + " / 2000.00".length)), end, row)
    }
    assert.equal(rows.length, NAMES.length)
    assert.match(titles, /Account +Plan +State +Credits/)
    assert.match(await say("usage", "--by", "project"), /^….*名前\/the-end +1 +7\.00 +100 %$/m)
  })

  it("cuts no account's short id, by which one with a long name is typed", async () => {
    await fill()
    for (const columns of [30, 60, 80]) {
      const { out } = await lab.runWith({ columns, environment: { FORCE_COLOR: "0" } }, "accounts")
      const ids = out.split("\n\n")[0]?.match(/··[0-9a-f]{4}(?= )/g)
      assert.equal(new Set(ids).size, NAMES.length, out)
    }
  })

  it("breaks a warning between words, and no command in it", async () => {
    await fill()
    const { err } = await lab.runWith({ columns: 80, environment: { FORCE_COLOR: "0" } }, "usage")
    const lines = err.trimEnd().split("\n")
    assert.ok(
      lines.some((line) => /^`.* doctor`\.$/.test(line)),
      err,
    )
    for (const line of lines) assert.ok(line.startsWith("`") || cells(line) <= 80, line)
  })

  it("cuts no name to nothing for a long text beside it", async () => {
    const table = (columns: number): readonly string[] => {
      const stdout = { isTTY: true, columns, write: () => undefined }
      const terminal = createTerminal({ stdout, stderr: stdout, env: {} })
      const described = [
        { title: "", shrinks: "right" },
        { title: "", wraps: true },
      ] as const
      const rows = [["Acme Corporation, platform team", "so many words ".repeat(9).trim()]]
      return terminal.table(described, rows).split("\n")
    }
    assert.match(table(80)[0] ?? "", /^Acme Corporation, platf…  so many words so/)
    assert.match(table(40)[0] ?? "", /^Acme Corporat…  so many words so many$/)
    for (const columns of [40, 80]) for (const line of table(columns)) assert.ok(line.length <= columns, line)
  })

  it("leaves out even the credits where nothing else makes room", async () => {
    await fill()
    const titles = async (columns: number): Promise<string> =>
      (await lab.runWith({ columns, environment: { FORCE_COLOR: "0" } }, "accounts")).out.split("\n")[0] ?? ""
    assert.match(await titles(60), /Account +State +Credits/)
    assert.match(await titles(30), /Account +State$/)
  })

  it("counts the accounts whose credits last, where they are many", async () => {
    await fill()
    const text = await say("usage", "--days", "2")
    assert.match(text, /^4 accounts have enough at this pace until their credits start again\.$/m)
    assert.doesNotMatch(text, /left;/)
  })

  it("says in a sentence that nothing was spent", async () => {
    const month = "Nothing was asked of Kiro in the last 5 days from this computer."
    assert.equal(await say("usage", "--days", "5"), month)
    assert.equal(await say("usage", "--days", "1"), "Nothing was asked of Kiro today from this computer.")
  })

  it("breaks no command by which doctor's problems are mended", needsModes, async () => {
    await fill()
    const files = ["kiro.db", "kiro.db-wal"].map((name) => join(lab.sandbox.config, name))
    for (const file of files) writeFileSync(file, "", { flag: "a" })
    for (const file of files) chmodSync(file, 0o644)
    const typed = `chmod 600 ${files.map((file) => `"${file}"`).join(" ")}`
    assert.ok((await say("doctor")).includes(typed))
  })

  it("breaks neither a path nor a command", async () => {
    const file = join(lab.sandbox.config, "kiro.json")
    assert.ok((await say("budget")).includes(file))
    await fill()
    editJson(file, (before) => ({ ...before, daily_credit_budget: 1 }))
    assert.match(await say("budget"), /\n`.* budget lift`$/)
  })
})

function accountCalled(label: string | undefined, id: string): Account {
  const overage = { enabled: true, used: 12.5, cap: 100 }
  return {
    id,
    ...(label !== undefined && { label }),
    enabled: true,
    addedAt: 1,
    assignment: 0,
    health: { state: "ok" },
    hosts: {},
    logins: [idcLogin({ id: `login-${id}` })],
    quota: { checkedAt: Date.now(), plan: "KIRO PRO+", used: 2, limit: 2000, bonuses: [], overage },
  }
}

/** Those of these texts, in which only the characters listed take two. */
function cells(text: string): number {
  return [...text].reduce(
    (sum, character) => sum + (/[会社のアカウント東京🚀🎉名前]/u.test(character) ? 2 : 1),
    0,
  )
}
