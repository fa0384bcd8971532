import { mkdirSync } from "node:fs"
import { dirname, posix } from "node:path"
import { type Database, openDatabase } from "../../src/accounts/index.ts"
import { DEFAULT_SETTINGS } from "../../src/settings/index.ts"
import { openSources } from "../../src/import/index.ts"
import type { SourceStore, TokenSet } from "../../src/accounts/index.ts"
import type { JsonObject } from "../../src/json.ts"
import type { Clock } from "../../src/runtime.ts"
import { Secret } from "../../src/secret.ts"
import { fakeClock } from "../support/clock.ts"
import { KIRO_CLI_TABLES, readKiroCliRow } from "../support/kiro-cli-store.ts"

/** In a Linux home, on whatever system. */
export function cliDatabase(home: string): string {
  return posix.join(home, ".local", "share", "kiro-cli", "data.sqlite3")
}

/** The sources of a Linux home in which no variable is set. */
export function sourcesOf(
  home: string,
  env: Readonly<Record<string, string>> = {},
  settings: Partial<typeof DEFAULT_SETTINGS> = {},
  clock: Clock = fakeClock(),
): readonly SourceStore[] {
  return openSources({
    place: { env, platform: "linux", home },
    settings: { ...DEFAULT_SETTINGS, ...settings },
    effects: { clock, random: () => 0.5 },
  })
}

export async function sqlite(file: string, use: (database: Database) => void): Promise<void> {
  mkdirSync(dirname(file), { recursive: true })
  const database = await openDatabase(file)
  try {
    use(database)
  } finally {
    database.close()
  }
}

export async function writeCliStore(
  file: string,
  rows: Readonly<Record<string, unknown>>,
  state: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  await sqlite(file, (database) => {
    for (const table of KIRO_CLI_TABLES) database.run(table)
    for (const [key, value] of Object.entries(rows)) putCliRow(database, key, value)
    for (const [key, value] of Object.entries(state))
      database.run("INSERT INTO state VALUES (?, CAST(? AS BLOB))", [key, JSON.stringify(value)])
  })
}

export function putCliRow(database: Database, key: string, value: unknown): void {
  const text = typeof value === "string" ? value : JSON.stringify(value)
  database.run("INSERT OR REPLACE INTO auth_kv VALUES (?, ?)", [key, text])
}

/** `null` where there is none. */
export async function cliRow(file: string, key: string): Promise<JsonObject> {
  return ((await readKiroCliRow(file, key)) ?? null) as JsonObject
}

export const builderToken: JsonObject = {
  access_token: "aoaBUILDER",
  expires_at: "2026-11-24T14:33:30.786627Z",
  refresh_token: "aorBUILDER",
  region: "us-east-1",
  start_url: "https://view.awsapps.com/start",
  oauth_flow: "Pkce",
  scopes: ["codewhisperer:completions"],
}
export const registration: JsonObject = {
  client_id: "client-builder",
  client_secret: "secret-builder",
  client_secret_expires_at: "2027-02-01T00:00:00Z",
  region: "us-east-1",
  oauth_flow: "Pkce",
  scopes: ["codewhisperer:completions"],
}
export const socialToken: JsonObject = {
  access_token: "aoaSOCIAL",
  expires_at: "2026-11-24T12:00:00Z",
  refresh_token: "aorSOCIAL",
  provider: "google",
  profile_arn: "arn:aws:codewhisperer:us-east-1:699475941385:profile/EHGA3GRVQMUK",
}
export const externalToken: JsonObject = {
  access_token: "eyJ0eXAi",
  refresh_token: "0.AXoA",
  expires_at: "2026-11-24T13:00:00Z",
  client_id: "1111-2222",
  token_endpoint: "https://login.microsoftonline.com/TENANT/oauth2/v2.0/token",
  issuer_url: "https://login.microsoftonline.com/TENANT/v2.0",
  scopes: "api://kiro/conversations offline_access",
}

export function tokens(accessToken: string, refreshToken: string, expiresAt: number): TokenSet {
  return { accessToken: new Secret(accessToken), refreshToken: new Secret(refreshToken), expiresAt }
}
