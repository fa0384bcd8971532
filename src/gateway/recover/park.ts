import { type Account, accountName, afterFailure, afterLoginRefused } from "../../accounts/index.ts"
import type { KiroFailure } from "../../kiro/index.ts"
import type { Verdict } from "./decide.ts"
import type { GatewayContext } from "../dependencies.ts"
import type { SentWith } from "../attempt/try-once.ts"

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
  const { store, runtime, notify, background, lookUps } = context
  const { account, sent } = failed
  const failure = { ...failed.failure, ...waitOf(verdict) }
  const cause = { now: runtime.clock.now(), random: runtime.random() }
  const judge = (current: Account): Account => {
    const { settings } = context
    if (failure.kind !== "bearer-rejected")
      return afterFailure(current, failure, { ...cause, throttleDelayMs: settings.rateLimitRetryDelayMs })
    // Out of sends, nothing was tried yet; without `sent` the token keeper has written its refusal down itself.
    if (sent === undefined || verdict.do === "fail") return current
    const { id: loginId } = sent.credential.login
    return afterLoginRefused(current, { loginId, reason: failure.message, now: cause.now })
  }
  const before = account.health.state
  const isBlamed = failure.kind === "bearer-rejected" || judge(account) !== account
  if (!isBlamed) return
  const parked = await store.update(account.id, judge)
  // "Too many requests" is also what some accounts hear when their credits are used up: the usage call knows.
  if (failure.kind === "throttled")
    background.start("accounts", () => lookUps.usage(account.id, new AbortController().signal))
  if (parked?.health.state !== "revoked" || before === "revoked") return
  const { reason } = parked.health
  notify({ kind: "account-revoked", account: accountName(parked), reason })
}

/** An account that is waited for is parked for just as long. */
function waitOf(verdict: Verdict): { readonly retryAfterMs?: number } {
  if (verdict.do === "wait") return { retryAfterMs: verdict.ms }
  if (verdict.do === "fail" && verdict.retryAfterMs !== undefined)
    return { retryAfterMs: verdict.retryAfterMs }
  return {}
}
