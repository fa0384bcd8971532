import {
  type Database,
  type Login,
  type Reread,
  type Row,
  sameLogin,
  type SourceStore,
  type TokenSet,
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
import { writeInstant } from "../instant.ts"
import { type Found, type FoundLogin, isIn, openLoginDatabases } from "../login-databases.ts"
import { COLUMNS, olderRowId, olderRowKey, readOlderRows, REQUIRED_COLUMNS } from "./read-rows.ts"

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
  return openLoginDatabases({
    source: "older-plugin",
    files,
    effects,
    look(database, file) {
      const table = readTable(database)
      if (table !== undefined) withTable.add(file)
      return readLogins(file, table)
    },
    offer: (logins) => logins,
    placesOf: (login) => files.filter((file) => isIn(file, login)),
    judge,
    concerns: ({ file, key }, login) =>
      key === undefined || key === TABLE || key === olderRowKey(olderRowId(file, login)),
    replace: (database, file, { login, before, after }) =>
      replaceTokens({ database, id: olderRowId(file, login), before, after }),
    watched: () => [...withTable],
  })
}

function readLogins(file: string, table: OlderTable | { readonly missing: string } | undefined): Found {
  if (table === undefined) return { logins: [], problems: [] }
  if (!("missing" in table)) return readOlderRows({ file, ...table })
  const message = `lacks the column ${table.missing}`
  return { logins: [], problems: [{ source: "older-plugin", file, key: TABLE, message }] }
}

/** The row's id is one person's for good; but a pair works only with the registration that obtained it. */
function judge(login: Login, logins: readonly FoundLogin[]): Reread {
  const found = logins.find((candidate) => candidate.login.sourceKey === login.sourceKey)?.login
  const isRenewed = found !== undefined && login.kind !== "api-key" && sameLogin(login, found) !== "no"
  return isRenewed ? { state: "found", tokens: found.tokens, certain: true } : { state: "gone" }
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
