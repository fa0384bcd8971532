import { GIF, tool, toolLoop, toolsOf } from "../known-good.ts"
import { SIGNED, REDACTED, current, opus, lastAssistant, image, document, pngOf, type Case } from "./case.ts"

export const GOOD: readonly Case[] = [
  { name: "a plain message", change: () => {} },
  { name: "a tool loop with an image", from: toolLoop, change: () => {} },
  { name: "tool results beside text", from: toolLoop, change: (body) => (current(body).content = "go on") },
  {
    name: "an assistant turn that is only tool uses",
    from: toolLoop,
    change: (body) => (lastAssistant(body)["content"] = ""),
  },
  {
    name: "an image without a word",
    change: (body) => Object.assign(current(body), { content: "", images: [image()] }),
  },
  {
    name: "an image in the history",
    from: toolLoop,
    change: (body) => {
      const first = body.conversationState.history[0]?.userInputMessage
      if (first) first.images = [image("gif", GIF)]
    },
  },
  {
    name: "two documents",
    change: (body) => (current(body).documents = [document("report 1"), document("report-2")]),
  },
  {
    name: "cache points on messages",
    from: toolLoop,
    change: (body) => {
      current(body).cachePoint = { type: "default" }
      lastAssistant(body)["cachePoint"] = { type: "default" }
    },
  },
  {
    name: "reasoning with its own signature",
    from: toolLoop,
    change: (body) => {
      opus(body)
      lastAssistant(body)["reasoningContent"] = { reasoningText: SIGNED }
    },
  },
  {
    name: "redacted reasoning that was sent",
    from: toolLoop,
    change: (body) => {
      opus(body)
      lastAssistant(body)["reasoningContent"] = { redactedContent: REDACTED }
    },
  },
  {
    name: "fields that the model's schema lists",
    change: (body) => {
      opus(body)
      body["additionalModelRequestFields"] = {
        thinking: { type: "adaptive", display: "summarized" },
        output_config: { effort: "max" },
        max_tokens: 32_000,
      }
    },
  },
  { name: "an optional member that is null", change: (body) => (body["profileArn"] = null) },
  {
    name: "a body without history",
    change: (body) => Reflect.deleteProperty(body.conversationState, "history"),
  },
  {
    name: "a schema with unions, definitions and constants",
    from: toolLoop,
    change: (body) => {
      toolsOf(body)[0] = tool("read_file", {
        inputSchema: {
          json: {
            $schema: "https://json-schema.org/draft/2020-12/schema",
            type: "object",
            additionalProperties: false,
            properties: {
              required: { type: "string", enum: ["a", null], default: null },
              type: { anyOf: [{ type: "string" }, { type: "null" }] },
              deep: { type: "array", items: { $ref: "#/$defs/x" } },
            },
            required: [],
            $defs: { x: { const: 1 } },
          },
        },
      })
    },
  },
  {
    name: "a tool name of 64 characters",
    from: toolLoop,
    change: (body) => toolsOf(body).push(tool(`t${"-".repeat(63)}`)),
  },
  {
    name: "a description of 10 240 bytes",
    from: toolLoop,
    change: (body) => toolsOf(body).push(tool("t", { description: "d".repeat(10_240) })),
  },
  {
    name: "twenty images",
    change: (body) => (current(body).images = Array.from({ length: 20 }, () => image("png", pngOf(4000)))),
  },
  {
    name: "a million-token model with a long message",
    change: (body) => {
      opus(body)
      current(body).content = "x".repeat(3_000_000)
    },
  },
]
