import type {
  Database,
  ImportedLogin,
  Login,
  LoginSource,
  Reread,
  SourceProblem,
  SourceStore,
  TokenLogin,
  TokenSet,
  WriteBack,
} from "../accounts/index.ts"
import { type Effects, fingerprintOf, visitDatabase } from "./foreign-database.ts"

/** The pair that replaces the one of a login, in the place that it was read from. */
export interface TokenChange {
  readonly login: Login
  readonly before: TokenSet
  readonly after: TokenSet
}

/** These stores hold no API keys. */
export interface FoundLogin extends ImportedLogin {
  readonly login: TokenLogin
}

export interface Found {
  readonly logins: readonly FoundLogin[]
  readonly problems: readonly SourceProblem[]
}

export interface LoginDatabases {
  readonly source: LoginSource
  readonly files: readonly string[]
  readonly effects: Effects
  /** Why a file that is not there is worth a word; absent where it is not. */
  readonly missing?: string | undefined
  /** One short look at an open file. */
  look(database: Database, file: string): Found
  /** The logins of all files as they are offered. */
  offer(logins: readonly FoundLogin[]): readonly ImportedLogin[]
  /** The files that may hold the login. */
  placesOf(login: Login): readonly string[]
  judge(login: Login, found: readonly FoundLogin[]): Reread
  /** Whether the problem may be why the login was not found. */
  concerns(problem: SourceProblem, login: Login): boolean
  /** Inside one transaction: writes only where the pair before still stands. */
  replace(database: Database, file: string, change: TokenChange): WriteBack
  /** The files whose changes are of interest. */
  watched(): readonly string[]
}

/** SQLite files of another program as a source of logins, opened read-only but for the write-back. */
export function openLoginDatabases(store: LoginDatabases): SourceStore {
  const { source, effects } = store
  const problem = (file: string, message: string): Found => ({
    logins: [],
    problems: [{ source, file, message }],
  })
  const readFile = async (file: string): Promise<Found> => {
    const visit = await visitDatabase({ file, effects, visit: (database) => store.look(database, file) })
    switch (visit.state) {
      case "done":
        return visit.value
      case "missing":
        return store.missing === undefined ? { logins: [], problems: [] } : problem(file, store.missing)
      case "failed":
        return problem(file, visit.message)
      default:
        return visit satisfies never
    }
  }
  const readFiles = async (files: readonly string[]): Promise<Found> => {
    const readings = await Promise.all(files.map(readFile))
    return {
      logins: readings.flatMap(({ logins }) => logins),
      problems: readings.flatMap(({ problems }) => problems),
    }
  }
  const replace = async (file: string, change: TokenChange): Promise<WriteBack> => {
    const visit = await visitDatabase({
      file,
      effects,
      write: true,
      visit: (database) => store.replace(database, file, change),
    })
    if (visit.state === "done") return visit.value
    return visit.state === "missing" ? "changed" : "unavailable"
  }
  return {
    source,
    owns: (login) => login.source === source && store.placesOf(login).some((file) => isIn(file, login)),
    fingerprint: () => fingerprintOf(store.watched().flatMap((file) => [file, `${file}-wal`])),

    async read() {
      const { logins, problems } = await readFiles(store.files)
      return { logins: store.offer(logins), problems }
    },

    async reread(login) {
      const { logins, problems } = await readFiles(store.placesOf(login))
      const reread = store.judge(login, logins)
      const cause = problems.find((each) => store.concerns(each, login))
      return reread.state === "gone" && cause !== undefined
        ? { state: "unreadable", message: `${cause.file} ${cause.message}` }
        : reread
    },

    async writeBack(change) {
      const outcomes = await Promise.all(store.placesOf(change.login).map((file) => replace(file, change)))
      return (["unavailable", "written"] as const).find((one) => outcomes.includes(one)) ?? "changed"
    },
  }
}

/** The place of a login in a database: the file, and the row after a `#`. */
export function placeIn(file: string, row: string): string {
  return `${file}#${row}`
}

export function isIn(file: string, { sourceKey }: Login): boolean {
  return sourceKey?.startsWith(placeIn(file, "")) === true
}
