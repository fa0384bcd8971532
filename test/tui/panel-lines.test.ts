import assert from "node:assert/strict"
import { describe, it } from "node:test"
import type { AccountOverview, SessionOverview } from "../../src/accounts/index.ts"
import { panelLines } from "../../src/tui/panel-lines.ts"

const NOW = Date.UTC(2026, 10, 24, 12)
const DAY_MS = 24 * 3_600_000

const QUOTA = {
  checkedAt: NOW,
  plan: "KIRO PRO+",
  used: 12.374,
  limit: 50,
  resetAt: NOW + 7 * DAY_MS,
  bonuses: [{ name: "Welcome bonus", used: 0, limit: 100, expiresAt: NOW + 9 * DAY_MS }],
  trial: { used: 120.44, limit: 500 },
  overage: { enabled: false, used: 0 },
}

const ACCOUNT: AccountOverview = {
  id: "a",
  name: "Builder ID ··a1b2",
  email: "user@example.com",
  enabled: true,
  health: { state: "ok" },
  quota: QUOTA,
}

const SESSION: SessionOverview = { accountId: "a", lastTurnCredits: 0.0897, credits: 1.2 }

function texts(account: AccountOverview = ACCOUNT, session: SessionOverview = SESSION): string[] {
  return panelLines({ account, session, now: NOW, showEmail: false }).map(({ text }) => text)
}

describe("the panel", () => {
  it("shows plan, account, credits with two decimals, reset, trial and bonus apart, and the last turn", () => {
    const [plan, name, credits, reset, trial, bonus, bonusEnd, turn] = texts()
    assert.equal(plan, "Kiro Pro+")
    assert.equal(name, "Builder ID ··a1b2")
    assert.equal(credits, "12.37 / 50.00 credits")
    assert.match(reset ?? "", /^Resets .*1/)
    assert.equal(trial, "Trial 120.44 / 500.00")
    assert.equal(bonus, "Welcome bonus 0.00 / 100.00")
    assert.match(bonusEnd ?? "", /^  until .*3/)
    assert.equal(turn, "Last turn 0.09, session 1.20")
  })

  it("shows an e-mail address only where the user asked for it", () => {
    assert.ok(!texts().join().includes("user@"))
    const shown = panelLines({ account: ACCOUNT, session: SESSION, now: NOW, showEmail: true })
    assert.ok(shown.some(({ text }) => text === "user@example.com"))
  })

  it("warns from 80 % on", () => {
    const account = { ...ACCOUNT, quota: { ...QUOTA, used: 41 } }
    const lines = panelLines({ account, session: SESSION, now: NOW, showEmail: false })
    assert.equal(lines.find(({ text }) => text.startsWith("41.00"))?.tone, "warning")
  })

  it("says until when an account is paused and what a dead one needs", () => {
    const until = NOW + DAY_MS
    const health = { state: "cooling", since: NOW, until, reason: "monthly-quota", times: 1 } as const
    assert.ok(
      texts({ ...ACCOUNT, health }).some((text) =>
        /^(?:Throttled|Out of credits|At the daily limit) (?:until|for)/.test(text),
      ),
    )
    const dead = { state: "revoked", since: NOW } as const
    assert.ok(texts({ ...ACCOUNT, health: { ...dead, reason: "login-expired" } }).includes("Login needed"))
    assert.ok(texts({ ...ACCOUNT, health: { ...dead, reason: "suspended" } }).includes("Suspended"))
  })

  it("says so while no usage is known, and shows no turn before the first", () => {
    const { quota: _, ...unmeasured } = ACCOUNT
    assert.deepEqual(texts(unmeasured, { credits: 0 }), [
      "Kiro",
      "Builder ID ··a1b2",
      "Credits not known yet",
    ])
  })
})
