import type { RefusedField, SessionMemory } from "../accounts/index.ts"
import {
  type AccountModelList,
  type KiroModel,
  type LiveModel,
  listsModel,
  mergeModelLists,
  modelsOf,
  resolveModel,
  withRefusals,
} from "../kiro/index.ts"
import type { ChatRequest } from "../openai/index.ts"
import { type Conversation, estimateTokens, toConversation } from "../translate/index.ts"
import type { GatewayContext } from "./context.ts"
import type { ChatCall, Purpose } from "./door.ts"

/** One chat of the host, as it stands for all attempts. */
export interface Chat {
  readonly request: ChatRequest
  readonly purpose: Purpose
  readonly sessionId: string
  readonly parentSessionId: string | undefined
  readonly preferredAccountId: string | undefined
  /** As it was when the request came. */
  readonly session: SessionMemory
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
  readonly signal: AbortSignal
}

/** What the last good model lists of all accounts say about the asked model, read once for a chat. */
export interface AskedModel {
  /** As OpenCode names it. */
  readonly id: string
  /** The newest list of each account that has one. */
  readonly live: ReadonlyMap<string, readonly LiveModel[]>
  /** The accounts whose list has the model. */
  readonly listedBy: ReadonlySet<string>
}

/** What of a call stays the same for all its attempts. */
export async function openChat(
  context: GatewayContext,
  call: ChatCall,
  fallbacks?: readonly string[],
): Promise<Chat> {
  const { store, runtime, background, settings } = context
  const { request, sessionId, parentSessionId, preferredAccountId, purpose, signal } = call
  await background.settled(sessionId)
  const [session, remembered, refusedFields, lists] = await Promise.all([
    store.session(sessionId),
    store.reasoningOf(sessionId),
    store.refusedFields(),
    store.modelLists(),
  ])
  const known = resolveModel(request.model, mergeModelLists(lists))
  const refused = refusedOf(known.wireId, refusedFields)
  const { input } = withRefusals(known, refused)
  const conversation = toConversation(request, {
    accepts: { images: input.includes("image"), documents: input.includes("pdf") },
    serviceWindow: known.serviceWindow,
    wireModelId: known.wireId,
    ...(!refused.includes("reasoning") && { reasoning: remembered }),
  })
  return {
    request,
    purpose,
    sessionId,
    parentSessionId,
    preferredAccountId,
    session,
    conversation,
    window: known.serviceWindow,
    model: askedModel(request.model, lists),
    fallbacks: fallbacks ?? fallbacksOf(known, settings.fallbackModels),
    refused,
    invocationId: runtime.randomUUID(),
    signal,
  }
}

/** In estimated tokens, of the whole conversation as the host sent it. */
export function sizeOf({ conversation }: Pick<Chat, "conversation">): number {
  return estimateTokens(conversation)
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

export function askedModel(id: string, lists: readonly AccountModelList[]): AskedModel {
  const oldestFirst = lists.toSorted((one, other) => one.fetchedAt - other.fetchedAt)
  const newest = new Map(oldestFirst.map((list) => [list.accountId, list]))
  const live = new Map(
    [...newest]
      .map(([accountId, list]) => [accountId, modelsOf(list)] as const)
      .filter(([, { length }]) => length > 0),
  )
  const listing = [...live].filter(([, models]) => listsModel(id, models))
  return { id, live, listedBy: new Set(listing.map(([accountId]) => accountId)) }
}

/**
 * Whether an account is passed over because another one has the model. Where no list has it, or there is none, nobody
 * knows: the service will say.
 */
export function lacksModel({ live, listedBy }: AskedModel, accountId: string): boolean {
  return live.has(accountId) && listedBy.size > 0 && !listedBy.has(accountId)
}

/** The asked model as this account has it, without what the service refused of it, now or before. */
export function modelFor(
  { model, refused }: Chat,
  { accountId, omitted }: { readonly accountId: string; readonly omitted: readonly string[] },
): KiroModel {
  return withRefusals(resolveModel(model.id, model.live.get(accountId)), [...refused, ...omitted])
}
