import { posix, win32 } from "node:path"
import {
  BUILDER_ID_REGION,
  type Database,
  type ImportedLogin,
  isBuilderIdUrl,
  type Login,
  type PairChange,
  placeIn,
  type SourceReading,
  type SourceStore,
  type WriteBack,
} from "../accounts/index.ts"
import { isObject, type JsonObject, parseJson, present, stringField } from "../json.ts"
import { fromHome, type Place } from "../settings/index.ts"
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
  type LoggedOut,
  externalLogin,
  nothingOf,
  readingOf,
  socialLogin,
  readRegistration,
  readStartUrl,
  type ReadLogin,
  readTokenDocument,
  type Registration,
  replacePair,
  type StoreRecord,
  type Strange,
} from "./documents.ts"

/**
 * Where kiro-cli keeps its store, and where the Amazon Q CLI before it kept the same one: the first wins where both
 * hold a login. `KIROCLI_DB_PATH` names the only one to read.
 */
export function kiroCliDatabases({ env, platform, home }: Place): readonly string[] {
  const named = env["KIROCLI_DB_PATH"]?.trim()
  if (named !== undefined && named !== "") return [fromHome(named, home)]
  const file = "data.sqlite3"
  switch (platform) {
    case "win32": {
      const local = env["LOCALAPPDATA"] ?? win32.join(home, "AppData", "Local")
      const roaming = env["APPDATA"] ?? win32.join(home, "AppData", "Roaming")
      return [
        win32.join(local, "Kiro-Cli", file),
        win32.join(roaming, "kiro-cli", file),
        win32.join(local, "amazon-q", file),
      ]
    }
    case "darwin": {
      const support = posix.join(home, "Library", "Application Support")
      return [posix.join(support, "kiro-cli", file), posix.join(support, "amazon-q", file)]
    }
    default: {
      // kiro-cli takes no relative one, as the XDG specification says; OpenCode does.
      const stated = env["XDG_DATA_HOME"]?.trim() ?? ""
      const data = posix.isAbsolute(stated) ? stated : posix.join(home, ".local", "share")
      return [posix.join(data, "kiro-cli", file), posix.join(data, "amazon-q", file)]
    }
  }
}

/**
 * The store of kiro-cli, and the one of the Amazon Q CLI that it began as a copy of. The write-back changes three
 * fields of a row that holds a pair which ours replaces.
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
    look(database, file) {
      const store = readStore(database, file)
      if (store !== undefined) return readLogins(store, defaultRegion)
      return nothingOf(file, { source: "kiro-cli", message: "holds no table auth_kv" })
    },
    replace,
    watched: () => files,
  })
}

/** One row of `auth_kv`, its value as text. */
interface CliRow {
  readonly key: string
  readonly value: string
}

/** What the table `state` says beside the tokens. */
interface CliState {
  readonly profileArn?: string
  /** Of the profile that every Google and GitHub login shares. */
  readonly profileIsSocial: boolean
  readonly startUrl?: string
  readonly loginRegion?: string
}

interface CliStore {
  readonly file: string
  readonly rows: readonly CliRow[]
  readonly state: CliState
}

const ROWS = `SELECT substr(key, 1, ${LONGEST_KEY}) AS key, substr(value, 1, ${LONGEST_VALUE}) AS value`
/** The rows of `auth_kv` that may be ours to read, whatever else the table holds. */
const LOGIN_ROWS = "key LIKE '%:token' OR key LIKE '%:device_registration'"
const STATE_KEYS = ["api.codewhisperer.profile", "auth.idc.start-url", "auth.idc.region"] as const
const SOCIAL_PROFILE = "Social_Default_Profile"

function readStore(database: Database, file: string): CliStore | undefined {
  if (!hasTable(database, "auth_kv")) return undefined
  const rows = rowsOf(database, `${ROWS} FROM auth_kv WHERE ${LOGIN_ROWS} LIMIT ${MOST_ROWS}`).filter(
    ({ key }) => readStoreKey(key) !== undefined,
  )
  const places = STATE_KEYS.map(() => "?").join(", ")
  const state = hasTable(database, "state")
    ? rowsOf(database, `${ROWS} FROM state WHERE key IN (${places})`, STATE_KEYS)
    : []
  return { file, rows, state: readState(state) }
}

function rowsOf(database: Database, sql: string, parameters: readonly string[] = []): readonly CliRow[] {
  return database.all(sql, parameters).flatMap((row) => {
    const key = textColumn(row, "key")
    return key === undefined ? [] : [{ key, value: textColumn(row, "value") ?? "" }]
  })
}

/** The three rows of kiro-cli's table `state` that matter; each value is a JSON text. */
function readState(rows: readonly CliRow[]): CliState {
  const valueOf = (key: (typeof STATE_KEYS)[number]): unknown => {
    const row = rows.find((candidate) => candidate.key === key)
    return row === undefined ? undefined : parseJson(row.value)
  }
  const profile = valueOf("api.codewhisperer.profile")
  const [profileArn, profileName] = isObject(profile)
    ? [stringField(profile, "arn"), stringField(profile, "profile_name", "profileName")]
    : []
  const text = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined)
  return {
    profileIsSocial: profileName === SOCIAL_PROFILE,
    ...present({
      profileArn,
      startUrl: text(valueOf("auth.idc.start-url")),
      loginRegion: text(valueOf("auth.idc.region")),
    }),
  }
}

type Flow = "oidc" | "social" | "external-idp"

interface StoreKey {
  readonly key: string
  /** `kirocli`, or `codewhisperer` in stores of the Amazon Q CLI. */
  readonly prefix: string
  readonly flow: Flow
  readonly part: "token" | "registration"
}

