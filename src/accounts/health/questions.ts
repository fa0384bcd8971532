import type { KiroFailure } from "../../kiro/index.ts"
import { type Account, LOCKING_REASONS, type LockingReason } from "../account.ts"

/** Whether the failure locks its account until the user acts. */
export function isLocking(failure: KiroFailure): failure is KiroFailure & { readonly kind: LockingReason } {
  return LOCKING_REASONS.some((reason) => reason === failure.kind)
}

/** Whether only the user's own act ends it, as with a suspension: no good answer and no newer token does. */
export function isLocked({ health }: Pick<Account, "health">): boolean {
  return health.state === "revoked" && LOCKING_REASONS.some((reason) => reason === health.reason)
}

/** Whether it rests for want of credits, which a usage call can see. */
export function isOutOfCredits({ health }: Account): boolean {
  if (health.state !== "cooling") return false
  const { reason } = health
  switch (reason) {
    case "monthly-quota":
    case "daily-quota":
    case "overage-limit":
      return true
    case "throttled":
    case "not-authorized":
      return false
    default:
      return reason satisfies never
  }
}

export function isNotAuthorized({ health }: Account): boolean {
  return health.state === "cooling" && health.reason === "not-authorized"
}

/** Whether it is parked for want of a profile: none was chosen, none found. */
export function wantsProfile(account: Account): boolean {
  const arns = [account.profileArn, ...account.logins.map((login) => login.profileArn)]
  return account.enabled && isNotAuthorized(account) && arns.every((arn) => arn === undefined)
}

/** When a parked account returns by itself; undefined for one that needs a person, 0 for one that is not parked. */
export function returnsAt({ health }: Account, now: number): number | undefined {
  if (health.state === "revoked") return undefined
  return health.state === "cooling" && health.until > now ? health.until : 0
}
