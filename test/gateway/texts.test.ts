import assert from "node:assert/strict"
import { describe, it } from "node:test"
import * as fc from "fast-check"
import type { StateReason } from "../../src/accounts/index.ts"
import { STATE_WORDS } from "../../src/accounts/index.ts"
import type { Refusal } from "../../src/gateway/index.ts"
import { briefly, describeFailure, quote, refusalOf } from "../../src/gateway/refuse/failures.ts"
import { noneLeft, type Obstacle, type HinderedAccount } from "../../src/gateway/refuse/none-left.ts"
import * as texts from "../../src/gateway/refuse/texts.ts"
import { FAILURE_KINDS } from "../../src/kiro/failure.ts"
import { networkFailure } from "../../src/kiro/index.ts"
import { ChatRequestError } from "../../src/openai/index.ts"
import { harmless, toResponse, toStreamError } from "../../src/plugin/front.ts"
import { keyLogin, namedAccount } from "../accounts/logins.ts"
import { casesOf } from "../fuzz/runs.ts"
import { HOST_OVERFLOW, HOST_RETRIES, NASTY } from "../support/opencode1-rules.ts"

const NOW = Date.UTC(2026, 10, 24, 5, 0, 4)
const AT = { now: NOW, model: "claude-opus-5" }
const SAID: Partial<Record<StateReason, string>> = {
  "monthly-quota": "You have reached the limit.",
  throttled: "Too many requests, please wait before trying again.",
  "not-authorized": "User is not authorized to make this call.",
  suspended: "Your User ID (d-5040000429.11112222-5003) temporarily is suspended.",
}

const OBSTACLES: readonly Obstacle[] = [
  ...(Object.keys(STATE_WORDS) as StateReason[]).map((reason): Obstacle => ({
    kind: "state",
    state: {
      reason,
      said: SAID[reason] ?? "",
      ...(STATE_WORDS[reason].status === 402 && { until: Date.UTC(2026, 11, 1) }),
      ...(reason === "throttled" && { until: NOW + 29_000 }),
    },
  })),
  { kind: "lacks-model" },
  { kind: "failed", failure: { kind: "unreachable", status: 0, message: "" } },
]

const parkedBy = (obstacle: Obstacle, label = "Builder ID ··a5 04"): HinderedAccount => ({
  account: namedAccount("1", label),
  obstacle,
})

describe("what the host makes of our texts", () => {
  it("takes no fatal text for one to repeat or compact, whatever service and user put into it", async () => {
    for (const kind of FAILURE_KINDS)
      for (const message of ["", "Improperly formed request.", NASTY])
        for (const label of ["Builder ID ··5003", "my 429 account"]) {
          const account = namedAccount("1", label)
          const refusal = refusalOf({ failure: { kind, status: 0, message }, account, model: "gpt-5-504" })
          await assertUnderstood(refusal)
        }
    for (const syncsKiroCli of [true, false])
      for (const isUnread of [true, false])
        await assertUnderstood({ status: 401, message: texts.noAccount({ syncsKiroCli, isUnread }) })
    await assertUnderstood(texts.refusalOfError(new ChatRequestError("messages[500].role", "429")))
    const outOfHandles = Object.assign(new Error("EMFILE: too many open files, open '/429'"), {
      code: "EMFILE",
    })
    await assertUnderstood(texts.refusalOfError(outOfHandles))
    assert.match(texts.refusalOfError(outOfHandles).message, /may open no more files\. .* `ulimit -n 4096`/)
    for (const purpose of ["main", "title", "compaction"] as const) {
      const asked = { model: "auto", purpose, estimatedTokens: 504_000, largest: "a tool result of 429 kB" }
      await assertUnderstood({ status: 400, message: texts.tooLarge(asked) })
    }
    for (const obstacle of OBSTACLES)
      for (const many of [1, 4]) {
        const parked = Array.from({ length: many }, () => parkedBy(obstacle))
        await assertUnderstood({ status: 402, message: noneLeft(parked, AT) })
      }
  })

  it("is told the same behind the commit point, where a status from 500 on would be repeated", () => {
    for (const kind of FAILURE_KINDS) {
      const refusal = refusalOf({
        failure: { kind, status: 500, message: NASTY },
        account: namedAccount("1", "one 503"),
        model: "auto",
      })
      const fatal = toStreamError(refusal, { isRetryable: false, url: "https://kiro.invalid/v1" })
      const { statusCode, responseBody } = fatal as Error & { statusCode: number; responseBody: string }
      assert.ok(statusCode < 429 && statusCode !== 408 && statusCode !== 409, `${kind} ${statusCode}`)
      for (const pattern of [...HOST_RETRIES, ...HOST_OVERFLOW]) {
        assert.doesNotMatch(fatal.message, pattern)
        assert.doesNotMatch(responseBody, pattern)
      }
    }
  })

  it("keeps its cause whole where a connection broke inside a call, which nobody repeats", () => {
    const bun = new Error(
      "The socket connection was closed unexpectedly. For more information, pass `verbose: true`",
    )
    const refusal = refusalOf({ failure: networkFailure(bun), account: namedAccount("1"), model: "auto" })
    const fatal = toStreamError(refusal, { isRetryable: false, url: "https://kiro.invalid/v1" })
    assert.equal(
      fatal.message,
      "Kiro: the connection to the service broke. Cause: “The connection was closed unexpectedly.”",
    )
  })

  it("needs no guard for our own words", () => {
    const own = [
      texts.noAccount({ syncsKiroCli: true }),
      texts.noAccount({ syncsKiroCli: false }),
      texts.refusalOfError(new ChatRequestError("messages[0].role", "is not a text")).message,
      ...FAILURE_KINDS.map((kind) =>
        describeFailure({ kind, status: 0, message: "" }, { account: namedAccount("a"), model: "auto" }),
      ),
      ...[3, OBSTACLES.length].map((many) =>
        noneLeft(
          OBSTACLES.slice(0, many).map((each) => parkedBy(withoutWords(each), "work")),
          AT,
        ),
      ),
    ]
    for (const text of own) assert.equal(harmless(text), text)
  })

  it("has the overflow compacted and nothing else", async () => {
    const response = toResponse({ status: 400, message: texts.overflow("claude-sonnet-4-5"), overflow: true })
    const { message } = await errorOf(response)
    assert.ok(HOST_OVERFLOW.some((pattern) => pattern.test(message)))
    assert.ok(!/rate limit|too many requests/i.test(message))
  })

  it("keeps its promise for any text at all", () => {
    const pieces = fc.array(
      fc.constantFrom(
        "429",
        "5",
        "0",
        "2",
        "4",
        " ",
        "rate",
        "-",
        "limit",
        "try again",
        " later",
        "too many",
        "tokens",
        "x",
      ),
      { maxLength: 40 },
    )
    fc.assert(
      fc.property(pieces, (words) => {
        const text = harmless(words.join(""))
        for (const pattern of [...HOST_RETRIES, ...HOST_OVERFLOW]) assert.doesNotMatch(text, pattern)
      }),
      casesOf(2000),
    )
  })
})

