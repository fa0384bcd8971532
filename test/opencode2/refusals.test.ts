import assert from "node:assert/strict"
import { describe, it } from "node:test"
import {
  STATE_WORDS,
  type StateReason,
  STORE_TROUBLES,
  StoreError,
  type StoreFailure,
} from "../../src/accounts/index.ts"
import { type Refusal, refusalOfError } from "../../src/gateway/index.ts"
import { refusalOf } from "../../src/gateway/refuse/failures.ts"
import { noneLeft } from "../../src/gateway/refuse/none-left.ts"
import * as texts from "../../src/gateway/refuse/texts.ts"
import { FAILURE_KINDS } from "../../src/kiro/failure.ts"
import { cutError, refusalError } from "../../src/opencode2/errors.ts"
import { toResponse, toStreamError } from "../../src/plugin/front.ts"
import { namedAccount } from "../accounts/logins.ts"
import { isRetryable, judgeError, mayContinue, retryDelay } from "../support/fake-opencode2/index.ts"
import { judgeByOpenCode1, NASTY, type Verdict } from "../support/opencode1-rules.ts"

/** Words that make another class of a throttle, for which OpenCode 2 does not wait the time it was told. */
const NASTIER = `${NASTY}; usage limit, quota exceeded, budget exceeded; content policy, safety; request entity too large; (no body)`

/** Where a text speaks of a rate limit, it is no overflow to OpenCode 2: so this one does not. */
const OVERFLOWING = "prompt is too long: 5000 tokens exceeds the limit of 200000; context_length_exceeded"

function refusals(): Refusal[] {
  const ofFailures = FAILURE_KINDS.flatMap((kind) =>
    ["", "Improperly formed request.", NASTY, NASTIER, OVERFLOWING].flatMap((message) =>
      ["Builder ID ··5003", "my 429 account"].map((label) =>
        refusalOf({
          failure: { kind, status: 0, message },
          account: namedAccount("1", label),
          model: "gpt-5-504",
          retryAfterMs: 29_000,
        }),
      ),
    ),
  )
  return [
    ...ofFailures,
    ...refusalsOfStates(),
    ...[true, false].map((syncsKiroCli) => ({ status: 401, message: texts.noAccount({ syncsKiroCli }) })),
    ...[RULE, { ...RULE, project: "/code/429", agent: "rate limit" }].flatMap((rule) => [
      { status: 400, message: texts.ruleOfNobody(rule) },
      { status: 403, message: `Kiro: work has ended. ${texts.noOtherByRule(rule)}` },
    ]),
    { status: 402, message: "Kiro: today's budget of 500 credits is used up (504.29 so far)." },
    ...(Object.keys(STORE_TROUBLES) as StoreFailure[]).map((failure) =>
      refusalOfError(new StoreError(failure)),
    ),
    ...(["main", "title", "compaction", "generate"] as const).map((purpose) => ({
      status: 400,
      message: texts.tooLarge({ ...LARGE, purpose }),
    })),
    { status: 402, message: `Kiro: all accounts rest. ${NASTIER}` },
    { status: 413, message: NASTIER },
    { status: 429, message: NASTIER, retryAfterMs: 5000 },
    { status: 429, message: OVERFLOWING, retryAfterMs: 5000 },
    { status: 403, message: OVERFLOWING },
    { status: 503, message: NASTIER, retryAfterMs: 5000 },
    { status: 400, message: texts.overflow("claude-sonnet-4-5"), overflow: true },
  ]
}

const NOW = Date.UTC(2026, 10, 24, 5, 0, 4)
const AT = { now: NOW, model: "claude-opus-5" }
const RULE = { account: "429", fallback: false } as const
const LARGE = { model: "gpt-5-504", estimatedTokens: 504_000, largest: "a tool result of 429 kB" }

