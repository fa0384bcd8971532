import {
  type Database,
  type PairChange,
  placeIn,
  type Row,
  type SourceReading,
  type SourceStore,
  type TokenSet,
  type WriteBack,
} from "../accounts/index.ts"
import { present, stringField } from "../json.ts"
import { Secret } from "../secret.ts"
import {
  type Effects,
  hasTable,
  LONGEST_KEY,
  LONGEST_VALUE,
  MOST_ROWS,
  openLoginDatabases,
  textColumn,
} from "./databases.ts"
import {
  readStartUrl,
  judgePair,
  nothingOf,
  readingOf,
  readInstant,
  type ReadLogin,
  type StoreRecord,
  writeInstant,
} from "./documents.ts"

const TABLE = "accounts"
const ROW = `${TABLE}/`
/** Nobody has removed that many; each is an id. */
const MOST_REMOVED = 10_000

/** Without one of these columns a table `accounts` is not an older plugin's. Every other column is optional. */
const REQUIRED_COLUMNS = ["id", "auth_method", "refresh_token", "access_token", "expires_at"] as const

/** Every column that is read, in whichever generation it was added. */
const COLUMNS: readonly string[] = [
  ...REQUIRED_COLUMNS,
  "email",
  "real_email",
  "region",
  "oidc_region",
  "client_id",
  "client_secret",
  "profile_arn",
  "start_url",
  "unhealthy_reason",
]

/**
 * The table `accounts` that an older plugin keeps in a kiro.db. Its generations differ in their columns, which are
 * probed; nothing of it is ever altered but the three token fields of a row that holds a pair which ours replaces.
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
      if (table.state === "none") return { logins: [], problems: [], unread: [] }
      withTable.add(file)
      if (table.state === "rows") return readRows(file, table)
      const message = `lacks the column ${table.missing}`
      return nothingOf(file, { source: "older-plugin", key: TABLE, message })
    },
    replace,
    watched: () => [...withTable],
  })
}

type OlderTable =
  | { readonly state: "none" }
  | { readonly state: "strange"; readonly missing: string }
  | { readonly state: "rows"; readonly rows: readonly Row[]; readonly removedIds: ReadonlySet<string> }

function readTable(database: Database): OlderTable {
  if (!hasTable(database, TABLE)) return { state: "none" }
  const columns = new Set(database.all(`PRAGMA table_info(${TABLE})`).map((row) => textColumn(row, "name")))
  const missing = REQUIRED_COLUMNS.find((column) => !columns.has(column))
  if (missing !== undefined) return { state: "strange", missing }
  const removed = hasTable(database, "removed_accounts")
    ? database.all(`SELECT substr(id, 1, ${LONGEST_KEY}) AS id FROM removed_accounts LIMIT ${MOST_REMOVED}`)
    : []
  const values = COLUMNS.filter((column) => columns.has(column)).map(
    (column) => `CASE WHEN length(${column}) <= ${LONGEST_VALUE} THEN ${column} END AS ${column}`,
  )
  return {
    state: "rows",
    rows: database.all(`SELECT ${values.join(", ")} FROM ${TABLE} LIMIT ${MOST_ROWS}`),
    removedIds: new Set(removed.flatMap((row) => textColumn(row, "id") ?? [])),
  }
}

/**
 * Each row is a login, whatever it has in common with another one. That plugin's own judgement of a row (unhealthy,
 * recovering) is left aside: its reasons mix real failures with notes, and the service says it again; but a row that it
 * replaced by another one itself is skipped.
 */
function readRows(file: string, table: Extract<OlderTable, { state: "rows" }>): SourceReading {
  const records = table.rows.flatMap((row): StoreRecord[] => {
    const id = stringField(row, "id")
    const isReplaced = stringField(row, "unhealthy_reason")?.startsWith("Replaced by real email") === true
    if (isReplaced || (id !== undefined && table.removedIds.has(id))) return []
    return [
      {
        place: { source: "older-plugin", key: placeIn(file, ROW + id) },
        key: `${TABLE} ${id ?? "?"}`,
        found: id === undefined ? { state: "strange", message: "has no id" } : readRow(row),
        email: realEmail(row),
      },
    ]
  })
  return readingOf(file, records)
}

function readRow(row: Row): ReadLogin {
  const tokens = pairOf(row)
  if (tokens === undefined) return { state: "strange", message: "holds no token pair" }
  const base = {
    id: "",
    source: "older-plugin" as const,
    tokens,
    ...present({ profileArn: stringField(row, "profile_arn") }),
  }
  switch (stringField(row, "auth_method")) {
    case "desktop":
    case "social":
      return { state: "login", login: { ...base, kind: "social" } }
    case "idc": {
      const clientId = stringField(row, "client_id")
      const clientSecret = stringField(row, "client_secret")
      const loginRegion = stringField(row, "oidc_region") ?? stringField(row, "region")
      if (clientId === undefined || clientSecret === undefined)
        return { state: "strange", message: "holds no registration" }
      if (loginRegion === undefined) return { state: "strange", message: "names no region" }
      const client = { clientId, clientSecret: new Secret(clientSecret) }
      const startUrl = readStartUrl(stringField(row, "start_url"))
      return {
        state: "login",
        login: { ...base, kind: "idc", client, loginRegion, ...present({ startUrl }) },
      }
    }
    default:
      return { state: "strange", message: "names a kind of login that is not known" }
  }
}

/** The address that it gave an account whose real one it did not know. */
const MADE_UP = /-placeholder\+[0-9a-f]{16}@awsapps\.local$/i

function realEmail(row: Row): string | undefined {
  return [stringField(row, "real_email"), stringField(row, "email")].find(
    (email) => email !== undefined && email.includes("@") && !MADE_UP.test(email),
  )
}

function pairOf(row: Row): TokenSet | undefined {
  const [accessToken, refreshToken] = [stringField(row, "access_token"), stringField(row, "refresh_token")]
  if (accessToken === undefined || refreshToken === undefined) return undefined
  const expiresAt = readInstant(row["expires_at"]) ?? 0
  return { accessToken: new Secret(accessToken), refreshToken: new Secret(refreshToken), expiresAt }
}

function replace(database: Database, file: string, change: PairChange): WriteBack {
  const id = change.place.key.slice(placeIn(file, ROW).length)
  if (readTable(database).state !== "rows") return "gone"
  const row = database.get(`SELECT access_token, refresh_token, expires_at FROM ${TABLE} WHERE id = ?`, [id])
  const held = row && pairOf(row)
  if (row === undefined || held === undefined) return "gone"
  const verdict = judgePair(held, change)
  if (verdict !== "write") return verdict
  const { after } = change
  database.run(`UPDATE ${TABLE} SET access_token = ?, refresh_token = ?, expires_at = ? WHERE id = ?`, [
    after.accessToken.reveal(),
    (after.refreshToken ?? held.refreshToken)?.reveal() ?? null,
    writeInstant(after.expiresAt, row["expires_at"]),
    id,
  ])
  return "written"
}
