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

/** Without a list nobody knows: the service will say. */
export function lacksModel(chat: Chat, accountId: string): boolean {
  const live = liveOf(chat, accountId)
  return live !== undefined && !listsModel(chat.request.model, live)
}

function liveOf({ lists }: Chat, accountId: string): readonly LiveModel[] | undefined {
  const own = lists.filter((list) => list.accountId === accountId)
  const newest = own.toSorted((one, other) => other.fetchedAt - one.fetchedAt)[0]
  const models = newest === undefined ? [] : modelsOf(newest)
  return models.length === 0 ? undefined : models
}
