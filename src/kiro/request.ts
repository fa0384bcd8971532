import type { Secret } from "../secret.ts"
import type { GenerateAssistantResponseRequest } from "./conversation-state.ts"
import { hostHeaders, type KiroHost } from "./endpoints.ts"
import { authorizationHeaders, type TokenType } from "./identity.ts"

export interface KiroHttpRequest {
  readonly url: string
  readonly method: "POST"
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/**
 * One chat attempt. `invocationId` stays the same over the attempts of one fetch and `attempt` counts them from 1:
 * together they let the service tell a repeat from a second request. `maxAttempts` is what we would send at most.
 */
export function buildChatRequest(wanted: {
  readonly host: KiroHost
  readonly body: GenerateAssistantResponseRequest
  readonly accessToken: Secret
  readonly tokenType?: TokenType | undefined
  readonly invocationId: string
  readonly attempt: number
  readonly maxAttempts: number
  readonly version: string
}): KiroHttpRequest {
  return {
    url: `${wanted.host.baseUrl}/generateAssistantResponse`,
    method: "POST",
    headers: {
      ...authorizationHeaders(wanted),
      ...hostHeaders(wanted.host),
      "content-type": "application/json",
      accept: "application/vnd.amazon.eventstream",
      "amz-sdk-invocation-id": wanted.invocationId,
      "amz-sdk-request": `attempt=${wanted.attempt}; max=${wanted.maxAttempts}`,
    },
    body: JSON.stringify(wanted.body),
  }
}
