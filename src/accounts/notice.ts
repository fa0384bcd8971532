import type { SettingsProblem } from "../settings/index.ts"
import type { RevokedReason } from "./account.ts"
import type { StoreFailure } from "./store/failure.ts"

/** Everything a user is told beside an answer. An account is its name by `accountName`; instants are epoch ms. */
export type Notice =
  | {
      readonly kind: "account-switched"
      readonly from: string
      readonly to: string
      readonly because: string
    }
  | {
      readonly kind: "account-revoked"
      readonly account: string
      readonly reason: RevokedReason
      readonly because: string
    }
  | { readonly kind: "all-parked"; readonly until?: number }
  | {
      readonly kind: "quota-high"
      readonly account: string
      readonly usedShare: number
      readonly resetAt?: number
    }
  | { readonly kind: "paid-credits"; readonly account: string }
  | { readonly kind: "conversation-shortened"; readonly share: number; readonly sessionId: string }
  | { readonly kind: "region-mapped"; readonly from: string; readonly to: string }
  | { readonly kind: "profile-choice"; readonly account: string; readonly profiles: readonly string[] }
  | { readonly kind: "settings-problem"; readonly problem: SettingsProblem }
  | {
      readonly kind: "source-problem"
      readonly file: string
      readonly key?: string
      readonly message: string
    }
  | {
      readonly kind: "store-trouble"
      readonly failure: StoreFailure
      readonly path: string
      /** Where the damaged file is now. */
      readonly backup?: string
      /** Nothing is kept beyond this process. */
      readonly inMemory?: boolean
    }
