import { present } from "../../json.ts"
import type { Account } from "../account.ts"
import type { Choice, ChoiceState } from "../selection.ts"
import { isThere } from "./account-rows.ts"
import type { Learnt, SessionMemory } from "./sessions.ts"

export type Choose = (state: ChoiceState) => Choice

/** What was read of the session and of all accounts. */
export interface Seen {
  readonly session: SessionMemory
  readonly accounts: readonly Account[]
}

export interface Look {
  readonly choice: Choice
  /** The account that the session has. */
  readonly before?: string | undefined
  readonly isOnly: boolean
}

export function lookAt({ session, accounts: all }: Seen, choose: Choose): Look {
  const { accountId, chosenAccountId } = session
  const accounts = all.filter(isThere)
  const choice = choose({ accounts, ...present({ accountId, chosenAccountId }) })
  return { choice, before: accountId, isOnly: accounts.length === 1 }
}

/**
 * The session has the account from then on, which is the one that was given last. It may have turned out meanwhile to be
 * the same person's as another one.
 */
export function givenTo(
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
