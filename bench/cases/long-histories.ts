import { present } from "../../src/json.ts"
import { readChatRequest } from "../../src/openai/index.ts"
import { toConversation, toConversationState, toSendable } from "../../src/translate/index.ts"
import type { Conversation } from "../../src/translate/index.ts"
import { cpuMs, type BenchCase, type Figure } from "../harness.ts"
import { historyBody } from "../history.ts"

const TRANSLATE = "1,600 messages / 4 MB"
const HUNDRED = "100 messages / 250 kB"
const SHORTEN = "shortened to 40 %"
const LINEAR = "4 MB against four times 1 MB"
const TURNS = 5
const REPEATS = 2

/** Processor time from the host's body to Kiro's; the floor is JSON.parse and JSON.stringify of the same body. */
export function longHistories(): BenchCase {
  const four = historyBody({ messages: 1_600, characters: 4_000_000 })
  const hundred = historyBody({ messages: 100, characters: 250_000 })
  const one = historyBody({ messages: 400, characters: 1_000_000 })
  return {
    name: "long histories",
    rounds: 9,
    limits: {
      [TRANSLATE]: { timesFloor: 2 },
      [HUNDRED]: { timesFloor: 2 },
      [SHORTEN]: { timesFloor: 2 },
      [LINEAR]: { timesFloor: 1.3 },
    },
    async round() {
      const spent = { floor: 0, translated: 0, shortened: 0, floorOfQuarters: 0, quarters: 0 }
      const spentOnHundred = { floor: 0, translated: 0 }
      // In turns, so that each stands beside a floor of the same moment.
      for (let turn = 0; turn < TURNS; turn++) {
        spent.floor += await repeated(REPEATS, () => JSON.stringify(JSON.parse(four)))
        spent.translated += await repeated(REPEATS, () => bodyOf(conversationOf(four)))
        spent.shortened += await repeated(REPEATS, () => bodyOf(conversationOf(four), (size) => size * 0.4))
        spent.floorOfQuarters += await repeated(REPEATS * 4, () => JSON.stringify(JSON.parse(one)))
        spent.quarters += await repeated(REPEATS * 4, () => bodyOf(conversationOf(one)))
        spentOnHundred.floor += await repeated(REPEATS * 16, () => JSON.stringify(JSON.parse(hundred)))
        spentOnHundred.translated += await repeated(REPEATS * 16, () => bodyOf(conversationOf(hundred)))
      }
      const { floor, translated, shortened, floorOfQuarters, quarters } = spent
      return [
        figure(HUNDRED, spentOnHundred.translated, spentOnHundred.floor),
        figure(TRANSLATE, translated, floor),
        figure(SHORTEN, shortened, floor),
        // The floor itself pays for large strings: what counts is what we add to it.
        figure(LINEAR, translated, (quarters * floor) / floorOfQuarters),
      ]
    },
  }
}

function figure(row: string, ours: number, floor: number): Figure {
  return { row, unit: "ms", ours, floor }
}

const WINDOW = 1_000_000
const MODEL = "claude-sonnet-4.5"

function repeated(times: number, work: () => string): Promise<number> {
  return cpuMs(async () => {
    let written = 0
    for (let time = 0; time < times; time++) written += work().length
    return written
  })
}

function conversationOf(body: string): Conversation {
  return toConversation(readChatRequest(JSON.parse(body)), {
    accepts: { images: true, documents: true },
    serviceWindow: WINDOW,
    wireModelId: MODEL,
  })
}

function bodyOf(conversation: Conversation, shortenTo?: (tokens: number) => number): string {
  const sendable = toSendable(conversation, { serviceWindow: WINDOW, ...present({ shortenTo }) })
  const conversationState = toConversationState(sendable, {
    wireModelId: MODEL,
    conversationId: "c0ffee00-1111-4222-8333-444455556666",
    cachePoints: 4,
  })
  return JSON.stringify({ conversationState })
}
