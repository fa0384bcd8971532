import type { Secret } from "../secret.ts"

/** Who we are on the wire, everywhere the same. No machine id, no other program's agent string. */

/** The `origin` of every request: the value under which the REST operations are known to serve chats. */
export const ORIGIN = "AI_EDITOR"

/** The mode of the agent, as the service's own clients name an open-ended chat. */
const AGENT_MODE = "vibe"

/** Content sharing stays off: nobody who installs a plugin has agreed to it. */
const OPT_OUT = "true"

export function userAgent(version: string): string {
  return `opencode-kiro-auth/${version}`
}

/** Absent for AWS Builder ID, Identity Center and social logins. */
export type TokenType = "API_KEY" | "EXTERNAL_IDP"

/** What every request of both planes says about its sender. */
export function authorizationHeaders(sender: {
  readonly accessToken: Secret
  readonly tokenType?: TokenType | undefined
  readonly version: string
}): Readonly<Record<string, string>> {
  return {
    authorization: `Bearer ${sender.accessToken.reveal()}`,
    ...(sender.tokenType !== undefined && { tokentype: sender.tokenType }),
    "user-agent": userAgent(sender.version),
    "x-amz-user-agent": userAgent(sender.version),
    "x-amzn-codewhisperer-optout": OPT_OUT,
    "x-amzn-kiro-agent-mode": AGENT_MODE,
  }
}
