import type { TokenSet } from "../account.ts"
import type { Database } from "./database.ts"

export interface TokenSwap {
  readonly loginId: string
  readonly before: TokenSet
  readonly after: TokenSet
  /** The pair that the login's source holds from now on, where that is not `after`. */
  readonly sourceBehind?: TokenSet
}

/** Whether the row still held `before` and now holds `after`; its login, and its account with it, is no longer logged out. */
export function swapTokens(database: Database, swap: TokenSwap): boolean {
  const { loginId, before, after, sourceBehind } = swap
  const changed = database.run(
    `UPDATE kiro_login SET access_token = ?, refresh_token = ?, expires_at = ?, revoked_at = NULL, revoked_reason = NULL,
       behind_access_token = ?, behind_refresh_token = ?, behind_expires_at = ?
     WHERE id = ? AND access_token = ? AND refresh_token IS ?`,
    [
      after.accessToken.reveal(),
      after.refreshToken?.reveal() ?? null,
      after.expiresAt,
      sourceBehind?.accessToken.reveal() ?? null,
      sourceBehind?.refreshToken?.reveal() ?? null,
      sourceBehind?.expiresAt ?? null,
      loginId,
      before.accessToken.reveal(),
      before.refreshToken?.reveal() ?? null,
    ],
  )
  if (changed !== 1) return false
  // With a pair that the service gave, nobody needs to log in again.
  database.run(
    `UPDATE kiro_account SET health = '{"state":"ok"}'
     WHERE id = (SELECT account_id FROM kiro_login WHERE id = ?)
       AND json_extract(health, '$.state') = 'revoked' AND json_extract(health, '$.reason') = 'login-expired'`,
    [loginId],
  )
  return true
}
