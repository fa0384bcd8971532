import assert from "node:assert/strict"
import { describe, it } from "node:test"
import * as fc from "fast-check"
import { disableAccount, enableAccount } from "../../src/accounts/index.ts"
import { type Harness, startHarness } from "../gateway/harness.ts"
import { within } from "../support/clock.ts"
import {
  exception,
  FAILURES,
  finish,
  metering,
  reasoning,
  reset,
  resetBeforeHeaders,
  type ReceivedRequest,
  type Reply,
  type Steps,
  stream,
  streamError,
  text,
  toolUse,
  truncated,
} from "../support/fake-kiro/index.ts"
import { casesOf } from "./runs.ts"

const MINUTE = 60_000
const ACCOUNTS = ["one", "two"] as const
const SESSIONS = ["ses_1", "ses_2"] as const
/** The most sends of one chat that any order of faults has led to. */
const MOST_SENDS = 10

/** What an answer is made of, by names that a counterexample can be read by. */
const PIECES = {
  words: text("Some words."),
  emoji: text("\u{1F468}\u200D\u{1F469}"),
  thought: reasoning({ text: "Hm.", signature: "c2ln" }),
  call: toolUse({ name: "read", input: { path: "a" } }),
  "call without input": toolUse({ name: "list", fragments: [""] }),
  "broken call": toolUse({ name: "read", fragments: ['{"path":'] }),
  "open call": toolUse({ name: "read", fragments: ['{"path":'], stop: false }),
  "unknown call": toolUse({ name: "unknown tool!", input: {} }),
} as const satisfies Record<string, Steps>

const ENDS = {
  well: finish({ credits: 1 }),
  "with tools": finish({ stopReason: "TOOL_USE", credits: 2 }),
  "at the limit": finish({ stopReason: "MAX_TOKENS", credits: 4 }),
  filtered: finish({ stopReason: "CONTENT_FILTERED", credits: 8 }),
  "with a full window": finish({ percentage: 99, credits: 16 }),
  metered: metering(32),
  "without a word": [],
  reset,
  cut: truncated(text("cut")),
  throttled: exception("ThrottlingException", { message: "Too many requests." }),
  "too long": exception("ValidationException", {
    message: "Input is too long.",
    reason: "CONTENT_LENGTH_EXCEEDS_THRESHOLD",
  }),
  broken: streamError("InternalServerException", "It broke."),
} as const satisfies Record<string, Steps>

/** What the service meters for an answer that ends so. */
const CREDITS: { readonly [End in keyof typeof ENDS]?: number } = {
  well: 1,
  "with tools": 2,
  "at the limit": 4,
  filtered: 8,
  "with a full window": 16,
  metered: 32,
}

const REFUSALS = { ...FAILURES, reset: resetBeforeHeaders }

type Said =
  | { readonly pieces: readonly (keyof typeof PIECES)[]; readonly ends: keyof typeof ENDS }
  | keyof typeof REFUSALS

function scriptOf(said: Said): Reply {
  if (typeof said === "string") return REFUSALS[said]
  return stream(...said.pieces.map((piece) => PIECES[piece]), ENDS[said.ends])
}

function keysOf<Key extends string>(table: Readonly<Record<Key, unknown>>): fc.Arbitrary<Key> {
  return fc.constantFrom(...(Object.keys(table) as Key[]))
}

const said: fc.Arbitrary<Said> = fc.oneof(
  fc.record({ pieces: fc.array(keysOf(PIECES), { maxLength: 3 }), ends: keysOf(ENDS) }),
  keysOf(REFUSALS),
)

type AccountAct = "expires" | "is switched on" | "is switched off" | "is removed"

type Act =
  | ({ readonly do: "chat" } & Asked)
  | { readonly do: AccountAct; readonly label: (typeof ACCOUNTS)[number] }
  | { readonly do: "time passes"; readonly ms: number }

const act: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("chat" as const),
      session: fc.constantFrom(...SESSIONS),
      purpose: fc.constantFrom("main", "main", "main", "title", "compaction"),
      said: fc.array(said, { maxLength: 5 }),
      aborts: fc.constantFrom(false, false, false, true),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom<AccountAct>("expires", "is switched on", "is switched off", "is removed"),
      label: fc.constantFrom(...ACCOUNTS),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("time passes" as const),
      ms: fc.constantFrom(1000, MINUTE, 70 * MINUTE, 26 * 60 * MINUTE),
    }),
  },
)

interface Asked {
  readonly session: string
  readonly purpose: "main" | "title" | "compaction"
  readonly said: readonly Said[]
  readonly aborts: boolean
}

class Stage {
  readonly harness: Harness
  /** What the host has of each session. */
  readonly #messages = new Map<string, object[]>()

  /** What the service metered; not known where an answer was given up. */
  metered: number | undefined = 0

  constructor(harness: Harness) {
    this.harness = harness
    const isChat = ({ operation }: ReceivedRequest): boolean => operation === "GenerateAssistantResponse"
    harness.fake.when(isChat, () => this.#answer({ pieces: ["words"], ends: "well" }))
  }

  #answer(said: Said): Reply {
    if (this.metered !== undefined && typeof said !== "string") this.metered += CREDITS[said.ends] ?? 0
    return scriptOf(said)
  }

