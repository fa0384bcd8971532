import assert from "node:assert/strict"
import { join } from "node:path"
import { afterEach, beforeEach, describe, it } from "node:test"
import { type AccountStore, afterChoiceWanted, afterFailure, openDatabase } from "../../src/accounts/index.ts"
import { isObject } from "../../src/json.ts"
import { seedKiroCliStore } from "../support/kiro-cli-store.ts"
import { editJson, type Lab, openLab } from "./lab.ts"
import { addTurn } from "../support/add-turn.ts"

const DAY_MS = 24 * 3_600_000

describe("what was spent", () => {
  let lab: Lab
  let accountId: string
  beforeEach(async () => {
    lab = await openLab()
    await seedKiroCliStore({ path: lab.sandbox.kiroCliStore, accounts: [lab.fake.account()] })
    await lab.run("import")
    const store = await lab.openStore()
    accountId = (await store.list())[0]?.id ?? ""
    const now = Date.now()
    const turn = { accountId, sessionId: "ses_1", modelId: "claude-sonnet-4-5", project: "/code/one" }
    await addTurn(store, { ...turn, credits: 1.5, at: now })
    await addTurn(store, { ...turn, credits: 0.25, at: now, sessionId: "ses_2", parentSessionId: "ses_1" })
    await addTurn(store, {
      ...turn,
      credits: 2,
      at: now,
      modelId: "auto",
      project: "=HYPERLINK(1)",
      failed: true,
    })
    await store.close()
  })
  afterEach(() => lab.close())

  it("is a bar for each day and a table by model, session, project or account", async () => {
    const { out } = await lab.run("usage", "--days", "3")
    const lines = out.split("\n")
    assert.match(lines[0] ?? "", /^\w{3} \w{3} \d+ +0\.00$/)
    assert.match(lines[2] ?? "", /^\w{3} \w{3} \d+ +3\.75 {2}█{20,}$/)
    assert.match(out, /^auto +1 +1 +2\.00 +53 %$/m)
    assert.match(out, /^claude-sonnet-4-5 +2 +1\.75 +47 %$/m)
    assert.match(out, /3\.75 credits in 3 days, 1\.25 a day\./)
    // A subagent's credits are its session's.
    assert.match((await lab.run("usage", "--by", "session")).out, /^ses_1 +3 +1 +3\.75 +100 %$/m)
    assert.match((await lab.run("usage", "--by", "account")).out, /^Builder ID ··[0-9a-f]{4} +3/m)
    assert.match((await lab.run("usage", "--by", "purpose")).out, /^subagent +1 +0\.25/m)
  })

  it("counts what an account was answered while it turned out to be the same person's as another one", async () => {
    const store = await lab.openStore()
    await store.update(accountId, (account) => ({
      ...account,
      record: { ...account.record, joined: ["before"] },
    }))
    await addTurn(store, { accountId: "before", sessionId: "ses_0", credits: 1, at: Date.now() })
    await store.close()
    const { out } = await lab.run("usage", "--by", "account")
    assert.match(out, /^Builder ID ··[0-9a-f]{4} +4 .* 4\.75 +100 %$/m)
    assert.doesNotMatch(out, /removed/)
  })

  it("has no column for what did not happen", async () => {
    const titles = async (): Promise<string | undefined> =>
      /^Model .*$/m.exec((await lab.run("usage", "--by", "model")).out)?.[0]
    assert.match((await titles()) ?? "", /^Model +Requests +Failed +Credits +Share$/)
    const database = await openDatabase(join(lab.sandbox.config, "kiro.db"))
    database.run("UPDATE kiro_turn SET failed = 0")
    database.close()
    assert.match((await titles()) ?? "", /^Model +Requests +Credits +Share$/)
  })

  it("is rows for a spreadsheet, which no name makes a formula, and a document for machines", async () => {
    const { out } = await lab.run("usage", "--by", "project", "--csv")
    assert.deepEqual(out.trim().split("\n"), [
      "project,requests,failed,credits,input_tokens,cache_read_tokens,cache_write_tokens",
      "'=HYPERLINK(1),1,1,2.0000,,,",
      "/code/one,2,0,1.7500,,,",
    ])
    const { json } = await lab.run("usage", "--days", "7", "--json")
    assert.ok(isObject(json) && Array.isArray(json["perDay"]) && Array.isArray(json["groups"]))
    assert.deepEqual([json["perDay"].length, json["groups"].length], [7, 2])
  })

  it("is told with the share that came from Kiro's cache, where Kiro told it", async () => {
    assert.doesNotMatch((await lab.run("usage", "--days", "1")).out, /cache/i)
    const store = await lab.openStore()
    const turn = { accountId, sessionId: "ses_3", modelId: "auto", credits: 1, at: Date.now() }
    await addTurn(store, { ...turn, inputTokens: 1000, cacheReadTokens: 710, cacheWriteTokens: 90 })
    await addTurn(store, { ...turn, inputTokens: 5000 })
    await addTurn(store, { ...turn, inputTokens: 1000, cacheReadTokens: 0, modelId: "glm-5" })
    await store.close()
    const { out } = await lab.run("usage", "--days", "1")
    assert.match(out, /^auto +3 +1 +4\.00 +59 % +71 %$/m)
    assert.match(out, /^glm-5 +1 +1\.00 +15 % +0 %$/m)
    assert.match(out, /^claude-sonnet-4-5 +2 +1\.75 +26 %$/m)
    assert.match(out, /^36 % of the input came from Kiro's cache\.$/m)
    const rows = (await lab.run("usage", "--csv")).out.split("\n")
    assert.ok(rows.includes("auto,3,1,4.0000,1000,710,90"), rows.join("\n"))
    const { json } = await lab.run("usage", "--days", "1", "--json")
    assert.match(
      JSON.stringify(json),
      /"total":\{[^{]*"cache":\{"inputTokens":2000,"readTokens":710,"writeTokens":90\}\}/,
    )
  })

  it("is the session's for which a subagent of a subagent works", async () => {
    const store = await lab.openStore()
    const turn = { accountId, sessionId: "ses_3", parentSessionId: "ses_2", credits: 1, at: Date.now() }
    await addTurn(store, turn)
    // Nobody works for himself, but a file may say so.
    await addTurn(store, { ...turn, sessionId: "ses_4", parentSessionId: "ses_5" })
    await addTurn(store, { ...turn, sessionId: "ses_5", parentSessionId: "ses_4" })
    await store.close()
    const { out } = await lab.run("usage", "--by", "session")
    assert.match(out, /^ses_1 +4 +1 +4\.75 /m)
    assert.match(out, /^ses_[45] +2 +2\.00 /m)
    assert.doesNotMatch(out, /^ses_[23] /m)
  })

  it("is counted at once, however many subagents work one for another", async () => {
    const database = await openDatabase(join(lab.sandbox.config, "kiro.db"))
    database.run(
      `WITH RECURSIVE deep(level) AS (SELECT 2 UNION ALL SELECT level + 1 FROM deep WHERE level < 20000)
       INSERT INTO kiro_turn (session_id, parent_session_id, account_id, credits, at, day)
       SELECT 'ses_' || (level + 1), 'ses_' || level, account_id, 1, at, day FROM deep, kiro_turn
       WHERE session_id = 'ses_2'`,
    )
    database.close()
    assert.match((await lab.run("usage", "--by", "session")).out, /^ses_1 +20002 +1 +20002\.75 /m)
  })

  it("has names that neither a terminal nor a spreadsheet obeys", async () => {
    const store = await lab.openStore()
    const turn = { accountId, sessionId: "ses_1", credits: 1, at: Date.now() }
    await addTurn(store, { ...turn, project: "/code/\u001b]0;title\u0007\nred\u009b31m" })
    await addTurn(store, { ...turn, project: "＝1+1" })
    await addTurn(store, { ...turn, project: "\n=a,b" })
    await store.close()
    const { out } = await lab.runWith({ environment: { FORCE_COLOR: "1" } }, "usage", "--by", "project")
    assert.match(out, /^\/code\/ red +1 /m)
    const { out: csv } = await lab.run("usage", "--by", "project", "--csv")
    assert.ok(csv.includes("'＝1+1,1,") && csv.includes(`"'\n=a,b",1,`), csv)
    assert.ok((await lab.run("usage", "--csv", "--json")).json !== undefined)
  })

  it("shows the pace of an account that has hardly begun and names no reset", async () => {
    const store = await lab.openStore()
    const quota = { checkedAt: Date.now(), used: 0.0001, limit: 10_000, bonuses: [] }
    const overage = { enabled: false, used: 0 }
    await store.update(accountId, (account) => ({ ...account, quota: { ...quota, overage } }))
    await store.close()
    assert.match(
      (await lab.run("usage", "--days", "1")).out,
      /10000\.00 left; at this pace enough until they/,
    )
  })

  it("counts a trial and bonuses that have not ended among what is left", async () => {
    const now = Date.now()
    const bonus = { name: "Welcome", used: 20, limit: 100, expiresAt: now + 20 * DAY_MS }
    const ended = { name: "Ended", used: 0, limit: 70, expiresAt: now - DAY_MS }
    const quota = {
      checkedAt: now,
      used: 50,
      limit: 50,
      resetAt: now + 10 * DAY_MS,
      trial: { used: 0, limit: 7.5 },
      bonuses: [bonus, ended],
      others: [{ name: "Add-on", used: 0, limit: 900 }],
      overage: { enabled: false, used: 0 },
    }
    const store = await lab.openStore()
    await store.update(accountId, (account) => ({ ...account, quota }))
    await store.close()
    assert.match((await lab.run("usage", "--days", "1")).out, /: 87\.50 left; at this pace/)
    const { json } = await lab.run("usage", "--days", "1", "--json")
    assert.match(JSON.stringify(json), /"remaining":87\.5,/)
  })

  it("tells no pace of a removed account, whose credits were still being asked for when it went", async () => {
    const quota = {
      checkedAt: Date.now(),
      used: 10,
      limit: 50,
      bonuses: [],
      overage: { enabled: false, used: 0 },
    }
    const keep = async (store: AccountStore) => {
      await store.update(accountId, (account) => ({ ...account, quota }))
      await store.close()
    }
    await keep(await lab.openStore())
    assert.match((await lab.run("usage", "--days", "1")).out, /40\.00 left; at this pace/)
    const store = await lab.openStore()
    await store.remove(accountId)
    await keep(store)
    assert.doesNotMatch((await lab.run("usage", "--days", "1")).out, /at this pace/)
  })

  it("tells no pace of an account that was refused for want of credits since Kiro told of them", async () => {
    const overage = { enabled: false, used: 0 }
    const quota = { checkedAt: Date.now(), used: 10, limit: 50, bonuses: [], overage }
    const store = await lab.openStore()
    await store.update(accountId, (account) => ({ ...account, quota }))
    await store.close()
    await hold("DAILY")
    assert.match((await lab.run("usage", "--days", "1")).out, /40\.00 left; at this pace/)
    await hold("MONTHLY")
    assert.doesNotMatch((await lab.run("usage", "--days", "1")).out, /at this pace/)
  })

  it("is measured against the budget, which is lifted for a day also where it is not known here", async () => {
    assert.match(
      (await lab.run("budget")).out,
      /3\.75 credits today\. There is no budget: daily_credit_budget sets one, in .*kiro\.json/,
    )
    // OpenCode may have one from its environment.
    assert.match((await lab.run("budget", "lift")).out, /There is no budget: [^]*is lifted until midnight/)
    const withBudget = { environment: { KIRO_DAILY_CREDIT_BUDGET: "3" } }
    assert.match((await lab.runWith(withBudget, "budget")).out, /lifted until midnight/)
  })

  it("is used up, and lifted by the command", async () => {
    editJson(join(lab.sandbox.config, "kiro.json"), (before) => ({ ...before, daily_credit_budget: 3 }))
    assert.match((await lab.run("budget")).out, /3\.75 \/ 3\.00 credits today\.\nIt is used up.*budget lift/)
    assert.match((await lab.run("budget", "lift")).out, /lifted until midnight/)
    const { json } = await lab.run("budget", "--json")
    assert.ok(isObject(json) && json["lifted"] === true && json["limit"] === 3)
  })

  const hold = async (reason: "MONTHLY" | "DAILY" | "PROFILE" | "CHOICE"): Promise<string> => {
    const store = await lab.openStore()
    const now = Date.now()
    const context = { now, throttleDelayMs: 5000, random: 0 }
    const kinds = { MONTHLY: "monthly-quota", DAILY: "daily-quota", PROFILE: "not-authorized" } as const
    await store.update(accountId, (account) =>
      reason === "CHOICE"
        ? afterChoiceWanted(account, { profiles: ["arn:1", "arn:2"], now })
        : afterFailure(account, { kind: kinds[reason], status: 403, message: "" }, context),
    )
    await store.close()
    return /··([0-9a-f]{4})/.exec((await lab.run("accounts")).out)?.[1] ?? ""
  }

  it("does not keep an account that is switched on where Kiro shows credits, nor a profile that was refused", async () => {
    for (const reason of ["MONTHLY", "DAILY", "PROFILE"] as const) {
      const { code, out } = await lab.run("accounts", "enable", await hold(reason))
      assert.equal(code, 0, out)
      assert.match(out, /✓ Builder ID ··[0-9a-f]{4} is used again/)
    }
  })

  it("keeps one that has no credits, or whose profile is not chosen, and enabling says so and until when", async () => {
    const short = await hold("CHOICE")
    const choice = await lab.run("accounts", "enable", short)
    assert.equal(choice.code, 1)
    assert.match(
      choice.out,
      /! .* is switched on, but can't be used: Choose a profile: \/kiro, or .*accounts profile/,
    )
    const [account] = lab.fake.accounts.values()
    if (account !== undefined) account.usage = { ...account.usage, used: 50 }
    await hold("MONTHLY")
    const spent = await lab.run("accounts", "enable", short, "--json")
    assert.equal(spent.code, 1)
    assert.match(
      JSON.stringify(spent.json),
      /"usable":false.*"reason":"monthly-quota","text":"out of credits until/,
    )
  })
})

describe("days that are over", () => {
  it("are shown for as long as they are kept", async () => {
    const lab = await openLab()
    const { out } = await lab.run("usage", "--days", "90", "--json")
    const { perDay } = JSON.parse(out) as { perDay: { key: string }[] }
    assert.equal(new Set(perDay.map(({ key }) => key)).size, 90)
    const [first, last] = [perDay[0]?.key ?? "", perDay.at(-1)?.key ?? ""]
    assert.ok(Math.abs(Date.parse(last) - Date.parse(first) - 89 * DAY_MS) < DAY_MS)
    await lab.close()
  })
})
