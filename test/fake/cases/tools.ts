import { assistant, contextOf, tool, toolLoop, toolResult, toolsOf, toolUse, user } from "../known-good.ts"
import {
  IMPROPER,
  BODY_INVALID,
  current,
  lastAssistant,
  manyMessages,
  renameToolUse,
  type Broken,
} from "./case.ts"

const MISMATCH = "TOOL_USE_RESULT_MISMATCH"

export const BROKEN_TOOLS: readonly Broken[] = [
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
]
