import type { Account } from "../account.ts"
import { buryAccount } from "../login.ts"
import type { Choice } from "../selection.ts"
import { deleteAccount, readAccounts, readOneAccount, writeAccount } from "./account-rows.ts"
import type { Database } from "./database.ts"
import { StoreError } from "./failure.ts"
import { creditsSince } from "./knowledge-rows.ts"
import { readSession, writeSession } from "./session-rows.ts"
import type { AccountChange, AccountStore, ChooseAccount } from "./store.ts"
import { swapTokens } from "./swap.ts"
import type { Writer } from "./writer.ts"

/** A new conversation does not wait longer than this, in ms, for its account to be written down. */
const ASSIGN_PATIENCE_MS = 250

type AccountPart = Pick<
  AccountStore,
  "list" | "listAll" | "get" | "add" | "update" | "remove" | "reconcile" | "compareAndSwapTokens" | "assign"
>

export function accountPart(writer: Writer): AccountPart {
  const { connection, clock } = writer
  const all = (): Promise<readonly Account[]> => connection.read(readAccounts, [])
  const get = (id: string): Promise<Account | undefined> =>
    connection.read((database) => readOneAccount(database, id), undefined)
  const put = (database: Database, account: Account): Account => {
    writeAccount(database, account, readOneAccount(database, account.id))
    return account
  }
  return {
    list: async () => (await all()).filter((account) => account.removedAt === undefined),
    listAll: all,
    get,
    add: (account) => writer.write((database) => put(database, account), { durable: true }),
    update: async (id, change) => {
      const seen = await get(id)
      const expected = seen && change(seen)
      if (expected === seen) return seen
      return writer.writeOr(expected, (database) => {
        const current = readOneAccount(database, id)
        return current && put(database, change(current))
      })
    },
    remove: (id) =>
      writer.write(
        (database) => {
          const current = readOneAccount(database, id)
          if (current === undefined) return
          put(database, buryAccount(current, clock.now()))
          database.run("DELETE FROM kiro_model_list WHERE account_id = ?", [id])
        },
        { durable: true },
      ),
    reconcile: async (change) => {
      const expected = change(await all())
      if (expected.put.length === 0 && expected.absorb.length === 0) return expected
      return writer.write((database) => reconcile(database, change), { durable: true })
    },
    compareAndSwapTokens: (swap) => {
      const attempt = connection.attempt((database) => swapTokens(database, swap), { durable: true })
      if (!attempt.done) return attempt.failure === "busy" ? "busy" : "failed"
      if (!attempt.value) return "changed"
      return connection.inMemory ? "failed" : "written"
    },
    assign: (sessionId, choose) => assign({ writer, sessionId, choose }),
  }
}

function reconcile(database: Database, change: AccountChange): ReturnType<AccountChange> {
  const accounts = readAccounts(database)
  const changes = change(accounts)
  for (const { from, into } of changes.absorb) {
    deleteAccount(database, from)
    for (const table of ["kiro_session", "kiro_turn"])
      database.run(`UPDATE ${table} SET account_id = ? WHERE account_id = ?`, [into, from])
    database.run("UPDATE kiro_session SET chosen_account_id = ? WHERE chosen_account_id = ?", [into, from])
  }
  // A login moves from one account to another by its new owner's write, so the owner's comes last.
  for (const account of changes.put)
    writeAccount(
      database,
      account,
      accounts.find(({ id }) => id === account.id),
    )
  return changes
}

async function assign(assignment: {
  readonly writer: Writer
  readonly sessionId: string
  readonly choose: ChooseAccount
}): Promise<Choice> {
  const { writer, sessionId, choose } = assignment
  const look = (database: Database): Choice => chooseFrom(database, sessionId, choose)
  const seen = await writer.connection.read(look, choose({ accounts: [], spent: new Map() }))
  if (seen.account === undefined || seen.kept) return seen
  try {
    return await writer.write(
      (database) => {
        const choice = look(database)
        if (choice.account !== undefined && !choice.kept)
          giveSession(database, { sessionId, accountId: choice.account.id, now: writer.clock.now() })
        return choice
      },
      { patienceMs: ASSIGN_PATIENCE_MS },
    )
  } catch (error) {
    if (!(error instanceof StoreError)) throw error
    const accountId = seen.account.id
    writer.writeLater((database) => giveSession(database, { sessionId, accountId, now: writer.clock.now() }))
    return seen
  }
}

function chooseFrom(database: Database, sessionId: string, choose: ChooseAccount): Choice {
  const accounts = readAccounts(database).filter((account) => account.removedAt === undefined)
  const spent = accounts.map(({ id, quota }): [string, number] => [
    id,
    quota === undefined ? 0 : creditsSince(database, id, quota.checkedAt),
  ])
  const { accountId } = readSession(database, sessionId)
  return choose({ accounts, spent: new Map(spent), ...(accountId === undefined ? {} : { accountId }) })
}

function giveSession(
  database: Database,
  gift: { readonly sessionId: string; readonly accountId: string; readonly now: number },
): void {
  const { sessionId, accountId, now } = gift
  writeSession(database, sessionId, { ...readSession(database, sessionId), accountId, updatedAt: now })
  database.run(
    "UPDATE kiro_account SET assignment = (SELECT MAX(assignment) FROM kiro_account) + 1 WHERE id = ?",
    [accountId],
  )
}
