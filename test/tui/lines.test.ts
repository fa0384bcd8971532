import assert from "node:assert/strict"
import { describe, it } from "node:test"
import type { AccountOverview } from "../../src/accounts/index.ts"
import type { Board } from "../../src/host/index.ts"
import { accountDetails, accountRow, panelLines, unreadLines } from "../../src/tui/lines.ts"

const NOW = Date.UTC(2026, 10, 24, 12)
const DAY_MS = 24 * 3_600_000

const QUOTA = {
  checkedAt: NOW,
  plan: "KIRO PRO+",
  used: 12.374,
  limit: 50,
  // The service counts its days from midnight UTC, whatever day that is here.
  resetAt: Date.UTC(2026, 11, 1),
  bonuses: [{ name: "Welcome bonus", used: 0, limit: 100, expiresAt: Date.UTC(2026, 11, 3) }],
  trial: { used: 120.44, limit: 500 },
  overage: { enabled: false, used: 0 },
}

const ACCOUNT: AccountOverview = {
  id: "a",
  name: "Builder ID ··a1b2",
  email: "user@example.com",
  enabled: true,
  state: { reason: "ready" },
  quota: QUOTA,
}

const BOARD: Board = {
  accounts: [ACCOUNT],
  session: { accountId: "a", lastTurnCredits: 0.0897, credits: 1.2 },
  today: { credits: 3.25, lifted: false },
  project: "/code/x",
  problems: [],
}

const view = { now: NOW, showEmail: false }

function texts(board: Partial<Board> = {}): string[] {
  return panelLines({ ...BOARD, ...board }, view).map(({ text }) => text)
}

const withAccount = (change: Partial<AccountOverview>): Partial<Board> => ({
  accounts: [{ ...ACCOUNT, ...change }],
})

describe("the panel", () => {
  it("shows no trial and no bonus that has ended", () => {
    const trial = { used: 1, limit: 500, expiresAt: NOW }
    const bonuses = [{ name: "Welcome bonus", used: 0, limit: 100, expiresAt: NOW - DAY_MS }]
    const lines = texts(withAccount({ quota: { ...QUOTA, trial, bonuses } }))
    assert.deepEqual(
      lines.filter((text) => /Trial|bonus|until/.test(text)),
      [],
    )
  })

  it("shows plan, account, credits with two decimals, reset, trial and bonus apart, turn and day", () => {
    assert.deepEqual(texts(), [
      "Kiro Pro+",
      "Builder ID ··a1b2",
      "12.37 / 50.00 credits",
      "Resets Dec 1",
      "Trial 120.44 / 500.00",
      "Welcome bonus 0.00 / 100.00",
      "  until Dec 3",
      "Last turn 0.09, session 1.20",
      "Today 3.25",
    ])
  })

  it("shows how much of a session's input Kiro found in its cache, where that was told", () => {
    const session = { ...BOARD.session, cache: { inputTokens: 1000, readTokens: 714, writeTokens: 90 } }
    assert.deepEqual(texts({ session }).slice(-3), [
      "Last turn 0.09, session 1.20",
      "71 % of input from Kiro's cache",
      "Today 3.25",
    ])
  })

  it("shows an e-mail address only where the user asked for it", () => {
    assert.ok(!texts().join().includes("user@"))
    const shown = panelLines(BOARD, { ...view, showEmail: true })
    assert.ok(shown.some(({ text }) => text === "user@example.com"))
  })

  it("names no reset that has passed", () => {
    const shown = texts(withAccount({ quota: { ...QUOTA, resetAt: NOW - 1 } }))
    assert.ok(!shown.some((text) => text.startsWith("Resets")))
  })

  it("warns from 80 % on, and of a pace that ends before the reset", () => {
    const { trial: _, ...quota } = { ...QUOTA, bonuses: [], used: 45 }
    const lines = panelLines({ ...BOARD, ...withAccount({ quota }) }, view)
    assert.equal(lines.find(({ text }) => text.startsWith("45.00"))?.tone, "warning")
    assert.ok(
      lines.some(({ text, tone }) => /^Lasts until Nov 2\d at this pace$/.test(text) && tone === "warning"),
    )
    const withTrial = withAccount({ quota: { ...QUOTA, used: 45 } })
    const calm = panelLines({ ...BOARD, ...withTrial }, view).find(({ text }) => text.startsWith("45.00"))
    assert.equal(calm?.tone, "text", "the trial has credits left")
  })

  it("tells no pace of credits that Kiro has refused for since it told of them", () => {
    const { trial: _, ...quota } = { ...QUOTA, bonuses: [], used: 45 }
    const state = { reason: "monthly-quota", until: QUOTA.resetAt } as const
    assert.deepEqual(texts(withAccount({ quota, state })).slice(2, 5), [
      "Out of credits until Dec 1",
      "45.00 / 50.00 credits",
      "Resets Dec 1",
    ])
    assert.doesNotMatch(texts(withAccount({ quota, state })).join(), /pace/)
    assert.match(texts(withAccount({ quota })).join(), /pace/)
  })

  it("says what state an account is in, above its numbers, in the words of every other place", () => {
    const state = { reason: "daily-quota", until: NOW + 3 * DAY_MS } as const
    assert.match(texts(withAccount({ state }))[2] ?? "", /^At the daily limit until Nov 2[678], \d\d:\d\d$/)
    for (const [reason, words] of [
      ["login-expired", "Login needed"],
      ["suspended", "Suspended"],
      ["disabled", "Switched off"],
    ] as const)
      assert.ok(texts(withAccount({ state: { reason } })).includes(words))
  })

  it("says why it is this account where the user said so", () => {
    const rule = { account: "a", project: "~/work" }
    assert.ok(texts({ rule }).includes("by your rule for ~/work"))
    const session = { ...BOARD.session, chosen: true } as const
    assert.ok(texts({ rule, session }).includes("chosen for this session"))
    const gone = { ...session, accountId: "gone" }
    assert.ok(!texts({ session: gone }).includes("chosen for this session"))
  })

  it("shows who answers in the place of the account that was chosen, and why, while that can't", () => {
    const other = { ...ACCOUNT, id: "b", name: "Google ··c3d4", joined: ["older"] }
    const off = { ...other, enabled: false, state: { reason: "disabled" } } as const
    const session = { ...BOARD.session, accountId: "older", chosen: true, otherwise: "a" } as const
    const shown = (chosen: Board["accounts"][number]) => texts({ accounts: [ACCOUNT, chosen], session })
    assert.deepEqual(shown(other).slice(1, 3), ["Google ··c3d4", "chosen for this session"])
    assert.deepEqual(shown(off).slice(1, 3), ["Builder ID ··a1b2", "instead of Google ··c3d4: switched off"])
    const rows = [ACCOUNT, off].map((account) =>
      accountRow(account, { ...BOARD, accounts: [ACCOUNT, off], session }, view),
    )
    assert.deepEqual(
      rows.map(({ description }) => description.includes("this session")),
      [true, false],
    )
    const { otherwise: _, ...untried } = session
    assert.deepEqual(texts({ accounts: [ACCOUNT, off], session: untried }).slice(1, 4), [
      "Google ··c3d4",
      "chosen for this session",
      "Switched off",
    ])
  })

  it("shows the account of a rule, or the only one, before the first answer; of several none", () => {
    const other = { ...ACCOUNT, id: "b", name: "Google ··c3d4" }
    const session = { credits: 0 }
    const rule = { account: "b", project: "~/work" }
    assert.equal(texts({ accounts: [ACCOUNT, other], session, rule })[1], "Google ··c3d4")
    assert.equal(texts({ accounts: [ACCOUNT, other], rule })[1], "Builder ID ··a1b2")
    assert.equal(texts({ session })[1], "Builder ID ··a1b2")
    assert.deepEqual(texts({ accounts: [ACCOUNT, other], session }), ["Today 3.25"])
  })

  it("shows the day's budget, its lift, and the problems of kiro.json", () => {
    const today = { credits: 4.5, budget: 5, lifted: false }
    const line = panelLines({ ...BOARD, today }, view).find(({ text }) => text.startsWith("Today"))
    assert.deepEqual(line, { text: "Today 4.50 of 5.00", tone: "warning" })
    const lifted = panelLines({ ...BOARD, today: { ...today, lifted: true } }, view)
    assert.deepEqual(lifted.at(-1), { text: "Today 4.50 of 5.00, lifted", tone: "muted" })
    assert.equal(texts({ problems: ["One.", "Two."] }).at(-1), "One. And 1 more: /kiro.")
  })

  it("says so while no usage is known, and where there is no account", () => {
    const { quota: _, ...unmeasured } = ACCOUNT
    const quiet = { session: { credits: 0 }, today: { credits: 0, lifted: false } }
    assert.deepEqual(texts({ ...quiet, accounts: [unmeasured] }), [
      "Kiro",
      "Builder ID ··a1b2",
      "Credits not known yet",
    ])
    assert.deepEqual(texts({ ...quiet, accounts: [] }), ["Kiro", "No account yet: /connect"])
    assert.deepEqual(unreadLines("no such folder")[1], {
      text: "The accounts could not be read: no such folder",
      tone: "error",
    })
  })
})