describe("the words themselves", () => {
  it("ends every sentence, whether or not the service ended its own", () => {
    const account = namedAccount("1", "work")
    const said = (message: string): string =>
      describeFailure({ kind: "refused-on-the-way", status: 403, message }, { account, model: "auto" })
    assert.match(said("403 Access Denied"), / It said: “403 Access Denied”\. Check the proxy/)
    assert.match(said("No."), / It said: “No\.” Check the proxy/)
  })

  it("quotes the service without e-mail addresses, user ids, credentials and control characters", () => {
    const quoted = quote(
      "Your User ID (d-9067642ac7.11112222-3333) temporarily\u001b is\u0007 suspended, a.person@example.com.",
    )
    assert.equal(quoted, "“Your User ID (…) temporarily is suspended, …”")
    assert.equal(
      quote(
        `Invalid aoaAAAAAGm${"x".repeat(30)}, aorAAAAAGm${"y".repeat(30)}, ksk_12345678 or Bearer opaque1`,
      ),
      "“Invalid [secret], [secret], [secret] or Bearer [secret]”",
    )
  })

  it("name every account with its reason, its return and what to do", () => {
    const text = noneLeft(
      [
        parkedBy({ kind: "state", state: { reason: "daily-quota", until: Date.UTC(2026, 11, 1) } }, "home"),
        parkedBy({ kind: "state", state: { reason: "login-expired" } }, "work"),
      ],
      AT,
    )
    assert.match(
      text,
      /home: its daily requests are used up, until Dec 1; work: its login has ended\. The daily limit is lifted by itself/,
    )
    assert.doesNotMatch(text, /overage|larger plan/)
    assert.match(text, /Sign in again: \/connect, or `opencode auth login`/)
  })

  it("stay short, however many accounts are hindered in however many ways", () => {
    for (const count of [4, 12, 60]) {
      const hindered = Array.from({ length: count }, (_, index): HinderedAccount => {
        const obstacle = OBSTACLES[index % OBSTACLES.length] ?? { kind: "lacks-model" }
        const state = obstacle.kind === "state" && { ...obstacle.state, until: NOW + index * 600_000 }
        const account = namedAccount(String(index), `Account number ${index} of a large company`)
        return { account, obstacle: state === false ? obstacle : { kind: "state", state } }
      })
      const text = noneLeft(hindered, AT)
      assert.ok(text.length < 900, text)
      const [, counts = ""] = text.split(/answer now[^.]*\. /)
      const numbers =
        counts
          .split(/\. /)[0]
          ?.split(" · ")
          .map((each) => Number.parseInt(each, 10)) ?? []
      assert.ok(numbers.length <= 6, text)
      assert.equal(
        numbers.reduce((sum, number) => sum + number, 0),
        count,
      )
    }
  })

  it("begin with the time where that is all there is to wait for, of which a host shows a line", () => {
    const throttled = (seconds: number): Obstacle => ({
      kind: "state",
      state: { reason: "throttled", until: NOW + seconds * 1000 },
    })
    const text = noneLeft([parkedBy(throttled(40), "home"), parkedBy(throttled(29), "work")], AT)
    assert.match(
      text,
      /^Kiro: no account can answer now, for 29 seconds\. home: it is being throttled, for 40 seconds;/,
    )
  })

  it("say of a login that rests what keeps it, and not that it was refused", () => {
    for (const reason of ["held", "resting", "source-away"] as const)
      assert.equal(briefly({ kind: "bearer-rejected", reason }), STATE_WORDS[reason].because)
    const away: HinderedAccount = {
      account: namedAccount("1", "Work"),
      obstacle: { kind: "state", state: { reason: "source-away" } },
    }
    assert.match(
      noneLeft([away], AT),
      /Work: the store that it came from can't be read just now, .* now by: .*accounts enable Work`\.$/,
    )
  })

  it("list the profiles to choose from by number, each on a line of its own, where no host breaks it", () => {
    const arns = ["us-east-1", "ap-southeast-2"].map(
      (region) => `arn:aws:codewhisperer:${region}:123456789012:profile/AAAABBBBCCCC`,
    )
    const state = { reason: "profile-choice", profiles: arns } as const
    const [first, ...lines] = noneLeft([parkedBy({ kind: "state", state }, "work")], AT).split("\n")
    assert.match(first ?? "", /work: its profile is not chosen yet:$/)
    assert.deepEqual(lines.slice(0, 2), [`1. ${arns[0]}`, `2. ${arns[1]}`])
    assert.match(lines[2] ?? "", /^Choose a profile: \/kiro, or `.* accounts profile work`\.$/)
    const both = noneLeft(
      [parkedBy({ kind: "state", state }, "work"), parkedBy({ kind: "lacks-model" }, "home")],
      AT,
    )
    assert.ok(both.includes(`2. ${arns[1]}\nhome: `), both)
  })

  it("say what helps several accounts once, with each as it is typed", () => {
    const suspended: Obstacle = { kind: "state", state: { reason: "suspended" } }
    const accounts = [namedAccount("1", "work"), namedAccount("a"), namedAccount("2", "at home")]
    const text = noneLeft(
      accounts.map((account) => ({ account, obstacle: suspended })),
      AT,
    )
    assert.equal(text.split("Only AWS support").length, 2, text)
    assert.match(text, /Then switch it on: \/kiro, or `.* accounts enable work` \(or ca97, "at home"\)\.$/)
    const company = { ...namedAccount("3", "company"), logins: [keyLogin("k")] }
    const refused: Obstacle = { kind: "state", state: { reason: "not-authorized" } }
    const two = noneLeft([parkedBy(refused, "home"), { account: company, obstacle: refused }], AT)
    assert.match(
      two,
      /switch it on: \/kiro, or `.* accounts enable home`\. Check the plan with your admin[^]* profile company`\.$/,
    )
  })

  it("count accounts where there are many, and say each remedy once", () => {
    const spent: Obstacle = {
      kind: "state",
      state: { reason: "monthly-quota", until: Date.UTC(2026, 11, 1), said: "No." },
    }
    const suspended: Obstacle = { kind: "state", state: { reason: "suspended" } }
    const parked = [
      ...Array.from({ length: 9 }, () => parkedBy(spent)),
      { account: namedAccount("a"), obstacle: suspended },
    ]
    const text = noneLeft(parked, AT)
    assert.match(
      text,
      /^Kiro: no account can answer now\. 9 out of credits until Dec 1 · 1 suspended \(··ca97\)\. /,
    )
    assert.equal(text.split("enable overage").length, 2)
    assert.match(text, /accounts enable ca97`/)
    assert.ok(text.length < 700, text)
    assert.doesNotMatch(text, /What helps the others/)
    const more = (["login-expired", "overage-limit"] as const).map((reason) =>
      parkedBy({ kind: "state", state: { reason } }, "work"),
    )
    assert.match(
      noneLeft([...parked, ...more], AT),
      /1 needs a login \(work\) · 1 at the overage limit \(work\)\. More[^]* enable ca97`\. What helps the others: \/kiro, or `.* doctor`\.$/,
    )
  })
})

function withoutWords(obstacle: Obstacle): Obstacle {
  if (obstacle.kind !== "state") return obstacle
  const { said: _, ...state } = obstacle.state
  return { kind: "state", state }
}

async function assertUnderstood(refusal: Refusal): Promise<void> {
  const response = toResponse(refusal)
  const body = await response.clone().text()
  const { message } = await errorOf(response)
  const patterns =
    response.status === 429 || response.status >= 500 ? HOST_OVERFLOW : [...HOST_RETRIES, ...HOST_OVERFLOW]
  for (const pattern of patterns) {
    assert.doesNotMatch(message, pattern)
    assert.doesNotMatch(body, pattern)
  }
  assert.doesNotMatch(message, /@example/)
}

async function errorOf(response: Response): Promise<{ readonly message: string }> {
  const { error } = (await response.json()) as { readonly error: { readonly message: string } }
  return error
}
