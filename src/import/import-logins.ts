import {
  type Account,
  type AccountStore,
  type ImportedLogin,
  mergeImported,
  type SourceProblem,
  type SourceStore,
} from "../accounts/index.ts"

import { type Identify, withUserIds } from "./identify.ts"

export interface ImportOutcome {
  readonly added: readonly Account[]
  /** Known already; a login, its tokens or its profile are new. */
  readonly updated: readonly Account[]
  /** Known already, with nothing new. */
  readonly unchanged: readonly Account[]
  readonly problems: readonly SourceProblem[]
}

/**
 * Reads every source at once and takes its logins into the store: local and quick. The network is used only where
 * `identify` has to tell whether a renewed login is still the same person's. A removed account stays removed unless the
 * user asks for the import. Rejects with a `StoreError` where nothing can be stored.
 */
export async function importLogins({
  store,
  sources,
  now,
  newId,
  byUser = false,
  identify,
}: {
  readonly store: Pick<AccountStore, "reconcile" | "listAll">
  readonly sources: readonly SourceStore[]
  readonly now: number
  readonly newId: () => string
  readonly byUser?: boolean
  readonly identify?: Identify
}): Promise<ImportOutcome> {
  const readings = await Promise.all(sources.map((source) => source.read()))
  const problems = readings.flatMap((reading) => reading.problems)
  const found = readings.flatMap((reading) => reading.logins)
  // Nobody is logged in anywhere: no file is made for that.
  if (found.length === 0) return { added: [], updated: [], unchanged: [], problems }
  const offered = identify === undefined ? found : await withUserIds(found, { store, identify, now, newId })
  const known = (await store.listAll()).filter((account) => account.removedAt === undefined)
  const { put } = await store.reconcile((current) => mergeImported(current, { offered, now, newId, byUser }))
  const isKnown = (account: Account): boolean => known.some(({ id }) => id === account.id)
  return {
    added: put.filter((account) => !isKnown(account)),
    updated: put.filter(isKnown),
    unchanged: known.filter(
      (account) => !put.some(({ id }) => id === account.id) && offered.some((one) => holds(account, one)),
    ),
    problems,
  }
}

function holds({ logins }: Account, { login }: ImportedLogin): boolean {
  return logins.some((held) => held.source === login.source && held.sourceKey === login.sourceKey)
}
