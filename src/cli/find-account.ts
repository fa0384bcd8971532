import { type Account, accountName } from "../accounts/index.ts"

/** No account, or more than one, goes by what was typed. */
class NoSuchAccount extends Error {
  override readonly name = "NoSuchAccount"
}

/**
 * The account that a person means: by label, whole id, or the short id that the list shows (with or without its dots).
 *
 * @throws NoSuchAccount
 */
export function findAccount(accounts: readonly Account[], typed: string): Account {
  const wanted = typed.trim().toLowerCase()
  const short = wanted.replaceAll("·", "").replace(/^.*\s/, "")
  const meant = accounts.filter((account) => {
    const name = accountName(account).toLowerCase()
    return account.id.toLowerCase() === wanted || name === wanted || shortIdOf(account) === short
  })
  const [account, ...others] = meant
  if (account === undefined) {
    const names = accounts.map((known) => `${accountName(known)} (${shortIdOf(known)})`).join(", ")
    throw new NoSuchAccount(`no account is called "${typed}"${names === "" ? "" : `; there are ${names}`}`)
  }
  if (others.length > 0) throw new NoSuchAccount(`"${typed}" means more than one account; use its short id`)
  return account
}

/** The four hex digits of an account's name without its label. */
export function shortIdOf({ id, logins }: Account): string {
  return accountName({ id, logins }).slice(-SHORT_ID_LENGTH)
}

const SHORT_ID_LENGTH = 4
