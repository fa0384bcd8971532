import type { Account, RefusedField, SessionMemory } from "../accounts/index.ts"
import { type KiroModel, resolveModel, withoutRefused } from "../kiro/index.ts"
import { type Conversation, toConversation } from "../translate/index.ts"
import type { CurrentSettings, GatewayContext } from "./context.ts"
import type { ChatCall } from "./chat-call.ts"
import { type AskedModel, listsInUse } from "./asked-model.ts"

/** One chat of the host, as it stands for all attempts. */
export interface Chat extends ChatCall {
  /** As they were when the request came. */
  readonly session: SessionMemory
  readonly accounts: readonly Account[]
  readonly current: CurrentSettings
  /** Built once, before any attempt: it does not depend on the account. */
  readonly conversation: Conversation
  /** In tokens: the asked model's, the smallest of those that the accounts are given. */
  readonly window: number
  readonly model: AskedModel
  /** The models that the user named for the case that this one stays busy, the next one first. */
  readonly fallbacks: readonly string[]
  /** What the service refused of this model as such, before. */
  readonly refused: readonly string[]
  /** The same for all attempts. */
  readonly invocationId: string
}

/** What of a call stays the same for all its attempts. */
export async function openChat(context: GatewayContext, call: ChatCall): Promise<Chat> {
  const { store, runtime, background, settings, currentSettings, readModel, readSchema } = context
  const { request, sessionId } = call
  await background.settled(sessionId)
  const { session, accounts, reasoning, refusedFields, modelLists } = await store.opening(sessionId)
  const current = await currentSettings()
  const model = readModel(request.model, listsInUse(modelLists, accounts))
  const { known } = model
  const refused = refusedOf(known.wireId, refusedFields)
  const conversation = toConversation(request, {
    accepts: { images: known.input.includes("image"), documents: known.input.includes("pdf") },
    serviceWindow: known.serviceWindow,
    wireModelId: known.wireId,
    readSchema,
    ...(!refused.includes("reasoning") && { reasoning }),
  })
  return {
    ...call,
    session,
    accounts,
    current,
    conversation,
    window: known.serviceWindow,
    model,
    fallbacks: fallbacksOf(known, settings.fallbackModels),
    refused,
    invocationId: runtime.randomUUID(),
  }
}

function fallbacksOf(
  { id, wireId }: KiroModel,
  configured: Readonly<Record<string, readonly string[]>>,
): readonly string[] {
  const named = Object.keys(configured)
  const key =
    named.find((model) => model === id) ?? named.find((model) => resolveModel(model).wireId === wireId)
  return key === undefined ? [] : (configured[key] ?? [])
}

function refusedOf(wireId: string, refusedFields: readonly RefusedField[]): readonly string[] {
  return refusedFields.filter(({ modelId }) => modelId === wireId).map(({ field }) => field)
}

/** The asked model as this account has it, without what the service refused of it, now or before. */
export function modelFor(
  { model, refused }: Chat,
  { accountId, omitted }: { readonly accountId: string; readonly omitted: readonly string[] },
): KiroModel {
  return withoutRefused(model.listed.get(accountId) ?? model.known, [...refused, ...omitted])
}
