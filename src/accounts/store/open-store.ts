import type { Clock, Log } from "../../runtime.ts"
import type { Notice } from "../notices.ts"
import { accountPart } from "./account-store.ts"
import { Connection } from "./connection.ts"
import { loadDatabaseDriver } from "./database.ts"
import { knowledgePart } from "./knowledge-store.ts"
import { sessionPart } from "./session-store.ts"
import type { AccountStore } from "./store.ts"
import { Writer } from "./writer.ts"

export interface StoreOptions {
  readonly path: string
  readonly clock: Clock
  readonly log: Log
  /** Uniform in [0, 1): the jitter of waits for a locked database. */
  readonly random: () => number
  readonly notify?: (notice: Notice) => void
  /** Everything happens on a copy in memory: the file is read at most. */
  readonly rehearse?: boolean
}

/**
 * Loads the runtime's SQLite; the file is opened by the first call that needs it, and made by the first write.
 * Rejects only where the runtime has no SQLite.
 */
export async function openAccountStore(options: StoreOptions): Promise<AccountStore> {
  const driver = await loadDatabaseDriver()
  const connection = new Connection({ notify: () => undefined, rehearse: false, ...options, driver })
  const writer = new Writer(connection, options.clock)
  return {
    ...accountPart(writer),
    ...sessionPart(writer),
    ...knowledgePart(writer),
    get kept() {
      return connection.inMemory ? "memory" : "file"
    },
    close: async () => {
      await writer.settle()
      connection.close()
    },
  }
}
