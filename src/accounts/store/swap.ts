import type { TokenSet } from "../account.ts"
import type { Database } from "./database.ts"

/** Whether the row still held `before` and now holds `after`. */
export function swapTokens(
  database: Database,
  swap: { readonly loginId: string; readonly before: TokenSet; readonly after: TokenSet },
): boolean {
  const { loginId, before, after } = swap
  const changed = database.run(
    `UPDATE kiro_login SET access_token = ?, refresh_token = ?, expires_at = ?, revoked_at = NULL, revoked_reason = NULL
     WHERE id = ? AND access_token = ? AND refresh_token IS ?`,
    [
      after.accessToken.reveal(),
      after.refreshToken?.reveal() ?? null,
      after.expiresAt,
      loginId,
      before.accessToken.reveal(),
      before.refreshToken?.reveal() ?? null,
    ],
  )
  return changed === 1
}
