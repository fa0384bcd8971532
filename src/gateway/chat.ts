import type { SessionMemory } from "../accounts/index.ts"
import type { ChatRequest } from "../openai/index.ts"
import type { Conversation } from "../translate/index.ts"
import type { Purpose } from "./door.ts"
import type { AskedModel } from "./models.ts"

/** One chat request of the host, as it stands for all attempts. */
export interface Chat {
  readonly request: ChatRequest
  readonly purpose: Purpose
  readonly sessionId: string
  /** As it was when the request came. */
  readonly session: SessionMemory
  /** Built once, before any attempt: it does not depend on the account. */
  readonly conversation: Conversation
  /** In estimated tokens. */
  readonly size: number
  /** In tokens: the asked model's, the smallest of those that the accounts are given. */
  readonly window: number
  readonly model: AskedModel
  /** What the service refused of this model before. */
  readonly refused: readonly string[]
  /** The same for all attempts. */
  readonly invocationId: string
  readonly signal: AbortSignal
}
