import { join } from "node:path"
import { type AccountStore, type Notice, openAccountStore } from "../../src/accounts/index.ts"
import { type Clock, silentLog, systemClock } from "../../src/runtime.ts"
import { temporaryFolder } from "../support/temporary-folder.ts"

export interface OpenStore {
  readonly store: AccountStore
  readonly path: string
  /** What the store told of, and whoever else was given `notify`. */
  readonly notices: readonly Notice[]
  notify(notice: Notice): void
}

export async function openStore({
  path = join(temporaryFolder(), "kiro.db"),
  clock = systemClock,
}: { readonly path?: string; readonly clock?: Clock } = {}): Promise<OpenStore> {
  const notices: Notice[] = []
  const notify = (notice: Notice): void => void notices.push(notice)
  const store = await openAccountStore({ path, clock, log: silentLog, random: Math.random, notify })
  return { store, path, notices, notify }
}
