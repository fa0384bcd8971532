import { refreshTokens } from "../../oauth/index.ts"
import type { Account, TokenLogin } from "../account.ts"
import { grantOf } from "./credential.ts"
import type { KeeperContext, RefreshOutcome } from "./keeper-context.ts"
import { renewCopies, renewedLogin, swapOf } from "./renew.ts"
import { writeBackLater } from "./write-back.ts"

/**
 * Asks the service for a new pair and stores it in the same tick in which the answer is parsed, by compare-and-swap on
 * the old one; its source gets it whatever our own database says. Room for it is set aside on the disk before the old
 * one is given away.
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
        const { tokens, profileArn } = result
        const renewed = renewedLogin(context, login, tokens)
        const saved = unsaved.save(swapOf(login, renewed), reservation)
        // Also where the account was removed meanwhile: its program would be logged out.
        if (renewed.sourceBehind !== undefined) writeBackLater(context, account.id, renewed)
        if (saved === "written") {
          context.inBackground(renewCopies(context, { accountId: account.id, login, tokens }))
          if (profileArn !== undefined)
            learnProfile(context, { accountId: account.id, loginId: login.id, profileArn })
        }
        return { state: "fresh", login: renewed }
      }
      case "suspected":
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

/** A social login learns its profile with its first refresh; one that it has stays. */
function learnProfile(
  { store, inBackground }: KeeperContext,
  learnt: { readonly accountId: string; readonly loginId: string; readonly profileArn: string },
): void {
  const { accountId, loginId, profileArn } = learnt
  const change = (row: Account): Account => {
    const held = row.logins.find((login) => login.id === loginId)
    if (held === undefined || held.profileArn !== undefined) return row
    return { ...row, logins: row.logins.map((login) => (login === held ? { ...login, profileArn } : login)) }
  }
  inBackground(store.update(accountId, change))
}

function refusalOf(login: TokenLogin, message: string, now: number): string {
  const expired =
    login.kind === "idc" && login.client.expiresAt !== undefined && login.client.expiresAt <= now
  return expired ? `the device registration has expired (${message})` : message
}
