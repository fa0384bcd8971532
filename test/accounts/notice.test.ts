import assert from "node:assert/strict"
import { describe, it } from "node:test"
import {
  dayText,
  type Account,
  type Health,
  type Login,
  type LoginSource,
  newAccount,
  remedyOf,
  STATE_WORDS,
  stateOf,
  describeNotice,
  type NamedState,
  type Notice,
  timeText,
  typedName,
  untilText,
} from "../../src/accounts/index.ts"
import { idcLogin, keyLogin, tokens } from "./logins.ts"

const RESET = Date.UTC(2026, 11, 1)

const NOW = Date.UTC(2026, 10, 24, 5, 0, 4)
const COMMAND = "kiro"

function account(...logins: readonly Login[]): Account {
  return newAccount({ id: "a", now: 0, logins })
}

const BUILDER_ID = account(idcLogin({ id: "l" }))
const IDENTITY_CENTER = account(idcLogin({ id: "l", loginRegion: "eu-west-1" }))
const WORK: Account = { ...BUILDER_ID, label: "work" }

const MANY: readonly NamedState[] = [
  ...Array.from({ length: 9 }, (_, index) => ({
    name: `··00${index}0`,
    state: { reason: "monthly-quota", until: RESET } as const,
  })),
  { name: "··3f18", state: { reason: "suspended" } },
  { name: "··6e9a", state: { reason: "login-expired" } },
  { name: "work", state: { reason: "daily-quota", until: NOW + 4 * 3_600_000 } },
  { name: "home", state: { reason: "daily-quota", until: NOW + 4 * 3_600_000 } },
]

/** Of each kind each of its shapes. */
const SHAPES: { readonly [Kind in Notice["kind"]]: readonly Extract<Notice, { kind: Kind }>[] } = {
  "account-switched": [
    {
      kind: "account-switched",
      from: "work",
      to: "Builder ID ··a1b2",
      because: "the monthly credits are used up",
    },
  ],
  "account-revoked": [
    { kind: "account-revoked", account: WORK, reason: "login-expired" },
    { kind: "account-revoked", account: WORK, reason: "api-key-refused" },
    { kind: "account-revoked", account: WORK, reason: "suspended" },
  ],
  "none-left": [
    { kind: "none-left", accounts: MANY, now: NOW },
    { kind: "none-left", accounts: [{ name: "work", state: { reason: "disabled" } }], now: NOW },
  ],
  "quota-high": [
    { kind: "quota-high", account: "work", usedShare: 0.8349, resetAt: RESET, now: NOW },
    { kind: "quota-high", account: "work", usedShare: 0.8, now: NOW },
  ],
  "paid-credits": [{ kind: "paid-credits", account: "work" }],
  "rule-missed": [
    { kind: "rule-missed", id: "office", to: "work" },
    { kind: "rule-missed", id: "home", wanted: "home", to: "work" },
  ],
  "conversation-shortened": [{ kind: "conversation-shortened", share: 0.6, sessionId: "ses_1" }],
  "budget-near": [{ kind: "budget-near", used: 8.5, budget: 10, day: "2026-11-24" }],
  "parts-left-out": [
    { kind: "parts-left-out", parts: ["the tool x"], sessionId: "ses_1" },
    { kind: "parts-left-out", parts: ["images", "documents", "the tool x"], sessionId: "ses_1" },
  ],
  "model-switched": [{ kind: "model-switched", from: "claude-opus-5", to: "auto", sessionId: "ses_1" }],
  "region-mapped": [{ kind: "region-mapped", from: "eu-west-1", to: "eu-central-1" }],
  "profile-choice": [{ kind: "profile-choice", account: WORK, profiles: ["arn:1", "arn:2"] }],
  "settings-problem": [
    {
      kind: "settings-problem",
      problem: { kind: "bad-value", key: "use_overage", allowed: "true or false", from: "f" },
    },
  ],
  "more-settings-problems": [{ kind: "more-settings-problems", count: 97 }],
  "source-problem": [
    { kind: "source-problem", file: "/f", key: "kirocli:odic:token", message: "holds no date" },
    { kind: "source-problem", file: "/f", message: "can't be read" },
  ],
  "store-trouble": [
    { kind: "store-trouble", failure: "busy", path: "/kiro.db" },
    { kind: "store-trouble", failure: "readonly", path: "/kiro.db", inMemory: true },
    { kind: "store-trouble", failure: "corrupt", path: "/kiro.db", backup: "/kiro.db.damaged-x" },
  ],
}

const NOTICES: readonly Notice[] = Object.values(SHAPES).flat()

