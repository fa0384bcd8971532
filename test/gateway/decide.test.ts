import assert from "node:assert/strict"
import { describe, it } from "node:test"
import * as fc from "fast-check"
import { newAccount } from "../../src/accounts/index.ts"
import {
  firstProgress,
  isOfTheModel,
  nextProgress,
  type Progress,
  type Verdict,
} from "../../src/gateway/attempt/progress.ts"
import { decide, type Ways } from "../../src/gateway/recover/decide.ts"
import { FAILURE_KINDS } from "../../src/kiro/failure.ts"
import type { FailureKind, KiroFailure } from "../../src/kiro/index.ts"
import { Secret } from "../../src/secret.ts"

const LIMITS = { rateLimitRetryDelayMs: 5000, rateLimitMaxRetries: 3, maxRequestIterations: 20 }

interface Situation extends Ways {
  readonly failure: KiroFailure
  readonly progress: Progress
}

function situation(
  kind: FailureKind,
  change: Partial<Ways> & {
    readonly progress?: Partial<Progress>
    readonly failure?: Partial<KiroFailure>
  } = {},
): Situation {
  return {
    accountId: "a",
    renewableLogin: "login-a",
    anotherLogin: false,
    anotherAccount: "none",
    anotherHost: false,
    omissible: [],
    throttles: 1,
    limits: LIMITS,
    jitter: 0,
    ...change,
    failure: { kind, status: 0, message: "", ...change.failure },
    progress: { ...firstProgress(), sends: 1, ...change.progress },
  }
}

/** It was sent again so often behind faults of the way. */
function repeated(times: number): Pick<Progress, "repeated"> {
  return { repeated: Array.from({ length: times }, () => "network") }
}

function judge({ failure, progress, ...ways }: Situation): Verdict {
  return decide(failure, progress, ways)
}

