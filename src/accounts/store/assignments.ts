import { present } from "../../json.ts"
import type { Account } from "../account.ts"
import { findCalled } from "../name.ts"
import type { Choice, ChoiceState } from "../selection.ts"
import { isThere } from "./account-rows.ts"
import type { Connection } from "./connection.ts"
import { type Database, StoreError } from "./database.ts"
import { changeSession, creditsSince, type SessionMemory } from "./sessions.ts"

/** A new conversation does not wait longer than this, in ms, for its account to be written down. */
const PATIENCE_MS = 250

interface Reading {
  readonly connection: Connection
  readonly session: (database: Database, id: string) => SessionMemory
  readonly accounts: (database: Database) => readonly Account[]
}

/**
 * Gives sessions their accounts, over all processes one after the other. Where there is only one account its session
 * waits for no write: it is written down with what the answer taught, or when the store closes. While another process
 * holds the database the choice is made from what can be read and written down later.
 */
export class Assignments {
  readonly #reading: Reading
  /** By session: the account that is not written down yet. */
  readonly #pending = new Map<string, string>()

  constructor(reading: Reading) {
    this.#reading = reading
  }

  async assign(sessionId: string, choose: (state: ChoiceState) => Choice): Promise<Choice> {
    const { connection } = this.#reading
    const look = (database: Database): { readonly choice: Choice; readonly isOnly?: boolean } =>
      this.#choose(database, sessionId, choose)
    const { choice: seen, isOnly } = await connection.read(look, { choice: choose({ accounts: [] }) })
    if (seen.account === undefined || seen.kept) return seen
    const { id } = seen.account
    if (isOnly === true) {
      this.#pending.set(sessionId, id)
      return seen
    }
    try {
      return await connection.write(
        (database) => {
          const { choice } = look(database)
          if (choice.account !== undefined && !choice.kept) this.#give(database, sessionId, choice.account.id)
          return choice
        },
        { patienceMs: PATIENCE_MS },
      )
    } catch (error) {
      if (!(error instanceof StoreError)) throw error
      this.#pending.set(sessionId, id)
      connection.writeLater((database) => this.settle(database, sessionId))
      return seen
    }
  }

  isPending(sessionId: string): boolean {
    return this.#pending.has(sessionId)
  }

  /** Within a transaction: writes down the account that is pending for the session. */
  settle(database: Database, sessionId: string): void {
    const accountId = this.#pendingOf(database, sessionId)
    if (accountId !== undefined) this.#give(database, sessionId, accountId)
  }

  /** Begins to write down all that is pending. */
  settleAll(): void {
    for (const sessionId of this.#pending.keys())
      this.#reading.connection.writeLater((database) => this.settle(database, sessionId))
  }

  /** It may have turned out meanwhile to be the same person's as another one. */
  #pendingOf(database: Database, sessionId: string): string | undefined {
    const id = this.#pending.get(sessionId)
    return id === undefined ? undefined : findCalled(this.#reading.accounts(database), id)?.id
  }

  #choose(
    database: Database,
    sessionId: string,
    choose: (state: ChoiceState) => Choice,
  ): { readonly choice: Choice; readonly isOnly: boolean } {
    const session = this.#reading.session(database, sessionId)
    const { accountId = this.#pendingOf(database, sessionId), chosenAccountId } = session
    const accounts = this.#reading.accounts(database).filter(isThere)
    const choice = choose({
      accounts,
      spent: ({ id, quota }) => (quota === undefined ? 0 : creditsSince(database, id, quota.checkedAt)),
      ...present({ accountId, chosenAccountId }),
    })
    return { choice, isOnly: accounts.length === 1 }
  }

  /** The account is then the one that was given last. */
  #give(database: Database, sessionId: string, accountId: string): void {
    this.#pending.delete(sessionId)
    const change = (current: SessionMemory): SessionMemory => ({ ...current, accountId })
    changeSession(database, { id: sessionId, change, now: this.#reading.connection.clock.now() })
    database.run(
      `UPDATE kiro_account SET assignment = (SELECT MAX(assignment) FROM kiro_account) + 1
       WHERE id = ? AND assignment <= (SELECT COALESCE(MAX(assignment), 0) FROM kiro_account WHERE id <> ?)`,
      [accountId, accountId],
    )
  }
}
