import { mkdtempSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { after } from "node:test"
import { type AccountStore, type Notice, openAccountStore } from "../../src/accounts/index.ts"
import { type Clock, silentLog, systemClock } from "../../src/runtime.ts"
import { removeFolder } from "../support/secrets.ts"

/** A folder that is gone after the tests of the file. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "kiro-accounts-"))
  after(() => removeFolder(folder))
  return folder
}

export interface OpenStore {
  readonly store: AccountStore
  readonly path: string
  readonly notices: readonly Notice[]
}

export async function openStore({
  path = join(temporaryFolder(), "kiro.db"),
  clock = systemClock,
}: { readonly path?: string; readonly clock?: Clock } = {}): Promise<OpenStore> {
  const notices: Notice[] = []
  const notify = (notice: Notice): void => void notices.push(notice)
  const store = await openAccountStore({ path, clock, log: silentLog, random: Math.random, notify })
  return { store, path, notices }
}
