import {
  type AccountModelList,
  type KiroModel,
  type LiveModel,
  listsModel,
  modelsOf,
  resolveModel,
  withRefusals,
} from "../kiro/index.ts"
import type { Attempt } from "./attempt/attempt.ts"
import type { Chat } from "./chat.ts"

/** What the last good model lists of all accounts say about the asked model, read once for a chat. */
export interface AskedModel {
  /** As OpenCode names it. */
  readonly id: string
  /** The newest list of each account that has one. */
  readonly live: ReadonlyMap<string, readonly LiveModel[]>
  /** The accounts whose list has the model. */
  readonly listedBy: ReadonlySet<string>
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
export function modelFor({ model, refused }: Chat, attempt: Attempt, accountId: string): KiroModel {
  return withRefusals(resolveModel(model.id, model.live.get(accountId)), [...refused, ...attempt.omitted])
}
