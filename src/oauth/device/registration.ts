import type { Secret } from "../../secret.ts"

/** An OIDC client that a login region gave us. `expiresAt` in epoch milliseconds. */
export interface DeviceClient {
  readonly clientId: string
  readonly clientSecret: Secret
  readonly expiresAt?: number
}

/** Where client registrations are kept between sign-ins. */
export interface DeviceClientStore {
  find(loginRegion: string): Promise<DeviceClient | undefined>
  save(loginRegion: string, client: DeviceClient): Promise<void>
}

/** The name that AWS shows on the approval page. */
export const CLIENT_NAME = "opencode-kiro-auth"

/** What Kiro's own command-line client asks for. */
export const SCOPES: readonly string[] = [
  "codewhisperer:completions",
  "codewhisperer:analysis",
  "codewhisperer:conversations",
]

/**
 * A refresh token dies with the client that obtained it, so a registration about to expire is not worth a new
 * sign-in. AWS gives 90 days.
 */
const LEAST_REMAINING_MS = 7 * 24 * 60 * 60 * 1000

/** Whether a stored registration can carry another sign-in. */
export function reusable(client: DeviceClient, now: number): boolean {
  return client.expiresAt === undefined || client.expiresAt - now > LEAST_REMAINING_MS
}
