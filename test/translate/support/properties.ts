/** What must hold for every request, whatever it holds. Each property throws where it does not. */

import assert from "node:assert/strict"
import type { ConversationState } from "../../../src/kiro/index.ts"
import { readChatRequest } from "../../../src/openai/index.ts"
import type { Conversation } from "../../../src/translate/conversation/conversation.ts"
import * as invented from "../../../src/translate/conversation/filler.ts"
import { pairResults } from "../../../src/translate/conversation/pairing.ts"
import { readConversation } from "../../../src/translate/conversation/read.ts"
import { toConversationState } from "../../../src/translate/conversation/write.ts"
import type { RawMessage, RawRequest, RawTool } from "./arbitrary-request.ts"
import { refusalOf } from "./chat.ts"
import { countsOf, spokenWords, stringsOf, textsOfState, wordsOf } from "./words.ts"

export type Canonical = (conversation: Conversation) => Conversation

const MODEL = "claude-sonnet-4.5"
const CONVERSATION_ID = "c0ffee00-1111-4222-8333-444455556666"

function read(raw: RawRequest): Conversation {
  return readConversation(readChatRequest(raw), {
    accepts: { images: true, documents: true },
    serviceWindow: 200_000,
    wireModelId: MODEL,
  })
}

function write(conversation: Conversation): ConversationState {
  return toConversationState(conversation, {
    wireModelId: MODEL,
    conversationId: CONVERSATION_ID,
    cachePoints: 4,
  })
}

export function isTaken(raw: RawRequest, canonical: Canonical): void {
  assert.equal(refusalOf(write(canonical(read(raw)))), undefined)
}

/** A repeated word stands only in a repeated result: of those one is enough. */
export function losesNothing(raw: RawRequest, canonical: Canonical): void {
  const state = write(canonical(read(raw)))
  const after = countsOf([
    textsOfState(state),
    state.currentMessage.userInputMessage.userInputMessageContext?.tools,
  ])
  const results = countsOf(raw.messages.filter(({ role }) => role === "tool").map(({ content }) => content))
  for (const [word, count] of countsOf([raw.messages, firstOfEachName(raw.tools ?? [])])) {
    const found = after.get(word) ?? 0
    assert.ok(
      results.has(word) ? found >= 1 && found <= count : found === count,
      `${word}: ${found} of ${count}`,
    )
  }
}

function firstOfEachName(tools: readonly RawTool[]): RawTool[] {
  const named = new Map(tools.toReversed().map((tool) => [tool.function.name, tool]))
  return [...named.values()]
}

const INVENTED = Object.values(invented).flatMap((words) =>
  wordsIn(typeof words === "string" ? words : words("", "")),
)
/** What stands in place of media of the model's, and of the system's, turns; and what replaces half a character. */
const NOTES = wordsIn(
  "[Media left out: only a message of the user can carry it] older than the last 5 doc.pdf \ufffd",
)
export function addsNothing(raw: RawRequest, canonical: Canonical): void {
  const said = new Set([...INVENTED, ...NOTES])
  for (const word of stringsOf(raw).flatMap(wordsIn)) said.add(word)
  const state = write(canonical(read(raw)))
  // A long description goes on in the system prompt, after the tool's name.
  for (const { toolSpecification } of state.currentMessage.userInputMessage.userInputMessageContext?.tools ??
    [])
    said.add(toolSpecification.name)
  for (const text of textsOfState(state))
    for (const word of wordsIn(text)) assert.ok(said.has(word), `nobody said ${JSON.stringify(word)}`)
}

/** Without the marks that JSON puts around them. */
function wordsIn(text: string): string[] {
  return text.split(/[\s"{}[\]:,\\]+/)
}

export function keepsOrder(raw: RawRequest, canonical: Canonical): void {
  const spoken = spokenWords(raw.messages)
  const kept = new Set(spoken)
  const state = write(canonical(read(raw)))
  const contents = [...state.history, state.currentMessage].map((message) =>
    "assistantResponseMessage" in message
      ? message.assistantResponseMessage.content
      : message.userInputMessage.content,
  )
  assert.deepEqual(
    wordsOf(contents).filter((word) => kept.has(word)),
    spoken,
  )
}

/** Where every call has an id of its own, its result stands under it and nowhere else. */
export function keepsPairs(raw: RawRequest, canonical: Canonical): void {
  const state = write(canonical(read(raw)))
  if ((raw.tools ?? []).length === 0) return
  const wanted = new Map(
    raw.messages.flatMap((each) =>
      each.tool_call_id === undefined ? [] : [[each.tool_call_id, wordsOf(each.content)]],
    ),
  )
  const found = [...state.history, state.currentMessage].flatMap((message) =>
    "userInputMessage" in message
      ? (message.userInputMessage.userInputMessageContext?.toolResults ?? [])
      : [],
  )
  assert.deepEqual(new Map(found.map(({ toolUseId, content }) => [toolUseId, wordsOf(content)])), wanted)
}

/** The model may call only what the request declares, and what the conversation shows that it called. */
export function declaresNoTools(raw: RawRequest, canonical: Canonical): void {
  if ((raw.tools ?? []).length > 0) return
  const { history, currentMessage } = write(canonical(read(raw)))
  for (const message of [...history, currentMessage])
    if ("userInputMessage" in message)
      assert.equal(message.userInputMessage.userInputMessageContext, undefined)
    else assert.equal(message.assistantResponseMessage.toolUses, undefined)
}

export function isIdempotent(raw: RawRequest, canonical: Canonical): void {
  const once = canonical(read(raw))
  assert.deepEqual(canonical(once), once)
}

export function pairsOnce(raw: RawRequest, canonical: Canonical): void {
  const once = canonical(read(raw))
  assert.equal(pairResults(once), once)
}

export function changesNoInput(raw: RawRequest, canonical: Canonical): void {
  const before = structuredClone(raw)
  const conversation = read(raw)
  const conversationBefore = structuredClone(conversation)
  write(canonical(conversation))
  assert.deepEqual(raw, before)
  assert.deepEqual(conversation, conversationBefore)
}

/** What went out in one request stands, byte for byte, before what goes out in the next. */
export function keepsPrefix(raw: RawRequest, canonical: Canonical): void {
  const next: RawMessage[] = [
    { role: "assistant", content: "Done", tool_calls: [nextCall] },
    { role: "tool", tool_call_id: nextCall.id, content: "Result" },
  ]
  const before = write(canonical(read(raw)))
  const after = write(canonical(read({ ...raw, messages: [...raw.messages, ...next] })))
  const { userInputMessageContext, cachePoint: _newest, ...current } = before.currentMessage.userInputMessage
  const { tools: _tools, ...context } = userInputMessageContext ?? {}
  const became = {
    ...current,
    ...(Object.keys(context).length > 0 && { userInputMessageContext: context }),
    ...(before.history.length === 0 &&
      before.currentMessage.userInputMessage.cachePoint && { cachePoint: { type: "default" } }),
  }
  assert.deepEqual(after.history.slice(0, before.history.length + 1), [
    ...before.history,
    { userInputMessage: became },
  ])
}

const nextCall = {
  id: "tooluse_next",
  type: "function",
  function: { name: "bash", arguments: "{}" },
} as const
