import assert from "node:assert/strict"
import { describe, it } from "node:test"
import * as fc from "fast-check"
import { type Attempt, firstAttempt, nextAttempt } from "../../src/gateway/attempt/attempt.ts"
import { type Carried, decide, type Situation } from "../../src/gateway/recover/decide.ts"
import { FAILURE_KINDS } from "../../src/kiro/failure.ts"
import type { FailureKind, KiroFailure } from "../../src/kiro/index.ts"

const NOTHING: Carried = { signatures: [], documents: [], images: [], fields: [] }
const LIMITS = { rateLimitRetryDelayMs: 5000, rateLimitMaxRetries: 3, maxRequestIterations: 20 }

function situation(
  kind: FailureKind,
  change: Partial<Omit<Situation, "attempt" | "failure">> & {
    readonly attempt?: Partial<Attempt>
    readonly failure?: Partial<KiroFailure>
  } = {},
): Situation {
  return {
    accountId: "a",
    renewableLogin: "login-a",
    anotherLogin: false,
    anotherAccount: false,
    anotherHost: false,
    carried: NOTHING,
    limits: LIMITS,
    jitter: 0,
    ...change,
    failure: { kind, status: 0, message: "", ...change.failure },
    attempt: { ...firstAttempt(undefined), sends: 1, ...change.attempt },
  }
}

describe("decide", () => {
  it("refreshes a refused token once per login, tries the other host once, then leaves the login, then the account", () => {
    const refused = "bearer-rejected"
    assert.deepEqual(decide(situation(refused)), { do: "refresh" })
    const renewed = { refreshed: ["login-a"] }
    assert.deepEqual(decide(situation(refused, { attempt: renewed, anotherHost: true })), {
      do: "switch-host",
    })
    assert.deepEqual(decide(situation(refused, { attempt: renewed, anotherLogin: true })), {
      do: "switch-login",
    })
    assert.deepEqual(decide(situation(refused, { attempt: renewed })), { do: "switch-account" })
    assert.deepEqual(decide(situation(refused, { attempt: renewed, renewableLogin: "login-b" })), {
      do: "refresh",
    })
  })

  it("never renews an API key", () => {
    const key = { renewableLogin: undefined }
    assert.deepEqual(decide(situation("bearer-rejected", { ...key, anotherHost: true })), {
      do: "switch-host",
    })
    assert.deepEqual(decide(situation("bearer-rejected", key)), { do: "switch-account" })
  })

  it("leaves a suspended or used-up account at once and never waits for it", () => {
    for (const kind of ["suspended", "monthly-quota", "daily-quota", "overage-limit"] as const)
      assert.deepEqual(decide(situation(kind, { anotherHost: true })), { do: "switch-account" })
  })

  it("looks a refused profile up once, then leaves the account", () => {
    for (const kind of ["not-authorized", "feature-not-supported"] as const) {
      assert.deepEqual(decide(situation(kind)), { do: "rediscover" })
      const again = decide(situation(kind, { attempt: { rediscovered: ["a"] } }))
      assert.deepEqual(again, { do: "switch-account" })
    }
  })

  it("switches a throttled account at once where another can serve", () => {
    assert.deepEqual(decide(situation("throttled", { anotherAccount: true })), { do: "switch-account" })
  })

  it("waits out a throttle of the last account from the configured delay, doubling", () => {
    const limits = { ...LIMITS, rateLimitRetryDelayMs: 1000 }
    const waits = [0, 1, 2, 3].map((spent) =>
      decide(
        situation("throttled", { limits, attempt: { waits: spent, waitedMs: 1000 * (2 ** spent - 1) } }),
      ),
    )
    assert.deepEqual(waits, [
      { do: "wait", why: "throttle", ms: 1000 },
      { do: "wait", why: "throttle", ms: 2000 },
      { do: "wait", why: "throttle", ms: 4000 },
      { do: "fail", retryAfterMs: 8000 },
    ])
  })

  it("does not begin a wait that would pass twelve seconds: the host waits", () => {
    const second = situation("throttled", { attempt: { waits: 1, waitedMs: 5000 } })
    assert.deepEqual(decide(second), { do: "fail", retryAfterMs: 10_000 })
    const long = situation("throttled", { failure: { retryAfterMs: 60_000 } })
    assert.deepEqual(decide(long), { do: "fail", retryAfterMs: 60_000 })
  })

  it("waits as long as the service asks, never less", () => {
    const asked = situation("capacity", { failure: { retryAfterMs: 3000 }, jitter: 0.999 })
    assert.deepEqual(decide(asked), { do: "wait", why: "throttle", ms: 3599 })
  })

  it("waits for a busy model and blames no account for it", () => {
    const busy = situation("capacity", { anotherAccount: true, anotherHost: true })
    assert.deepEqual(decide(busy), { do: "wait", why: "throttle", ms: 5000 })
  })

  it("repeats after faults three times, half a second, one, two, whoever else could serve", () => {
    for (const kind of ["service-error", "network", "empty-answer", "truncated", "corrupt-stream"] as const) {
      const verdicts = [0, 1, 2, 3].map((repeats) =>
        decide(situation(kind, { attempt: { repeats }, anotherAccount: true, anotherHost: true })),
      )
      assert.deepEqual(verdicts, [
        { do: "wait", why: "fault", ms: 500 },
        { do: "wait", why: "fault", ms: 1000 },
        { do: "wait", why: "fault", ms: 2000 },
        { do: "fail" },
      ])
    }
  })

  it("repeats once after a silence", () => {
    assert.deepEqual(decide(situation("timeout")), { do: "wait", why: "fault", ms: 500 })
    assert.deepEqual(decide(situation("timeout", { attempt: { repeats: 1 } })), { do: "fail" })
  })

  it("tries the other host where one never heard us or does not know the operation", () => {
    const verdicts = (["unreachable", "unknown-operation"] as const).map((kind) =>
      decide(situation(kind, { anotherHost: true })),
    )
    assert.deepEqual(verdicts, [{ do: "switch-host" }, { do: "switch-host" }])
    assert.deepEqual(decide(situation("unreachable")), { do: "wait", why: "fault", ms: 500 })
    assert.deepEqual(decide(situation("unknown-operation")), { do: "fail" })
  })

  it("shortens step by step, then gives up", () => {
    const verdicts = [undefined, 0.8, 0.6, 0.4].map((step) =>
      decide(
        situation("input-too-long", { attempt: step === undefined ? {} : ({ step } as Partial<Attempt>) }),
      ),
    )
    assert.deepEqual(verdicts, [
      { do: "shorten", step: 0.8 },
      { do: "shorten", step: 0.6 },
      { do: "shorten", step: 0.4 },
      { do: "fail" },
    ])
  })

  it("leaves out what was refused, once, and only what was sent", () => {
    const rows = [
      ["signature-invalid", "signatures", ["signatures"]],
      ["document-refused", "documents", ["documents"]],
      ["image-refused", "images", ["images"]],
      ["field-refused", "fields", ["thinking", "output_config"]],
    ] as const
    for (const [kind, part, what] of rows) {
      const carried = { ...NOTHING, [part]: what }
      assert.deepEqual(decide(situation(kind, { carried })), { do: "omit", what })
      assert.deepEqual(decide(situation(kind)), { do: "fail" })
      assert.deepEqual(decide(situation(kind, { carried, attempt: { omitted: what } })), { do: "fail" })
    }
  })

  it("begins a new conversation once", () => {
    assert.deepEqual(decide(situation("conversation-limit")), { do: "new-conversation" })
    const again = situation("conversation-limit", { attempt: { newConversation: true } })
    assert.deepEqual(decide(again), { do: "fail" })
  })

  it("never repeats, shortens or rotates a malformed request or an answer in an invalid state", () => {
    const carried: Carried = { ...NOTHING, signatures: ["signatures"], fields: ["thinking"] }
    for (const kind of ["malformed-request", "invalid-state"] as const) {
      const everything = situation(kind, { anotherAccount: true, anotherHost: true, carried })
      assert.deepEqual(decide(everything), { do: "fail" })
    }
  })

  it("goes to another account where a token can't be renewed now, else repeats", () => {
    assert.deepEqual(decide(situation("disk-full", { anotherAccount: true })), { do: "switch-account" })
    assert.deepEqual(decide(situation("disk-full")), { do: "fail" })
    const switched = decide(situation("token-unavailable", { anotherAccount: true }))
    assert.deepEqual(switched, { do: "switch-account" })
    assert.deepEqual(decide(situation("token-unavailable")), { do: "wait", why: "fault", ms: 500 })
  })

  it("takes a refused model to another account, else fails fast", () => {
    assert.deepEqual(decide(situation("invalid-model", { anotherAccount: true })), { do: "switch-account" })
    assert.deepEqual(decide(situation("invalid-model")), { do: "fail" })
  })

  it("ends every sequence of failures within its bounds", () => {
    const kinds = fc.constantFrom(...FAILURE_KINDS)
    const failures = fc.array(fc.tuple(kinds, fc.option(fc.integer({ min: 1, max: 20_000 }))), {
      minLength: 60,
      maxLength: 60,
    })
    fc.assert(
      fc.property(failures, fc.integer({ min: 5, max: 60 }), (sequence, maxRequestIterations) => {
        const end = play(sequence, maxRequestIterations)
        assert.ok(end.sends <= maxRequestIterations)
        assert.ok(end.waitedMs <= 12_000)
      }),
    )
  })
})

