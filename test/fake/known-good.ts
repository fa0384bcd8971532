/** Requests that the service takes, as plain documents to be broken one rule at a time. */

import { PNG } from "../support/pixel.ts"

export const GIF = "R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"

export interface Message {
  content: unknown
  modelId?: unknown
  origin?: unknown
  images?: unknown
  documents?: unknown
  cachePoint?: unknown
  userInputMessageContext?: { toolResults?: unknown[]; tools?: unknown; envState?: Record<string, unknown> }
}

export interface Body {
  conversationState: {
    chatTriggerType: unknown
    conversationId?: unknown
    history: { userInputMessage?: Message; assistantResponseMessage?: Record<string, unknown> }[]
    currentMessage: { userInputMessage: Message }
    [member: string]: unknown
  }
  [member: string]: unknown
}

export function user(content: unknown, more: Partial<Message> = {}): { userInputMessage: Message } {
  return { userInputMessage: { content, modelId: "claude-sonnet-4.5", origin: "AI_EDITOR", ...more } }
}

export function assistant(
  content: unknown,
  more: Record<string, unknown> = {},
): { assistantResponseMessage: Record<string, unknown> } {
  return { assistantResponseMessage: { content, ...more } }
}

export const toolUse = (toolUseId: string, name = "read_file", input: unknown = {}): object => ({
  toolUseId,
  name,
  input,
})

export const toolResult = (toolUseId: string): object => ({
  toolUseId,
  status: "success",
  content: [{ text: "done" }],
})

export const tool = (name: string, more: Record<string, unknown> = {}): object => ({
  toolSpecification: {
    name,
    description: `The tool ${name}`,
    inputSchema: { json: { type: "object", properties: {} } },
    ...more,
  },
})

export function plain(): Body {
  return {
    conversationState: {
      chatTriggerType: "MANUAL",
      conversationId: "c0ffee00-1111-4222-8333-444455556666",
      history: [],
      currentMessage: user("Hello"),
    },
  }
}

/** System prompt, history with two tool calls, their results, an image. */
export function toolLoop(): Body {
  return {
    conversationState: {
      chatTriggerType: "MANUAL",
      conversationId: "c0ffee00-1111-4222-8333-444455556666",
      agentContinuationId: "5a0e3f0c-0c3e-4f5b-9c9f-5d0a6f1b2c33",
      agentTaskType: "vibe",
      history: [
        user("You are a terse coding agent.\n\nWhat does src/a.ts export?"),
        assistant("Let me look.", {
          messageId: "7b0e3c1e-5d53-4b52-9c57-0d1f8b9a1c22",
          toolUses: [
            toolUse("tooluse_9xYpQ2kLRr6", "read_file", { path: "src/a.ts" }),
            toolUse("tooluse_Vb31xTT0aaZ", "list_dir"),
          ],
        }),
      ],
      currentMessage: user("", {
        images: [{ format: "png", source: { bytes: PNG } }],
        userInputMessageContext: {
          envState: {
            operatingSystem: "linux",
            currentWorkingDirectory: "/home/u/proj",
            environmentVariables: [],
          },
          toolResults: [
            toolResult("tooluse_9xYpQ2kLRr6"),
            { toolUseId: "tooluse_Vb31xTT0aaZ", status: "error", content: [{ json: { error: "EACCES" } }] },
          ],
          tools: [
            tool("read_file", {
              inputSchema: {
                json: { type: "object", properties: { path: { type: "string" } }, required: ["path"] },
              },
            }),
            tool("list_dir"),
          ],
        },
      }),
    },
    profileArn: "arn:aws:codewhisperer:us-east-1:699475941385:profile/EHGA3GRVQMUK",
  }
}

/** The tools of the current message, to be changed. */
export function toolsOf(body: Body): unknown[] {
  return contextOf(body)["tools"] as unknown[]
}

/** The context of the current message, to be changed. */
export function contextOf(body: Body): Record<string, unknown> {
  const message = body.conversationState.currentMessage.userInputMessage
  message.userInputMessageContext ??= {}
  return message.userInputMessageContext as Record<string, unknown>
}
