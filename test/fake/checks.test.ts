import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { checkChatRequest, FAKE_MODELS, type CheckContext } from "../support/fake-kiro/index.ts"
import {
  assistant,
  contextOf,
  GIF,
  plain,
  PNG,
  tool,
  toolLoop,
  toolResult,
  toolsOf,
  toolUse,
  user,
  type Body,
} from "./known-good.ts"

const SIGNED = { signature: "EqQBCkYIBxgCKkA=", text: "I need both files." }
const REDACTED = "LktUUn5+AAAA"

const context: CheckContext = {
  models: FAKE_MODELS,
  knowsSignature: (reasoning, modelId) =>
    modelId === "claude-opus-4.6" &&
    ("redactedContent" in reasoning
      ? reasoning.redactedContent === REDACTED
      : reasoning.signature === SIGNED.signature && reasoning.text === SIGNED.text),
}

const BODY_INVALID = "REQUEST_BODY_INVALID"
const MISMATCH = "TOOL_USE_RESULT_MISMATCH"
/** "Improperly formed request." with `reason: null`. */
const IMPROPER = null

interface Case {
  readonly name: string
  readonly from?: () => Body
  readonly change: (body: Body) => void
}

interface Broken extends Case {
  readonly reason: string | null
}

const current = (body: Body): Body["conversationState"]["currentMessage"]["userInputMessage"] =>
  body.conversationState.currentMessage.userInputMessage
const opus = (body: Body): void => {
  for (const { userInputMessage } of [
    ...body.conversationState.history,
    body.conversationState.currentMessage,
  ])
    if (userInputMessage) userInputMessage.modelId = "claude-opus-4.6"
}
const lastAssistant = (body: Body): Record<string, unknown> =>
  body.conversationState.history.at(-1)?.assistantResponseMessage ?? {}
const image = (format = "png", bytes = PNG): object => ({ format, source: { bytes } })
const document = (name: string): object => ({ name, format: "pdf", source: { bytes: "JVBERi0xLjQK" } })
const manyMessages = (count: number): Body["conversationState"]["history"] =>
  Array.from({ length: count }, (_, index) => (index % 2 === 0 ? user("u") : assistant("a")))

function pngOf(width: number): string {
  const bytes = Buffer.from(PNG, "base64")
  bytes.writeUInt32BE(width, 16)
  return bytes.toString("base64")
}

