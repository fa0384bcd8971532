import { readdirSync } from "node:fs"
import { join } from "node:path"
import {
  type Account,
  type AccountStore,
  type KeeperDependencies,
  type Login,
  newAccount,
  openAccountStore,
  TokenKeeper,
  type TokenSet,
} from "../../src/accounts/index.ts"
import { type Clock, type Runtime, silentLog, systemClock, systemRuntime } from "../../src/runtime.ts"
import { Secret } from "../../src/secret.ts"
import { DEFAULT_SETTINGS } from "../../src/settings/index.ts"
import type { FakeAccount } from "../support/fake-kiro/index.ts"

export const EXPIRED: number = Date.UTC(2020, 0, 1)

/** A real clock whose hands stand `offsetMs` off. */
export function skewedClock(offsetMs: number): Clock {
  return { ...systemClock, now: () => Date.now() + offsetMs }
}

export function realRuntime(changes: Partial<Runtime> = {}): Runtime {
  return { ...systemRuntime(silentLog), ...changes }
}

export function openStore(
  folder: string,
  {
    clock = systemClock,
    environmentKey,
  }: { readonly clock?: Clock; readonly environmentKey?: Secret | undefined } = {},
): Promise<AccountStore> {
  return openAccountStore({
    environmentKey,
    path: join(folder, "kiro.db"),
    clock,
    log: silentLog,
    random: () => 0.5,
  })
}

export function openKeeper(options: {
  readonly folder: string
  readonly url: string
  readonly store: AccountStore
  readonly runtime?: Runtime
  readonly sources?: KeeperDependencies["sources"]
  readonly identify?: KeeperDependencies["identify"]
}): TokenKeeper {
  const { folder, url, store, runtime = realRuntime(), sources = [], identify } = options
  return new TokenKeeper({
    runtime,
    store,
    sources,
    identify,
    settings: { ...DEFAULT_SETTINGS, endpointOverride: url },
    lockPath: join(folder, "kiro-refresh.lock"),
    spillPath: join(folder, "kiro-tokens.spill"),
  })
}

function pairOf(fake: FakeAccount, expiresAt: number): TokenSet {
  return {
    accessToken: new Secret(fake.accessToken),
    refreshToken: new Secret(fake.refreshToken),
    expiresAt,
  }
}

/** The login of a fake account, as a device flow of ours would have stored it. */
export function loginOf(fake: FakeAccount, expiresAt: number, changes: Partial<Login> = {}): Login {
  const login = {
    kind: "idc",
    id: `login-${fake.client.clientId}`,
    source: "own",
    tokens: pairOf(fake, expiresAt),
    client: { clientId: fake.client.clientId, clientSecret: new Secret(fake.client.clientSecret) },
    loginRegion: fake.loginRegion,
  } as const
  return { ...login, ...changes } as Login
}

export function accountOf(...logins: Login[]): Account {
  return newAccount({ id: "account-1", now: Date.now(), logins })
}

export function onlyLogin(account: Account | undefined): Exclude<Login, { kind: "api-key" }> {
  const [login] = account?.logins ?? []
  if (login === undefined || login.kind === "api-key") throw new Error("the account has no login")
  return login
}

/** Locks, reservations and spilled pairs that are left in a folder. */
export function leftovers(folder: string): readonly string[] {
  return readdirSync(folder).filter((name) => !/^kiro\.db(?:-wal|-shm)?$/.test(name))
}
