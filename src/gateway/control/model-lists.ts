import { type AccountModelList, encodeModelLists, type LiveModel, modelsOf } from "../../kiro/index.ts"
import { replaceFile } from "../../settings/index.ts"
import { type Background, type BackgroundTask, createBackground } from "./background.ts"
import type { ControlClient } from "./call.ts"
import { fetchModels } from "./models.ts"
import type { OpenAccount } from "./open-account.ts"

/** A list older than this is fetched again after the next good answer. */
const FRESH_MS = 3_600_000
const RETRIES = 2
/** What other processes stored is seen after this. */
const REREAD_MS = 60_000

/** The part of the store that keeps the lists. */
export interface ModelListStore {
  list(): Promise<readonly { readonly id: string; readonly enabled: boolean }[]>
  modelLists(): Promise<readonly AccountModelList[]>
  setModelList(list: AccountModelList): Promise<void>
}

export interface ModelListOptions {
  readonly client: ControlClient
  readonly open: OpenAccount
  readonly store: ModelListStore
  /** kiro-models.json. */
  readonly path: string
}

export interface ModelLists {
  /** The list of an account; `undefined` before its first. */
  of(accountId: string): Promise<readonly LiveModel[] | undefined>
  /** After a good answer: fetches the list where it is missing or old, beside the requests. */
  readonly refresh: Background
}

/** The live lists of all accounts, in the store and, for the next start, in one file. */
export function createModelLists(options: ModelListOptions): ModelLists {
  const { client, store } = options
  const { clock } = client.runtime
  let cache: { readonly lists: ReadonlyMap<string, readonly LiveModel[]>; readonly until: number } | undefined
  const task = modelListTask(options, () => {
    cache = undefined
  })
  return {
    async of(accountId) {
      if (cache === undefined || cache.until <= clock.now())
        cache = { lists: newestLists(await store.modelLists()), until: clock.now() + REREAD_MS }
      return cache.lists.get(accountId)
    },
    refresh: createBackground(task, client.runtime),
  }
}

function modelListTask({ client, open, store, path }: ModelListOptions, changed: () => void): BackgroundTask {
  const { clock } = client.runtime
  return {
    name: "the model list",
    everyMs: FRESH_MS,
    retries: RETRIES,
    async waitMs(accountId) {
      const lists = await store.modelLists()
      const times = lists.filter((list) => list.accountId === accountId).map((list) => list.fetchedAt)
      return Math.min(FRESH_MS, Math.max(...times, 0) + FRESH_MS - clock.now())
    },
    async run(accountId, signal) {
      const account = await open(accountId, signal)
      if (account === undefined) return "done"
      const { serviceRegion } = account.target
      const list = await fetchModels(client, account.target, signal)
      if ("failure" in list) {
        client.runtime.log.info("no model list", { accountId, failure: list.failure })
        return list.failure.status >= 400 && list.failure.status < 500 ? "done" : "retry"
      }
      await store.setModelList({ accountId, serviceRegion, models: list.items, fetchedAt: clock.now() })
      changed()
      await writeModelsFile({ store, path, unique: client.runtime.randomUUID() })
      return "done"
    },
  }
}

/** Writes what `config()` reads at the next start: the lists of the accounts that are there and enabled. */
export async function writeModelsFile({
  store,
  path,
  unique,
}: {
  readonly store: ModelListStore
  readonly path: string
  readonly unique: string
}): Promise<void> {
  const accounts = await store.list()
  const usable = new Set(accounts.filter((account) => account.enabled).map((account) => account.id))
  const lists = await store.modelLists()
  const text = encodeModelLists(lists.filter((list) => usable.has(list.accountId)))
  await replaceFile({ path, text, unique })
}

function newestLists(lists: readonly AccountModelList[]): ReadonlyMap<string, readonly LiveModel[]> {
  const ordered = lists.toSorted((one, other) => one.fetchedAt - other.fetchedAt)
  return new Map(ordered.map((list) => [list.accountId, modelsOf(list)]))
}