const GOOD: readonly Case[] = [
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

const BROKEN: readonly Broken[] = [
  // Shape: members, types, enumerations, unions.
  {
    name: "no conversation",
    reason: BODY_INVALID,
    change: (body) => Reflect.deleteProperty(body, "conversationState"),
  },
  {
    name: "no trigger",
    reason: BODY_INVALID,
    change: (body) => Reflect.deleteProperty(body.conversationState, "chatTriggerType"),
  },
  {
    name: "the trigger AUTO",
    reason: BODY_INVALID,
    change: (body) => (body.conversationState.chatTriggerType = "AUTO"),
  },
  {
    name: "an origin that is none",
    reason: BODY_INVALID,
    change: (body) => (current(body).origin = "OPENCODE"),
  },
  {
    name: "a member that is none",
    reason: BODY_INVALID,
    change: (body) => (body.conversationState["system"] = "You are"),
  },
  {
    name: "an inference configuration",
    reason: BODY_INVALID,
    change: (body) => (body["inferenceConfig"] = { temperature: 1 }),
  },
  {
    name: "the agent mode in the body",
    reason: BODY_INVALID,
    change: (body) => (body["agentMode"] = "vibe"),
  },
  {
    name: "content that is no text",
    reason: BODY_INVALID,
    change: (body) => (current(body).content = ["Hello"]),
  },
  {
    name: "a null where a text must be",
    reason: BODY_INVALID,
    change: (body) => (current(body).content = null),
  },
  { name: "a null in a list", reason: BODY_INVALID, change: (body) => (current(body).images = [null]) },
  {
    name: "a message of both roles",
    from: toolLoop,
    reason: BODY_INVALID,
    change: (body) => Object.assign(body.conversationState.history[0] ?? {}, assistant("and")),
  },
  {
    name: "a message of no role",
    from: toolLoop,
    reason: BODY_INVALID,
    change: (body) => (body.conversationState.history[0] = {}),
  },
  {
    name: "an assistant's message as the current one",
    reason: BODY_INVALID,
    change: (body) => Object.assign(body.conversationState, { currentMessage: assistant("me") }),
  },
  {
    name: "an image format that is none",
    reason: BODY_INVALID,
    change: (body) => (current(body).images = [image("jpg")]),
  },
  {
    name: "bytes that are not base64",
    reason: BODY_INVALID,
    change: (body) => (current(body).images = [image("png", "data:image/png;base64,xx")]),
  },
  {
    name: "a status that is none",
    from: toolLoop,
    reason: BODY_INVALID,
    change: (body) =>
      Object.assign(contextOf(body)["toolResults"] as object[], {
        0: { ...toolResult("tooluse_9xYpQ2kLRr6"), status: "ok" },
      }),
  },
  {
    name: "tool input that is a text",
    from: toolLoop,
    reason: BODY_INVALID,
    change: (body) =>
      (lastAssistant(body)["toolUses"] = [
        toolUse("tooluse_9xYpQ2kLRr6", "read_file", "{}"),
        toolUse("tooluse_Vb31xTT0aaZ", "list_dir"),
      ]),
  },
  {
    name: "tool input that is null",
    from: toolLoop,
    reason: BODY_INVALID,
    change: (body) =>
      (lastAssistant(body)["toolUses"] = [
        toolUse("tooluse_9xYpQ2kLRr6", "read_file", null),
        toolUse("tooluse_Vb31xTT0aaZ", "list_dir"),
      ]),
  },
  // Text.
  {
    name: "half a surrogate pair",
    reason: "REQUEST_BODY_INVALID_JSON",
    change: (body) => (current(body).content = "a\ud83d"),
  },
  // Identity.
  {
    name: "a conversation id that is no UUID",
    reason: "INVALID_CONVERSATION_ID",
    change: (body) => (body.conversationState.conversationId = "ses_1"),
  },
  { name: "an empty model id", reason: "INVALID_MODEL_ID", change: (body) => (current(body).modelId = "") },
  {
    name: "a model with dashes for dots",
    reason: "INVALID_MODEL_ID",
    change: (body) => (current(body).modelId = "claude-sonnet-4-5"),
  },
  {
    name: "an unknown model in the history",
    from: toolLoop,
    reason: "INVALID_MODEL_ID",
    change: (body) => (body.conversationState.history[0] = user("a", { modelId: "gpt-2" })),
  },
  // Order and content of turns.
  {
    name: "a history that begins with the assistant",
    reason: IMPROPER,
    change: (body) => (body.conversationState.history = [assistant("a"), user("u")]),
  },
  {
    name: "two users in a row",
    reason: IMPROPER,
    change: (body) => (body.conversationState.history = [user("a"), user("b"), user("c"), assistant("d")]),
  },
  {
    name: "two assistants in a row",
    reason: IMPROPER,
    change: (body) =>
      (body.conversationState.history = [user("a"), assistant("b"), assistant("c"), assistant("d")]),
  },
  {
    name: "a history that ends with the user",
    reason: IMPROPER,
    change: (body) => (body.conversationState.history = [user("a")]),
  },
  {
    name: "a history of more than 10 000 messages",
    reason: IMPROPER,
    change: (body) => (body.conversationState.history = manyMessages(10_002)),
  },
  {
    name: "tools in the history",
    from: toolLoop,
    reason: IMPROPER,
    change: (body) =>
      (body.conversationState.history[0] = user("a", { userInputMessageContext: { tools: [tool("x")] } })),
  },
  { name: "an empty message", reason: IMPROPER, change: (body) => (current(body).content = "") },
  { name: "a message of whitespace", reason: IMPROPER, change: (body) => (current(body).content = " \n\t") },
  {
    name: "an assistant turn that says nothing",
    reason: IMPROPER,
    change: (body) => (body.conversationState.history = [user("a"), assistant("")]),
  },
  {
    name: "a directory of 257 characters",
    from: toolLoop,
    reason: IMPROPER,
    change: (body) => (contextOf(body)["envState"] = { currentWorkingDirectory: "d".repeat(257) }),
  },
  // Pairing.
  {
    name: "a use without its result",
    from: toolLoop,
    reason: MISMATCH,
    change: (body) => (contextOf(body)["toolResults"] = [toolResult("tooluse_9xYpQ2kLRr6")]),
  },
  {
    name: "a result without its use",
    from: toolLoop,
    reason: MISMATCH,
    change: (body) => (contextOf(body)["toolResults"] as object[]).push(toolResult("tooluse_none")),
  },
  {
    name: "a result twice",
    from: toolLoop,
    reason: MISMATCH,
    change: (body) => (contextOf(body)["toolResults"] as object[]).push(toolResult("tooluse_9xYpQ2kLRr6")),
  },
  {
    name: "a result in the first message",
    reason: MISMATCH,
    change: (body) => (contextOf(body)["toolResults"] = [toolResult("tooluse_A")]),
  },
  {
    name: "a result that comes a turn late",
    from: toolLoop,
    reason: MISMATCH,
    change: (body) => body.conversationState.history.push(user("wait"), assistant("waiting")),
  },
  // Declarations.
  {
    name: "tools in the history and none declared",
    from: toolLoop,
    reason: IMPROPER,
    change: (body) => Reflect.deleteProperty(contextOf(body), "tools"),
  },
  {
    name: "a used tool that is not declared",
    from: toolLoop,
    reason: "TOOL_CONFIG_MISSING",
    change: (body) => toolsOf(body).pop(),
  },
  {
    name: "a cache point among the tools",
    from: toolLoop,
    reason: IMPROPER,
    change: (body) => toolsOf(body).push({ cachePoint: { type: "default" } }),
  },
  {
    name: "1 400 tools",
    from: toolLoop,
    reason: BODY_INVALID,
    change: (body) => toolsOf(body).push(...Array.from({ length: 1398 }, (_, index) => tool(`t${index}`))),
  },
  {
    name: "two megabytes of tools",
    from: toolLoop,
    reason: BODY_INVALID,
    change: (body) =>
      toolsOf(body).push(
        ...Array.from({ length: 200 }, (_, index) => tool(`t${index}`, { description: "d".repeat(10_200) })),
      ),
  },
  {
    name: "the same name twice",
    from: toolLoop,
    reason: "TOOL_DUPLICATE",
    change: (body) => toolsOf(body).push(tool("list_dir")),
  },
  {
    name: "the same name in another case",
    from: toolLoop,
    reason: "TOOL_DUPLICATE",
    change: (body) => toolsOf(body).push(tool("List_Dir")),
  },
  {
    name: "a tool name of 65 characters",
    from: toolLoop,
    reason: "TOOL_SCHEMA_INVALID",
    change: (body) => toolsOf(body).push(tool("t".repeat(65))),
  },
  {
    name: "a tool name that begins with a digit",
    from: toolLoop,
    reason: "TOOL_SCHEMA_INVALID",
    change: (body) => toolsOf(body).push(tool("3d")),
  },
  {
    name: "a tool name with a dot",
    from: toolLoop,
    reason: "TOOL_SCHEMA_INVALID",
    change: (body) => toolsOf(body).push(tool("a.b")),
  },
  {
    name: "an empty description",
    from: toolLoop,
    reason: IMPROPER,
    change: (body) => toolsOf(body).push(tool("t", { description: "" })),
  },
  {
    name: "no description",
    from: toolLoop,
    reason: IMPROPER,
    change: (body) => toolsOf(body).push(tool("t", { description: null })),
  },
  {
    name: "a description of 10 241 bytes",
    from: toolLoop,
    reason: IMPROPER,
    change: (body) => toolsOf(body).push(tool("t", { description: `${"d".repeat(10_239)}é` })),
  },
  {
    name: "a schema that is a text",
    from: toolLoop,
    reason: IMPROPER,
    change: (body) => toolsOf(body).push(tool("t", { inputSchema: { json: "object" } })),
  },
  {
    name: "a schema of a string",
    from: toolLoop,
    reason: "TOOL_SCHEMA_INVALID",
    change: (body) => toolsOf(body).push(tool("t", { inputSchema: { json: { type: "string" } } })),
  },
  {
    name: "a schema without a type",
    from: toolLoop,
    reason: "TOOL_SCHEMA_INVALID",
    change: (body) => toolsOf(body).push(tool("t", { inputSchema: { json: { properties: {} } } })),
  },
  {
    name: "properties that are null",
    from: toolLoop,
    reason: IMPROPER,
    change: (body) =>
      toolsOf(body).push(tool("t", { inputSchema: { json: { type: "object", properties: null } } })),
  },
  {
    name: "a null deep inside a schema",
    from: toolLoop,
    reason: IMPROPER,
    change: (body) =>
      toolsOf(body).push(
        tool("t", {
          inputSchema: {
            json: {
              type: "object",
              properties: { a: { type: "array", items: { type: "object", required: null } } },
            },
          },
        }),
      ),
  },
  {
    name: "a tool use id of 65 characters",
    from: toolLoop,
    reason: BODY_INVALID,
    change: (body) => renameToolUse(body, "t".repeat(65)),
  },
  {
    name: "a tool use id with a colon",
    from: toolLoop,
    reason: BODY_INVALID,
    change: (body) => renameToolUse(body, "call:1"),
  },
  {
    name: "an empty tool use id",
    from: toolLoop,
    reason: BODY_INVALID,
    change: (body) => renameToolUse(body, ""),
  },
  {
    name: "tool input that is a list",
    from: toolLoop,
    reason: BODY_INVALID,
    change: (body) =>
      (lastAssistant(body)["toolUses"] = [
        toolUse("tooluse_9xYpQ2kLRr6", "read_file", []),
        toolUse("tooluse_Vb31xTT0aaZ", "list_dir"),
      ]),
  },
  {
    name: "five cache points",
    reason: IMPROPER,
    change: (body) =>
      (body.conversationState.history = manyMessages(10).map((message) => ({
        ...message,
        ...(message.userInputMessage && user("u", { cachePoint: { type: "default" } })),
      }))),
  },
  {
    name: "a cache point for a model that caches nothing",
    reason: IMPROPER,
    change: (body) => Object.assign(current(body), { modelId: "glm-5", cachePoint: { type: "default" } }),
  },
  // Media.
  {
    name: "an image over 5 MiB of base64",
    reason: "IMAGE_SIZE_EXCEEDED",
    change: (body) =>
      (current(body).images = [image("png", PNG.replace(/=*$/, "").slice(0, 92) + "A".repeat(5_242_880))]),
  },
  {
    name: "a GIF that is called PNG",
    reason: "IMAGE_MIME_MISMATCH",
    change: (body) => (current(body).images = [image("png", GIF)]),
  },
  {
    name: "bytes that are no image",
    reason: "IMAGE_FORMAT_UNSUPPORTED",
    change: (body) => (current(body).images = [image("png", "AAAA")]),
  },
  {
    name: "an image for a model that takes text",
    reason: "IMAGE_FORMAT_UNSUPPORTED",
    change: (body) => Object.assign(current(body), { modelId: "glm-5", images: [image()] }),
  },
  {
    name: "101 images",
    reason: "IMAGE_COUNT_EXCEEDED",
    change: (body) => (current(body).images = Array.from({ length: 101 }, () => image())),
  },
  {
    name: "a side over 2 000 pixels among 21 images",
    reason: "IMAGE_DIMENSION_EXCEEDED",
    change: (body) =>
      (current(body).images = [image("png", pngOf(2001)), ...Array.from({ length: 20 }, () => image())]),
  },
  {
    name: "101 documents",
    reason: "DOCUMENT_COUNT_EXCEEDED",
    change: (body) =>
      (current(body).documents = Array.from({ length: 101 }, (_, index) => document(`d${index}`))),
  },
  {
    name: "two documents of one name",
    reason: "DOCUMENT_DUPLICATE_NAME",
    change: (body) => (current(body).documents = [document("a"), document("a")]),
  },
  {
    name: "a document name with a dot",
    reason: IMPROPER,
    change: (body) => (current(body).documents = [document("a.pdf")]),
  },
  {
    name: "a document for a model that takes none",
    reason: "DOCUMENT_MODEL_NOT_SUPPORTED",
    change: (body) =>
      Object.assign(current(body), { modelId: "claude-haiku-4.5", documents: [document("a")] }),
  },
  // Size.
  {
    name: "a prompt over the window",
    reason: "CONTENT_LENGTH_EXCEEDS_THRESHOLD",
    change: (body) =>
      (body.conversationState.history = [user("x".repeat(500_000)), assistant("x".repeat(400_000))]),
  },
  {
    name: "a user message over 600 000 characters",
    reason: "CONTENT_LENGTH_EXCEEDS_THRESHOLD",
    change: (body) => (current(body).content = "x".repeat(600_001)),
  },
  {
    name: "a tool result over 800 000 characters",
    from: toolLoop,
    reason: "CONTENT_LENGTH_EXCEEDS_THRESHOLD",
    change: (body) =>
      Object.assign(contextOf(body)["toolResults"] as object[], {
        0: { ...toolResult("tooluse_9xYpQ2kLRr6"), content: [{ text: "x".repeat(800_000) }] },
      }),
  },
  // Fields of the model.
  {
    name: "native fields for a model that takes none",
    reason: BODY_INVALID,
    change: (body) => (body["additionalModelRequestFields"] = { thinking: { type: "adaptive" } }),
  },
  {
    name: "the fields of another family",
    reason: BODY_INVALID,
    change: (body) => {
      opus(body)
      body["additionalModelRequestFields"] = { reasoning: { effort: "high" } }
    },
  },
  {
    name: "an effort that the model lacks",
    reason: BODY_INVALID,
    change: (body) => {
      opus(body)
      body["additionalModelRequestFields"] = { output_config: { effort: "xhigh" } }
    },
  },
  {
    name: "thinking without its type",
    reason: BODY_INVALID,
    change: (body) => {
      opus(body)
      body["additionalModelRequestFields"] = { thinking: { display: "summarized" } }
    },
  },
  {
    name: "too many output tokens",
    reason: BODY_INVALID,
    change: (body) => {
      opus(body)
      body["additionalModelRequestFields"] = { max_tokens: 64_001 }
    },
  },
  // Reasoning.
  {
    name: "a signature that nobody gave",
    from: toolLoop,
    reason: "THINKING_SIGNATURE_INVALID",
    change: (body) => {
      opus(body)
      lastAssistant(body)["reasoningContent"] = { reasoningText: { ...SIGNED, signature: "Eq" } }
    },
  },
  {
    name: "reasoning whose text was changed",
    from: toolLoop,
    reason: "THINKING_SIGNATURE_INVALID",
    change: (body) => {
      opus(body)
      lastAssistant(body)["reasoningContent"] = { reasoningText: { ...SIGNED, text: "I need" } }
    },
  },
  {
    name: "reasoning without a signature",
    from: toolLoop,
    reason: "THINKING_SIGNATURE_INVALID",
    change: (body) => {
      opus(body)
      lastAssistant(body)["reasoningContent"] = { reasoningText: { text: SIGNED.text } }
    },
  },
  {
    name: "the signature of another model",
    from: toolLoop,
    reason: "THINKING_SIGNATURE_INVALID",
    change: (body) => (lastAssistant(body)["reasoningContent"] = { reasoningText: SIGNED }),
  },
  {
    name: "a redacted blob that nobody gave",
    from: toolLoop,
    reason: "THINKING_SIGNATURE_INVALID",
    change: (body) => {
      opus(body)
      lastAssistant(body)["reasoningContent"] = { redactedContent: "AAAA" }
    },
  },
]

/** One tool use id, in the call and in its result. */
function renameToolUse(body: Body, toolUseId: string): void {
  lastAssistant(body)["toolUses"] = [toolUse(toolUseId)]
  contextOf(body)["toolResults"] = [toolResult(toolUseId)]
}

describe("the checks of the fake", () => {
  for (const { name, from = plain, change } of GOOD)
    it(`take ${name}`, () => {
      const body = from()
      change(body)
      assert.equal(checkChatRequest(body, context), undefined)
    })

  for (const { name, from = plain, change, reason } of BROKEN)
    it(`refuse ${name} with ${reason ?? "Improperly formed request."}`, () => {
      const body = from()
      change(body)
      const refusal = checkChatRequest(body, context)
      assert.deepEqual(
        { status: refusal?.status, type: refusal?.type, reason: refusal?.reason },
        { status: 400, type: "ValidationException", reason },
      )
      assert.equal(refusal?.message === "Improperly formed request.", reason === IMPROPER)
    })

  it("refuse a body that is not JSON", () => {
    assert.equal(checkChatRequest(undefined, context)?.reason, "REQUEST_BODY_INVALID_JSON")
  })

  it("refuse JSON that is no object", () => {
    for (const body of [null, [], 1, "x"]) assert.equal(checkChatRequest(body, context)?.reason, BODY_INVALID)
  })

  it("say what a mismatch of tools is in the service's words", () => {
    const body = toolLoop()
    contextOf(body)["toolResults"] = [toolResult("tooluse_9xYpQ2kLRr6")]
    assert.equal(
      checkChatRequest(body, context)?.message,
      "Bedrock error message: messages.2: `tool_use` ids were found without `tool_result` blocks immediately after: tooluse_Vb31xTT0aaZ",
    )
  })
})
