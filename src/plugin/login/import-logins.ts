import {
  type Account,
  accountName,
  type ImportedLogin,
  type Login,
  mergeImported,
  type SourceProblem,
} from "../../accounts/index.ts"
import type { LoginDependencies } from "./dependencies.ts"

/** A login that another program keeps, the account it belongs to here, and what the import did. */
export interface FoundLogin {
  readonly account: Account
  readonly login: Login
  readonly done: "added" | "brought up to date" | "already here" | "added to the account that was here"
}

export interface ImportOutcome {
  readonly found: readonly FoundLogin[]
  readonly problems: readonly SourceProblem[]
}

/** Takes over what the other programs keep. Asked for by the user, so a removed account comes back. */
export async function importLogins({
  runtime,
  openStore,
  sources,
}: LoginDependencies): Promise<ImportOutcome> {
  const readings = await Promise.all(
    sources()
      .filter(({ source }) => source !== "environment")
      .map((source) => source.read()),
  )
  const offered = readings.flatMap(({ logins }) => logins)
  const problems = readings.flatMap((reading) => reading.problems)
  if (offered.length === 0) return { found: [], problems }
  const store = await openStore()
  const before = await store.list()
  const { put } = await store.reconcile((accounts) =>
    mergeImported(accounts, {
      offered,
      now: runtime.clock.now(),
      newId: () => runtime.randomUUID(),
      byUser: true,
    }),
  )
  const changed = new Set(put.map(({ id }) => id))
  const known = new Set(before.map(({ id }) => id))
  const after = await store.list()
  const found = offered.flatMap((imported) => {
    const here = findHere(after, imported)
    if (here === undefined) return []
    const { id } = here.account
    const done = known.has(id) ? (changed.has(id) ? "brought up to date" : "already here") : "added"
    return [{ ...here, done } as const]
  })
  return { found, problems }
}

function findHere(
  accounts: readonly Account[],
  { login }: ImportedLogin,
): { readonly account: Account; readonly login: Login } | undefined {
  for (const account of accounts) {
    const here = account.logins.find((each) => each.id === login.id || isInSamePlace(each, login))
    if (here !== undefined) return { account, login: here }
  }
  return undefined
}

function isInSamePlace(one: Login, other: Login): boolean {
  return one.kind === other.kind && one.source === other.source && one.sourceKey === other.sourceKey
}

const SOURCE_NAMES = {
  "kiro-cli": "kiro-cli",
  "kiro-ide": "Kiro IDE",
  "older-plugin": "an older plugin",
  own: "this plugin",
  environment: "the environment",
} as const

/** One line for each login that was found, and for each thing that could not be read. */
export function describeImport({ found, problems }: ImportOutcome): string {
  const logins = found.map(
    ({ account, login, done }) => `${SOURCE_NAMES[login.source]}: ${accountName(account)}, ${done}`,
  )
  const trouble = problems.map(
    ({ file, key, message }) => `Not readable: ${file}${key === undefined ? "" : ` (${key})`}: ${message}`,
  )
  return [...logins, ...trouble].join("\n")
}
