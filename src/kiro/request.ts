import { present } from "../json.ts"
import type { Secret } from "../secret.ts"
import { USER_AGENT } from "../version.ts"
import type { GenerateAssistantResponseRequest } from "./conversation-state.ts"
import { hostHeaders, type KiroHost } from "./endpoints.ts"

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

/** The `origin` of every request: the value under which the REST operations are known to serve chats. */
export const ORIGIN = "AI_EDITOR"

/** The mode of the agent, as the service's own clients name an open-ended chat. */
const AGENT_MODE = "vibe"

/** Content sharing stays off: nobody who installs a plugin has agreed to it. */
const OPT_OUT = "true"

/** Absent for AWS Builder ID, Identity Center and social logins. */
export type TokenType = "API_KEY" | "EXTERNAL_IDP"

/**
 * No token of the service's holds a letter that no header carries. Such a letter is replaced, and the service refuses the
 * token as any that it does not know: the runtime's own error would count as a fault of the network, and may quote it.
 */
const NO_HEADER = /[^ -~]/g

/** What every request of both planes says about its sender. */
export function authorizationHeaders(sender: {
  readonly accessToken: Secret
  readonly tokenType?: TokenType | undefined
}): Readonly<Record<string, string>> {
  return {
    authorization: `Bearer ${sender.accessToken.reveal().replaceAll(NO_HEADER, "?")}`,
    ...present({ tokentype: sender.tokenType }),
    "user-agent": USER_AGENT,
    "x-amz-user-agent": USER_AGENT,
    "x-amzn-codewhisperer-optout": OPT_OUT,
    "x-amzn-kiro-agent-mode": AGENT_MODE,
  }
}