  async take(act: Act): Promise<void> {
    const { store, clock, fake } = this.harness
    switch (act.do) {
      case "chat":
        await this.chat(act)
        return
      case "time passes":
        return clock.advance(act.ms)
      case "expires":
        return fake.accounts[ACCOUNTS.indexOf(act.label)]?.expire()
      case "is removed":
        return store.remove(act.label)
      case "is switched on":
      case "is switched off":
        await store.update(act.label, (it) => {
          if (it.removedAt !== undefined) return it
          const now = clock.now()
          return act.do === "is switched on"
            ? enableAccount(it, { now, actedAt: now })
            : disableAccount(it, now)
        })
        return
      default:
        return act satisfies never
    }
  }

  async chat({ session, purpose, said, aborts }: Asked): Promise<string> {
    const { harness } = this
    const { fake } = harness
    fake.script(...said.map((each) => () => this.#answer(each)))
    const before = fake.chats.length
    const messages = this.#messages.get(session) ?? [{ role: "system", content: "You help." }]
    const asked = [...messages, { role: "user", content: "Go on." }]
    const stop = new AbortController()
    const answering = harness.ask(
      { messages: asked, tools: TOOLS },
      { session, purpose, signal: stop.signal },
    )
    if (aborts) {
      this.metered = undefined
      setTimeout(() => stop.abort(), 3)
    }
    const heard = await within(3000, hear(answering)).catch((error: unknown) => {
      if (!stop.signal.aborted) throw error
      return undefined
    })
    fake.scripts.clear()
    const sends = fake.chats.length - before
    assert.ok(sends <= MOST_SENDS, `${sends} sends`)
    if (heard === undefined) return ""
    for (const { accessToken } of fake.accounts) assert.ok(!heard.raw.includes(accessToken))
    if (heard.outcome === "answer" && purpose === "main")
      this.#messages.set(session, [...asked, ...heard.turn])
    return heard.raw
  }
}

const TOOLS = ["read", "list"].map((name) => ({
  type: "function",
  function: { name, parameters: { type: "object", properties: { path: { type: "string" } } } },
}))

interface Heard {
  readonly outcome: "answer" | "error"
  readonly raw: string
  /** What the host keeps of it: the answer and what its tools gave. */
  readonly turn: readonly object[]
}

/** As the host reads it: a refusal is an error that says something, a stream ends with a reason, an error, or is cut. */
async function hear(answering: Promise<Response>): Promise<Heard> {
  const response = await answering
  let raw = ""
  let isCut = false
  try {
    for await (const part of response.body?.pipeThrough(new TextDecoderStream()) ?? []) raw += part
  } catch {
    isCut = true
  }
  if (response.status !== 200) {
    const { error } = JSON.parse(raw) as { error: { message: string } }
    assert.ok(error.message.length > 10, raw)
    return { outcome: "error", raw, turn: [] }
  }
  const data = raw.split("\n\n").flatMap((line) => (line.startsWith("data: {") ? line.slice(6) : []))
  const chunks = data.map((line) => JSON.parse(line) as Chunk)
  const choices = chunks.flatMap((chunk) => chunk.choices ?? [])
  const isError = chunks.some(({ error }) => error !== undefined)
  const reasons = choices.flatMap(({ finish_reason: reason }) => reason ?? [])
  if (isCut || isError) return { outcome: "error", raw, turn: [] }
  assert.equal(reasons.length, 1, raw)
  const content = choices.map(({ delta }) => delta?.content ?? "").join("")
  const calls = new Map<number, { id: string; name: string; text: string }>()
  for (const { index, id, function: part } of choices.flatMap(({ delta }) => delta?.tool_calls ?? [])) {
    const call = calls.get(index) ?? { id: id ?? "", name: part.name ?? "", text: "" }
    call.text += part.arguments ?? ""
    calls.set(index, call)
  }
  // A call that was cut off is none.
  if (reasons[0] !== "tool_calls") return { outcome: "answer", raw, turn: [{ role: "assistant", content }] }
  const made = [...calls.values()].map(({ id, name, text: args }) => ({
    id,
    type: "function",
    function: { name, arguments: args },
  }))
  return {
    outcome: "answer",
    raw,
    turn: [
      { role: "assistant", content, tool_calls: made },
      ...made.map(({ id }) => ({ role: "tool", tool_call_id: id, content: "Done." })),
    ],
  }
}

interface Chunk {
  readonly error?: unknown
  readonly choices?: readonly {
    readonly finish_reason?: string | null
    readonly delta?: {
      readonly content?: string
      readonly tool_calls?: readonly {
        readonly index: number
        readonly id?: string
        readonly function: { readonly name?: string; readonly arguments?: string }
      }[]
    }
  }[]
}

describe("sessions in OpenCode 1, whatever Kiro says to them", () => {
  it("are told it in a form that the host knows, and can always be gone on with", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(act, { minLength: 1, maxLength: 8 }), async (acts) => {
        await using harness = await startHarness()
        const { fake, clock } = harness
        for (const label of ACCOUNTS) await harness.add(label)
        const stage = new Stage(harness)
        for (const each of acts) await stage.take(each)
        clock.advance(70 * MINUTE)
        await harness.add("spare")
        for (const session of SESSIONS) {
          const raw = await stage.chat({ session, purpose: "main", said: [], aborts: false })
          assert.match(raw, /Some words/)
        }
        // What an answer taught is written down behind it.
        await harness.gateway.close()
        await harness.store.settle()
        const booked = (await harness.store.turns()).reduce((sum, { credits }) => sum + credits, 0)
        if (stage.metered !== undefined) assert.equal(booked, stage.metered)
        assert.deepEqual(fake.scriptErrors, [])
        assert.deepEqual(
          fake.refused.map(({ reply }) => reply.body),
          [],
        )
      }),
      casesOf(10),
    )
  })
})
