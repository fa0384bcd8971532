import { type Account, accountName, type Health, type Unavailable } from "../../accounts/index.ts"
import type { Attempt } from "../attempt/attempt.ts"
import { jittered } from "../jitter.ts"
import { statusOf } from "./failure-answers.ts"
import { allParked, type Parked, type ParkedAccount } from "./parked-words.ts"
import type { Refusal } from "./refusal.ts"
import { noAccount } from "./texts.ts"

export interface AllOut {
  readonly accounts: readonly Account[]
  readonly unavailable: readonly Unavailable[]
  readonly attempt: Attempt
  /** As the host calls it. */
  readonly model: string
  readonly now: number
  readonly syncsKiroCli: boolean
  /** Uniform in [0, 1). */
  readonly jitter: number
}

/**
 * The one answer where no account can serve: fatal where only a person or a new month can help, a wait for the host
 * where a throttle or a fault passes by itself.
 */
export function refusalOfAll(out: AllOut): Refusal {
  const { accounts, unavailable, now, jitter } = out
  if (accounts.length === 0) return { status: 401, message: noAccount(out) }
  const parked = unavailable.flatMap((entry): ParkedAccount[] => {
    const account = accounts.find(({ id }) => id === entry.accountId)
    if (account === undefined) return []
    return [{ name: accountName(account), parked: parkedOf(out, account, entry) }]
  })
  const message = allParked(parked, now)
  const reasons = parked.map((entry) => entry.parked)
  const returns = reasons.flatMap((reason) => (reason.why === "throttled" ? [reason.until - now] : []))
  if (returns.length > 0)
    return { status: 429, message, retryAfterMs: jittered(Math.min(...returns), jitter) }
  const statuses = reasons.map(parkedStatus)
  return { status: statuses.find((status) => status >= 500) ?? Math.max(400, ...statuses), message }
}

/** Its health says most; a switched-off account has no other reason that matters. */
function parkedOf(out: AllOut, account: Account, entry: Unavailable): Parked {
  const byHealth = entry.why === "disabled" ? undefined : parkedByHealth(account, out.now)
  return byHealth ?? parkedByChoice(out, account, entry)
}

function parkedByHealth({ health }: Account, now: number): Parked | undefined {
  switch (health.state) {
    case "ok":
      return undefined
    case "cooling":
      return health.until > now ? parkedByCooling(health) : undefined
    case "revoked":
      return parkedByRevocation(health)
    default:
      return health satisfies never
  }
}

type Revoked = Extract<Health, { readonly state: "revoked" }>

function parkedByRevocation({ reason, message: said = "" }: Revoked): Parked {
  if (reason === "login-expired" || reason === "api-key-refused") return { why: reason, said }
  return { why: "refused", kind: reason, said }
}

type Cooling = Extract<Health, { readonly state: "cooling" }>

function parkedByCooling({ reason, until, profiles, message: said = "" }: Cooling): Parked {
  switch (reason) {
    case "monthly-quota":
    case "daily-quota":
    case "overage-limit":
      return { why: "quota", until, said }
    case "throttled":
      return { why: reason, until, said }
    case "not-authorized":
      return profiles === undefined ? { why: "refused", kind: reason, said } : { why: "no-choice", profiles }
    default:
      return reason satisfies never
  }
}

function parkedByChoice({ attempt, model }: AllOut, account: Account, entry: Unavailable): Parked {
  switch (entry.why) {
    case "disabled":
      return { why: "disabled" }
    case "exhausted":
      return { why: "quota", until: entry.until, said: "" }
    case "lacks-model":
      return { why: "lacks-model", model }
    case "excluded": {
      const exclusion = attempt.excluded.findLast(({ accountId }) => accountId === account.id)
      if (exclusion === undefined) return { why: "login-expired", said: "" }
      return { why: "failed", failure: exclusion.failure, model }
    }
    case "no-login":
    case "health":
      return { why: "login-expired", said: "" }
    default:
      return entry satisfies never
  }
}

function parkedStatus(parked: Parked): number {
  switch (parked.why) {
    case "throttled":
      return 429
    case "quota":
      return 402
    case "refused":
      return statusOf({ kind: parked.kind, status: 0 })
    case "no-choice":
      return 403
    case "login-expired":
    case "api-key-refused":
      return 401
    case "disabled":
    case "lacks-model":
      return 400
    case "failed":
      return statusOf(parked.failure)
    default:
      return parked satisfies never
  }
}
