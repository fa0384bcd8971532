import { present } from "../../json.ts"
import type { Account } from "../account.ts"
import type { Choice, ChoiceState } from "../selection.ts"
import { isThere } from "./account-rows.ts"
import type { Connection } from "./connection.ts"
import { type Database, StoreError } from "./database.ts"
import { creditsSince, type Learnt, type SessionMemory } from "./sessions.ts"

/** A new conversation does not wait longer than this, in ms, for its account to be written down. */
const PATIENCE_MS = 250

interface Parts {
  readonly connection: Connection
  readonly see: (database: Database, sessionId: string) => Seen
  /** Within a transaction. */
  readonly write: (database: Database, learnt: Learnt) => void
  readonly rememberSoon: (learnt: Learnt) => void
}

/** What was read of the session and of all accounts. */
export interface Seen {
  readonly session: SessionMemory
  readonly accounts: readonly Account[]
}

interface Look {
  readonly choice: Choice
  /** The account that the session has. */
  readonly before: string | undefined
  readonly isOnly: boolean
}

/**
 * Gives sessions their accounts, over all processes one after the other. Where there is only one account its session
 * waits for no write: it is written down behind its request, or with what the answer taught. While another process
 * holds the database the choice is made from what can be read and written down later.
 */
export class Assignments {
  readonly #parts: Parts

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** `seen`: just now, by whoever asks; what is chosen among several is chosen by what the transaction reads. */
  async assign(sessionId: string, choose: (state: ChoiceState) => Choice, seen?: Seen): Promise<Choice> {
    const { connection, write, rememberSoon } = this.#parts
    const look = seen === undefined ? await this.#look(sessionId, choose) : lookAt(seen, choose)
    const { choice: first, before, isOnly } = look
    if (first.account === undefined || first.kept) return first
    // Another process may give the session an account until then.
    const later = givenTo(sessionId, first.account.id, (had) => had === before)
    if (isOnly) {
      rememberSoon(later)
      return first
    }
    try {
      return await connection.write(
        (database) => {
          const { choice } = this.#lookIn(database, sessionId, choose)
          if (choice.account !== undefined && !choice.kept)
            write(database, givenTo(sessionId, choice.account.id))
          return choice
        },
        { patienceMs: PATIENCE_MS },
      )
    } catch (error) {
      if (!(error instanceof StoreError)) throw error
      rememberSoon(later)
      return first
    }
  }

  async consider(sessionId: string, choose: (state: ChoiceState) => Choice): Promise<Choice> {
    return (await this.#look(sessionId, choose)).choice
  }

  async #look(sessionId: string, choose: (state: ChoiceState) => Choice): Promise<Look> {
    const { connection } = this.#parts
    const look = await connection.read((database) => this.#lookIn(database, sessionId, choose), undefined)
    return look ?? { choice: choose({ accounts: [] }), before: undefined, isOnly: false }
  }

  #lookIn(database: Database, sessionId: string, choose: (state: ChoiceState) => Choice): Look {
    const spent = ({ id, quota }: Account): number =>
      quota === undefined ? 0 : creditsSince(database, id, quota.checkedAt)
    return lookAt(this.#parts.see(database, sessionId), (state) => choose({ ...state, spent }))
  }
}

function lookAt({ session, accounts: all }: Seen, choose: (state: ChoiceState) => Choice): Look {
  const { accountId, chosenAccountId } = session
  const accounts = all.filter(isThere)
  const choice = choose({ accounts, ...present({ accountId, chosenAccountId }) })
  return { choice, before: accountId, isOnly: accounts.length === 1 }
}

/**
 * The session has the account from then on, which is the one that was given last. It may have turned out meanwhile to be
 * the same person's as another one.
 */
function givenTo(
  sessionId: string,
  accountId: string,
  mayHave: (had: string | undefined) => boolean = () => true,
): Learnt {
  return {
    sessionId,
    session(current, find) {
      const account = mayHave(current.accountId) ? find(accountId) : undefined
      return account === undefined ? current : { ...current, accountId: account.id }
    },
    account: { id: accountId, change: asLast },
  }
}

function asLast(account: Account, all: readonly Account[]): Account {
  const most = Math.max(0, ...all.filter(({ id }) => id !== account.id).map(({ assignment }) => assignment))
  return account.assignment > most ? account : { ...account, assignment: most + 1 }
}
