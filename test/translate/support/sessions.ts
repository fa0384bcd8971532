/** Sessions as OpenCode has them, request by request, and how much of each history the next request repeats. */

import { readChatRequest } from "../../../src/openai/index.ts"
import {
  type Conversation,
  estimateTokens,
  hashReasoning,
  type SignedReasoning,
  toConversation,
  toConversationState,
  toSendable,
} from "../../../src/translate/index.ts"
import { PNG } from "../../support/pixel.ts"

const MODEL = "claude-sonnet-4.6"

export interface SessionOptions {
  readonly seed: number
  /** Requests in all; a new message of the user comes after two to eleven of them. */
  readonly steps: number
  readonly thinks?: boolean
  /** Characters of a tool's result, at most. */
  readonly resultCharacters?: number
  /** What the texts are made of. */
  readonly word?: string
  /** Every so many messages of the user brings a picture or a document. */
  readonly mediaEvery?: number
}

export interface SessionRequest {
  readonly body: { readonly messages: readonly object[]; readonly tools: readonly object[] }
  /** What was kept of the reasoning so far. */
  readonly reasoning: readonly SignedReasoning[]
}

/** Deterministic: the same seed is the same session. */
export function simulateSession(options: SessionOptions): SessionRequest[] {
  const { steps, thinks = true, resultCharacters = 4_000, word = "const größe = read(path)\n" } = options
  const random = randomOf(options.seed)
  const prose = (characters: number): string =>
    word.repeat(Math.ceil((random() * characters) / word.length) + 1).slice(0, characters)
  const messages: object[] = [{ role: "system", content: `You are terse. ${prose(6_000)}` }]
  const reasoning: SignedReasoning[] = []
  const requests: SessionRequest[] = []
  let spoken = 0
  let stepsLeft = 0
  for (let step = 0; step < steps; step += 1) {
    if (stepsLeft === 0) {
      if (step > 0) messages.push({ role: "assistant", content: `Done. ${prose(600)}` })
      spoken += 1
      const media =
        options.mediaEvery !== undefined && spoken % options.mediaEvery === 0 ? [medium(spoken)] : []
      messages.push({
        role: "user",
        content: [{ type: "text", text: `Task ${spoken}: ${prose(300)}` }, ...media],
      })
      stepsLeft = 2 + Math.floor(random() * 10)
    }
    stepsLeft -= 1
    requests.push({ body: { messages: [...messages], tools: TOOLS }, reasoning: [...reasoning] })
    if (stepsLeft === 0) continue
    const ids = Array.from({ length: random() < 0.2 ? 3 : 1 }, (_, call) => `tooluse_${step}_${call}`)
    const thought = thinks && random() < 0.9 ? `Let me think of ${step}. ${prose(1_200)}` : ""
    const isHidden = thinks && thought === "" && random() < 0.5
    messages.push({
      role: "assistant",
      content: random() < 0.5 ? `Looking. ${prose(200)}` : "",
      ...(thought !== "" && { reasoning_content: thought }),
      tool_calls: ids.map((id, call) => ({
        id,
        type: "function",
        function: {
          name: random() < 0.02 ? "invalid" : "bash",
          arguments: JSON.stringify({ call, command: prose(300) }),
        },
      })),
    })
    if (thought !== "" || isHidden)
      reasoning.push({
        toolUseIds: ids,
        textHash: hashReasoning(thought, MODEL),
        ...(isHidden ? { redacted: "LktUUn5+" } : { signature: `sig${step}` }),
      })
    for (const id of ids)
      messages.push({
        role: "tool",
        tool_call_id: id,
        content: `Result of ${id}: ${prose(resultCharacters)}`,
      })
    if (random() < 0.05)
      messages.push({
        role: "user",
        content: [{ type: "text", text: "Attached media from tool result:" }, PICTURE],
      })
  }
  return requests
}

export interface SentOptions {
  readonly serviceWindow: number
  /** Shortened to so many estimated tokens, where it is larger. */
  readonly shortenTo?: number
}

/** The conversation as it is sent, and its history on the wire. */
export function sent(
  { body, reasoning }: SessionRequest,
  { serviceWindow, shortenTo }: SentOptions,
): { readonly conversation: Conversation; readonly history: string } {
  const request = readChatRequest({ model: "claude-sonnet-4-6", stream: true, ...body })
  const whole = toConversation(request, {
    accepts: { images: true, documents: true },
    serviceWindow,
    wireModelId: MODEL,
    reasoning,
  })
  const conversation = toSendable(whole, {
    serviceWindow,
    ...(shortenTo !== undefined && { shortenTo: () => shortenTo }),
  })
  const { history } = toConversationState(conversation, {
    wireModelId: MODEL,
    conversationId: "c0ffee00-1111-4222-8333-444455556666",
    cachePoints: 4,
  })
  return { conversation, history: JSON.stringify(history).slice(1, -1) }
}

export interface Move {
  /** The place of the request whose history does not begin with the one before. */
  readonly at: number
  /** How much of the history before it, in characters, has changed. */
  readonly lost: number
  /** In estimated tokens: how much came anew since the move before, and how much has to. */
  readonly grown: number
  readonly block: number
}

export function movesOf(session: readonly SessionRequest[], options: SentOptions): Move[] {
  let before = ""
  let sizeBefore = 0
  return session.flatMap((request, at) => {
    const { conversation, history } = sent(request, options)
    const lost = before.length - keptOf(before, history)
    before = history
    if (lost === 0) return []
    const size = estimateTokens(sent(request, { serviceWindow: options.serviceWindow }).conversation)
    const grown = size - sizeBefore
    sizeBefore = size
    const fixed = estimateTokens({ ...conversation, turns: [] })
    return [{ at, lost, grown, block: ((options.shortenTo ?? 0) - fixed) / 4 }]
  })
}

/** How many of the characters before stand, unchanged and from the first on, in those after. */
export function keptOf(before: string, after: string): number {
  if (after.startsWith(before)) return before.length
  let kept = 0
  while (kept < before.length && before[kept] === after[kept]) kept += 1
  return kept
}

const PICTURE = {
  type: "image_url",
  image_url: {
    url: `data:image/png;base64,${PNG}`,
  },
}

function medium(number: number): object {
  if (number % 2 === 0) return PICTURE
  const data = Buffer.from(`%PDF-1.7\n${number}`).toString("base64")
  return {
    type: "file",
    file: { filename: `report ${number}.pdf`, file_data: `data:application/pdf;base64,${data}` },
  }
}

const TOOLS: readonly object[] = ["bash", "edit", "read", "mcp.server_tool with spaces"].map((name) => ({
  type: "function",
  function: {
    name,
    description: `Does ${name}. `.repeat(50),
    parameters: { type: "object", properties: { command: { type: "string" } }, required: ["command"] },
  },
}))

/** Mulberry32. */
function randomOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
