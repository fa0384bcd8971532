import { type Account, accountName } from "../accounts/index.ts"
import type { JsonObject } from "../json.ts"
import { shortIdOf } from "./find-account.ts"

/** An account for machines. No token, secret, user id or e-mail address is in it; instants are ISO 8601. */
export function accountDocument(account: Account): JsonObject {
  const { health, quota } = account
  return {
    id: account.id,
    shortId: shortIdOf(account),
    name: accountName(account),
    enabled: account.enabled,
    health: {
      state: health.state,
      ...(health.state !== "ok" && { reason: health.reason }),
      ...(health.state === "cooling" && { until: instant(health.until) }),
      ...(health.state === "revoked" && { since: instant(health.since) }),
    },
    logins: account.logins.map((login) => ({
      kind: login.kind,
      source: login.source,
      revoked: login.revoked !== undefined,
      ...(login.kind !== "api-key" && { accessTokenExpiresAt: instant(login.tokens.expiresAt) }),
      ...(login.kind === "idc" && { loginRegion: login.loginRegion }),
      ...(login.profileArn !== undefined && { profileArn: login.profileArn }),
    })),
    ...(account.profileArn !== undefined && { profileArn: account.profileArn }),
    ...(quota !== undefined && {
      quota: {
        ...quota,
        checkedAt: instant(quota.checkedAt),
        ...(quota.resetAt !== undefined && { resetAt: instant(quota.resetAt) }),
        ...(quota.trial !== undefined && { trial: withInstant(quota.trial) }),
        bonuses: quota.bonuses.map(withInstant),
      },
    }),
  }
}

function withInstant<Extra extends { readonly expiresAt?: number }>({ expiresAt, ...extra }: Extra) {
  return { ...extra, ...(expiresAt !== undefined && { expiresAt: instant(expiresAt) }) }
}

function instant(at: number): string {
  return new Date(at).toISOString()
}
