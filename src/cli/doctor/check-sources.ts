import { existsSync } from "node:fs"
import { accountName, type Login } from "../../accounts/index.ts"
import { kiroCliDatabases } from "../../import/index.ts"
import { type Check, type DoctorContext, type Finding, problem } from "./finding.ts"

/** The stores of other programs that logins come from: whether they are there, readable and still good. */
export const sourcesCheck: Check = {
  title: "Logins of other programs",
  async look(context) {
    const readings = await Promise.all(context.sources.map((source) => source.read()))
    const problems = readings.flatMap((reading) => reading.problems)
    // kiro.db is read as an older plugin's store too: what is wrong with it has been said.
    const others = problems.filter(
      ({ file }) => context.databaseTrouble === undefined || file !== context.paths.database,
    )
    const unreadable = others.map(({ file, key, message }) =>
      problem(
        `${file}${key === undefined ? "" : ` (${key})`} ${message}`,
        "Log in again with the program that it belongs to, such as: kiro-cli login",
      ),
    )
    return [...unreadable, ...(unreadable.length === 0 ? gone(context) : []), ...stale(context)]
  },
}

/** Accounts that have nothing but kiro-cli's store, which is not there any more. */
function gone({ accounts, place, settings }: DoctorContext): Finding[] {
  const stores = kiroCliDatabases(place)
  if (!settings.autoSyncKiroCli || stores.some(existsSync)) return []
  return accounts
    .filter(({ account }) => account.logins.length > 0 && account.logins.every(isOfKiroCli))
    .map(({ account }) =>
      problem(
        `${accountName(account)} came from kiro-cli, whose store is gone (${stores[0] ?? ""})`,
        `Run: kiro-cli login, or keep it without kiro-cli by: opencode auth login`,
      ),
    )
}

/** Another login of the same account goes on working; kiro-cli itself does not. */
function stale({ accounts }: DoctorContext): Finding[] {
  return accounts.flatMap(({ account }) =>
    account.health.state === "revoked"
      ? []
      : account.logins
          .filter((login) => isOfKiroCli(login) && login.revoked !== undefined)
          .map(() =>
            problem(`${accountName(account)}: the login of kiro-cli has ended`, "Run: kiro-cli login"),
          ),
  )
}

function isOfKiroCli({ source }: Login): boolean {
  return source === "kiro-cli"
}
