import { derivedLoginId, type SourceProblem, type TokenLogin } from "../../accounts/index.ts"
import { type JsonObject, stringField } from "../../json.ts"
import { readExternalClient } from "../external-idp.ts"
import { BUILDER_ID_REGION, identityCenterUrl } from "../region.ts"
import { readRegistration, type StoredRegistration } from "../registration.ts"
import { placeIn } from "../login-databases.ts"
import { readTokenDocument } from "../token-document.ts"
import { readStoreKey, type StoreKey } from "./keys.ts"

/** One row of `auth_kv`, its value as text. */
export interface CliRow {
  readonly key: string
  readonly value: string
}

/** What the table `state` says beside the tokens. */
export interface CliState {
  readonly profileArn?: string
  /** Of the profile that every Google and GitHub login shares. */
  readonly profileIsSocial: boolean
  readonly startUrl?: string
  readonly loginRegion?: string
}

export interface CliStore {
  readonly file: string
  readonly rows: readonly CliRow[]
  readonly state: CliState
}

/** A login and the document it was read from. */
export interface CliLogin {
  readonly login: TokenLogin
  readonly fields: JsonObject
  readonly row: CliRow
}

export interface CliReading {
  readonly logins: readonly CliLogin[]
  readonly problems: readonly SourceProblem[]
}

/** Every login of one store, freshest first. A row that can't be used becomes a problem; the others still count. */
export function readCliLogins(store: CliStore, defaultRegion: string): CliReading {
  const logins: CliLogin[] = []
  const problems: SourceProblem[] = []
  const keyed = store.rows.flatMap((row) => {
    const storeKey = readStoreKey(row.key)
    return storeKey === undefined ? [] : [{ row, storeKey }]
  })
  for (const { row, storeKey } of keyed.filter((entry) => entry.storeKey.part === "token")) {
    const login = readLogin({ store, row, storeKey, defaultRegion })
    if (login === "logged-out") continue
    if ("message" in login)
      problems.push({ source: "kiro-cli", file: store.file, key: row.key, message: login.message })
    else logins.push(login)
  }
  const freshestFirst = logins.toSorted(
    (one, other) => other.login.tokens.expiresAt - one.login.tokens.expiresAt,
  )
  return { logins: withStateProfile(freshestFirst, store.state), problems }
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
}): CliLogin | "logged-out" | { readonly message: string } {
  const document = readTokenDocument(row.value)
  if (document.state === "empty") return "logged-out"
  if (document.state === "strange") return { message: document.message }
  const { tokens, fields } = document
  const sourceKey = placeIn(store.file, row.key)
  const profileArn = stringField(fields, "profile_arn", "profileArn")
  const base = {
    id: derivedLoginId("kiro-cli", sourceKey, tokens.refreshToken ?? tokens.accessToken),
    source: "kiro-cli" as const,
    sourceKey,
    tokens,
    ...(profileArn === undefined ? {} : { profileArn }),
  }
  switch (storeKey.flow) {
    case "oidc": {
      const registration = registrationFor(store, storeKey)
      if ("message" in registration) return registration
      const place = oidcPlace({ fields, registration, state: store.state, defaultRegion })
      return { row, fields, login: { ...base, kind: "idc", client: registration.client, ...place } }
    }
    case "social": {
      const provider = stringField(fields, "provider")
      return {
        row,
        fields,
        login: { ...base, kind: "social", ...(provider === undefined ? {} : { provider }) },
      }
    }
    case "external-idp": {
      const client = readExternalClient(fields)
      if ("message" in client) return client
      return { row, fields, login: { ...base, kind: "external-idp", ...client } }
    }
    default:
      return storeKey.flow satisfies never
  }
}

/** Only the registration under the token's own prefix obtained it; another one would burn the refresh token. */
function registrationFor(
  store: CliStore,
  token: StoreKey,
): StoredRegistration | { readonly message: string } {
  const rows = store.rows.filter((row) => {
    const key = readStoreKey(row.key)
    return key?.part === "registration" && key.flow === token.flow && key.prefix === token.prefix
  })
  const spelling = token.key.slice(0, token.key.lastIndexOf(":"))
  const row = rows.find(({ key }) => key.startsWith(`${spelling}:`)) ?? rows[0]
  if (row === undefined) return { message: "has no device registration beside it" }
  return readRegistration(row.value) ?? { message: `can't be refreshed: ${row.key} is not a registration` }
}

/**
 * The login region and, for Identity Center, the start URL. kiro-cli leaves both out for old Builder ID logins; what
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
  readonly registration: StoredRegistration
  readonly state: CliState
  readonly defaultRegion: string
}): { readonly loginRegion: string; readonly startUrl?: string } {
  const ownUrl = stringField(fields, "start_url", "startUrl")
  const ownRegion = stringField(fields, "region") ?? registration.region
  const startUrl = identityCenterUrl(
    ownUrl ?? (ownRegion !== undefined && ownRegion !== BUILDER_ID_REGION ? state.startUrl : undefined),
  )
  if (startUrl === undefined) return { loginRegion: ownRegion ?? BUILDER_ID_REGION }
  return { startUrl, loginRegion: ownRegion ?? state.loginRegion ?? defaultRegion }
}

/** The profile that was chosen in kiro-cli is that of the login used last. */
function withStateProfile(logins: readonly CliLogin[], state: CliState): readonly CliLogin[] {
  const { profileArn } = state
  if (profileArn === undefined) return logins
  const owner = logins.find(({ login }) => (login.kind === "social") === state.profileIsSocial)
  return logins.map((entry) =>
    entry === owner && entry.login.profileArn === undefined
      ? { ...entry, login: { ...entry.login, profileArn } }
      : entry,
  )
}
