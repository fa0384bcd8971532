import type { FakeAccount, FakeKiro } from "../support/fake-kiro/index.ts"

/** Bodies and calls that the service takes, for tests of the fake itself. */

export interface ChatBodyOptions {
  readonly content?: string
  readonly modelId?: string
  readonly profileArn?: string
}

export function chatBody(options: ChatBodyOptions = {}): object {
  return {
    conversationState: {
      chatTriggerType: "MANUAL",
      conversationId: "c0ffee00-1111-4222-8333-444455556666",
      currentMessage: {
        userInputMessage: {
          content: options.content ?? "Hello",
          modelId: options.modelId ?? "claude-sonnet-4.5",
          origin: "AI_EDITOR",
        },
      },
    },
    ...(options.profileArn && { profileArn: options.profileArn }),
  }
}

export function postChat(
  fake: FakeKiro,
  account: FakeAccount,
  body: object = chatBody({ ...(account.profileArns[0] && { profileArn: account.profileArns[0] }) }),
  init: RequestInit = {},
): Promise<Response> {
  return fetch(`${fake.url}/generateAssistantResponse`, {
    ...init,
    method: "POST",
    headers: {
      authorization: `Bearer ${account.accessToken}`,
      "content-type": "application/json",
      ...(init.headers as Record<string, string> | undefined),
    },
    body: JSON.stringify(body),
  })
}
