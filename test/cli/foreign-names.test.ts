import assert from "node:assert/strict"
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { after, before, describe, it } from "node:test"
import { stripVTControlCharacters } from "node:util"
import {
  type Account,
  accountName,
  describeNotice,
  isMeant,
  newAccount,
  openDatabase,
  typedName,
} from "../../src/accounts/index.ts"
import { readBoard } from "../../src/host/index.ts"
import { accountDetails, accountRow, panelLines } from "../../src/tui/lines.ts"
import { tokens } from "../accounts/logins.ts"
import { type Lab, openLab } from "./lab.ts"
import { addTurn } from "../support/add-turn.ts"

/** A colour, a title for the window, a turned line, letters that nobody sees, a bell, a new line; and far too long. */
const HOSTILE = `\u001B[31mred\u001B]0;mine\u0007 \u202Eevil\u202C \u200Bno\u2060thing\uFEFF\u0007\nnext ${"x".repeat(3000)}`

/** Beside the colours that we paint. */
function assertPlain(text: string): void {
  const plain = stripVTControlCharacters(text.replaceAll("\u001B]", "OSC"))
  assert.doesNotMatch(plain.replaceAll("\n", ""), /[\p{Cc}\p{Bidi_Control}\u200B\u2060\uFEFF]|OSC/u)
  assert.doesNotMatch(plain, /x{100}/)
  assert.ok(!text.includes("\u001B[31mred"))
}

const NOW = Date.now()

describe("names from elsewhere", () => {
  let lab: Lab
  let account: Account
  before(async () => {
    lab = await openLab()
    const login = {
      id: "l",
      source: "kiro-ide",
      kind: "social",
      provider: HOSTILE,
      tokens: tokens("t"),
    } as const
    const quota = {
      used: 1,
      limit: 50,
      checkedAt: NOW,
      plan: HOSTILE,
      bonuses: [{ name: HOSTILE, used: 0, limit: 5 }],
      overage: { enabled: false, used: 0 },
    }
    account = {
      ...newAccount({ id: "a", now: NOW, logins: [login] }),
      label: HOSTILE,
      email: `${HOSTILE}@x.example`,
      quota,
    }
    const message = HOSTILE
    const health = { state: "revoked", since: NOW, reason: "suspended", message } as const
    const store = await lab.openStore()
    await store.add(account)
    await store.add({ ...newAccount({ id: "b", now: NOW, logins: [{ ...login, id: "m" }] }), health, quota })
    await addTurn(store, {
      sessionId: HOSTILE,
      accountId: "a",
      modelId: HOSTILE,
      credits: 1,
      at: NOW,
      project: HOSTILE,
    })
    await store.close()
    const older = await openDatabase(join(lab.sandbox.config, "kiro.db"))
    older.run("CREATE TABLE accounts (id, auth_method, refresh_token, access_token, expires_at)")
    older.run("INSERT INTO accounts (id) VALUES (?)", [HOSTILE])
    older.close()
  })
  after(() => lab.close())

  for (const args of [
    ["accounts"],
    ["accounts", "enable", "nobody"],
    ["usage", "--by", "account"],
    ["usage", "--by", "model"],
    ["usage", "--by", "project"],
    ["import", "--dry-run"],
    ["doctor"],
    ["doctor", "--report"],
  ] as const)
    it(`do nothing to a screen in \`${args.join(" ")}\``, async () => {
      const { out, err } = await lab.runWith({ columns: 80, environment: { FORCE_COLOR: "1" } }, ...args)
      assert.match(out + err, /red\s+evil/)
      assertPlain(out + err)
    })

  for (const args of [["doctor"], ["doctor", "--report"], ["update"]] as const)
    it(`do nothing to a screen in \`${args.join(" ")}\` where a repository's own configuration has them`, async () => {
      const spec = `opencode-kiro-auth@${HOSTILE.slice(0, 60)}`
      const directory = join(lab.sandbox.root, "cloned")
      mkdirSync(directory, { recursive: true })
      writeFileSync(join(directory, "opencode.json"), JSON.stringify({ plugin: [spec] }))
      const options = { directory, columns: 80, environment: { FORCE_COLOR: "1" } }
      const { out, err } = await lab.runWith(options, ...args)
      assert.match(out + err, /opencode-kiro-auth@red evil/)
      assertPlain(out + err)
    })

  it("stand whole in --json, and an account is still known by one", async () => {
    const { json, out } = await lab.run("accounts", "--json")
    assert.match(JSON.stringify(json), /x{3000}/)
    assert.ok(!out.includes("\u001B"))
    assert.ok(isMeant(account, HOSTILE.trim()))
    assert.equal((await lab.run("accounts", "disable", typedName(account))).code, 0)
  })

  it("are readable in toasts and in the panel", async () => {
    const revoked = { kind: "account-revoked", account, reason: "suspended" } as const
    const problem = { kind: "unknown-key", key: HOSTILE, from: "kiro.json" } as const
    const notices = [
      revoked,
      { kind: "settings-problem", problem },
      { kind: "paid-credits", account: accountName(account) },
    ] as const
    for (const notice of notices) {
      const { title, message } = describeNotice(notice, "kiro")
      assertPlain(title + message)
      assert.ok(message.length < 500)
    }
    const place = { env: lab.sandbox.environment, platform: process.platform, home: lab.sandbox.home }
    const project = { directory: lab.sandbox.project, worktree: lab.sandbox.project }
    const board = await readBoard({ place, project, now: NOW })
    for (const showEmail of [true, false]) {
      const view = { now: NOW, showEmail }
      assertPlain(
        panelLines(board, view)
          .map(({ text }) => text)
          .join("\n"),
      )
      for (const each of board.accounts)
        assertPlain([...Object.values(accountRow(each, board, view)), accountDetails(each, view)].join("\n"))
    }
  })
})
