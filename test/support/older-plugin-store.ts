import { openDatabase } from "../../src/accounts/index.ts"
import type { FakeAccount } from "./fake-kiro/index.ts"

/** The table that an older plugin of this kind has in kiro.db since its version 2. */
const TABLE = `CREATE TABLE accounts (id TEXT PRIMARY KEY, email TEXT NOT NULL, auth_method TEXT NOT NULL,
  region TEXT NOT NULL, oidc_region TEXT, client_id TEXT, client_secret TEXT, profile_arn TEXT, start_url TEXT,
  refresh_token TEXT NOT NULL, access_token TEXT NOT NULL, expires_at INTEGER NOT NULL,
  rate_limit_reset INTEGER DEFAULT 0, is_healthy INTEGER DEFAULT 1, unhealthy_reason TEXT, recovery_time INTEGER,
  fail_count INTEGER DEFAULT 0, last_used INTEGER DEFAULT 0, used_count INTEGER DEFAULT 0,
  limit_count INTEGER DEFAULT 0, last_sync INTEGER DEFAULT 0)`

/** A kiro.db as the older plugin leaves it behind, with these accounts. */
export async function seedOlderPluginStore(path: string, accounts: readonly FakeAccount[]): Promise<void> {
  const database = await openDatabase(path)
  database.run("PRAGMA journal_mode=WAL")
  database.run(TABLE)
  for (const [index, account] of accounts.entries()) {
    const { clientId, clientSecret } = account.client
    const [profileArn = null] = account.profileArns
    database.run(
      `INSERT INTO accounts (id, email, auth_method, region, oidc_region, client_id, client_secret, profile_arn,
         refresh_token, access_token, expires_at) VALUES (?, ?, 'idc', 'us-east-1', ?, ?, ?, ?, ?, ?, ?)`,
      [
        String(index).repeat(64),
        `person${index}@example.com`,
        account.loginRegion,
        clientId,
        clientSecret,
        profileArn,
        account.refreshToken,
        account.accessToken,
        Date.now() + 3_600_000,
      ],
    )
  }
  database.close()
}
