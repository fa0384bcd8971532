import {
  type Database,
  judgeReread,
  type Login,
  sameTokens,
  type SourceProblem,
  type SourceReading,
  type SourceStore,
  type TokenSet,
  type WriteBack,
} from "../../accounts/index.ts"
import {
  type Effects,
  fingerprintOf,
  hasTable,
  LONGEST_KEY,
  LONGEST_VALUE,
  MOST_ROWS,
  textColumn,
  visitDatabase,
} from "../foreign-database.ts"
import { rewriteTokenDocument, samePair } from "../token-document.ts"
import { readStoreKey } from "./keys.ts"
import { type CliLogin, type CliReading, type CliRow, type CliStore, readCliLogins } from "./read-logins.ts"
import { readCliState, STATE_KEYS } from "./state.ts"

/**
 * The store of kiro-cli, and the one of the Amazon Q CLI that it began as a copy of. It is opened read-only but for
 * the write-back, which changes three fields of rows that still hold the pair we started from.
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
  const readFile = async (file: string): Promise<CliReading> => {
    const visit = await visitDatabase({ file, effects, visit: (database) => readStore(database, file) })
    switch (visit.state) {
      case "missing":
        return { logins: [], problems: named ? [problem(file, "does not exist")] : [] }
      case "failed":
        return { logins: [], problems: [problem(file, visit.message)] }
      case "done":
        return visit.value === undefined
          ? { logins: [], problems: [problem(file, "holds no table auth_kv", "auth_kv")] }
          : readCliLogins(visit.value, defaultRegion)
    }
  }

  const readAll = async (): Promise<CliReading> => {
    const readings = await Promise.all(files.map(readFile))
    return {
      logins: readings.flatMap(({ logins }) => logins),
      problems: readings.flatMap(({ problems }) => problems),
    }
  }

  return {
    source: "kiro-cli",
    fingerprint: () => fingerprintOf(files.flatMap((file) => [file, `${file}-wal`])),
    owns: (login) =>
      login.source === "kiro-cli" && files.some((file) => login.sourceKey?.startsWith(`${file}#`)),

    async read(): Promise<SourceReading> {
      const { logins, problems } = await readAll()
      return { logins: withoutCopies(logins).map(({ login }) => ({ login })), problems }
    },

    async reread(login) {
      const { logins, problems } = await readAll()
      const reread = judgeReread(
        login,
        logins.map((entry) => entry.login),
      )
      const cause = problems.find(
        ({ file, key }) => key === undefined || `${file}#${key}` === login.sourceKey,
      )
      return reread.state === "gone" && cause !== undefined
        ? { state: "unreadable", message: `${cause.file} ${cause.message}` }
        : reread
    },

    async writeBack(change) {
      const outcomes = await Promise.all(
        files.map(async (file): Promise<WriteBack> => {
          const visit = await visitDatabase({
            file,
            effects,
            write: true,
            visit: (database) => replaceTokens({ database, file, defaultRegion, ...change }),
          })
          if (visit.state === "done") return visit.value
          return visit.state === "missing" ? "changed" : "unavailable"
        }),
      )
      return (
        outcomes.find((outcome) => outcome === "unavailable") ??
        outcomes.find((outcome) => outcome === "written") ??
        "changed"
      )
    },
  }
}

function problem(file: string, message: string, key?: string): SourceProblem {
  return { source: "kiro-cli", file, message, ...(key === undefined ? {} : { key }) }
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
function withoutCopies(logins: readonly CliLogin[]): readonly CliLogin[] {
  return logins.filter(
    ({ login }, index) =>
      !logins.slice(0, index).some((earlier) => sameTokens(earlier.login.tokens, login.tokens)),
  )
}

function replaceTokens({
  database,
  file,
  defaultRegion,
  login,
  before,
  after,
}: {
  readonly database: Database
  readonly file: string
  readonly defaultRegion: string
  readonly login: Login
  readonly before: TokenSet
  readonly after: TokenSet
}): WriteBack {
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
