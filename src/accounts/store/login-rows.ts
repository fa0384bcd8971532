import { numberField, stringField } from "../../json.ts"
import { Secret } from "../../secret.ts"
import {
  type ClientRegistration,
  type Login,
  LOGIN_SOURCES,
  type LoginBase,
  type LoginKind,
  type TokenSet,
} from "../account.ts"
import type { Database, Row, SqlValue } from "./database.ts"
import { present, upsert } from "./row.ts"

/** `undefined` for a row that this version can't use: a damaged one, or a kind that a newer version added. */
export function readLogin(row: Row): Login | undefined {
  const id = stringField(row, "id")
  const kind = readLoginKind(row)
  const source = LOGIN_SOURCES.find((known) => known === row["source"])
  if (id === undefined || kind === undefined || source === undefined) return undefined
  return READERS[kind](row, { id, source, ...readOptional(row) })
}

export function readLoginKind({ kind }: Row): LoginKind | undefined {
  return typeof kind === "string" && isLoginKind(kind) ? kind : undefined
}

function isLoginKind(kind: string): kind is LoginKind {
  return Object.hasOwn(READERS, kind)
}

type LoginOf<Kind extends LoginKind> = Extract<Login, { readonly kind: Kind }>

/** Each reads what `kindColumns` writes. */
const READERS: {
  readonly [Kind in LoginKind]: (row: Row, base: LoginBase) => LoginOf<Kind> | undefined
} = {
  idc(row, base) {
    const [tokens, client] = [readTokens(row, ""), readClient(row)]
    const loginRegion = stringField(row, "login_region")
    if (tokens === undefined || loginRegion === undefined || client === undefined) return undefined
    const startUrl = stringField(row, "start_url")
    return { ...base, kind: "idc", tokens, client, loginRegion, ...present({ startUrl }) }
  },
  social(row, base) {
    const tokens = readTokens(row, "")
    if (tokens === undefined) return undefined
    return { ...base, kind: "social", tokens, ...present({ provider: stringField(row, "provider") }) }
  },
  "external-idp"(row, base) {
    const tokens = readTokens(row, "")
    const clientId = stringField(row, "client_id")
    const tokenEndpoint = stringField(row, "token_endpoint")
    if (tokens === undefined || clientId === undefined || tokenEndpoint === undefined) return undefined
    const scopes = stringField(row, "scopes")
    return { ...base, kind: "external-idp", tokens, clientId, tokenEndpoint, ...present({ scopes }) }
  },
  "api-key"(row, base) {
    const key = stringField(row, "api_key")
    return key === undefined ? undefined : { ...base, kind: "api-key", key: new Secret(key) }
  },
}

/** Inserts the login, or changes the columns that this version knows. */
export function writeLogin(database: Database, accountId: string, login: Login): void {
  const columns: Readonly<Record<string, SqlValue | undefined>> = {
    account_id: accountId,
    source: login.source,
    source_key: login.sourceKey,
    kind: login.kind,
    profile_arn: login.profileArn,
    revoked_at: login.revoked?.at,
    revoked_reason: login.revoked?.reason,
    ...tokenColumns(login.sourceBehind, "behind_"),
    ...kindColumns(login),
  }
  upsert(database, { table: "kiro_login", key: { id: login.id }, columns })
}

/** Only columns that `schema.ts` lists. */
function kindColumns(login: Login): Readonly<Record<string, SqlValue | undefined>> {
  switch (login.kind) {
    case "idc":
      return {
        ...tokenColumns(login.tokens, ""),
        client_id: login.client.clientId,
        client_secret: login.client.clientSecret.reveal(),
        client_expires_at: login.client.expiresAt,
        start_url: login.startUrl,
        login_region: login.loginRegion,
      }
    case "social":
      return { ...tokenColumns(login.tokens, ""), provider: login.provider }
    case "external-idp":
      return {
        ...tokenColumns(login.tokens, ""),
        client_id: login.clientId,
        token_endpoint: login.tokenEndpoint,
        scopes: login.scopes,
      }
    case "api-key":
      return { api_key: login.key.reveal() }
    default: {
      const never: never = login
      return never
    }
  }
}

function tokenColumns(
  tokens: TokenSet | undefined,
  prefix: string,
): Readonly<Record<string, SqlValue | undefined>> {
  return {
    [`${prefix}access_token`]: tokens?.accessToken.reveal(),
    [`${prefix}refresh_token`]: tokens?.refreshToken?.reveal(),
    [`${prefix}expires_at`]: tokens?.expiresAt,
  }
}

function readTokens(row: Row, prefix: string): TokenSet | undefined {
  const accessToken = stringField(row, `${prefix}access_token`)
  const refreshToken = stringField(row, `${prefix}refresh_token`)
  const expiresAt = numberField(row, `${prefix}expires_at`)
  if (accessToken === undefined || expiresAt === undefined) return undefined
  return {
    accessToken: new Secret(accessToken),
    expiresAt,
    ...present({ refreshToken: refreshToken === undefined ? undefined : new Secret(refreshToken) }),
  }
}

function readClient(row: Row): ClientRegistration | undefined {
  const clientId = stringField(row, "client_id")
  const clientSecret = stringField(row, "client_secret")
  const expiresAt = numberField(row, "client_expires_at")
  if (clientId === undefined || clientSecret === undefined) return undefined
  return { clientId, clientSecret: new Secret(clientSecret), ...present({ expiresAt }) }
}

function readOptional(row: Row): Pick<Login, "sourceKey" | "profileArn" | "revoked" | "sourceBehind"> {
  const revokedAt = numberField(row, "revoked_at")
  return present({
    sourceKey: stringField(row, "source_key"),
    profileArn: stringField(row, "profile_arn"),
    revoked:
      revokedAt === undefined
        ? undefined
        : { at: revokedAt, reason: stringField(row, "revoked_reason") ?? "" },
    sourceBehind: readTokens(row, "behind_"),
  })
}
