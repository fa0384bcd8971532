/**
 * Arbitrary chat requests: conversations as OpenCode has them, the same after drops, repeats, moves and corruption,
 * and lists of messages without any order. Every word of every text is unique, so that a lost, moved or invented word
 * shows.
 */

import * as fc from "fast-check"
import { PNG } from "../../support/pixel.ts"

export interface RawRequest {
  readonly model: string
  readonly messages: readonly RawMessage[]
  readonly tools?: readonly RawTool[]
  readonly stream: true
}

export interface RawTool {
  readonly type: "function"
  readonly function: {
    readonly name: string
    readonly description?: string | undefined
    readonly parameters?: unknown
  }
}

export interface RawMessage {
  readonly role: string
  readonly content?: unknown
  readonly tool_call_id?: string
  readonly tool_calls?: readonly RawCall[]
}

interface RawCall {
  readonly id: string
  readonly type: "function"
  readonly function: { readonly name: string; readonly arguments: string }
}

export const PIXEL = `data:image/png;base64,${PNG}`
const PDF = `data:application/pdf;base64,${Buffer.from("%PDF-1.1\n%%EOF").toString("base64")}`

/** Becomes a word of its own in `numbered`. */
const WORD = "§"
/** Half of a surrogate pair. */
const LONE = "\ud83d"

const TOOL_NAMES = [
  "",
  "bash",
  "read",
  "Read",
  "mcp.every thing/claude-code",
  `x${"_long".repeat(13)}_a`,
  "🔥",
  "invalid",
]
const IDS = ["tooluse_a", "tooluse_b", "tooluse_c", "call/1", `call_${"1".repeat(80)}`, "call 1", ""]

const text = fc.constantFrom(WORD, `${WORD} ${WORD}`, `${WORD}\n${WORD}`, `${WORD} ${LONE}`, ` ${WORD}`)
const media = fc.constantFrom(
  { type: "image_url", image_url: { url: PIXEL } },
  { type: "file", file: { filename: "doc.pdf", file_data: PDF } },
)
const content = fc.oneof(
  { weight: 6, arbitrary: text },
  {
    weight: 2,
    arbitrary: fc.array(
      fc.oneof(
        text.map((said) => ({ type: "text", text: said })),
        media,
      ),
      { maxLength: 3 },
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(null, undefined, "", " \n", [], [WORD], { type: "text", text: WORD }),
  },
)
const argumentsText = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom("{}", `{"path":"${WORD}"}`, `{"a":["${WORD}",{"b":"${WORD}"}]}`) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      "",
      `{"path": "${WORD}`,
      `["${WORD}"]`,
      "null",
      `"${WORD}"`,
      `{"a":"\\ud83d ${WORD}"}`,
    ),
  },
)
const name = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom("bash", "read") },
  fc.constantFrom(...TOOL_NAMES),
)

const user = content.map((said): RawMessage => ({ role: "user", content: said }))
const system = fc
  .tuple(fc.constantFrom("system", "developer"), text)
  .map(([role, said]): RawMessage => ({ role, content: said }))

function call(id: string, toolName: string, argumentsText: string): RawCall {
  return { id, type: "function", function: { name: toolName, arguments: argumentsText } }
}

/** One answer of the model and, in order, the results of its calls. */
const step = fc
  .tuple(content, fc.array(fc.tuple(name, argumentsText, text), { maxLength: 3 }), fc.option(media))
  .map(([said, calls, attached]): RawMessage[] => [
    {
      role: "assistant",
      content: said,
      tool_calls: calls.map(([toolName, args]) => call(`tooluse_${WORD}`, toolName, args)),
    },
    ...calls.map(([, , result]): RawMessage => ({
      role: "tool",
      tool_call_id: `tooluse_${WORD}`,
      content: result,
    })),
    ...(attached === null || calls.length === 0
      ? []
      : [{ role: "user", content: [{ type: "text", text: "Attached media from tool result:" }, attached] }]),
  ])

const exchange = fc
  .tuple(user, fc.array(step, { minLength: 1, maxLength: 4 }))
  .map(([asked, steps]) => [asked, ...steps.flat()])

/** As OpenCode has it: a system prompt, exchanges, and the newest message of the user or of a tool. */
const orderly = fc
  .tuple(fc.array(system, { maxLength: 2 }), fc.array(exchange, { maxLength: 4 }), user)
  .map(([prompts, exchanges, asked]) => [...prompts, ...exchanges.flat(), asked])

/** Messages that follow from nothing. */
const disorderly = fc.array(
  fc.oneof(
    user,
    system,
    fc
      .tuple(content, fc.array(fc.tuple(fc.constantFrom(...IDS), name, argumentsText), { maxLength: 3 }))
      .map(([said, calls]): RawMessage => ({
        role: "assistant",
        content: said,
        tool_calls: calls.map((each) => call(...each)),
      })),
    fc
      .tuple(fc.constantFrom(...IDS), content)
      .map(([id, result]): RawMessage => ({ role: "tool", tool_call_id: id, content: result })),
  ),
  { minLength: 1, maxLength: 12 },
)

