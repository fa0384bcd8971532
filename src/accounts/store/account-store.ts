import { present } from "../../json.ts"
import type { Clock, Log } from "../../runtime.ts"
import type { Secret } from "../../secret.ts"
import type { Account } from "../account.ts"
import type { AccountChanges } from "../draft.ts"
import type { Notice } from "../notices.ts"
import { buryAccount, tidy } from "../owner.ts"
import { isCalled } from "../name.ts"
import type { Choice } from "../selection.ts"
import { isResting } from "../login-use.ts"
import { Connection } from "./connection.ts"
import { type Database, type DatabaseDriver, loadDatabaseDriver, StoreError } from "./database.ts"
import {
  changeSession,
  creditsSince,
  knowledgePart,
  readSession,
  sessionPart,
  writeLearnt,
} from "./sessions.ts"
import {
  accountReader,
  deleteAccount,
  deleteLeftLogins,
  hashInRow,
  swapTokens,
  writeAccount,
} from "./account-rows.ts"
import type { AccountChange, AccountStore, ChooseAccount } from "./store.ts"

/** A new conversation does not wait longer than this, in ms, for its account to be written down. */
const ASSIGN_PATIENCE_MS = 250
/** How often the accounts are looked through for what nobody needs any more. */
const TIDY_EVERY_MS = 60 * 60_000

export interface StoreOptions {
  readonly path: string
  readonly clock: Clock
  readonly log: Log
  /** Uniform in [0, 1): the jitter of waits for a locked database. */
  readonly random: () => number
  readonly notify?: (notice: Notice) => void
  /** Everything happens on a copy in memory: the file is read at most. */
  readonly rehearse?: boolean
  /** `KIRO_API_KEY`: it is never written down. */
  readonly environmentKey?: Secret | undefined
  /** Absent: the SQLite of the runtime. */
  readonly driver?: DatabaseDriver
}

/**
 * Loads the runtime's SQLite; the file is opened by the first call that needs it, and made by the first write.
 * Rejects only where the runtime has no SQLite.
 */
export async function openAccountStore(options: StoreOptions): Promise<AccountStore> {
  const driver = options.driver ?? (await loadDatabaseDriver())
  const connection = new Connection({ notify: () => undefined, rehearse: false, ...options, driver })
  return {
    ...accountPart(connection, options),
    ...sessionPart(connection),
    ...knowledgePart(connection),
    get kept() {
      return connection.inMemory ? "memory" : "file"
    },
    close: () => connection.close(),
  }
}

function accountPart(connection: Connection, { environmentKey }: StoreOptions) {
  const { clock } = connection
  let tidiedAt = -TIDY_EVERY_MS
  const read = accountReader({ environmentKey })
  const look = (database: Database): readonly Account[] => read(database, clock.now())
  const all = (): Promise<readonly Account[]> => connection.read(look, [])
  const called = (accounts: readonly Account[], id: string): Account | undefined =>
    accounts.find((account) => account.id === id) ?? accounts.find((account) => isCalled(account, id))
  const changed = (
    database: Database,
    id: string,
    change: (current: Account) => Account,
  ): Account | undefined => {
    const current = called(look(database), id)
    const next = current && change(current)
    if (next !== undefined && next !== current) {
      writeAccount(database, next, current)
      deleteLeftLogins(database, next, current)
    }
    return next
  }
  const store = {
    list: async ({ resting = false } = {}) =>
      (await all()).filter(
        (account) => account.removedAt === undefined && (resting || !isResting(account, clock.now())),
      ),
    listAll: all,
    get: async (id) => called(await all(), id),
    add: (account) =>
      connection.write(
        (database) => {
          writeAccount(
            database,
            account,
            look(database).find(({ id }) => id === account.id),
          )
          return account
        },
        { durable: true },
      ),
    update: async (id, change) => {
      const seen = called(await all(), id)
      const expected = seen && change(seen)
      if (expected === seen) return seen
      return connection.writeOr(expected, (database) => changed(database, id, change))
    },
    async remove(id) {
      await connection.write(
        (database) => {
          const bury = (current: Account): Account =>
            current.removedAt === undefined ? buryAccount(current, clock.now()) : current
          const buried = changed(database, id, bury)
          if (buried !== undefined)
            database.run("DELETE FROM kiro_model_list WHERE account_id = ?", [buried.id])
        },
        { durable: true },
      )
      await connection.forgetDeleted()
    },
    async reconcile(change) {
      const expected = change(await all())
      if (isNothing(expected)) return expected
      const changes = await connection.write((database) => reconcile(database, look(database), change), {
        durable: true,
        passing: true,
      })
      if (changes.put.some(({ removedAt }) => removedAt !== undefined)) await connection.forgetDeleted()
      if (Math.abs(clock.now() - tidiedAt) > TIDY_EVERY_MS) {
        tidiedAt = clock.now()
        await store.reconcile((accounts) => tidy(accounts, clock.now()))
      }
      return changes
    },
    compareAndSwapTokens: (swap) => {
      const attempt = connection.attempt((database) => swapTokens(database, swap), { durable: true })
      if (!attempt.done) return attempt.failure === "busy" ? "busy" : "failed"
      if (!attempt.value) return "changed"
      return connection.inMemory ? "failed" : "written"
    },
    peek(loginId) {
      const attempt = connection.attempt((database) => hashInRow(database, loginId), { durable: true })
      if (!attempt.done || connection.inMemory) return { outcome: "unavailable" }
      return attempt.value === undefined ? { outcome: "none" } : { outcome: "row", hash: attempt.value }
    },
    mustKeep: () => connection.write(() => undefined, { durable: true }),
    async remember(learnt) {
      const { account, reasoning = [], session, turn } = learnt
      if (account === undefined && reasoning.length === 0 && session === undefined && turn === undefined)
        return
      await connection.writeOr(undefined, (database) => {
        writeLearnt(database, learnt, clock.now())
        if (account !== undefined) changed(database, account.id, account.change)
      })
    },
    assign: (sessionId, choose) => assign({ connection, look, sessionId, choose }),
  } satisfies Partial<AccountStore>
  return store
}

