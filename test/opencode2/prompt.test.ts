import assert from "node:assert/strict"
import { describe, it } from "node:test"
import * as fc from "fast-check"
import { ChatRequestError } from "../../src/openai/index.ts"
import { readCall } from "../../src/opencode2/prompt.ts"
import { hello } from "./support.ts"

const read = (options: unknown, settings: unknown = {}) =>
  readCall({ modelId: "auto", settings, options, stream: true })
const messagesOf = (...prompt: unknown[]) => read({ prompt }).request.messages

/** Each with the place that the refusal names. */
const ODD: readonly (readonly [options: unknown, place: string])[] = [
  [undefined, "options"],
  [{}, "prompt"],
  [{ prompt: [] }, "prompt"],
  [{ prompt: "Hi" }, "prompt"],
  [{ prompt: [null] }, "prompt[0]"],
  [
    { prompt: [{ role: "assistant", content: [{ type: "tool-call", toolName: "ls", input: 1n }] }] },
    "prompt[0].content[0].input",
  ],
  [{ prompt: [{ role: "wizard", content: [] }] }, "prompt[0].role"],
  [{ prompt: [{ role: "user" }] }, "prompt[0].content"],
  [{ prompt: [{ role: "user", content: [7] }] }, "prompt[0].content[0]"],
  [{ prompt: [{ role: "user", content: [{ type: "hologram" }] }] }, "prompt[0].content[0].type"],
  [{ prompt: [{ role: "user", content: [{ type: "text" }] }] }, "prompt[0].content[0].text"],
  [
    { prompt: [{ role: "user", content: [{ type: "file", mediaType: "image/png" }] }] },
    "prompt[0].content[0]",
  ],
  [{ prompt: [{ role: "system", content: { text: "x" } }] }, "prompt[0].content"],
  [
    { prompt: [{ role: "assistant", content: [{ type: "tool-call", toolCallId: "1" }] }] },
    "prompt[0].content[0].toolName",
  ],
  [{ prompt: [{ role: "tool", content: [{ type: "text", text: "x" }] }] }, "prompt[0].content[0].type"],
  [{ prompt: [{ role: "tool", content: [{ type: "tool-result" }] }] }, "prompt[0].content[0].output"],
  [
    { prompt: [{ role: "tool", content: [{ type: "tool-result", output: { type: "odd" } }] }] },
    "prompt[0].content[0].output.type",
  ],
  [{ ...hello(), tools: {} }, "tools"],
  [{ ...hello(), tools: [{ type: "function" }] }, "tools[0].name"],
]

