import { derivedLoginId, type Login, type Row, type SourceProblem } from "../../accounts/index.ts"
import { Secret } from "../../secret.ts"
import { readInstant } from "../instant.ts"
import { type Found, type FoundLogin, placeIn } from "../login-databases.ts"
import { identityCenterUrl } from "../region.ts"

/** Without one of these columns a table `accounts` is not an older plugin's. Every other column is optional. */
export const REQUIRED_COLUMNS = ["id", "auth_method", "refresh_token", "access_token", "expires_at"] as const

/** Every column that is read, in whichever generation it was added. */
export const COLUMNS: readonly string[] = [
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
 * The rows of an older plugin's table as logins. That plugin's own judgement of a row (unhealthy, recovering) is
 * left aside: its reasons mix real failures with notes such as "replaced by …", and the service says it again.
 * A row that stands in for an account under its real name is skipped.
 */
export function readOlderRows({
  file,
  rows,
  removedIds,
}: {
  readonly file: string
  readonly rows: readonly Row[]
  readonly removedIds: ReadonlySet<string>
}): Found {
  const logins: FoundLogin[] = []
  const problems: SourceProblem[] = []
  for (const row of rows.filter((candidate) => !isStandIn(candidate, rows))) {
    const id = text(row, "id")
    if (id !== undefined && removedIds.has(id)) continue
    const login = id === undefined ? { message: "has no id" } : readRow({ file, row, id })
    if ("message" in login)
      problems.push({ source: "older-plugin", file, key: olderRowKey(id ?? "?"), message: login.message })
    else logins.push(login)
  }
  return { logins, problems }
}

function readRow({
  file,
  row,
  id,
}: {
  readonly file: string
  readonly row: Row
  readonly id: string
}): FoundLogin | { readonly message: string } {
  const accessToken = text(row, "access_token")
  const refreshToken = text(row, "refresh_token")
  if (accessToken === undefined || refreshToken === undefined) return { message: "holds no token pair" }
  const sourceKey = placeIn(file, ROW + id)
  const profileArn = text(row, "profile_arn")
  const email = realEmail(row)
  const base = {
    // The row's id is the account: the same for every pair that the row will ever hold.
    id: derivedLoginId("older-plugin", sourceKey, new Secret(id)),
    source: "older-plugin" as const,
    sourceKey,
    tokens: {
      accessToken: new Secret(accessToken),
      refreshToken: new Secret(refreshToken),
      expiresAt: readInstant(row["expires_at"]) ?? 0,
    },
    ...(profileArn === undefined ? {} : { profileArn }),
  }
  const rest = email === undefined ? {} : { email }
  switch (text(row, "auth_method")) {
    case "desktop":
    case "social":
      return { login: { ...base, kind: "social" }, ...rest }
    case "idc": {
      const clientId = text(row, "client_id")
      const clientSecret = text(row, "client_secret")
      const loginRegion = text(row, "oidc_region") ?? text(row, "region")
      if (clientId === undefined || clientSecret === undefined) return { message: "holds no registration" }
      if (loginRegion === undefined) return { message: "names no region" }
      const startUrl = identityCenterUrl(text(row, "start_url"))
      return {
        login: {
          ...base,
          kind: "idc",
          client: { clientId, clientSecret: new Secret(clientSecret) },
          loginRegion,
          ...(startUrl === undefined ? {} : { startUrl }),
        },
        ...rest,
      }
    }
    default:
      return { message: "names a kind of login that is not known" }
  }
}

const ROW = "accounts/"

/** The id of the row that holds the login. */
export function olderRowId(file: string, { sourceKey = "" }: Login): string {
  return sourceKey.slice(placeIn(file, ROW).length)
}

/** How a problem names a row. */
export function olderRowKey(id: string): string {
  return `accounts ${id}`
}

const PLACEHOLDER = /-placeholder\+[0-9a-f]{16}@awsapps\.local$/i

/** Written before the e-mail address was known, or replaced when it became known: the real row has newer tokens. */
function isStandIn(row: Row, rows: readonly Row[]): boolean {
  const replaced = text(row, "unhealthy_reason")?.startsWith("Replaced by real email") === true
  if (realEmail(row) !== undefined && !replaced) return false
  const profileArn = text(row, "profile_arn")
  const client = text(row, "client_id")
  return rows.some(
    (other) =>
      other !== row &&
      realEmail(other) !== undefined &&
      text(other, "unhealthy_reason")?.startsWith("Replaced by real email") !== true &&
      text(other, "auth_method") === text(row, "auth_method") &&
      (profileArn !== undefined
        ? text(other, "profile_arn") === profileArn
        : client !== undefined && text(other, "client_id") === client),
  )
}

function realEmail(row: Row): string | undefined {
  return [text(row, "real_email"), text(row, "email")].find(
    (email) => email !== undefined && email.includes("@") && !PLACEHOLDER.test(email),
  )
}

function text(row: Row, column: string): string | undefined {
  const value = row[column]
  return typeof value === "string" && value !== "" ? value : undefined
}
