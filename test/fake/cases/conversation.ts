import { assistant, contextOf, tool, toolLoop, toolResult, toolUse, user } from "../known-good.ts"
import { IMPROPER, BODY_INVALID, current, lastAssistant, image, manyMessages, type Broken } from "./case.ts"

export const BROKEN_CONVERSATIONS: readonly Broken[] = [
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
]
