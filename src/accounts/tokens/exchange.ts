import { refreshTokens } from "../../oauth/index.ts"
import type { Account, TokenSet } from "../account.ts"
import { grantOf } from "./credential.ts"
import type { KeeperContext, RefreshOutcome } from "./keeper-context.ts"
import type { TokenLogin } from "./login-identity.ts"
import { writeBackLater } from "./write-back.ts"

/**
 * Asks the service for a new pair and stores it in the same tick in which the answer is parsed, by compare-and-swap on
 * the old one. Room for it is set aside on the disk before the old one is given away.
 */
export async function exchange(
  context: KeeperContext,
  { account, login }: { readonly account: Account; readonly login: TokenLogin },
): Promise<RefreshOutcome> {
  const { runtime, settings, unsaved, userAgent, signal } = context
  const grant = grantOf(login)
  if (grant === undefined) return { state: "refused", message: "the login has no refresh token" }
  const reservation = unsaved.reserve(login.id)
  if (reservation.state === "full")
    return {
      state: "failed",
      reason: "disk-full",
      message: "the disk is full: a new token could not be kept",
    }
  try {
    const { endpointOverride } = settings
    const result = await refreshTokens({ runtime, grant, userAgent, endpointOverride, signal })
    switch (result.outcome) {
      case "tokens": {
        const renewed = renew(context, login, result.tokens)
        const swap = { loginId: login.id, before: login.tokens, after: result.tokens, ...behindOf(renewed) }
        const saved = unsaved.save(swap, reservation)
        if (saved === "written")
          afterwards(context, { account, login: renewed, profileArn: result.profileArn })
        return { state: "fresh", login: renewed }
      }
      case "refused":
        return { state: "refused", message: refusalOf(login, result.message, runtime.clock.now()) }
      case "failed":
        return { state: "failed", reason: result.reason, message: result.message }
      default:
        return result satisfies never
    }
  } finally {
    if (reservation.state === "reserved") reservation.free()
  }
}

function renew({ sources }: KeeperContext, login: TokenLogin, tokens: TokenSet): TokenLogin {
  const { revoked: _, ...rest } = login
  const owned = sources.some((source) => source.owns(login))
  return { ...rest, tokens, ...(owned ? { sourceBehind: login.sourceBehind ?? login.tokens } : {}) }
}

function behindOf({ sourceBehind }: TokenLogin): { readonly sourceBehind?: TokenSet } {
  return sourceBehind === undefined ? {} : { sourceBehind }
}

/** What may wait until the pair is safe. A social login learns its profile with its first refresh. */
function afterwards(
  context: KeeperContext,
  {
    account,
    login,
    profileArn,
  }: { readonly account: Account; readonly login: TokenLogin; readonly profileArn: string | undefined },
): void {
  if (login.sourceBehind !== undefined) writeBackLater(context, account.id, login)
  if (profileArn === undefined || login.profileArn !== undefined) return
  context.inBackground(
    context.store.update(account.id, (row) => ({
      ...row,
      logins: row.logins.map((other) => (other.id === login.id ? { profileArn, ...other } : other)),
    })),
  )
}

function refusalOf(login: TokenLogin, message: string, now: number): string {
  const expired =
    login.kind === "idc" && login.client.expiresAt !== undefined && login.client.expiresAt <= now
  return expired ? `the device registration has expired (${message})` : message
}