describe("a notice", () => {
  it("says each event in its own words", () => {
    const texts = NOTICES.map((notice) => describeNotice(notice, COMMAND))
    assert.equal(new Set(texts.map(({ event }) => event)).size, NOTICES.length)
    assert.equal(new Set(texts.map(({ message }) => message)).size, NOTICES.length)
    for (const { title, message } of texts) {
      assert.ok(title.length < 40, title)
      assert.ok(message.length < 260, message)
      assert.doesNotMatch(message, /undefined|NaN|\[object/)
    }
  })

  it("names the accounts, the reason, the time and the remedy", () => {
    const messages = NOTICES.map((notice) => describeNotice(notice, COMMAND).message)
    const said = (pattern: RegExp): void =>
      assert.ok(
        messages.some((message) => pattern.test(message)),
        String(pattern),
      )
    said(/^work can't serve now \(the monthly credits are used up\)\. Going on with Builder ID ··a1b2\.$/)
    said(/^The login of work has ended\. Sign in again: \/connect, or `opencode auth login`/)
    said(/^AWS has suspended work\. Only AWS support can lift it.*`kiro accounts enable work`/)
    said(/^work has used 83 % of its credits; they start again on Dec 1\.$/)
    said(/^work may use 2 profiles\. Choose a profile: \/kiro, or `kiro accounts profile work`\.$/)
    said(
      /^9 out of credits until Dec 1 · 1 suspended \(··3f18\) · 1 needs a login \(··6e9a\) · 2 at the daily limit until /,
    )
    said(/costs money.*use_overage/)
    said(/^Your rule names home, which can't serve now\. Going on with work\.$/)
    said(/^A rule in kiro\.json names the account office, which is not here\. Going on with work\.$/)
    said(/^It was too long for the model, .*\(60 % kept\)/)
    said(/^8\.50 of today's budget of 10 credits are used\. .*`kiro budget lift`\.$/)
    said(/^Kiro refused the tool x; this session goes on without\.$/)
    said(/^Kiro refused images, documents and the tool x; this session goes on without\.$/)
    said(/^claude-opus-5 is very busy\. Going on with auto, as fallback_models in kiro\.json says\.$/)
    said(/^97 more mistakes in kiro\.json: .*`kiro doctor`\.$/)
    said(/^Kiro is not served from eu-west-1; eu-central-1 is used\.$/)
    said(/^use_overage in f must be true or false/)
    said(/^\/f \(kirocli:odic:token\) holds no date\.$/)
    said(/was damaged and is kept as \/kiro\.db\.damaged-x/)
    said(/check who owns it.*in memory only/)
  })

  it("tells of one more mistake as of one", () => {
    const { message } = describeNotice({ kind: "more-settings-problems", count: 1 }, COMMAND)
    assert.match(message, /^1 more mistake in kiro\.json: /)
  })

  it("is an error where nothing is kept any more, and a warning where something was not", () => {
    const variants = [true, false].map(
      (inMemory) =>
        describeNotice({ kind: "store-trouble", failure: "readonly", path: "/kiro.db", inMemory }, COMMAND)
          .variant,
    )
    assert.deepEqual(variants, ["error", "warning"])
  })

  it("tells a session once that another model stands in, whichever that is", () => {
    const event = (to: string, sessionId: string): string =>
      describeNotice({ kind: "model-switched", from: "claude-opus-5", to, sessionId }, COMMAND).event
    assert.equal(event("claude-sonnet-5", "ses_1"), event("auto", "ses_1"))
    assert.notEqual(event("auto", "ses_1"), event("auto", "ses_2"))
  })

  it("is the same event while its numbers move, and another one after the reset", () => {
    const event = (usedShare: number, resetAt: number): string =>
      describeNotice({ kind: "quota-high", account: "work", usedShare, resetAt, now: NOW }, COMMAND).event
    assert.equal(event(0.8, RESET), event(0.9, RESET))
    assert.notEqual(event(0.8, RESET), event(0.8, RESET + 1))
  })
})

describe("instants", () => {
  it("are a time while that is near, a day beyond, and midnight UTC is the day that it names", () => {
    const soon = NOW + 3 * 3_600_000
    const local = new Date(soon)
    const clock = [local.getHours(), local.getMinutes()]
      .map((part) => String(part).padStart(2, "0"))
      .join(":")
    assert.equal(timeText(soon, NOW), clock)
    assert.equal(timeText(RESET, NOW), "Dec 1")
    assert.match(timeText(NOW + 24 * 3_600_000, NOW), /^Nov 2[456], \d\d:\d\d$/)
    assert.match(timeText(NOW + 12 * 24 * 3_600_000, NOW), /^Dec [567]$/)
    assert.equal(dayText(Date.UTC(2027, 0, 1), NOW), "Jan 1, 2027")
    assert.equal(untilText(NOW + 29_000, NOW), "for 29 seconds")
    assert.equal(untilText(NOW + 1, NOW), "for a second")
    assert.equal(untilText(RESET, NOW), "until Dec 1")
  })
})

describe("the state of an account", () => {
  const stated = (health: Health) => stateOf({ ...BUILDER_ID, health }, { now: NOW, useOverage: true })
  const cooling = {
    state: "cooling",
    since: NOW - 10,
    until: NOW - 1,
    times: 1,
    reason: "not-authorized",
  } as const

  it("is an open choice of profile for as long as that is open, and nothing once a wait is over", () => {
    assert.deepEqual(stated(cooling), { reason: "ready" })
    assert.equal(stated({ ...cooling, profiles: ["arn:1", "arn:2"] }).reason, "profile-choice")
  })

  it("has a remedy that fits its login: no profiles for a person's own", () => {
    const { remedy } = STATE_WORDS["not-authorized"]
    for (const own of [BUILDER_ID, WORK])
      assert.match(remedy({ account: own, command: COMMAND }), /plan at https.*accounts enable (?:ca97|work)/)
    assert.match(remedy({ account: IDENTITY_CENTER, command: COMMAND }), /accounts profile ca97/)
  })

  it("is ended by switching the account on exactly where its remedy says so", () => {
    for (const [reason, { remedy, enabling }] of Object.entries(STATE_WORDS))
      assert.equal(
        /accounts enable/.test(remedy({ account: BUILDER_ID, command: COMMAND })),
        enabling !== undefined,
        reason,
      )
  })

  it("sends nobody to a list in which a nameless one at rest does not stand", () => {
    const { remedy } = STATE_WORDS["resting"]
    const said = (known: Account): string => remedy({ account: known, command: COMMAND })
    const named = { ...BUILDER_ID, userId: "user" }
    assert.match(said(named), /or now by: \/kiro, or `.* accounts enable ca97`; kiro-cli may be signed out/)
    assert.match(
      said(BUILDER_ID),
      /or now by: `.* accounts enable ca97`; kiro-cli may be signed out by that\.$/,
    )
  })

  it("has a remedy that begins where the login came from", () => {
    const { remedy } = STATE_WORDS["login-expired"]
    const said = (source: LoginSource): string =>
      remedy({ account: account(idcLogin({ id: "l", source })), command: COMMAND })
    assert.match(said("kiro-cli"), /^Sign in again: `kiro-cli login`; or \/connect/)
    assert.match(said("kiro-ide"), /^Sign in again in the Kiro IDE; or \/connect/)
    assert.match(said("own"), /^Sign in again: \/connect/)
  })

  it("names the API key once, whether the account has a name of its own or not", () => {
    const key = account(keyLogin("k"))
    const said = (refused: Account): string =>
      describeNotice({ kind: "account-revoked", account: refused, reason: "api-key-refused" }, COMMAND)
        .message
    assert.match(said(key), /^API key ··ca97 was refused\. Make a new API key/)
    assert.match(said({ ...key, label: "API key of mine" }), /^The API key of API key of mine was refused\./)
  })

  it("sends a person to where the login was made", () => {
    const { remedy } = STATE_WORDS["login-expired"]
    const person = account({ id: "l", kind: "social", source: "kiro-cli", tokens: tokens("l") })
    assert.match(
      remedy({ account: person, command: COMMAND }),
      /^Sign in again: `kiro-cli login`; or \/connect/,
    )
  })
})

describe("what a person types for an account", () => {
  it("is its short id in a remedy, where not every keyboard has its name", () => {
    const remedy = (label: string): string =>
      remedyOf({ ...account(), id: "1", label }, { reason: "disabled" }, COMMAND)
    assert.match(remedy("at work"), /accounts enable "at work"`/)
    assert.match(remedy("会社"), /accounts enable 6b86`/)
  })

  it("is its short id where its name is shown cut", () => {
    const label = "a".repeat(80)
    assert.deepEqual(
      [label, `${label}a`].map((each) => typedName({ ...BUILDER_ID, label: each })),
      [label, "ca97"],
    )
  })

  it("is its short id where a shell, or the command, would take its name for something else", () => {
    for (const label of ['Bob "work"', "$HOME", "`id`", "back\\slash", "50%PATH%", "hey!", "-x", "--json"])
      assert.equal(typedName({ ...BUILDER_ID, label }), "ca97", label)
  })

  it("is its short id, or its label", () => {
    const accounts = [BUILDER_ID, WORK, { ...WORK, label: "my work" }]
    assert.deepEqual(accounts.map(typedName), ["ca97", "work", '"my work"'])
  })
})
