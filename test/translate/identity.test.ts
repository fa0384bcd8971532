import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { conversationIdOf } from "../../src/translate/index.ts"
import { answers, asks, call, result, says, stateOf, userMessages } from "./support/chat.ts"

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

describe("the id of a conversation", () => {
  it("is a UUID of the session, the purpose and the generation", () => {
    const main = { sessionId: "ses_1", purpose: "main", generation: 0 } as const
    const others = [
      { sessionId: "ses_2" },
      { purpose: "title" as const },
      { purpose: "compaction" as const },
      { generation: 1 },
    ]
    const ids = [main, ...others.map((other) => ({ ...main, ...other }))].map(conversationIdOf)
    for (const id of ids) assert.match(id, UUID)
    assert.equal(new Set(ids).size, ids.length)
    assert.equal(conversationIdOf({ ...main }), ids[0])
  })

  it("has a continuation of its own for each message of the user, the same in all steps that answer it", () => {
    const step = [asks(call("a")), result("a", "one")]
    const id = (messages: readonly unknown[]): string | undefined => stateOf({ messages }).agentContinuationId
    const first = id([says("Go")])
    assert.match(first ?? "", UUID)
    assert.equal(id([says("Go"), ...step]), first)
    const ofTheHost = [
      says("<system-update>\nThe date has changed.\n</system-update>"),
      says([{ type: "text", text: "Attached media from tool result:" }]),
    ]
    assert.equal(id([says("Go"), ...step, ...ofTheHost]), first)
    for (const words of [
      "The previous response was interrupted. Continue from where you left off without repeating completed content.",
      "The working directory has been changed to /code/x.",
      `<subagent sessionID="ses_2" state="completed" description="Look">\nFound.\n</subagent>`,
      `<shell id="sh_1" state="completed" command="echo '</b>'">\nout\n\nCommand exited with code 0.\n</shell>`,
    ]) {
      assert.equal(id([says("Go"), ...step, answers("Half of"), says(words)]), first)
      assert.notEqual(id([says("Go"), ...step, says(`${words} Why?`)]), first)
    }
    assert.notEqual(id([says("Go"), ...step, says("<system-update>is a tag")]), first)
    assert.notEqual(id([says("Go"), ...step, answers("Done"), says("Go")]), first)
    const picture = [{ type: "image_url", image_url: { url: "data:image/png;base64,iVBORw0KGgo=" } }]
    assert.notEqual(id([says("Go"), ...step, says(picture)]), first)
  })
})

describe("cache points", () => {
  const prompt = { role: "system", content: "x".repeat(8_000) }
  const places = (messages: readonly unknown[], cachePoints = 4): boolean[] =>
    userMessages(stateOf({ messages }, { cachePoints })).map(({ cachePoint }) => cachePoint !== undefined)

  it("stand on the first and the newest message of the user", () => {
    assert.deepEqual(places([prompt, says("Go")]), [true])
    assert.deepEqual(places([prompt, says("Go"), answers("1"), says("2"), answers("3"), says("4")]), [
      true,
      false,
      true,
    ])
  })

  it("stand only where the model takes them, and no more than it takes", () => {
    assert.deepEqual(places([prompt, says("Go"), answers("1"), says("2")], 0), [false, false])
    assert.deepEqual(places([prompt, says("Go"), answers("1"), says("2")], 1), [false, true])
  })

  it("stand only after as much as the service caches", () => {
    assert.deepEqual(places([says("Go"), answers("1"), says("x".repeat(8_000))]), [false, true])
    assert.deepEqual(places([says("Go")]), [false])
  })
})
