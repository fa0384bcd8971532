import {
  type Database,
  type Login,
  type Row,
  sameLogin,
  type SourceProblem,
  type SourceReading,
  type SourceStore,
  type TokenLogin,
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
import { writeInstant } from "../instant.ts"
import { COLUMNS, olderRowKey, olderSourceKey, readOlderRows, REQUIRED_COLUMNS } from "./read-rows.ts"

const TABLE = "accounts"
/** Nobody has removed that many; each is an id. */
const MOST_REMOVED = 10_000

interface OlderTable {
  readonly rows: readonly Row[]
  readonly removedIds: ReadonlySet<string>
}

/**
 * The table `accounts` that an older plugin keeps in a kiro.db. Its generations differ in their columns, which are
 * probed; nothing of it is ever altered but the three token fields of a row that still holds the pair we started from.
 */
export function openOlderPluginSource({
  files,
  effects,
}: {
  readonly files: readonly string[]
  readonly effects: Effects
}): SourceStore {
  /** Our own tables are in one of these files: only where it holds the older plugin's too is a write to it of interest. */
  const withTable = new Set<string>()

  const readFile = async (file: string): Promise<SourceReading> => {
    const visit = await visitDatabase({ file, effects, visit: readTable })
    if (visit.state === "done" && visit.value !== undefined) withTable.add(file)
    if (visit.state === "missing") return { logins: [], problems: [] }
    if (visit.state === "failed") return { logins: [], problems: [problem(file, visit.message)] }
    if (visit.value === undefined) return { logins: [], problems: [] }
    if ("missing" in visit.value)
      return { logins: [], problems: [problem(file, `lacks the column ${visit.value.missing}`)] }
    return readOlderRows({ file, ...visit.value })
  }

  return {
    source: "older-plugin",
    fingerprint: () => fingerprintOf([...withTable].flatMap((file) => [file, `${file}-wal`])),
    owns: (login) => fileAndId(files, login) !== undefined,

    async read() {
      const readings = await Promise.all(files.map(readFile))
      return {
        logins: readings.flatMap(({ logins }) => logins),
        problems: readings.flatMap(({ problems }) => problems),
      }
    },

    async reread(login) {
      const place = fileAndId(files, login)
      if (place === undefined) return { state: "gone" }
      const { logins, problems } = await readFile(place.file)
      const found = logins.find((candidate) => candidate.login.sourceKey === login.sourceKey)?.login
      if (found !== undefined && isRenewed(login, found))
        return { state: "found", tokens: found.tokens, certain: true }
      const cause = problems.find(({ key }) => key === TABLE || key === olderRowKey(place.id))
      return cause === undefined
        ? { state: "gone" }
        : { state: "unreadable", message: `${cause.file} ${cause.message}` }
    },

    async writeBack({ login, before, after }): Promise<WriteBack> {
      const place = fileAndId(files, login)
      if (place === undefined) return "changed"
      const visit = await visitDatabase({
        file: place.file,
        effects,
        write: true,
        visit: (database) => replaceTokens({ database, id: place.id, before, after }),
      })
      if (visit.state === "done") return visit.value
      return visit.state === "missing" ? "changed" : "unavailable"
    },
  }
}

/** The row's id is one person's for good; but a pair works only with the registration that obtained it. */
function isRenewed(login: Login, found: Login): found is TokenLogin {
  return login.kind !== "api-key" && found.kind !== "api-key" && sameLogin(login, found) !== "no"
}

function problem(file: string, message: string): SourceProblem {
  return { source: "older-plugin", file, key: TABLE, message }
}

function fileAndId(
  files: readonly string[],
  login: Login,
): { readonly file: string; readonly id: string } | undefined {
  if (login.source !== "older-plugin" || login.sourceKey === undefined) return undefined
  for (const file of files) {
    const prefix = olderSourceKey(file, "")
    if (login.sourceKey.startsWith(prefix)) return { file, id: login.sourceKey.slice(prefix.length) }
  }
  return undefined
}

function readTable(database: Database): OlderTable | { readonly missing: string } | undefined {
  if (!hasTable(database, "accounts")) return undefined
  const columns = new Set(database.all("PRAGMA table_info(accounts)").map((row) => textColumn(row, "name")))
  const missing = REQUIRED_COLUMNS.find((column) => !columns.has(column))
  if (missing !== undefined) return { missing }
  const removed = hasTable(database, "removed_accounts")
    ? database.all(`SELECT substr(id, 1, ${LONGEST_KEY}) AS id FROM removed_accounts LIMIT ${MOST_REMOVED}`)
    : []
  const values = COLUMNS.filter((column) => columns.has(column)).map(
    (column) => `CASE WHEN length(${column}) <= ${LONGEST_VALUE} THEN ${column} END AS ${column}`,
  )
  return {
    rows: database.all(`SELECT ${values.join(", ")} FROM accounts LIMIT ${MOST_ROWS}`),
    removedIds: new Set(removed.flatMap((row) => textColumn(row, "id") ?? [])),
  }
}

function replaceTokens({
  database,
  id,
  before,
  after,
}: {
  readonly database: Database
  readonly id: string
  readonly before: TokenSet
  readonly after: TokenSet
}): WriteBack {
  const [access, refresh] = [before.accessToken.reveal(), before.refreshToken?.reveal()]
  const row = database.get("SELECT access_token, refresh_token, expires_at FROM accounts WHERE id = ?", [id])
  if (row === undefined || row["access_token"] !== access || row["refresh_token"] !== refresh)
    return "changed"
  const changes = database.run(
    "UPDATE accounts SET access_token = ?, refresh_token = ?, expires_at = ? WHERE id = ?",
    [
      after.accessToken.reveal(),
      (after.refreshToken ?? before.refreshToken)?.reveal() ?? "",
      writeInstant(after.expiresAt, row["expires_at"]),
      id,
    ],
  )
  return changes > 0 ? "written" : "changed"
}
