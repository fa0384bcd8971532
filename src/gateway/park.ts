import { type Account, accountName, afterFailure, afterLoginRefused } from "../accounts/index.ts"
import type { KiroFailure } from "../kiro/index.ts"
import type { Verdict } from "./decide.ts"
import type { GatewayContext } from "./dependencies.ts"
import { briefly } from "./texts.ts"
import type { SentWith } from "./try-once.ts"

/** The account still has a way of its own: nothing is held against it yet. */
const UNDECIDED: ReadonlySet<Verdict["do"]> = new Set<Verdict["do"]>(["refresh", "rediscover", "switch-host"])

/**
 * Writes down what a failure means for its account, on the disk, where parallel requests and other processes see it.
 * A failure that no account is to blame for changes nothing.
 */
export async function park(
  context: GatewayContext,
  failed: { readonly account: Account; readonly failure: KiroFailure; readonly sent?: SentWith },
  verdict: Verdict,
): Promise<void> {
  if (UNDECIDED.has(verdict.do)) return
  const { store, settings, runtime, notify, background, lookUps } = context
  const { account, sent } = failed
  const now = runtime.clock.now()
  const failure = { ...failed.failure, ...waitOf(verdict) }
  const random = runtime.random()
  const before = account.health.state
  const parked = await store.update(account.id, (current) => {
    // Without `sent` the token keeper refused the login, and has written that down itself.
    if (failure.kind === "bearer-rejected") {
      if (sent === undefined) return current
      return afterLoginRefused(current, { loginId: sent.credential.login.id, reason: failure.message, now })
    }
    return afterFailure(current, failure, { now, throttleDelayMs: settings.rateLimitRetryDelayMs, random })
  })
  // "Too many requests" is also what some accounts hear when their credits are used up: the usage call knows.
  if (failure.kind === "throttled")
    background.start("accounts", () => lookUps.usage(account.id, new AbortController().signal))
  if (parked?.health.state !== "revoked" || before === "revoked") return
  const name = accountName(parked)
  if (parked.health.reason === "suspended") notify({ kind: "account-suspended", account: name })
  else notify({ kind: "login-needed", account: name, because: briefly(failure) })
}

/** An account that is waited for is parked for just as long. */
function waitOf(verdict: Verdict): { readonly retryAfterMs?: number } {
  if (verdict.do === "wait") return { retryAfterMs: verdict.ms }
  if (verdict.do === "fail" && verdict.retryAfterMs !== undefined)
    return { retryAfterMs: verdict.retryAfterMs }
  return {}
}
