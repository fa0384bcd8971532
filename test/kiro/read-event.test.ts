import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { createMessageDecoder, type EventStreamMessage } from "../../src/eventstream/index.ts"
import { readKiroEvent } from "../../src/kiro/index.ts"
import { EXCEPTION_MESSAGE, TEXT_MESSAGE, TOOL_STOP_MESSAGE, WHOLE_ANSWER } from "../eventstream/vectors.ts"
import { errorFrame, eventFrame, exceptionFrame, frame } from "../support/fake-kiro/index.ts"

describe("reading an event", () => {
  it("reads the recorded messages", () => {
    assert.deepEqual(read(TEXT_MESSAGE), { type: "assistantResponseEvent", content: "Hi" })
    assert.deepEqual(read(TOOL_STOP_MESSAGE), {
      type: "toolUseEvent",
      toolUseId: "tooluse_abc",
      name: "read_file",
      stop: true,
    })
    assert.deepEqual(
      readAll(WHOLE_ANSWER).map((event) => (event.type === "failure" ? event.failure : event.type)),
      [
        "unknown",
        "reasoningContentEvent",
        "reasoningContentEvent",
        "assistantResponseEvent",
        "assistantResponseEvent",
        ...Array.from({ length: 6 }, () => "toolUseEvent"),
        "metadataEvent",
        "contextUsageEvent",
        "meteringEvent",
      ],
    )
  })

  it("skips an event that nobody knows, whatever its payload is", () => {
    const strange = frame({ ":event-type": "hologramEvent", ":message-type": "event" }, "\u0000not JSON")
    assert.deepEqual(read(strange), { type: "unknown" })
    const followup = eventFrame("followupPromptEvent", {
      followupPrompt: { content: "no text of the answer" },
    })
    assert.deepEqual(read(followup), { type: "unknown" })
    assert.deepEqual(read(eventFrame("initial-response", {})), { type: "unknown" })
  })

  it("takes no words out of what is no part of the answer", () => {
    const words = { content: "ghost", text: "ghost", message: "ghost" }
    for (const [type, payload] of [
      ["messageMetadataEvent", { conversationId: "c", utteranceId: "u" }],
      ["codeReferenceEvent", { references: [{ repository: "r", ...words }] }],
      ["supplementaryWebLinksEvent", { supplementaryWebLinks: [{ url: "u", title: "t", ...words }] }],
      ["followupPromptEvent", { followupPrompt: words }],
      ["intentsEvent", { intents: { SUPPORT: words } }],
      ["interactionComponentsEvent", { interactionComponentEntries: [{ text: words }] }],
      ["toolResultEvent", { toolResult: { toolUseId: "t", content: [words] } }],
      ["citationEvent", { target: { location: 1 }, citationText: "ghost", citationLink: "l" }],
      ["documentCitationEvent", { source: "s", sourceContent: [words] }],
      ["dryRunSucceedEvent", {}],
      ["metricsEvent", words],
    ] as const)
      assert.deepEqual(read(eventFrame(type, payload)), { type: "unknown" }, type)
  })

  it("takes an object as tool input for its JSON text", () => {
    const call = { toolUseId: "t", name: "read", stop: true }
    assert.deepEqual(read(eventFrame("toolUseEvent", { ...call, input: { path: "a" } })), {
      type: "toolUseEvent",
      ...call,
      input: '{"path":"a"}',
    })
    for (const input of [null, {}])
      assert.deepEqual(read(eventFrame("toolUseEvent", { ...call, input })), {
        type: "toolUseEvent",
        ...call,
      })
  })

  it("reads the token counts, and knows what was not told of the cache from none", () => {
    assert.deepEqual(
      read(
        eventFrame("metadataEvent", {
          stopReason: "END_TURN",
          tokenUsage: { uncachedInputTokens: 7, outputTokens: 3, totalTokens: 10, cacheReadInputTokens: 0 },
        }),
      ),
      {
        type: "metadataEvent",
        stopReason: "END_TURN",
        tokenUsage: {
          uncachedInputTokens: 7,
          outputTokens: 3,
          cacheReadInputTokens: 0,
        },
      },
    )
    assert.deepEqual(read(eventFrame("metadataEvent", {})), { type: "metadataEvent" })
  })

  it("reads exceptions, whatever the case of their first letter", () => {
    assert.deepEqual(failureOf(EXCEPTION_MESSAGE), {
      kind: "service-error",
      status: 500,
      code: "InternalServerException",
      message: "boom",
    })
    for (const name of ["throttlingException", "ThrottlingException"]) {
      assert.equal(failureOf(exceptionFrame(name, { message: "slow down" }))?.kind, "throttled")
    }
    const overflow = exceptionFrame("ContentLengthExceededException", { message: "too long" })
    assert.equal(failureOf(overflow)?.kind, "input-too-long")
    const quota = exceptionFrame("ThrottlingException", { message: "x", reason: "MONTHLY_REQUEST_COUNT" })
    assert.equal(failureOf(quota)?.kind, "monthly-quota")
  })

  it("reads unmodelled errors from their headers", () => {
    const failure = failureOf(errorFrame("InternalFailure", "it broke"))
    assert.equal(failure?.kind, "service-error")
    assert.equal(failure?.message, "it broke")
  })

  it("surfaces an invalid state as a failure", () => {
    const failure = failureOf(
      eventFrame("invalidStateEvent", { reason: "SOMETHING", message: "no such plan" }),
    )
    assert.equal(failure?.kind, "invalid-state")
    assert.equal(failure?.message, "no such plan")
  })

  it("takes an event that is an error for the failure that it names", () => {
    const failure = failureOf(
      eventFrame("error", { message: "busy", reason: "MODEL_TEMPORARILY_UNAVAILABLE" }),
    )
    assert.equal(failure?.kind, "capacity")
    assert.equal(failureOf(eventFrame("error", { message: "boom" }))?.kind, "service-error")
  })

  it("takes an event without a payload for one that says nothing", () => {
    const empty = (eventType: string): Uint8Array =>
      frame({ ":event-type": eventType, ":message-type": "event" }, "")
    assert.deepEqual(read(empty("assistantResponseEvent")), { type: "assistantResponseEvent", content: "" })
    assert.deepEqual(read(empty("metadataEvent")), { type: "metadataEvent" })
    assert.equal(failureOf(empty("toolUseEvent"))?.kind, "corrupt-stream")
  })

  it("takes a piece of a tool use without its name", () => {
    assert.deepEqual(read(eventFrame("toolUseEvent", { toolUseId: "t", input: "{", stop: false })), {
      type: "toolUseEvent",
      toolUseId: "t",
      name: "",
      input: "{",
      stop: false,
    })
  })

  it("takes what can't be an answer's message for a corrupt stream", () => {
    for (const message of [
      frame({ ":event-type": "assistantResponseEvent", ":message-type": "telegram" }, "{}"),
      frame({ ":event-type": "assistantResponseEvent" }, "{}"),
      frame({ ":event-type": "assistantResponseEvent", ":message-type": "event" }, '{"content":'),
      frame({ ":event-type": "assistantResponseEvent", ":message-type": "event" }, "[]"),
      eventFrame("toolUseEvent", { name: "read", stop: false }),
    ]) {
      assert.equal(failureOf(message)?.kind, "corrupt-stream")
    }
  })
})

type Reading = ReturnType<typeof readKiroEvent>

function readAll(bytes: Uint8Array): Reading[] {
  return Array.from(createMessageDecoder().push(bytes), (message: EventStreamMessage) =>
    readKiroEvent(message),
  )
}

function read(bytes: Uint8Array): Reading {
  const [event, ...others] = readAll(bytes)
  assert.ok(event !== undefined && others.length === 0)
  return event
}

function failureOf(bytes: Uint8Array): Extract<Reading, { type: "failure" }>["failure"] | undefined {
  const event = read(bytes)
  return event.type === "failure" ? event.failure : undefined
}
