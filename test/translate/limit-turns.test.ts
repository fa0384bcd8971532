import assert from "node:assert/strict"
import { describe, it } from "node:test"
import type { ConversationState } from "../../src/kiro/index.ts"
import { CUT_MARK } from "../../src/translate/conversation/filler.ts"
import { answers, asks, call, refusalOf, result, says, stateOf, userMessages } from "./support/chat.ts"

const exchange = (number: number): object[] => [says(`ask ${number}`), answers(`told ${number}`)]
const step = (number: number): object[] => [asks(call(`c${number}`)), result(`c${number}`, `did ${number}`)]

const numbers = (count: number): number[] => Array.from({ length: count }, (_, number) => number)

function checked(messages: readonly object[]): ConversationState {
  const state = stateOf({ messages })
  assert.equal(refusalOf(state), undefined)
  return state
}

describe("a conversation of more messages than the service takes", () => {
  it("stays as it is up to the limit", () => {
    const { history } = checked([...numbers(5_000).flatMap(exchange), says("now")])
    assert.equal(history.length, 10_000)
  })

  it("loses its oldest exchanges but the first message, marked", () => {
    const state = checked([...numbers(5_001).flatMap(exchange), says("now")])
    assert.ok(state.history.length <= 10_000)
    const [first = "", ...others] = userMessages(state).map(({ content }) => content)
    assert.ok(first.startsWith("ask 0") && first.includes(CUT_MARK))
    assert.deepEqual(others.slice(-2), ["ask 5000", "now"])
    assert.ok(!others.includes("ask 1"))
  })

  it("keeps its beginning from turn to turn, so that the prompt cache holds", () => {
    const spoken = numbers(5_100).flatMap(exchange)
    const before = checked([...spoken, says("now")])
    const after = checked([...spoken, says("now"), answers("done"), says("and then")])
    assert.deepEqual(after.history.slice(0, before.history.length), before.history)
  })

  it("loses the oldest steps of one long loop, and no half of a pair", () => {
    const state = checked([says("go"), ...numbers(6_000).flatMap(step)])
    assert.ok(state.history.length <= 10_000)
    const users = userMessages(state)
    assert.equal(users[0]?.content, `go\n\n${CUT_MARK}`)
    assert.equal(users.at(-1)?.userInputMessageContext?.toolResults?.[0]?.content[0]?.text, "did 5999")
  })
})
