import type { Account, AccountStore } from "../../accounts/index.ts"
import { encodeModelLists } from "../../kiro/index.ts"
import { replaceFile } from "../../settings/index.ts"
import { VERSION } from "../../version.ts"
import { listsInUse } from "../asked-model.ts"
import type { ControlClient, OpenAccount } from "./call.ts"
import { isPassing, type PeriodicTask } from "./periodic.ts"
import { fetchModels } from "./questions.ts"

/**
 * With the first good answer of a process, and then so often, whatever was fetched before: a model that the service has
 * gained while a host runs is offered at its next start.
 */
const FRESH_MS = 300_000
const RETRIES = 2

export type ModelListStore = Pick<AccountStore, "list" | "modelLists" | "setModelList">

export interface ModelsTaskOptions {
  readonly client: ControlClient
  readonly open: OpenAccount
  readonly store: ModelListStore
  /** kiro-models.json. */
  readonly path: string
}

/** Fetches the live list of an account, into the store and, for the next start, the file. */
export function modelsTask({ client, open, store, path }: ModelsTaskOptions): PeriodicTask {
  const { clock, log, randomUUID } = client.runtime
  return {
    name: "the model list",
    everyMs: FRESH_MS,
    retries: RETRIES,
    async run(accountId, signal) {
      const account = await open(accountId, signal)
      if (account === undefined) return "done"
      const { serviceRegion } = account.target
      const list = await fetchModels(client, account.target, signal)
      if (list.outcome === "failed") {
        log.info("no model list", { accountId, failure: list.failure })
        return isPassing(list.failure) ? "retry" : "done"
      }
      await store.setModelList({ accountId, serviceRegion, models: list.items, fetchedAt: clock.now() })
      await writeModelsFile({ store, path, unique: randomUUID() })
      return "done"
    },
  }
}

/** How often who has no list yet is looked for. */
const LOOKED_FOR_MS = 60_000
/** Whose a login is is known after so many looks, or nobody tells it. */
const NAMED_BY = 3

/**
 * The offer is everybody's, so the list of an account that does not answer now is wanted as well: once, where nothing is
 * wrong with it and it is known whose it is, for which it is asked. Later ones come with its own answers.
 */
export function unlistedTask({
  store,
  here,
  ask,
  learnOwner,
}: {
  readonly store: ModelListStore
  readonly here: (accounts: readonly Account[]) => readonly Account[]
  readonly ask: (accountId: string) => void
  readonly learnOwner: (accountId: string) => void
}): PeriodicTask {
  return {
    name: "who has no model list",
    everyMs: LOOKED_FOR_MS,
    retries: NAMED_BY,
    async run(answering) {
      const listed = new Set((await store.modelLists()).map(({ accountId }) => accountId))
      const wanted = here(await store.list()).filter(
        ({ id, enabled, health }) => id !== answering && enabled && health.state === "ok" && !listed.has(id),
      )
      for (const { id, userId } of wanted) (userId === undefined ? learnOwner : ask)(id)
      return wanted.some(({ userId }) => userId === undefined) ? "retry" : "done"
    },
  }
}

/**
 * Writes what the config hook reads at the next start: the lists of the accounts that are there and enabled. Other
 * processes and other accounts of this one write it too, each with the lists of its moment: who has put it in place
 * looks again, so the last one does not leave out what came meanwhile. Rejects where the file can't be written; the old
 * one then stands.
 */
export async function writeModelsFile({
  store,
  path,
  unique,
}: {
  readonly store: Pick<ModelListStore, "list" | "modelLists">
  readonly path: string
  /** Tells two writers of one moment apart. */
  readonly unique: string
}): Promise<void> {
  let text = await modelsText(store)
  for (let inPlace: string | undefined; text !== inPlace; text = await modelsText(store)) {
    await replaceFile({ path, text, unique })
    inPlace = text
  }
}

async function modelsText(store: Pick<ModelListStore, "list" | "modelLists">): Promise<string> {
  const accounts = await store.list()
  return encodeModelLists(listsInUse(await store.modelLists(), accounts), VERSION)
}