/** Of every row of the table of words, for one account and for more than are told of one by one. */
function refusalsOfStates(): Refusal[] {
  return (Object.keys(STATE_WORDS) as StateReason[]).flatMap((reason) => {
    const { status } = STATE_WORDS[reason]
    if (status === 200) return []
    return ["", NASTY, NASTIER, OVERFLOWING].flatMap((said) =>
      ["Builder ID ··5003", "my 429 account"].flatMap((label) =>
        [1, 4].map((many): Refusal => {
          const until = reason === "throttled" ? NOW + 29_000 : Date.UTC(2026, 11, 1)
          const profiles = reason === "profile-choice" ? { profiles: [PROFILE, PROFILE] } : {}
          const state = { reason, said, until, ...profiles }
          const hindered = {
            account: namedAccount("1", label),
            obstacle: { kind: "state", state },
          } as const
          const message = noneLeft(
            Array.from({ length: many }, () => hindered),
            AT,
          )
          return { status, message, ...(status === 429 && { retryAfterMs: 29_000 }) }
        }),
      ),
    )
  })
}

const PROFILE = "arn:aws:codewhisperer:us-east-1:500429503504:profile/AAAABBBB0429"

function judgeByOpenCode2(error: Error): Verdict {
  const failure = judgeError(error, "read")
  if (failure.classification === "context-overflow") return "compacts"
  return isRetryable(failure) ? "repeats" : "stops"
}

/** Made once: each of them looks for its command on the disk. */
const REFUSALS = refusals()

describe("a refusal", () => {
  it("is the same to both hosts: final, to repeat or to compact", async () => {
    for (const refusal of REFUSALS) {
      const response = toResponse(refusal)
      const first = judgeByOpenCode1({ status: response.status, text: await response.text() })
      const second = judgeByOpenCode2(refusalError(refusal))
      const wanted = wantedOf(refusal)
      assert.deepEqual([first, second], [wanted, wanted], JSON.stringify(refusal))
    }
  })

  it("is waited for by OpenCode 2 as long as it says, at most a quarter of an hour", () => {
    for (const refusal of REFUSALS.filter((one) => wantedOf(one) === "repeats")) {
      const failure = judgeError(refusalError(refusal), "read")
      assert.ok(["RateLimit", "ProviderInternal"].includes(failure.class), JSON.stringify([failure, refusal]))
      assert.equal(retryDelay(failure, 1), Math.max(2000, refusal.retryAfterMs ?? 0))
    }
    const long = judgeError(refusalError({ status: 429, message: "x", retryAfterMs: 3_600_000 }), "read")
    assert.equal(retryDelay(long, 1), 900_000)
    const final = refusalError({ status: 402, message: "x", retryAfterMs: 5000 })
    assert.ok("responseHeaders" in final)
    assert.deepEqual(final.responseHeaders, { "x-should-retry": "false" })
  })

  it("behind the commit point ends the turn in both, or is gone on from in both", () => {
    for (const refusal of REFUSALS.filter(({ overflow }) => overflow !== true)) {
      const final = toStreamError(refusal, { isRetryable: false, url: "https://kiro.invalid/v1" })
      assert.equal(judgeStream1(final), "stops", JSON.stringify(refusal))
      const ended = judgeError(refusalError(refusal, false), "read")
      assert.ok(!isRetryable(ended) && !mayContinue(ended), JSON.stringify(ended))
      assert.notEqual(ended.classification, "context-overflow")
      const cut = judgeError(cutError(refusal), "read")
      assert.ok(mayContinue(cut), JSON.stringify(cut))
      assert.equal(cut.message, refusal.message)
    }
  })

  it("of our own faults is said once, whatever was thrown", () => {
    for (const thrown of [
      new TypeError("x"),
      "text",
      undefined,
      null,
      7,
      { odd: true },
      new Error("fetch failed"),
    ]) {
      const failure = judgeError(refusalError(refusalOfError(thrown)), "request")
      assert.equal(isRetryable(failure), false)
      assert.match(failure.message, /^Kiro: the plugin itself failed/)
    }
  })
})

function wantedOf({ status, overflow }: Refusal): Verdict {
  if (overflow === true) return "compacts"
  return status === 408 || status === 409 || status === 429 || status >= 500 ? "repeats" : "stops"
}

/** In the middle of an answer OpenCode 1 looks at the error itself. */
function judgeStream1(error: Error): Verdict {
  const { statusCode, responseBody } = error as Error & { statusCode: number; responseBody: string }
  return judgeByOpenCode1({ status: statusCode, text: `${error.message}\n${responseBody}` })
}
