import {
  type Database,
  type ImportedLogin,
  judgeReread,
  sameTokens,
  type SourceStore,
  type WriteBack,
} from "../../accounts/index.ts"
import {
  type Effects,
  hasTable,
  LONGEST_KEY,
  LONGEST_VALUE,
  MOST_ROWS,
  textColumn,
} from "../foreign-database.ts"
import {
  type Found,
  type FoundLogin,
  openLoginDatabases,
  placeIn,
  type TokenChange,
} from "../login-databases.ts"
import { rewriteTokenDocument, samePair } from "../token-document.ts"
import { readStoreKey } from "./keys.ts"
import { type CliRow, type CliStore, readCliLogins } from "./read-logins.ts"
import { readCliState, STATE_KEYS } from "./state.ts"

/**
 * The store of kiro-cli, and the one of the Amazon Q CLI that it began as a copy of. The write-back changes three
 * fields of rows that still hold the pair we started from.
 */
export function openKiroCliSource({
  files,
  named,
  defaultRegion,
  effects,
}: {
  readonly files: readonly string[]
  /** Whether the user named the file, so that its absence is worth a word. */
  readonly named: boolean
  readonly defaultRegion: string
  readonly effects: Effects
}): SourceStore {
  return openLoginDatabases({
    source: "kiro-cli",
    files,
    effects,
    missing: named ? "does not exist" : undefined,
    look: (database, file) => look(database, file, defaultRegion),
    offer: withoutCopies,
    // A copy of a login is as good as the row that it was read from.
    placesOf: () => files,
    judge: (login, found) =>
      judgeReread(
        login,
        found.map((each) => each.login),
      ),
    concerns: ({ file, key }, login) => key === undefined || placeIn(file, key) === login.sourceKey,
    replace: (database, file, change) => replaceTokens(database, { file, defaultRegion, ...change }),
    watched: () => files,
  })
}

function look(database: Database, file: string, defaultRegion: string): Found {
  const store = readStore(database, file)
  if (store !== undefined) return readCliLogins(store, defaultRegion)
  return {
    logins: [],
    problems: [{ source: "kiro-cli", file, key: "auth_kv", message: "holds no table auth_kv" }],
  }
}

const ROWS = `SELECT substr(key, 1, ${LONGEST_KEY}) AS key, substr(value, 1, ${LONGEST_VALUE}) AS value`
/** The rows of `auth_kv` that may be ours to read, whatever else the table holds. */
const LOGIN_ROWS = "key LIKE '%:token' OR key LIKE '%:device_registration'"

function readStore(database: Database, file: string): CliStore | undefined {
  if (!hasTable(database, "auth_kv")) return undefined
  const rows = rowsOf(database, `${ROWS} FROM auth_kv WHERE ${LOGIN_ROWS} LIMIT ${MOST_ROWS}`).filter(
    ({ key }) => readStoreKey(key) !== undefined,
  )
  const places = STATE_KEYS.map(() => "?").join(", ")
  const state = hasTable(database, "state")
    ? rowsOf(database, `${ROWS} FROM state WHERE key IN (${places})`, STATE_KEYS)
    : []
  return { file, rows, state: readCliState(state) }
}

function rowsOf(database: Database, sql: string, parameters: readonly string[] = []): readonly CliRow[] {
  return database.all(sql, parameters).flatMap((row) => {
    const key = textColumn(row, "key")
    return key === undefined ? [] : [{ key, value: textColumn(row, "value") ?? "" }]
  })
}

/** A login that is in several rows or files is one: the Amazon Q CLI's store is where kiro-cli's began. */
function withoutCopies(logins: readonly FoundLogin[]): readonly ImportedLogin[] {
  const first = logins.filter(
    ({ login }, index) =>
      !logins.slice(0, index).some((earlier) => sameTokens(earlier.login.tokens, login.tokens)),
  )
  return first.map(({ login }) => ({ login }))
}

function replaceTokens(
  database: Database,
  change: TokenChange & { readonly file: string; readonly defaultRegion: string },
): WriteBack {
  const { file, defaultRegion, login, before, after } = change
  const store = readStore(database, file)
  if (store === undefined) return "changed"
  const held = readCliLogins(store, defaultRegion).logins.filter(
    (entry) => entry.login.kind === login.kind && samePair(entry.login.tokens, before),
  )
  const changed = held.map(({ row, fields }) =>
    database.run("UPDATE auth_kv SET value = ? WHERE key = ?", [
      rewriteTokenDocument(fields, after),
      row.key,
    ]),
  )
  return changed.some((count) => count > 0) ? "written" : "changed"
}
