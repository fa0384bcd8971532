import type { TokenSet } from "../account.ts"
import type { Database } from "./database.ts"

export interface TokenSwap {
  readonly loginId: string
  readonly before: TokenSet
  readonly after: TokenSet
  /** The pair that the login's source holds from now on, where that is not `after`. */
  readonly sourceBehind?: TokenSet
}

/** Whether the row still held `before` and now holds `after`. */
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
  return changed === 1
}
