import { afterLoginRefused } from "../health/after-failure.ts"
import type { TokenSet } from "../account.ts"
import { REFRESH_DEADLINE_MS } from "../../oauth/index.ts"
import { adoptFromSource } from "./adopt.ts"
import { exchange } from "./exchange.ts"
import type { KeeperContext, RefreshOutcome, RefreshWish } from "./keeper-context.ts"
import { type Lock, LOCK_STALE_MS, tryLock } from "./lock.ts"
import { isNews, lookAtRow } from "./look.ts"
import { samePair } from "./unsaved.ts"

/** The longest that somebody else's refresh is waited for, in ms; then compare-and-swap alone has to do. */
const LOCK_PATIENCE_MS = REFRESH_DEADLINE_MS + LOCK_STALE_MS
const POLL_MS = 100
/** Whoever used the refresh token up may be about to write what they got for it. */
const GRACE_MS = 1000

/**
 * One refresh of one login, over all processes. Whoever waits for the lock watches the row and needs no lock where
 * the holder wrote a fresh token there. Rejects with a `StoreError` where the rows can't be read.
 */
export async function refreshLogin(context: KeeperContext, wish: RefreshWish): Promise<RefreshOutcome> {
  const { clock, random, log } = context.runtime
  const deadline = clock.now() + LOCK_PATIENCE_MS
  for (;;) {
    const look = await lookAtRow(context, wish)
    if (look.state === "done") return look.outcome
    const lock: Lock =
      clock.now() < deadline
        ? await tryLock(`${context.lockPath}-${wish.login.id}`, log)
        : { state: "impossible" }
    if (lock.state === "busy") {
      await clock.sleep(POLL_MS * (0.5 + random()), context.signal)
      continue
    }
    try {
      return await refreshLocked(context, wish)
    } finally {
      if (lock.state === "held") await lock.release()
    }
  }
}

async function refreshLocked(context: KeeperContext, wish: RefreshWish): Promise<RefreshOutcome> {
  const first = await refreshOnce(context, wish)
  if (first.outcome.state !== "refused" || first.sent === undefined) return first.outcome
  // The row or the source may hold a newer pair by now, perhaps one whose refresh token still works.
  const second = await refreshOnce(context, wish, first)
  if (second.outcome.state !== "refused" || second.sent === undefined) return second.outcome
  await context.runtime.clock.sleep(GRACE_MS, context.signal)
  const last = await lookAtRow(context, wish)
  if (last.state === "done") return last.outcome
  await markRefused(context, { wish, refused: second.sent, accountId: last.account.id, ...second.outcome })
  return second.outcome
}

interface Attempt {
  readonly outcome: RefreshOutcome
  /** The pair that was given to the service. */
  readonly sent?: TokenSet
}

async function refreshOnce(context: KeeperContext, wish: RefreshWish, before?: Attempt): Promise<Attempt> {
  const look = await lookAtRow(context, wish)
  if (look.state === "done") return { outcome: look.outcome }
  const login = await adoptFromSource(context, wish, look)
  if (isNews({ login, wish, now: context.runtime.clock.now() })) return { outcome: { state: "fresh", login } }
  if (before?.sent !== undefined && samePair(before.sent, login.tokens)) return before
  return { outcome: await exchange(context, { account: look.account, login }), sent: login.tokens }
}

/** A refused early refresh leaves a token alone that is still valid. */
async function markRefused(
  { store, runtime }: KeeperContext,
  refusal: {
    readonly wish: RefreshWish
    readonly refused: TokenSet
    readonly accountId: string
    readonly message: string
  },
): Promise<void> {
  const { wish, refused, accountId, message } = refusal
  const now = runtime.clock.now()
  if (wish.rejected === undefined && refused.expiresAt > now) return
  await store.update(accountId, (row) => {
    const held = row.logins.find((login) => login.id === wish.login.id)
    if (held === undefined || held.kind === "api-key" || !samePair(held.tokens, refused)) return row
    return afterLoginRefused(row, { loginId: held.id, reason: message, now })
  })
}
