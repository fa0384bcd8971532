import type { ControlTarget } from "./call.ts"

/** An account with a token that works, ready to be asked about. */
export interface OpenedAccount {
  readonly loginId: string
  readonly target: ControlTarget
}

/** `undefined` where the account is gone or none of its logins gives a token now. */
export type OpenAccount = (accountId: string, signal: AbortSignal) => Promise<OpenedAccount | undefined>
