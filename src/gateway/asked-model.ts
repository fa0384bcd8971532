import type { Account } from "../accounts/index.ts"
import {
  type AccountModelList,
  type KiroModel,
  type LiveModel,
  listsModel,
  mergeModelLists,
  modelsOf,
  newestLists,
  resolveModel,
} from "../kiro/index.ts"

/** The lists that count, of what is kept: who is switched off narrows no model, and is asked for none. */
export function listsInUse(
  lists: readonly AccountModelList[],
  accounts: readonly Account[],
): readonly AccountModelList[] {
  const used = new Set(accounts.filter(({ enabled }) => enabled).map(({ id }) => id))
  return lists.filter(({ accountId }) => used.has(accountId))
}

/** What the last good model lists of all accounts say about the asked model, read once for a chat. */
export interface AskedModel {
  /** With the limits that all accounts share. An account without a list is taken to have it so. */
  readonly known: KiroModel
  /** As the newest list of each account has it, where it has one. */
  readonly listed: ReadonlyMap<string, KiroModel>
  /** The accounts whose list has the model. */
  readonly listedBy: ReadonlySet<string>
  /** As it is without any list. */
  readonly builtIn: KiroModel
}

export type ModelReader = (id: string, lists: readonly AccountModelList[]) => AskedModel

/** What the lists say of a model, kept as long as they stay the same, which is for minutes. */
export function createModelReader(): ModelReader {
  let lists: readonly AccountModelList[] = []
  let merged: readonly LiveModel[] | undefined
  let models = new Map<string, AskedModel>()
  const isSame = (now: readonly AccountModelList[]): boolean =>
    now.length === lists.length &&
    now.every((list, index) => {
      const { accountId, fetchedAt, models: entries } = lists[index] ?? list
      return list.accountId === accountId && list.fetchedAt === fetchedAt && list.models === entries
    })
  return (id, now) => {
    if (!isSame(now)) {
      lists = now
      merged = mergeModelLists(now)
      models = new Map()
    }
    const asked = models.get(id) ?? { known: resolveModel(id, merged), ...inLists(id, now) }
    models.set(id, asked)
    return asked
  }
}

function inLists(id: string, lists: readonly AccountModelList[]): Omit<AskedModel, "known"> {
  const live = new Map(
    [...newestLists(lists)]
      .map(([accountId, list]) => [accountId, modelsOf(list)] as const)
      .filter(([, { length }]) => length > 0),
  )
  const listing = [...live].filter(([, models]) => listsModel(id, models))
  return {
    listed: new Map([...live].map(([accountId, models]) => [accountId, resolveModel(id, models)])),
    listedBy: new Set(listing.map(([accountId]) => accountId)),
    builtIn: resolveModel(id),
  }
}

/**
 * Whether an account is passed over because another one has the model. Where no list has it, or there is none, nobody
 * knows: the service will say.
 */
export function lacksModel({ listed, listedBy }: AskedModel, accountId: string): boolean {
  return listed.has(accountId) && listedBy.size > 0 && !listedBy.has(accountId)
}