/** Obeys the verdicts as the loop does, with three accounts and two hosts. */
function play(
  sequence: readonly (readonly [FailureKind, number | null])[],
  maxRequestIterations: number,
): Attempt {
  let attempt = firstAttempt(undefined)
  for (const [kind, retryAfterMs] of sequence) {
    attempt = { ...attempt, sends: attempt.sends + 1 }
    const accountId = attempt.accountId ?? `account-${attempt.excluded.length}`
    const failure = { kind, status: 0, message: "", ...(retryAfterMs !== null && { retryAfterMs }) }
    const verdict = decide({
      ...situation(kind),
      failure,
      attempt,
      accountId,
      renewableLogin: `login of ${accountId}`,
      anotherAccount: attempt.excluded.length < 2,
      anotherHost: attempt.hostsTried.length < 1,
      carried: { ...NOTHING, signatures: ["signatures"], fields: ["thinking"] },
      limits: { ...LIMITS, maxRequestIterations },
      jitter: 0.5,
    })
    if (verdict.do === "fail") return attempt
    const hostName = `host-${attempt.hostsTried.length}`
    attempt = nextAttempt(attempt, verdict, {
      failure,
      accountId,
      accountName: accountId,
      loginId: `login of ${accountId}`,
      hostName,
    })
    if (attempt.excluded.length === 3) return attempt
  }
  throw new Error("the sequence did not end")
}
