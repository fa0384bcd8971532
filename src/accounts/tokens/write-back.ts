import type { KeeperContext } from "./keeper-context.ts"
import type { TokenLogin } from "../account.ts"
import { samePair } from "./unsaved.ts"

/**
 * Brings the source of a login in step with the pair that we renewed, unless the source has moved on by itself. What
 * could not be written now stays marked in our row and is tried again.
 */
export function writeBackLater(context: KeeperContext, accountId: string, login: TokenLogin): void {
  context.inBackground(writeBack(context, accountId, login))
}

async function writeBack(
  { sources, store, runtime }: KeeperContext,
  accountId: string,
  login: TokenLogin,
): Promise<void> {
  const source = sources.find((candidate) => candidate.owns(login))
  const { sourceBehind: before, tokens: after } = login
  if (source === undefined || before === undefined) return
  const result = await source.writeBack({ login, before, after })
  runtime.log.info("wrote a renewed token back", { source: source.source, result })
  if (result === "unavailable") return
  await store.update(accountId, (row) => ({
    ...row,
    logins: row.logins.map((other) => {
      if (other.id !== login.id || other.kind === "api-key" || !samePair(other.tokens, after)) return other
      const { sourceBehind: _, ...inStep } = other
      return inStep
    }),
  }))
}