describe("a prompt of AI SDK v3", () => {
  it("is read in all its forms, in order", () => {
    const messages = messagesOf(
      { role: "system", content: "You help." },
      {
        role: "user",
        content: [
          { type: "text", text: "See " },
          {
            type: "file",
            mediaType: "image/png",
            data: new Uint8Array([0, 1, 2, 3]).subarray(1),
            filename: "a.png",
          },
          { type: "file", mediaType: "image/*", data: "AQID" },
          { type: "file", mediaType: "application/pdf", data: "data:application/pdf;base64,AQID" },
          { type: "file", mediaType: "image/png", data: new URL("https://example.com/a.png") },
          { type: "file", mediaType: "image/png", data: "https://example.com/b.png" },
        ],
      },
      {
        role: "assistant",
        content: [
          { type: "reasoning", text: "Hm.", providerOptions: { kiro: { signature: "c2ln" } } },
          { type: "reasoning", text: "", providerOptions: { kiro: { redacted: "aGlk" } } },
          { type: "reasoning", text: "Foreign.", providerOptions: { anthropic: { signature: "x" } } },
          { type: "text", text: "I look." },
          { type: "tool-call", toolCallId: "t1", toolName: "read", input: { path: "a" } },
          { type: "tool-call", toolCallId: "t2", toolName: "read", input: '{"path":' },
        ],
      },
      {
        role: "tool",
        content: [
          { type: "tool-result", toolCallId: "t1", toolName: "read", output: { type: "text", value: "A" } },
          {
            type: "tool-result",
            toolCallId: "t2",
            toolName: "read",
            output: { type: "error-text", value: "no" },
          },
        ],
      },
    )
    assert.deepEqual(messages, [
      { role: "system", content: [{ type: "text", text: "You help." }] },
      {
        role: "user",
        content: [
          { type: "text", text: "See " },
          { type: "media", url: "data:image/png;base64,AQID", filename: "a.png" },
          { type: "media", url: "data:image/*;base64,AQID" },
          { type: "media", url: "data:application/pdf;base64,AQID" },
          { type: "media", url: "https://example.com/a.png" },
          { type: "media", url: "https://example.com/b.png" },
        ],
      },
      {
        role: "assistant",
        content: [{ type: "text", text: "I look." }],
        reasoning: [{ text: "Hm.", signature: "c2ln" }, { text: "", redacted: "aGlk" }, { text: "Foreign." }],
        toolCalls: [
          { id: "t1", name: "read", arguments: '{"path":"a"}' },
          { id: "t2", name: "read", arguments: '{"path":' },
        ],
      },
      { role: "tool", toolCallId: "t1", content: [{ type: "text", text: "A" }] },
      { role: "tool", toolCallId: "t2", content: [{ type: "text", text: "no" }], isError: true },
    ])
  })

  it("is read with every kind of result", () => {
    const outputs = [
      { type: "json", value: { a: 1 } },
      { type: "error-json", value: { a: 1 } },
      { type: "execution-denied", reason: "Not now." },
      { type: "execution-denied" },
      {
        type: "content",
        value: [
          { type: "text", text: "A" },
          { type: "image-data", data: "AQID", mediaType: "image/png" },
          { type: "file-data", data: "AQID", mediaType: "application/pdf", filename: "a.pdf" },
          { type: "image-url", url: "https://example.com/a.png" },
          { type: "media", data: "AQID", mediaType: "image/gif" },
        ],
      },
    ]
    const content = outputs.map((output) => ({
      type: "tool-result",
      toolCallId: "t",
      toolName: "read",
      output,
    }))
    const results = messagesOf({ role: "tool", content: [...content, { type: "tool-approval-response" }] })
    const json = [{ type: "text", text: '{"a":1}' }]
    assert.deepEqual(results, [
      { role: "tool", toolCallId: "t", content: json },
      { role: "tool", toolCallId: "t", content: json, isError: true },
      { role: "tool", toolCallId: "t", content: [{ type: "text", text: "Not now." }], isError: true },
      { role: "tool", toolCallId: "t", content: [], isError: true },
      {
        role: "tool",
        toolCallId: "t",
        content: [
          { type: "text", text: "A" },
          { type: "media", url: "data:image/png;base64,AQID" },
          { type: "media", url: "data:application/pdf;base64,AQID", filename: "a.pdf" },
          { type: "media", url: "https://example.com/a.png" },
          { type: "media", url: "data:image/gif;base64,AQID" },
        ],
      },
    ])
  })

  it("is read with results that stand in the assistant's own message, and with a part that nobody knows as its JSON", () => {
    const named = { toolCallId: "t", toolName: "read" }
    const value = [{ type: "custom", note: "x" }]
    const messages = messagesOf({
      role: "assistant",
      content: [
        { type: "tool-call", ...named, input: {} },
        { type: "tool-approval-request", approvalId: "a", toolCallId: "t" },
        { type: "tool-result", ...named, output: { type: "content", value } },
      ],
    })
    assert.deepEqual(
      messages.map(({ role, content }) => [role, content]),
      [
        ["assistant", []],
        ["tool", [{ type: "text", text: '{"type":"custom","note":"x"}' }]],
      ],
    )
  })

  it("takes tools, choices and thinking from where the hosts put them", () => {
    const tools = [
      { type: "function", name: "read", description: "Reads.", inputSchema: { type: "object" } },
      { type: "provider", id: "x.search", name: "search", args: {} },
    ]
    const { request, unsupported } = read(
      {
        ...hello(),
        tools,
        toolChoice: { type: "required" },
        maxOutputTokens: 1000,
        responseFormat: { type: "json" },
      },
      { reasoningEffort: "high", thinkingConfig: { thinkingBudget: 8192 } },
    )
    assert.deepEqual(request.tools, [{ name: "read", description: "Reads.", parameters: { type: "object" } }])
    assert.equal(request.maxTokens, 1000)
    assert.equal(request.reasoningEffort, "high")
    assert.equal(request.thinkingBudget, 8192)
    assert.deepEqual(unsupported, ["tool search", "responseFormat", "toolChoice"])
    const one = read({ ...hello(), toolChoice: { type: "tool", toolName: "read" } })
    assert.deepEqual(one.unsupported, ["toolChoice"])
    const asked = { temperature: 0, topP: undefined, topK: 40, stopSequences: ["END"], seed: 1 }
    assert.deepEqual(read({ ...hello(), ...asked }).unsupported, [
      "temperature",
      "topK",
      "stopSequences",
      "seed",
    ])
    assert.deepEqual(read({ ...hello(), stopSequences: [] }).unsupported, [])
    const none = read({ ...hello(), tools, toolChoice: { type: "none" } })
    assert.deepEqual(none.request.tools, [])
    const own = read(
      { ...hello(), providerOptions: { kiro: { thinkingBudget: 16_384 } } },
      { reasoningEffort: "low" },
    )
    assert.equal(own.request.thinkingBudget, 16_384)
    assert.equal(own.request.reasoningEffort, undefined)
  })

  it("thinks as the user's own variant says where the host laid it over ours of the same name", () => {
    const budget = read(hello(), { thinkingBudget: 8192, thinkingConfig: { thinkingBudget: 4000 } })
    assert.equal(budget.request.thinkingBudget, 4000)
    const effort = read(hello(), { reasoningEffort: "high", reasoning_effort: "low" })
    assert.equal(effort.request.reasoningEffort, "low")
  })

  it("finds its own metadata by the name that the host gave the factory", () => {
    const message = {
      role: "assistant",
      content: [
        { type: "reasoning", text: "Hm.", providerOptions: { mine: { signature: "c2ln" }, kiro: {} } },
      ],
    }
    const options = { prompt: [message], providerOptions: { mine: { reasoningEffort: "low" } } }
    const { request } = read(options, { name: "mine" })
    const [first] = request.messages
    assert.deepEqual(first?.role === "assistant" && first.reasoning, [{ text: "Hm.", signature: "c2ln" }])
    assert.equal(request.reasoningEffort, "low")
  })

  it("may hold a call without a name: what a model once wrote stands in every later prompt", () => {
    const call = { type: "tool-call", toolCallId: "t1", toolName: "", input: {} }
    const [first] = messagesOf({ role: "assistant", content: [call] })
    assert.deepEqual(first?.role === "assistant" && first.toolCalls, [
      { id: "t1", name: "", arguments: "{}" },
    ])
  })

  it("is refused with the place where it is odd", () => {
    for (const [options, place] of ODD) {
      assert.throws(
        () => read(options),
        (error) =>
          error instanceof ChatRequestError && error.field === place && error.message.startsWith(place),
        place,
      )
    }
  })

  it("is read or refused, whatever it is, and never changed", () => {
    const part = fc.record(
      {
        type: fc.constantFrom("text", "file", "reasoning", "tool-call", "tool-result", "x"),
        text: fc.anything(),
        data: fc.anything(),
        output: fc.anything(),
        input: fc.anything(),
        toolName: fc.anything(),
        providerOptions: fc.anything(),
      },
      { requiredKeys: ["type"] },
    )
    const message = fc.record({
      role: fc.constantFrom("system", "user", "assistant", "tool"),
      content: fc.oneof(fc.array(part), fc.string(), fc.anything()),
    })
    fc.assert(
      fc.property(fc.array(message, { minLength: 1 }), fc.anything(), (prompt, settings) => {
        try {
          read({ prompt }, settings)
        } catch (error) {
          if (!(error instanceof ChatRequestError)) throw error
        }
      }),
    )
  })
})