/** kiro-cli writes `odic`, misspelt; both spellings have been seen, as have dashes and underscores. */
const KEY =
  /^(kirocli|kiro-cli|codewhisperer|amazon-?q):(odic|oidc|social|external[-_]?idp):(token|device[-_]registration)$/i

/** The place of a row that was the Amazon Q CLI's. */
const LEFT_BEHIND = /#(?:codewhisperer|amazon-?q):/i

function readStoreKey(key: string): StoreKey | undefined {
  const [, prefix, flow, part] = KEY.exec(key) ?? []
  if (prefix === undefined || flow === undefined || part === undefined) return undefined
  return {
    key,
    prefix: prefix.toLowerCase(),
    flow: flowOf(flow.toLowerCase()),
    part: part.toLowerCase() === "token" ? "token" : "registration",
  }
}

function flowOf(word: string): Flow {
  if (word === "social") return "social"
  return word.startsWith("external") ? "external-idp" : "oidc"
}

/** Every login of one store, freshest first. A row that can't be used becomes a problem; the others still count. */
function readLogins(store: CliStore, defaultRegion: string): SourceReading {
  const records = store.rows.flatMap((row): StoreRecord[] => {
    const storeKey = readStoreKey(row.key)
    if (storeKey?.part !== "token") return []
    const place = { source: "kiro-cli", key: placeIn(store.file, row.key) } as const
    return [{ place, key: row.key, found: readLogin({ store, row, storeKey, defaultRegion }) }]
  })
  const { logins, ...rest } = readingOf(store.file, records)
  const freshestFirst = logins.toSorted((one, other) => endOf(other.login) - endOf(one.login))
  return { ...rest, logins: withStateProfile(freshestFirst, store.state) }
}

function endOf(login: Login): number {
  return login.kind === "api-key" ? 0 : login.tokens.expiresAt
}

function readLogin({
  store,
  row,
  storeKey,
  defaultRegion,
}: {
  readonly store: CliStore
  readonly row: CliRow
  readonly storeKey: StoreKey
  readonly defaultRegion: string
}): ReadLogin | LoggedOut {
  const document = readTokenDocument(row.value)
  if (document.state !== "tokens") return document
  const { tokens, fields } = document
  const base = {
    id: "",
    source: "kiro-cli" as const,
    tokens,
    ...present({ profileArn: stringField(fields, "profile_arn", "profileArn") }),
  }
  switch (storeKey.flow) {
    case "oidc": {
      const registration = registrationFor(store, storeKey)
      if (registration.state === "strange") return registration
      const place = oidcPlace({ fields, registration, state: store.state, defaultRegion })
      return { state: "login", login: { ...base, kind: "idc", client: registration.client, ...place } }
    }
    case "social":
      return socialLogin(base, fields)
    case "external-idp":
      return externalLogin(base, fields)
    default:
      return storeKey.flow satisfies never
  }
}

/** Only the registration under the token's own prefix obtained it; another one would burn the refresh token. */
function registrationFor(store: CliStore, token: StoreKey): Registration | Strange {
  const rows = store.rows.filter((row) => {
    const key = readStoreKey(row.key)
    return key?.part === "registration" && key.flow === token.flow && key.prefix === token.prefix
  })
  const spelling = token.key.slice(0, token.key.lastIndexOf(":"))
  const row = rows.find(({ key }) => key.startsWith(`${spelling}:`)) ?? rows[0]
  if (row === undefined) return { state: "strange", message: "has no device registration beside it" }
  const message = `can't be refreshed: ${row.key} is not a registration`
  return readRegistration(row.value) ?? { state: "strange", message }
}

/**
 * The login region and the start URL. kiro-cli leaves both out for old Builder ID logins; what
 * `state` remembers of Identity Center counts only where the row itself can't be a Builder ID, which lives in
 * us-east-1 alone.
 */
function oidcPlace({
  fields,
  registration,
  state,
  defaultRegion,
}: {
  readonly fields: JsonObject
  readonly registration: Registration
  readonly state: CliState
  readonly defaultRegion: string
}): { readonly loginRegion: string; readonly startUrl?: string } {
  const ownUrl = stringField(fields, "start_url", "startUrl")
  const ownRegion = stringField(fields, "region") ?? registration.region
  const startUrl = readStartUrl(
    ownUrl ?? (ownRegion !== undefined && ownRegion !== BUILDER_ID_REGION ? state.startUrl : undefined),
  )
  const isCompany = startUrl !== undefined && !isBuilderIdUrl(startUrl)
  const region = isCompany ? (state.loginRegion ?? defaultRegion) : BUILDER_ID_REGION
  return { loginRegion: ownRegion ?? region, ...present({ startUrl }) }
}

/**
 * The profile that was chosen in kiro-cli is that of the login used last, which is no row that it has left behind: one of
 * the Amazon Q CLI's may be the freshest because we renewed it.
 */
function withStateProfile(
  logins: readonly ImportedLogin[],
  { profileArn, profileIsSocial }: CliState,
): readonly ImportedLogin[] {
  if (profileArn === undefined) return logins
  const able = logins.filter(({ login }) => (login.kind === "social") === profileIsSocial)
  const owner = able.find(({ place }) => !LEFT_BEHIND.test(place.key)) ?? able[0]
  return logins.map((entry) =>
    entry === owner && entry.login.profileArn === undefined
      ? { ...entry, login: { ...entry.login, profileArn } }
      : entry,
  )
}

function replace(database: Database, file: string, change: PairChange): WriteBack {
  const store = readStore(database, file)
  const row = store?.rows.find(({ key }) => placeIn(file, key) === change.place.key)
  if (row === undefined) return "gone"
  return replacePair(row.value, change, (text) =>
    database.run("UPDATE auth_kv SET value = ? WHERE key = ?", [text, row.key]),
  )
}