type Mutation = (messages: readonly RawMessage[], at: number, other: number) => readonly RawMessage[]

const MUTATIONS: readonly Mutation[] = [
  (messages, at) => messages.toSpliced(at, 1),
  (messages, at) => messages.toSpliced(at, 0, ...messages.slice(at, at + 1)),
  (messages, at, other) => messages.toSpliced(at, 1).toSpliced(other, 0, ...messages.slice(at, at + 1)),
  (messages, at) => messages.slice(at),
  (messages, at) => messages.slice(0, at),
  (messages, at) => messages.map((message, index) => (index === at ? { ...message, content: "" } : message)),
  (messages, at) =>
    messages.map((message, index) =>
      index === at && message.tool_call_id !== undefined ? { ...message, tool_call_id: "gone" } : message,
    ),
]

const mutated = fc
  .tuple(
    orderly,
    fc.array(fc.tuple(fc.constantFrom(...MUTATIONS), fc.nat(30), fc.nat(30)), { minLength: 1, maxLength: 3 }),
  )
  .map(([messages, mutations]) => {
    const numbered = numberIds(messages)
    const changed = mutations.reduce<readonly RawMessage[]>(
      (current, [mutate, at, other]) =>
        mutate(current, at % (current.length || 1), other % (current.length || 1)),
      numbered,
    )
    return changed.length === 0 ? numbered : changed
  })

const schema = fc.constantFrom<unknown>(
  { type: "object", properties: { path: { type: "string" } }, required: ["path"] },
  { type: "object", properties: { required: { type: "string" }, type: { type: "null" } }, required: [] },
  { type: "string" },
  { type: "object", properties: null, required: null },
  { anyOf: [{ type: "object" }] },
  null,
  undefined,
)
const description = fc.oneof(
  { weight: 9, arbitrary: fc.constantFrom("", undefined, `${WORD} ${WORD}`) },
  { weight: 1, arbitrary: fc.constant(`${WORD} ${"-".repeat(100)} `.repeat(110)) },
)
const tool = fc
  .tuple(
    name.filter((toolName) => toolName !== ""),
    description,
    schema,
  )
  .map(([toolName, description, parameters]): RawTool => ({
    type: "function",
    function: { name: toolName, description, parameters },
  }))
const tools = fc.option(fc.array(tool, { maxLength: 5 }), { nil: undefined })

function requestOf(messages: fc.Arbitrary<readonly RawMessage[]>): fc.Arbitrary<RawRequest> {
  return fc.tuple(messages, tools).map(([said, declared]) => ({
    model: "claude-sonnet-4-5",
    ...numbered({ messages: numberIds(said), ...(declared === undefined ? {} : { tools: declared }) }),
    stream: true as const,
  }))
}

export const orderlyRequest: fc.Arbitrary<RawRequest> = requestOf(orderly)
const mutatedRequest: fc.Arbitrary<RawRequest> = requestOf(mutated)
const disorderlyRequest: fc.Arbitrary<RawRequest> = requestOf(disorderly)
export const anyRequest: fc.Arbitrary<RawRequest> = fc.oneof(
  { weight: 2, arbitrary: orderlyRequest },
  { weight: 4, arbitrary: mutatedRequest },
  { weight: 3, arbitrary: disorderlyRequest },
)

/** The newest message is the user's and says something. */
export const spokenRequest: fc.Arbitrary<RawRequest> = anyRequest.map((raw) => ({
  ...raw,
  messages: [...raw.messages, { role: "user", content: "w0w" }],
}))

/** Gives the calls of a step ids of their own, and its results the same ones. */
function numberIds(messages: readonly RawMessage[]): RawMessage[] {
  let count = 0
  let waiting: string[] = []
  return messages.map((message) => {
    if (message.tool_calls?.some(({ id }) => id.endsWith(WORD)) === true) {
      const calls = message.tool_calls.map((each) => ({ ...each, id: `tooluse_${(count += 1)}` }))
      waiting = calls.map(({ id }) => id)
      return { ...message, tool_calls: calls }
    }
    if (message.tool_call_id?.endsWith(WORD) === true)
      return { ...message, tool_call_id: waiting.shift() ?? "" }
    return message
  })
}

/** Every `WORD` becomes a word that no other text has. */
function numbered<T>(value: T): T {
  let count = 0
  const number = (member: unknown): unknown => {
    if (typeof member === "string") return member.replaceAll(WORD, () => `w${(count += 1)}w`)
    if (Array.isArray(member)) return member.map(number)
    if (typeof member !== "object" || member === null) return member
    return Object.fromEntries(Object.entries(member).map(([key, item]) => [key, number(item)]))
  }
  return number(value) as T
}