function isNothing({ put, absorb, drop = [] }: AccountChanges): boolean {
  return put.length === 0 && absorb.length === 0 && drop.length === 0
}

function reconcile(database: Database, accounts: readonly Account[], change: AccountChange): AccountChanges {
  const changes = change(accounts)
  const before = (id: string): Account | undefined => accounts.find((account) => account.id === id)
  // A login moves from one account to another by its new owner's write, so rows go after all writes.
  for (const account of changes.put) writeAccount(database, account, before(account.id))
  for (const account of changes.put) deleteLeftLogins(database, account, before(account.id))
  for (const { from, into } of changes.absorb) {
    deleteAccount(database, from)
    for (const [table, column] of SESSION_COLUMNS)
      database.run(`UPDATE ${table} SET ${column} = ? WHERE ${column} = ?`, [into, from])
  }
  for (const id of changes.drop ?? []) deleteAccount(database, id)
  return changes
}

const SESSION_COLUMNS = [
  ["kiro_session", "account_id"],
  ["kiro_session", "chosen_account_id"],
  ["kiro_turn", "account_id"],
] as const

type Look = (database: Database) => readonly Account[]

async function assign(assignment: {
  readonly connection: Connection
  readonly look: Look
  readonly sessionId: string
  readonly choose: ChooseAccount
}): Promise<Choice> {
  const { connection, look, sessionId, choose } = assignment
  const choice = (database: Database): Choice => chooseFrom(database, look(database), { sessionId, choose })
  const seen = await connection.read(choice, choose({ accounts: [] }))
  if (seen.account === undefined || seen.kept) return seen
  try {
    return await connection.write(
      (database) => {
        const chosen = choice(database)
        if (chosen.account !== undefined && !chosen.kept)
          giveSession(database, { sessionId, accountId: chosen.account.id, now: connection.clock.now() })
        return chosen
      },
      { patienceMs: ASSIGN_PATIENCE_MS },
    )
  } catch (error) {
    if (!(error instanceof StoreError)) throw error
    const accountId = seen.account.id
    connection.writeLater((database) =>
      giveSession(database, { sessionId, accountId, now: connection.clock.now() }),
    )
    return seen
  }
}

function chooseFrom(
  database: Database,
  accounts: readonly Account[],
  { sessionId, choose }: { readonly sessionId: string; readonly choose: ChooseAccount },
): Choice {
  const { accountId, chosenAccountId } = readSession(database, sessionId)
  return choose({
    accounts: accounts.filter((account) => account.removedAt === undefined),
    spent: ({ id, quota }) => (quota === undefined ? 0 : creditsSince(database, id, quota.checkedAt)),
    ...present({ accountId, chosenAccountId }),
  })
}

function giveSession(
  database: Database,
  gift: { readonly sessionId: string; readonly accountId: string; readonly now: number },
): void {
  const { sessionId, accountId, now } = gift
  changeSession(database, { id: sessionId, change: (current) => ({ ...current, accountId }), now })
  database.run(
    "UPDATE kiro_account SET assignment = (SELECT MAX(assignment) FROM kiro_account) + 1 WHERE id = ?",
    [accountId],
  )
}