describe("decide", () => {
  it("refreshes a refused token once per login, tries the other host once, then leaves the login, then the account", () => {
    const refused = "bearer-rejected"
    assert.deepEqual(judge(situation(refused)), { do: "refresh" })
    const renewed = { refreshed: ["login-a"] }
    assert.deepEqual(judge(situation(refused, { progress: renewed, anotherHost: true })), {
      do: "switch-host",
    })
    const both = { progress: renewed, anotherHost: true, anotherLogin: true }
    assert.deepEqual(judge(situation(refused, both)), { do: "switch-host" })
    assert.deepEqual(judge(situation(refused, { progress: renewed, anotherLogin: true })), {
      do: "switch-login",
    })
    assert.deepEqual(judge(situation(refused, { progress: renewed })), { do: "switch-account" })
    assert.deepEqual(judge(situation(refused, { progress: renewed, renewableLogin: "login-b" })), {
      do: "refresh",
    })
  })

  it("never renews an API key", () => {
    const key = { renewableLogin: undefined }
    assert.deepEqual(judge(situation("bearer-rejected", { ...key, anotherHost: true })), {
      do: "switch-host",
    })
    assert.deepEqual(judge(situation("bearer-rejected", key)), { do: "switch-account" })
  })

  it("leaves a suspended or used-up account at once and never waits for it", () => {
    for (const kind of ["suspended", "monthly-quota", "daily-quota", "overage-limit"] as const)
      assert.deepEqual(judge(situation(kind, { anotherHost: true })), { do: "switch-account" })
  })

  it("looks a refused profile up once, then leaves the account", () => {
    for (const kind of ["not-authorized", "feature-not-supported"] as const) {
      assert.deepEqual(judge(situation(kind)), { do: "rediscover" })
      const again = judge(situation(kind, { progress: { rediscovered: ["a"] } }))
      assert.deepEqual(again, { do: "switch-account" })
    }
  })

  it("switches a throttled account at once where another can serve", () => {
    assert.deepEqual(judge(situation("throttled", { anotherAccount: "free" })), { do: "switch-account" })
  })

  it("waits out a throttle of the last account from the configured delay, doubling", () => {
    const limits = { ...LIMITS, rateLimitRetryDelayMs: 1000 }
    const waits = [0, 1, 2, 3].map((spent) =>
      judge(
        situation("throttled", { limits, progress: { waits: spent, waitedMs: 1000 * (2 ** spent - 1) } }),
      ),
    )
    assert.deepEqual(waits, [
      { do: "wait", why: "throttle", ms: 1000 },
      { do: "wait", why: "throttle", ms: 2000 },
      { do: "wait", why: "throttle", ms: 4000 },
      { do: "switch-account" },
    ])
  })

  it("goes on where the requests before left off, but for a busy model, of which the account knows nothing", () => {
    const limits = { ...LIMITS, rateLimitRetryDelayMs: 1000 }
    const waits = [1, 2, 4, 5].map((throttles) => judge(situation("throttled", { limits, throttles })))
    assert.deepEqual(waits, [
      { do: "wait", why: "throttle", ms: 1000 },
      { do: "wait", why: "throttle", ms: 2000 },
      { do: "wait", why: "throttle", ms: 8000 },
      { do: "switch-account" },
    ])
    const busy = situation("capacity", { limits, throttles: 4 })
    assert.deepEqual(judge(busy), { do: "wait", why: "throttle", ms: 1000 })
  })

  it("does not begin a wait that would pass twelve seconds: the host waits, for whoever is the first to serve", () => {
    const second = { progress: { waits: 1, waitedMs: 5000 } }
    assert.deepEqual(judge(situation("capacity", second)), { do: "fail", retryAfterMs: 10_000 })
    assert.deepEqual(judge(situation("throttled", second)), { do: "switch-account" })
    const long = { failure: { retryAfterMs: 60_000 } }
    assert.deepEqual(judge(situation("capacity", long)), { do: "fail", retryAfterMs: 60_000 })
    assert.deepEqual(judge(situation("throttled", long)), { do: "switch-account" })
  })

  it("waits as long as the service asks, never less", () => {
    const asked = situation("capacity", { failure: { retryAfterMs: 3000 }, jitter: 0.999 })
    assert.deepEqual(judge(asked), { do: "wait", why: "throttle", ms: 3599 })
    // Requests spread over seconds: who was told of an hour does not wait for twelve minutes more.
    const long = situation("capacity", { failure: { retryAfterMs: 3_600_000 }, jitter: 0.999 })
    assert.deepEqual(judge(long), { do: "fail", retryAfterMs: 3_609_990 })
    const faulty = situation("service-error", { failure: { retryAfterMs: 3000 } })
    assert.deepEqual(judge(faulty), { do: "wait", why: "fault", ms: 3000 })
  })

  it("waits for a busy model and blames no account for it", () => {
    const busy = situation("capacity", { anotherAccount: "free", anotherHost: true })
    assert.deepEqual(judge(busy), { do: "wait", why: "throttle", ms: 5000 })
  })

  it("repeats after faults three times, half a second, one, two, whoever else could serve", () => {
    for (const kind of ["service-error", "network", "truncated", "corrupt-stream"] as const) {
      const verdicts = [0, 1, 2, 3].map((times) =>
        judge(situation(kind, { progress: repeated(times), anotherAccount: "free" })),
      )
      assert.deepEqual(verdicts, [
        { do: "wait", why: "fault", ms: 500 },
        { do: "wait", why: "fault", ms: 1000 },
        { do: "wait", why: "fault", ms: 2000 },
        { do: "fail" },
      ])
    }
  })

  it("tries the other host last where one cuts every connection, and none other than that", () => {
    const elsewhere = { progress: repeated(3), anotherHost: true }
    assert.deepEqual(judge(situation("network", elsewhere)), { do: "switch-host" })
    // A page is an answer.
    assert.deepEqual(judge(situation("network", { ...elsewhere, failure: { status: 502 } })), { do: "fail" })
    for (const kind of ["service-error", "truncated", "corrupt-stream"] as const)
      assert.deepEqual(judge(situation(kind, elsewhere)), { do: "fail" })
  })

  it("repeats once after a silence, and after an answer without content, which costs credits", () => {
    for (const kind of ["timeout", "empty-answer"] as const) {
      assert.deepEqual(judge(situation(kind)), { do: "wait", why: "fault", ms: 500 })
      assert.deepEqual(judge(situation(kind, { progress: { repeated: [kind] } })), { do: "fail" })
    }
  })

  it("counts these apart from other faults, and those from these", () => {
    const once = { do: "wait", why: "fault", ms: 500 }
    assert.deepEqual(judge(situation("empty-answer", { progress: repeated(3) })), once)
    assert.deepEqual(judge(situation("empty-answer", { progress: { repeated: ["timeout"] } })), once)
    assert.deepEqual(judge(situation("network", { progress: { repeated: ["empty-answer"] } })), once)
  })

  it("tries the other host where one never heard us or does not know the operation", () => {
    const verdicts = (["unreachable", "unknown-operation"] as const).map((kind) =>
      judge(situation(kind, { anotherHost: true })),
    )
    assert.deepEqual(verdicts, [{ do: "switch-host" }, { do: "switch-host" }])
    assert.deepEqual(judge(situation("unreachable")), { do: "wait", why: "fault", ms: 500 })
    assert.deepEqual(judge(situation("unknown-operation")), { do: "fail" })
  })

  it("shortens step by step, then gives up", () => {
    const steps: Partial<Progress>[] = [{}, { step: 0.8 }, { step: 0.6 }, { step: 0.4 }]
    const verdicts = steps.map((progress) => judge(situation("input-too-long", { progress })))
    assert.deepEqual(verdicts, [
      { do: "shorten", step: 0.8 },
      { do: "shorten", step: 0.6 },
      { do: "shorten", step: 0.4 },
      { do: "fail" },
    ])
  })

  it("leaves out what can be left out, and gives up where nothing can", () => {
    const kinds = [
      "signature-invalid",
      "document-refused",
      "image-refused",
      "field-refused",
      "tool-refused",
    ] as const
    for (const kind of kinds) {
      const what = ["reasoning"] as const
      assert.deepEqual(judge(situation(kind, { omissible: what })), { do: "omit", what })
      assert.deepEqual(judge(situation(kind)), { do: "fail" })
    }
  })

  it("looks the profile of a refused plan up once, then gives up", () => {
    const refused = situation("subscription-refused", { anotherAccount: "free" })
    assert.deepEqual(judge(refused), { do: "rediscover" })
    const again = situation("subscription-refused", { progress: { rediscovered: ["a"] } })
    assert.deepEqual(judge(again), { do: "fail" })
  })

  it("begins a new conversation once", () => {
    assert.deepEqual(judge(situation("conversation-limit")), { do: "new-conversation" })
    const again = situation("conversation-limit", { progress: { newConversation: true } })
    assert.deepEqual(judge(again), { do: "fail" })
  })

  it("never repeats, shortens or rotates a malformed request or an answer in an invalid state", () => {
    const omissible = ["reasoning", "thinking"] as const
    for (const kind of ["malformed-request", "invalid-state", "refused-on-the-way"] as const) {
      const everything = situation(kind, { anotherAccount: "free", anotherHost: true, omissible })
      assert.deepEqual(judge(everything), { do: "fail" })
    }
  })

  it("goes to another account where a token can't be renewed now, else repeats", () => {
    const switched = judge(situation("token-unavailable", { anotherAccount: "free" }))
    assert.deepEqual(switched, { do: "switch-account" })
    assert.deepEqual(judge(situation("token-unavailable")), { do: "wait", why: "fault", ms: 500 })
  })

  it("pays for another account only where this one does not come back while the chat may wait", () => {
    const spent = { waits: 3, ...repeated(3) }
    for (const kind of ["throttled", "token-unavailable"] as const) {
      assert.equal(judge(situation(kind, { anotherAccount: "paid" })).do, "wait")
      const still = judge(situation(kind, { anotherAccount: "paid", progress: spent }))
      assert.deepEqual(still, { do: "switch-account" })
    }
    const last = { anotherAccount: "paid", progress: { sends: LIMITS.maxRequestIterations } } as const
    assert.deepEqual(judge(situation("throttled", last)), { do: "fail", others: "unasked" })
  })

  it("leaves an account whose model or disk is at fault, also where another one has yet to come back", () => {
    for (const kind of ["invalid-model", "disk-full"] as const)
      for (const anotherAccount of ["free", "paid", "none"] as const)
        assert.deepEqual(judge(situation(kind, { anotherAccount })), { do: "switch-account" })
  })

  it("tells at the last send of accounts that were not asked only where those could have helped", () => {
    const last = { anotherAccount: "free", progress: { sends: LIMITS.maxRequestIterations } } as const
    assert.deepEqual(judge(situation("monthly-quota", last)), { do: "fail", others: "unasked" })
    assert.deepEqual(judge(situation("malformed-request", last)), { do: "fail" })
    assert.deepEqual(judge(situation("monthly-quota", { progress: last.progress })), { do: "fail" })
    assert.deepEqual(judge(situation("token-unavailable", last)), { do: "fail", others: "unasked" })
  })

  it("tells nothing of others where all have been asked before the last send", () => {
    const failure: KiroFailure = { kind: "token-unavailable", status: 0, message: "" }
    const excluded = [{ account: newAccount({ id: "b", now: 0, logins: [] }), failure }]
    assert.deepEqual(judge(situation("token-unavailable", { progress: { ...repeated(3), excluded } })), {
      do: "fail",
    })
  })

  it("waits in one chat for twelve seconds at most, to the millisecond", () => {
    const wait = (kind: FailureKind, waitedMs: number): Verdict =>
      judge(situation(kind, { progress: { waitedMs } }))
    assert.equal(wait("throttled", 7000).do, "wait")
    assert.equal(wait("throttled", 7001).do, "switch-account")
    assert.equal(wait("service-error", 11_500).do, "wait")
    assert.equal(wait("service-error", 11_501).do, "fail")
  })

  it("names no wait for a busy model to a user who allows no more sends", () => {
    const sends = LIMITS.maxRequestIterations
    assert.deepEqual(judge(situation("capacity", { progress: { sends } })), { do: "fail" })
    assert.deepEqual(judge(situation("capacity", { progress: { waits: 3 } })), {
      do: "fail",
      retryAfterMs: 40_000,
    })
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

describe("the progress after a verdict", () => {
  const account = newAccount({ id: "a", now: 0, logins: [] })
  const failure: KiroFailure = { kind: "throttled", status: 429, message: "" }
  const sent = {
    credential: { login: { id: "login-a", kind: "idc" }, accessToken: new Secret("old") },
    host: { name: "q" },
    body: { estimatedTokens: 900 },
    model: { serviceWindow: 200_000 },
  }
  const at = { account, failure, sent }
  const busy: Progress = {
    ...firstProgress(),
    accountId: "a",
    hostsTried: ["runtime"],
    rejected: [new Secret("older")],
    refreshed: ["login-b"],
  }

  it("of another account forgets which hosts could not serve this one, not what became of its tokens", () => {
    const { accountId, hostsTried, excluded, refreshed } = nextProgress(busy, { do: "switch-account" }, at)
    assert.deepEqual([accountId, hostsTried, refreshed], [undefined, [], ["login-b"]])
    assert.deepEqual(excluded, [{ account, failure }])
  })

  it("of another host forgets the refused tokens: it may take them", () => {
    const { rejected, hostsTried } = nextProgress(busy, { do: "switch-host" }, at)
    assert.deepEqual([rejected, hostsTried], [[], ["runtime", "q"]])
  })

  it("of another login asks all hosts again", () => {
    assert.deepEqual(nextProgress(busy, { do: "switch-login" }, at).hostsTried, [])
  })

  it("of a renewed token knows the refused one", () => {
    const { rejected, refreshed } = nextProgress(busy, { do: "refresh" }, at)
    assert.deepEqual(
      rejected.map((token) => token.reveal()),
      ["older", "old"],
    )
    assert.deepEqual(refreshed, ["login-b", "login-a"])
  })

  it("of a wait counts throttles and faults apart, and asks all hosts again where none heard us", () => {
    const wait = { do: "wait", ms: 700 } as const
    const throttled = nextProgress(busy, { ...wait, why: "throttle" }, at)
    assert.deepEqual([throttled.waits, throttled.repeated, throttled.waitedMs], [1, [], 700])
    const fault = nextProgress(throttled, { ...wait, why: "fault" }, at)
    assert.deepEqual([fault.waits, fault.repeated, fault.waitedMs], [1, [failure.kind], 1400])
    assert.deepEqual(fault.hostsTried, ["runtime"])
    const unreachable = { ...at, failure: { ...failure, kind: "unreachable" as const } }
    assert.deepEqual(nextProgress(busy, { ...wait, why: "fault" }, unreachable).hostsTried, [])
  })

  it("of a shorter body remembers the smallest that was too long", () => {
    const once = nextProgress(busy, { do: "shorten", step: 0.8 }, at)
    assert.deepEqual([once.step, once.tooLong], [0.8, 900])
    const smaller = { ...at, sent: { ...sent, body: { estimatedTokens: 700 } } }
    assert.equal(nextProgress(once, { do: "shorten", step: 0.6 }, smaller).tooLong, 700)
    assert.equal(nextProgress(once, { do: "shorten", step: 0.6 }, { account, failure }).tooLong, 900)
  })

  it("of a shorter body learns what an estimated token counts, where the refusal tells", () => {
    const ratioAfter = (estimatedTokens: number, said: Partial<KiroFailure>): number | undefined => {
      const refused = { ...failure, kind: "input-too-long" as const, ...said }
      const large = { account, failure: refused, sent: { ...sent, body: { estimatedTokens } } }
      return nextProgress(busy, { do: "shorten", step: 0.8 }, large).tokenRatio
    }
    assert.equal(ratioAfter(100_000, { message: "prompt is too long: 180,000 tokens > 160000" }), 1.89)
    assert.equal(ratioAfter(800_000, { message: "prompt is too long: 1,200,000 tokens > 1000000" }), 1.58)
    assert.equal(ratioAfter(100_000, { message: "Input is too long." }), 2.1)
    // Far below the window something else was full.
    assert.equal(ratioAfter(40_000, { message: "Input is too long." }), undefined)
    // Whoever says 413 counts bytes.
    assert.equal(ratioAfter(100_000, { status: 413, reason: "PAGE", message: "413" }), undefined)
    assert.equal(ratioAfter(100_000, { status: 413, message: "length limit exceeded" }), undefined)
  })

  it("of an omission takes what is wrong with one picture for no word about the model", () => {
    const isLearnt = (message: string): boolean =>
      isOfTheModel({ kind: "image-refused", status: 400, message, reason: "IMAGE_FORMAT_UNSUPPORTED" })
    for (const lacks of [
      "doesn't support the image content block",
      "does not take images.",
      "does not accept image input",
    ])
      assert.ok(isLearnt(`This model ${lacks}`), lacks)
    for (const one of ["the image format image/webp", "images larger than 5 MB", "the media type image/gif"])
      assert.ok(!isLearnt(`This model does not support ${one}`), one)
  })

  it("of an omission learns for the model only what that lacks as such", () => {
    const rows = [
      ["field-refused", "", ["thinking"], true],
      ["image-refused", "IMAGE_MODEL_NOT_SUPPORTED", ["images"], true],
      ["document-refused", "DOCUMENT_MODEL_NOT_SUPPORTED", ["documents"], true],
      ["document-refused", "DOCUMENT_PASSWORD_PROTECTED", ["medium x"], false],
      ["image-refused", "", ["medium x"], false],
      ["signature-invalid", "", ["reasoning"], false],
      ["tool-refused", "", ["tool x"], false],
    ] as const
    for (const [kind, reason, what, isLearnt] of rows) {
      const refused = { ...at, failure: { kind, status: 400, message: "", reason } }
      const { omitted, learnt, omissions } = nextProgress(busy, { do: "omit", what }, refused)
      assert.deepEqual([omitted, learnt, omissions], [what, isLearnt ? what : [], 1])
    }
  })
})

/** Obeys the verdicts as the loop does, with three accounts and two hosts. */
function play(
  sequence: readonly (readonly [FailureKind, number | null])[],
  maxRequestIterations: number,
): Progress {
  let progress = firstProgress()
  for (const [kind, retryAfterMs] of sequence) {
    progress = { ...progress, sends: progress.sends + 1 }
    const accountId = progress.accountId ?? `account-${progress.excluded.length}`
    const failure = { kind, status: 0, message: "", ...(retryAfterMs !== null && { retryAfterMs }) }
    const omissible = (["reasoning", "thinking"] as const).filter((part) => !progress.omitted.includes(part))
    const verdict = decide(failure, progress, {
      ...situation(kind),
      accountId,
      renewableLogin: `login of ${accountId}`,
      anotherAccount: progress.excluded.length < 2 ? "free" : "none",
      anotherHost: progress.hostsTried.length < 1,
      omissible,
      limits: { ...LIMITS, maxRequestIterations },
      jitter: 0.5,
    })
    if (verdict.do === "fail") return progress
    const account = newAccount({ id: accountId, now: 0, logins: [] })
    progress = nextProgress(progress, verdict, {
      failure,
      account,
      sent: {
        credential: { login: { id: `login of ${accountId}`, kind: "idc" }, accessToken: new Secret("x") },
        host: { name: `host-${progress.hostsTried.length}` },
        body: { estimatedTokens: 1 },
        model: { serviceWindow: 200_000 },
      },
    })
    if (progress.excluded.length === 3) return progress
  }
  throw new Error("the sequence did not end")
}
