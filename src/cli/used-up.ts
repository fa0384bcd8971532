import { type Account, hasRoom, paysOverage } from "../accounts/index.ts"
import type { Settings } from "../settings/index.ts"

/** Whether no credits are left and none are paid for: such an account is passed over, though nothing is wrong with it. */
export function isUsedUp(
  { quota }: Account,
  { now, settings }: { readonly now: number; readonly settings: Pick<Settings, "useOverage"> },
): boolean {
  if (quota === undefined || hasRoom(quota, now)) return false
  return !(settings.useOverage && paysOverage(quota))
}
