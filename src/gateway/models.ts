import {
  type KiroModel,
  type LiveModel,
  listsModel,
  modelsOf,
  resolveModel,
  withRefusals,
} from "../kiro/index.ts"
import type { Attempt } from "./attempt.ts"
import type { Chat } from "./chat.ts"

/** The asked model as this account has it, without what the service refused of it, now or before. */
export function modelFor(chat: Chat, attempt: Attempt, accountId: string): KiroModel {
  const model = resolveModel(chat.request.model, liveOf(chat, accountId))
  return withRefusals(model, [...chat.refused, ...attempt.omitted])
}

/** The part of a chat that tells which model it wants. */
export interface AskedModel {
  readonly request: Pick<Chat["request"], "model">
  readonly lists: Chat["lists"]
}

/**
 * Whether an account is passed over because another one has the model. Where no list has it, or there is none, nobody
 * knows: the service will say.
 */
export function lacksModel(chat: AskedModel, accountId: string): boolean {
  const live = liveOf(chat, accountId)
  if (live === undefined || listsModel(chat.request.model, live)) return false
  return chat.lists.some((list) => listsModel(chat.request.model, modelsOf(list)))
}

function liveOf({ lists }: AskedModel, accountId: string): readonly LiveModel[] | undefined {
  const own = lists.filter((list) => list.accountId === accountId)
  const newest = own.toSorted((one, other) => other.fetchedAt - one.fetchedAt)[0]
  const models = newest === undefined ? [] : modelsOf(newest)
  return models.length === 0 ? undefined : models
}