describe("an account in the list", () => {
  it("has its state where it is not ready, then its credits, place, plan, a bar and a per cent", () => {
    const rule = { account: "a", project: "~/work" }
    assert.deepEqual(accountRow(ACCOUNT, { ...BOARD, rule }, view), {
      title: "Builder ID ··a1b2",
      description: "12.37 / 50.00 · this session · this project · Kiro Pro+",
      footer: "██░░░░░░ 20 % ",
    })
    const { quota: _, ...unmeasured } = { ...ACCOUNT, state: { reason: "disabled" } as const }
    assert.deepEqual(accountRow(unmeasured, { ...BOARD, session: { credits: 0 } }, view), {
      title: "Builder ID ··a1b2",
      description: "switched off · credits not known yet · Kiro",
      footer: "",
    })
  })

  it("leaves room for its state beside a long name, in cells of a terminal, and keeps the id that it is typed by", () => {
    const titleOf = (name: string): string => accountRow({ ...ACCOUNT, name }, BOARD, view).title
    assert.equal(titleOf("Acme Corporation International GmbH"), "Acme Corporation Internatio…")
    assert.equal(titleOf("株式会社アクメ東京本社第一開発部"), "株式会社アクメ東京本社第一…")
    assert.equal(titleOf("The provider with a long name ··a1b2"), "The provider with a l…··a1b2")
  })

  it("has all that is known of it, and what helps it, where there is room", () => {
    const remedy = "Only AWS support can lift it."
    const lost = { ...ACCOUNT, state: { reason: "suspended" } as const, remedy }
    assert.equal(
      accountDetails(lost, view),
      "Kiro Pro+\nSuspended\n12.37 / 50.00 credits\nResets Dec 1\nTrial 120.44 / 500.00\n" +
        "Welcome bonus 0.00 / 100.00\n  until Dec 3\n\nOnly AWS support can lift it.",
    )
    assert.match(
      accountDetails(ACCOUNT, { ...view, showEmail: true }),
      /^Kiro Pro\+\nuser@example\.com\n12\.37/,
    )
  })
})
