import type { FakeModel } from "../models.ts"
import type { SignedReasoning } from "../reply.ts"
import type { ChatRequestBody } from "./conversation.ts"

/** What the service answers to a request that it does not take. */
export interface Refusal {
  readonly status: number
  readonly type: string
  readonly reason: string | null
  readonly message: string
}

/** What the service knows beside the request itself. */
export interface CheckContext {
  /** The models that this account may use. */
  readonly models: readonly FakeModel[]
  /** Whether this reasoning went out before, with this text and from this model. */
  readonly knowsSignature: (reasoning: SignedReasoning, modelId: string | undefined) => boolean
}

export type Rule = (body: ChatRequestBody, context: CheckContext) => Refusal | undefined

export function refuse(message: string, reason: string | null): Refusal {
  return { status: 400, type: "ValidationException", reason, message }
}

/** The service's word for nearly everything: it does not say what is wrong. */
export const improperlyFormed: Refusal = refuse("Improperly formed request.", null)
