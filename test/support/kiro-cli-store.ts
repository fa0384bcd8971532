import { mkdirSync } from "node:fs"
import { dirname, join } from "node:path"
import { openDatabase, type Database } from "../../src/accounts/store/database.ts"
import type { FakeAccount } from "./fake-kiro/index.ts"

/** kiro-cli's own tables, after all its migrations (aws/amazon-q-developer-cli, sqlite_migrations). */
export const KIRO_CLI_TABLES: readonly string[] = [
  "CREATE TABLE IF NOT EXISTS migrations (id INTEGER PRIMARY KEY, version INTEGER NOT NULL, migration_time INTEGER NOT NULL)",
  `CREATE TABLE IF NOT EXISTS history (id INTEGER PRIMARY KEY, command TEXT, shell TEXT, pid INTEGER, session_id TEXT, cwd TEXT,
    start_time INTEGER, hostname TEXT, exit_code INTEGER, end_time INTEGER, duration INTEGER)`,
  "CREATE TABLE IF NOT EXISTS state (key TEXT PRIMARY KEY, value BLOB)",
  "CREATE TABLE IF NOT EXISTS auth_kv (key TEXT PRIMARY KEY, value TEXT)",
  "CREATE TABLE IF NOT EXISTS conversations (key TEXT PRIMARY KEY, value TEXT)",
]
const SCOPES = ["codewhisperer:completions", "codewhisperer:analysis", "codewhisperer:conversations"]

/** Where kiro-cli has its store where nothing but the home folder says so. */
export function kiroCliStoreOf(home: string): string {
  const folders: { readonly [platform in NodeJS.Platform]?: readonly string[] } = {
    darwin: ["Library", "Application Support", "kiro-cli"],
    win32: ["AppData", "Local", "Kiro-Cli"],
  }
  const folder = folders[process.platform] ?? [".local", "share", "kiro-cli"]
  return join(home, ...folder, "data.sqlite3")
}

export interface KiroCliStoreOptions {
  readonly path: string
  /** Signed in one after the other; of each kind the last one stands. */
  readonly accounts: readonly FakeAccount[]
  /** Epoch milliseconds that the store says; by default an hour from now. What the service thinks is its own. */
  readonly expiresAt?: number
  readonly tokenEndpoint?: string
}

/** A store as kiro-cli leaves it behind: a real database, with the sessions of these accounts. */
export async function seedKiroCliStore(options: KiroCliStoreOptions): Promise<void> {
  mkdirSync(dirname(options.path), { recursive: true })
  const database = await openDatabase(options.path)
  // As kiro-cli, which waits for whoever writes.
  database.get("PRAGMA busy_timeout = 5000")
  database.run("PRAGMA journal_mode=WAL")
  for (const table of KIRO_CLI_TABLES) database.run(table)
  for (const account of options.accounts) signIn(database, account, options)
  database.close()
}

/** The value of one row of `auth_kv`, as it stands now. */
export async function readKiroCliRow(path: string, key: string): Promise<unknown> {
  const database = await openDatabase(path, { readonly: true })
  const row = database.get("SELECT value FROM auth_kv WHERE key = ?", [key])
  database.close()
  return row === undefined ? undefined : (JSON.parse(String(row["value"])) as unknown)
}

function signIn(database: Database, account: FakeAccount, options: KiroCliStoreOptions): void {
  const [profileArn] = account.profileArns
  for (const [key, value] of Object.entries(kiroCliRows(account, options)))
    put(database, "auth_kv", key, value)
  if (profileArn === undefined) return
  const profileName = account.kind === "social" ? "Social_Default_Profile" : "KiroProfile"
  put(database, "state", "api.codewhisperer.profile", { arn: profileArn, profile_name: profileName })
}

function put(database: Database, table: "auth_kv" | "state", key: string, value: unknown): void {
  database.run(`INSERT OR REPLACE INTO ${table} (key, value) VALUES (?, ?)`, [key, JSON.stringify(value)])
}

/** What kiro-cli keeps of the account in `auth_kv`, by key. */
export function kiroCliRows(
  account: FakeAccount,
  options: Pick<KiroCliStoreOptions, "expiresAt" | "tokenEndpoint"> = {},
): Record<string, unknown> {
  const expiresAt = new Date(options.expiresAt ?? Date.now() + 3_600_000).toISOString()
  const tokens = {
    access_token: account.accessToken,
    // Six digits of a second, as kiro-cli writes them.
    expires_at: expiresAt.replace(/(\.\d{3})Z$/, "$1627Z"),
    refresh_token: account.refreshToken,
  }
  switch (account.kind) {
    case "builder-id":
    case "identity-center":
      return {
        "kirocli:odic:token": {
          ...tokens,
          region: account.loginRegion,
          start_url: account.startUrl,
          oauth_flow: "DeviceCode",
          scopes: SCOPES,
        },
        "kirocli:odic:device-registration": {
          client_id: account.client.clientId,
          client_secret: account.client.clientSecret,
          client_secret_expires_at: new Date(Date.now() + 90 * 24 * 3_600_000).toISOString(),
          region: account.loginRegion,
          oauth_flow: "DeviceCode",
          scopes: SCOPES,
        },
      }
    case "social":
      return {
        "kirocli:social:token": { ...tokens, provider: "google", profile_arn: account.profileArns[0] },
      }
    case "external-idp":
      return {
        "kirocli:external-idp:token": {
          ...tokens,
          client_id: account.client.clientId,
          token_endpoint:
            options.tokenEndpoint ?? "https://login.microsoftonline.com/tenant/oauth2/v2.0/token",
          issuer_url: "https://login.microsoftonline.com/tenant/v2.0",
          scopes: "api://kiro/codewhisperer:conversations offline_access",
        },
      }
    case "api-key":
      return {}
    default:
      return account.kind satisfies never
  }
}
