import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { describeNotice, type Notice } from "../../src/accounts/index.ts"

const RESET = Date.UTC(2026, 11, 1)

/** One of each kind, and each of its shapes. */
const NOTICES: readonly Notice[] = [
  {
    kind: "account-switched",
    from: "work",
    to: "Builder ID ··a1b2",
    because: "the monthly credits are used up",
  },
  { kind: "account-revoked", account: "work", reason: "login-expired", because: "its login has expired" },
  { kind: "account-revoked", account: "work", reason: "api-key-refused", because: "its key was refused" },
  { kind: "account-revoked", account: "work", reason: "suspended", because: "suspended by AWS" },
  { kind: "all-parked", until: RESET },
  { kind: "all-parked" },
  { kind: "quota-high", account: "work", usedShare: 0.8349, resetAt: RESET },
  { kind: "quota-high", account: "work", usedShare: 0.8 },
  { kind: "paid-credits", account: "work" },
  { kind: "conversation-shortened", share: 0.6, sessionId: "ses_1" },
  { kind: "region-mapped", from: "eu-west-1", to: "eu-central-1" },
  { kind: "profile-choice", account: "work", profiles: ["arn:1", "arn:2"] },
  {
    kind: "settings-problem",
    problem: { kind: "bad-value", key: "use_overage", allowed: "true or false", from: "f" },
  },
  { kind: "source-problem", file: "/f", key: "kirocli:odic:token", message: "expires_at is no date" },
  { kind: "source-problem", file: "/f", message: "it can't be read" },
  { kind: "store-trouble", failure: "busy", path: "/kiro.db" },
  { kind: "store-trouble", failure: "readonly", path: "/kiro.db", inMemory: true },
  { kind: "store-trouble", failure: "corrupt", path: "/kiro.db", backup: "/kiro.db.damaged-x" },
]

describe("a notice", () => {
  it("says each event in its own words", () => {
    const texts = NOTICES.map(describeNotice)
    assert.equal(new Set(texts.map(({ event }) => event)).size, NOTICES.length)
    assert.equal(new Set(texts.map(({ message }) => message)).size, NOTICES.length)
    for (const { title, message } of texts) {
      assert.ok(title.length < 40, title)
      assert.ok(message.length < 260, message)
      assert.doesNotMatch(message, /undefined|NaN|\[object/)
    }
  })

  it("names the accounts, the reason, the time and the remedy", () => {
    const messages = NOTICES.map((notice) => describeNotice(notice).message)
    const said = (pattern: RegExp): void =>
      assert.ok(
        messages.some((message) => pattern.test(message)),
        String(pattern),
      )
    said(/^work can't serve now \(the monthly credits are used up\)\. Going on with Builder ID ··a1b2\.$/)
    said(/^work: its login has expired\. Run `opencode auth login`/)
    said(/^AWS has suspended work\. Contact AWS support/)
    said(/^work has used 83 % of its credits; they start again 2026-12-01 00:00 UTC\.$/)
    said(/costs money.*use_overage/)
    said(/^Kiro is not served from eu-west-1; eu-central-1 is used\.$/)
    said(/^use_overage in f must be true or false/)
    said(/^\/f, kirocli:odic:token: expires_at is no date$/)
    said(/was damaged and is kept as \/kiro\.db\.damaged-x/)
    said(/check who owns it.*in memory only/)
  })

  it("is the same event while its numbers move, and another one after the reset", () => {
    const event = (usedShare: number, resetAt: number): string =>
      describeNotice({ kind: "quota-high", account: "work", usedShare, resetAt }).event
    assert.equal(event(0.8, RESET), event(0.9, RESET))
    assert.notEqual(event(0.8, RESET), event(0.8, RESET + 1))
  })
})
