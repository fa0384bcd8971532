import { present } from "../../json.ts"
import type { Account } from "../account.ts"
import { findCalled } from "../name.ts"
import type { Choice, ChoiceState } from "../selection.ts"
import { isThere } from "./account-rows.ts"
import type { Connection } from "./connection.ts"
import { type Database, StoreError } from "./database.ts"
import { creditsSince, SessionChanges, type SessionMemory } from "./sessions.ts"

/** A new conversation does not wait longer than this, in ms, for its account to be written down. */
const PATIENCE_MS = 250

interface Reading {
  readonly connection: Connection
  readonly session: (database: Database, id: string) => SessionMemory
  readonly accounts: (database: Database) => readonly Account[]
  /** Has `settle` called in a transaction, a moment from now. */
  readonly settleSoon: () => void
}

/** What was read of the session and of all accounts. */
export interface Seen {
  readonly session: SessionMemory
  readonly accounts: readonly Account[]
}

interface Look {
  readonly choice: Choice
  /** The account that the session has in the file. */
  readonly before: string | undefined
  readonly isOnly: boolean
}

/**
 * Gives sessions their accounts, over all processes one after the other. Where there is only one account its session
 * waits for no write: it is written down behind its request, or with what the answer taught. While another process
 * holds the database the choice is made from what can be read and written down later.
 */
export class Assignments {
  readonly #reading: Reading
  /** By session: the account that is not written down yet, and the one that it had then. */
  readonly #pending = new Map<string, { readonly id: string; readonly before: string | undefined }>()

  constructor(reading: Reading) {
    this.#reading = reading
  }

  /** `seen`: just now, by whoever asks; what is chosen among several is chosen by what the transaction reads. */
  async assign(sessionId: string, choose: (state: ChoiceState) => Choice, seen?: Seen): Promise<Choice> {
    const { connection, settleSoon } = this.#reading
    const look = seen === undefined ? this.#look(sessionId, choose) : this.#choose(sessionId, choose, seen)
    const { choice: first, before, isOnly } = await look
    if (first.account === undefined || first.kept) return first
    const pending = { id: first.account.id, before }
    if (isOnly) {
      this.#pending.set(sessionId, pending)
      settleSoon()
      return first
    }
    try {
      return await connection.write(
        (database) => {
          const { choice } = this.#chooseIn(database, sessionId, choose)
          if (choice.account === undefined || choice.kept) return choice
          const sessions = new SessionChanges()
          this.#give(database, sessions, { sessionId, accountId: choice.account.id })
          sessions.write(database, connection.clock.now())
          return choice
        },
        { patienceMs: PATIENCE_MS },
      )
    } catch (error) {
      if (!(error instanceof StoreError)) throw error
      this.#pending.set(sessionId, pending)
      settleSoon()
      return first
    }
  }

  async consider(sessionId: string, choose: (state: ChoiceState) => Choice): Promise<Choice> {
    return (await this.#look(sessionId, choose)).choice
  }

  get arePending(): boolean {
    return this.#pending.size > 0
  }

  /** Within a transaction: writes down all that is pending, and adds what is to be written of the sessions. */
  settle(database: Database, sessions: SessionChanges): void {
    for (const sessionId of this.#pending.keys()) {
      const seen = this.#seen(database, sessionId)
      const accountId = this.#accountOf(sessionId, seen)
      if (accountId !== seen.session.accountId && accountId !== undefined)
        this.#give(database, sessions, { sessionId, accountId })
      database.whenKept(() => this.#pending.delete(sessionId))
    }
  }

  /**
   * What is pending counts unless another process gave the session an account since. It may have turned out meanwhile to
   * be the same person's as another one.
   */
  #accountOf(sessionId: string, { session: { accountId }, accounts }: Seen): string | undefined {
    const pending = this.#pending.get(sessionId)
    if (pending === undefined || pending.before !== accountId) return accountId
    return findCalled(accounts, pending.id)?.id ?? accountId
  }

  async #look(sessionId: string, choose: (state: ChoiceState) => Choice): Promise<Look> {
    const { connection } = this.#reading
    const look = await connection.read((database) => this.#chooseIn(database, sessionId, choose), undefined)
    return look ?? { choice: choose({ accounts: [] }), before: undefined, isOnly: false }
  }

  #seen(database: Database, sessionId: string): Seen {
    const { session, accounts } = this.#reading
    return { session: session(database, sessionId), accounts: accounts(database) }
  }

  #chooseIn(database: Database, sessionId: string, choose: (state: ChoiceState) => Choice): Look {
    const spent = ({ id, quota }: Account): number =>
      quota === undefined ? 0 : creditsSince(database, id, quota.checkedAt)
    return this.#choose(sessionId, (state) => choose({ ...state, spent }), this.#seen(database, sessionId))
  }

  #choose(sessionId: string, choose: (state: ChoiceState) => Choice, seen: Seen): Look {
    const { accountId: before, chosenAccountId } = seen.session
    const accountId = this.#accountOf(sessionId, seen)
    const accounts = seen.accounts.filter(isThere)
    const choice = choose({ accounts, ...present({ accountId, chosenAccountId }) })
    return { choice, before, isOnly: accounts.length === 1 }
  }

  /** The account is then the one that was given last. */
  #give(
    database: Database,
    sessions: SessionChanges,
    { sessionId, accountId }: { readonly sessionId: string; readonly accountId: string },
  ): void {
    database.whenKept(() => this.#pending.delete(sessionId))
    sessions.add(sessionId, (current) => ({ ...current, accountId }))
    database.run(
      `UPDATE kiro_account SET assignment = (SELECT MAX(assignment) FROM kiro_account) + 1
       WHERE id = ? AND assignment <= (SELECT COALESCE(MAX(assignment), 0) FROM kiro_account WHERE id <> ?)`,
      [accountId, accountId],
    )
  }
}
