import type { Account, ClientRegistration, TokenSet } from "../account.ts"
import type { AccountModelList } from "../../kiro/index.ts"
import type { AccountChanges } from "../draft.ts"
import type { Choice, ChoiceState } from "../selection.ts"

/** What is remembered of one session of the host. */
export interface SessionMemory {
  /** The account of its conversation. */
  readonly accountId?: string
  /** The account that the user chose for it. */
  readonly chosenAccountId?: string
  /** The step of shortening that worked last. */
  readonly shortenStep?: 0.8 | 0.6 | 0.4
  /** The size of the request that needed it, in estimated tokens. */
  readonly shortenedSize?: number
  /** The window of the model that needed it, in tokens. */
  readonly shortenedWindow?: number
  /** Raised when the service wants a new conversation id. */
  readonly generation: number
  /** Whether we answered overflow and no answer of purpose main succeeded since. */
  readonly overflowAnswered: boolean
  /** Whether the last answer of purpose main said that the window is full, and the host has compacted since. */
  readonly fullWindow?: "reported" | "compacted"
  /** The parts of its requests that the service refused and that are not sent again, as the gateway names them. */
  readonly leftOut?: readonly string[]
  /** The service's tokens for one estimated one, as its answers taught. */
  readonly tokenRatio?: number
  /** The host has compacted, and no answer of purpose main came since. */
  readonly justCompacted?: boolean
  readonly updatedAt: number
}

/** The signature, or the redacted blob, of one piece of reasoning; base64 stays as it came. */
export interface ReasoningEntry {
  /** The tool uses that the reasoning led to. */
  readonly toolUseIds: readonly string[]
  readonly textHash: string
  readonly signature?: string
  readonly redacted?: string
}

/** What the service metered for one attempt: of an answer, or of one that failed. */
export interface Turn {
  readonly sessionId: string
  readonly accountId: string
  readonly modelId?: string
  readonly credits: number
  readonly at: number
  /** The session that a subagent works for. */
  readonly parentSessionId?: string
  /** The folder of the project. */
  readonly project?: string
  /** What the request was for: `main`, `title`, `compaction`, `generate`. */
  readonly purpose?: string
  /** The number of the HTTP send within its request, from 1. */
  readonly attempt?: number
  readonly failed?: boolean
  /** All tokens of the input, and those of them that the service read from its cache or wrote there; where it told. */
  readonly inputTokens?: number
  readonly cacheReadTokens?: number
  readonly cacheWriteTokens?: number
}

/** What one answer leaves behind. Changes are pure: they may run more than once. */
export interface Learnt {
  readonly sessionId: string
  readonly session?: (current: SessionMemory) => SessionMemory
  readonly reasoning?: readonly ReasoningEntry[]
  readonly account?: { readonly id: string; readonly change: (current: Account) => Account }
  readonly turn?: Turn
}

/** A turn as it is kept, for 90 days. */
export interface StoredTurn extends Turn {
  /** The local day on which it was written down: `2026-11-29`. */
  readonly day: string
}

export interface TurnFilter {
  readonly sessionId?: string
  readonly since?: number
}

export interface StoredRegistration {
  readonly loginRegion: string
  /** Absent for AWS Builder ID. */
  readonly startUrl?: string
  readonly client: ClientRegistration
}

/** A field of a model's request, or an input such as `documents`, that the service refused for this model. */
export interface RefusedField {
  readonly modelId: string
  readonly field: string
  readonly at: number
}

/** Pure: it may run more than once. */
export type AccountChange = (accounts: readonly Account[]) => AccountChanges
export type ChooseAccount = (state: ChoiceState) => Choice

export interface TokenSwap {
  readonly loginId: string
  readonly before: TokenSet
  readonly after: TokenSet
  /** The hashes of pairs between the two, which the row never held. */
  readonly through?: readonly string[]
}

export type SwapResult =
  | "written"
  /** The row no longer holds `before`, or is gone. */
  | "changed"
  /** Another process is writing: try again. */
  | "busy"
  /** Not on the disk: it is full, read-only or away. */
  | "failed"

/**
 * All durable state. Reading makes no file. Every write is one short immediate transaction that re-reads what it
 * changes; a database locked for longer than about 5 s, full or read-only is told as a notice. What must be on the
 * disk rejects then with a `StoreError` (`add`, `reconcile`, `remove`, `saveRegistration`); the other writes
 * are lost with a line in the log, and answer as if they had been made.
 */
export interface AccountStore {
  /**
   * The accounts that were not removed, the oldest first. An unnamed login that rests behind another is no account of
   * its own: it is there only where `resting` asks for it.
   */
  list(wanted?: { readonly resting?: boolean }): Promise<readonly Account[]>
  /** The same with the tombstones of the removed ones. */
  listAll(): Promise<readonly Account[]>
  /** Also by the id of an account that turned out to be the same person's, as every other method takes it. */
  get(id: string): Promise<Account | undefined>
  add(account: Account): Promise<Account>
  /** `change` is pure and may run more than once; the same object back means no change. */
  update(id: string, change: (current: Account) => Account): Promise<Account | undefined>
  /** Leaves a tombstone; of its pairs only those that another program's store lacks, until they are there. */
  remove(id: string): Promise<void>
  /** One pure change over all accounts, removed ones included: imports, a user id that became known. */
  reconcile(change: AccountChange): Promise<AccountChanges>
  /**
   * One synchronous attempt, on the disk when it returns "written"; never in memory. Clears the login's `revoked`, and
   * every place that it has owes the new pair.
   */
  compareAndSwapTokens(swap: TokenSwap): SwapResult
  /** The hash of the pair that the row of a login holds in the file; one synchronous look. */
  peek(
    loginId: string,
  ): { readonly outcome: "row"; readonly hash: string } | { readonly outcome: "none" | "unavailable" }
  /** Rejects with a `StoreError` where nothing can be kept now: no login is begun and no pair renewed then. */
  mustKeep(): Promise<void>
  /**
   * Chooses the account of a session and remembers it, over all processes one after the other. While another process
   * holds the database the choice is made from what can be read and remembered later.
   */
  assign(sessionId: string, choose: ChooseAccount): Promise<Choice>

  session(id: string): Promise<SessionMemory>
  updateSession(id: string, change: (current: SessionMemory) => SessionMemory): Promise<SessionMemory>
  /** In one transaction. */
  remember(learnt: Learnt): Promise<void>
  /** One entry for each tool use. */
  reasoningOf(sessionId: string): Promise<readonly ReasoningEntry[]>

  addTurn(turn: Turn): Promise<void>
  /** The newest first. */
  turns(filter?: TurnFilter): Promise<readonly StoredTurn[]>
  /** All accounts' credits of one local day, as `localDay` writes it. */
  creditsOfDay(day: string): Promise<number>
  /** Whether the user lifted the credit budget for this local day. */
  isBudgetLifted(day: string): Promise<boolean>
  liftBudget(day: string): Promise<void>
  modelLists(): Promise<readonly AccountModelList[]>
  setModelList(list: AccountModelList): Promise<void>
  refusedFields(): Promise<readonly RefusedField[]>
  addRefusedField(field: RefusedField): Promise<void>
  registrations(): Promise<readonly StoredRegistration[]>
  saveRegistration(registration: StoredRegistration): Promise<void>

  /** `memory` where the file could not be used: what is kept ends with this process. */
  readonly kept: "file" | "memory"
  /** Waits for writes under way, then closes the file. */
  close(): Promise<void>
}
