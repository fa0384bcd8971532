import assert from "node:assert/strict"
import { describe, it } from "node:test"
import * as fc from "fast-check"
import { ChatRequestError, readChatRequest } from "../../src/openai/index.ts"
import {
  type Conversation,
  toSendable,
  withoutTools,
  toConversation,
  toConversationState,
  withoutDocuments,
  withoutImages,
  withoutSignatures,
} from "../../src/translate/index.ts"
import { PIXEL } from "../translate/support/arbitrary-request.ts"
import { refusalOf } from "../translate/support/chat.ts"
import { anyLetter } from "./bytes.ts"
import { casesOf } from "./runs.ts"

const MODEL = "claude-sonnet-4.5"
const WINDOW = 200_000
const CONVERSATION_ID = "c0ffee00-1111-4222-8333-444455556666"

const anything = fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<unknown>
/** What a field should hold, now and then something else. */
const mostly = (good: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
  fc.oneof({ weight: 8, arbitrary: good }, { weight: 1, arbitrary: anything })

const word = fc.oneof(
  fc.constantFrom(
    "__proto__",
    "constructor",
    "bash",
    "\ud83d",
    "\u0000",
    "  ",
    "x".repeat(70),
    "{}",
    "[1",
    "",
  ),
  fc.string({ maxLength: 12, unit: anyLetter }),
)
const url = fc.oneof(
  fc.constantFrom(
    PIXEL,
    "data:;base64,%%%",
    "data:image/png;base64,",
    "https://example.com/a.png",
    "file:///etc/passwd",
  ),
  word.map((text) => `data:application/pdf;base64,${Buffer.from(text).toString("base64")}`),
)
const part = mostly(
  fc.oneof(
    fc.record({ type: fc.constant("text"), text: mostly(word) }),
    fc.record({ type: fc.constant("image_url"), image_url: mostly(fc.record({ url: mostly(url) })) }),
    fc.record({
      type: fc.constant("file"),
      file: mostly(fc.record({ filename: mostly(word), file_data: mostly(url) }, { requiredKeys: [] })),
    }),
    fc.record({ type: fc.constant("input_audio"), input_audio: mostly(fc.record({ data: word })) }),
  ),
)
const content = mostly(fc.oneof(word, fc.array(part, { maxLength: 3 })))
const call = mostly(
  fc.record(
    {
      id: mostly(word),
      type: fc.constant("function"),
      function: mostly(fc.record({ name: mostly(word), arguments: mostly(word) })),
    },
    { requiredKeys: ["function"] },
  ),
)
const message = mostly(
  fc.record(
    {
      role: mostly(fc.constantFrom("system", "developer", "user", "assistant", "tool", "function")),
      content,
      reasoning_content: mostly(word),
      tool_calls: mostly(fc.array(call, { maxLength: 3 })),
      tool_call_id: mostly(word),
    },
    { requiredKeys: ["role"] },
  ),
)
const schema: (depth: number) => fc.Arbitrary<unknown> = fc.memo((depth) => {
  const inner = depth > 1 ? schema(depth - 1) : anything
  return fc.record(
    {
      type: mostly(fc.constantFrom("object", "string", "array", ["string", "null"])),
      properties: mostly(fc.dictionary(word, inner, { maxKeys: 3 })),
      required: mostly(fc.array(word, { maxLength: 3 })),
      items: mostly(inner),
      anyOf: mostly(fc.array(inner, { maxLength: 2 })),
      additionalProperties: mostly(fc.boolean()),
      $ref: word,
      enum: mostly(fc.array(word, { maxLength: 2 })),
    },
    { requiredKeys: [] },
  )
})
const tool = mostly(
  fc.record({
    type: fc.constant("function"),
    function: mostly(
      fc.record(
        { name: mostly(word), description: mostly(word), parameters: mostly(schema(2)) },
        { requiredKeys: ["name"] },
      ),
    ),
  }),
)
const body = mostly(
  fc.record(
    {
      model: mostly(fc.constant("claude-sonnet-4-5")),
      messages: mostly(fc.array(message, { minLength: 1, maxLength: 8 })),
      tools: mostly(fc.array(tool, { maxLength: 4 })),
      tool_choice: mostly(fc.constantFrom("auto", "none")),
      max_tokens: mostly(fc.integer()),
      reasoning_effort: mostly(word),
      thinkingConfig: mostly(fc.record({ thinkingBudget: mostly(fc.double()) })),
    },
    { requiredKeys: ["model", "messages"] },
  ),
)

const CHANGES: readonly ((conversation: Conversation) => Conversation)[] = [
  (conversation) => conversation,
  (conversation) => withoutTools(conversation, new Set(["bash"])),
  withoutDocuments,
  withoutImages,
  withoutSignatures,
  (conversation) => toSendable(conversation, { serviceWindow: WINDOW, shortenTo: (size) => size * 0.4 }),
  (conversation) => toSendable(conversation, { serviceWindow: WINDOW, shortenTo: () => 1 }),
]

describe("any JSON as a chat request", () => {
  it("is refused with its field, or becomes a request that the service takes, shortened or not", () => {
    fc.assert(
      fc.property(body, fc.constantFrom(...CHANGES), (value, change) => {
        const text = JSON.stringify(value)
        const raw: unknown = JSON.parse(text)
        const conversation = conversationOf(raw)
        if (conversation !== undefined) isTaken(change(conversation))
        assert.equal(JSON.stringify(raw), text)
      }),
      casesOf(150),
    )
  })
})

function conversationOf(raw: unknown): Conversation | undefined {
  try {
    return toConversation(readChatRequest(raw), {
      accepts: { images: true, documents: true },
      serviceWindow: WINDOW,
      wireModelId: MODEL,
    })
  } catch (error) {
    if (!(error instanceof ChatRequestError)) throw error
    assert.ok(error.field !== "")
    return undefined
  }
}

function isTaken(conversation: Conversation): void {
  const state = toConversationState(toSendable(conversation, { serviceWindow: WINDOW }), {
    wireModelId: MODEL,
    conversationId: CONVERSATION_ID,
    cachePoints: 4,
  })
  assert.equal(refusalOf(state), undefined)
}
