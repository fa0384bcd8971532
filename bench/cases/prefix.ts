import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { asObject, isObject, parseJson } from "../../src/json.ts"
import { toConversationState } from "../../src/translate/index.ts"
import type { ChatRequestBody } from "../../test/support/fake-kiro/check/conversation.ts"
import { PromptCache } from "../../test/support/fake-kiro/prompt-cache.ts"
import {
  keptOf,
  movesOf,
  sent,
  simulateSession,
  type SessionRequest,
} from "../../test/translate/support/sessions.ts"
import type { BenchCase, Figure } from "../harness.ts"

const WHOLE = "60 sessions of 30 steps, % of the history changed"
const SHORTENED = "shortened sessions, borders moved too early"
const CACHE = "a simulated day, % of the input that a cache would not have"
const CAPTURED = "captured bodies, % of the history changed"

/** A folder of bodies that OpenCode sent, one JSON document each; without it that row is left out. */
const BODIES = "KIRO_BENCH_BODIES"
const WINDOW = 1_000_000
const SHORTEN_TO = [20_000, 40_000, 80_000]

/** How much of each request's history the service finds as it was in the one before: what it can have in its cache. */
export function prefix(): BenchCase {
  return {
    name: "prefix",
    rounds: 1,
    limits: {
      [WHOLE]: { atMost: 1 },
      [SHORTENED]: { atMost: 0 },
      [CACHE]: { atMost: 15 },
      [CAPTURED]: { atMost: 0 },
    },
    round: () => Promise.resolve([changed(), movedEarly(), uncached(), ...captured()]),
  }
}

function changed(): Figure {
  let characters = 0
  let lost = 0
  for (let seed = 1; seed <= 60; seed += 1) {
    const session = simulateSession({ seed, steps: 30 })
    for (const request of session) characters += sent(request, { serviceWindow: WINDOW }).history.length
    for (const move of movesOf(session, { serviceWindow: WINDOW })) lost += move.lost
  }
  return { row: WHOLE, unit: "", ours: (100 * lost) / characters }
}

function movedEarly(): Figure {
  const early = SHORTEN_TO.flatMap((shortenTo) =>
    [1, 2, 3, 4].flatMap((seed) => {
      const session = simulateSession({ seed, steps: 60, resultCharacters: 8_000 })
      const moves = movesOf(session, { serviceWindow: WINDOW, shortenTo })
      return moves.slice(1).filter(({ grown, block }) => grown < block * 0.9)
    }),
  )
  return { row: SHORTENED, unit: "", ours: early.length }
}

/** The opinion of the fake's cache about twenty sessions, one after the other. */
function uncached(): Figure {
  const cache = new PromptCache()
  let uncachedTokens = 0
  let tokens = 0
  for (let seed = 101; seed <= 120; seed += 1)
    for (const request of simulateSession({ seed, steps: 30 })) {
      const { conversation } = sent(request, { serviceWindow: WINDOW })
      const conversationState = toConversationState(conversation, {
        wireModelId: "claude-sonnet-4.6",
        conversationId: `session ${seed}`,
        cachePoints: 4,
      })
      const body: ChatRequestBody = JSON.parse(JSON.stringify({ conversationState })) as ChatRequestBody
      const use = cache.use(body, "one")
      uncachedTokens += use.uncachedInputTokens + use.cacheWriteInputTokens
      tokens += use.uncachedInputTokens + use.cacheWriteInputTokens + use.cacheReadInputTokens
    }
  return { row: CACHE, unit: "", ours: (100 * uncachedTokens) / tokens }
}

/** Bodies of one session are those whose messages begin another's. */
function captured(): Figure[] {
  const folder = process.env[BODIES]
  if (folder === undefined) return []
  const bodies = readdirSync(folder).flatMap((name) =>
    bodyOf(parseJson(readFileSync(join(folder, name), "utf8"))),
  )
  const lost = bodies.flatMap((earlier) =>
    bodies.flatMap((later) => {
      if (later.messages.length <= earlier.messages.length || !begins(earlier, later)) return []
      const [before, after] = [earlier, later].map(
        (body) => sent({ body, reasoning: [] }, { serviceWindow: WINDOW }).history,
      )
      return before === undefined || after === undefined || before === ""
        ? []
        : [1 - keptOf(before, after) / before.length]
    }),
  )
  const worst = lost.reduce((most, share) => Math.max(most, share), 0)
  return lost.length === 0 ? [] : [{ row: CAPTURED, unit: "", ours: 100 * worst }]
}

function bodyOf(document: unknown): SessionRequest["body"][] {
  const body = asObject(asObject(document)["body"] ?? document)
  if (!Array.isArray(body["messages"])) return []
  const tools: readonly object[] = Array.isArray(body["tools"]) ? body["tools"] : []
  // Other wires declare their tools in other forms.
  const isOurs = tools.every((tool) => isObject(asObject(tool)["function"]))
  return isOurs ? [{ messages: body["messages"], tools }] : []
}

function begins(earlier: SessionRequest["body"], later: SessionRequest["body"]): boolean {
  const isSame = (message: object, index: number): boolean =>
    textOf(message) === textOf(later.messages[index])
  return later.tools.length === earlier.tools.length && earlier.messages.every(isSame)
}

/** Without the host's own marks of where to cache, which move on. */
function textOf(message: object | undefined): string {
  return JSON.stringify(message, (key, value: unknown) => (key === "cache_control" ? undefined : value))
}
