import { asObject, stringField, type JsonObject } from "../../../src/json.ts"
import { failure } from "./failure.ts"
import { regionOfHost } from "./operation.ts"
import type { ReceivedRequest } from "./received.ts"
import { json, type DocumentReply, type Reply } from "./reply.ts"
import type { FakeService, Handler } from "./service.ts"
import { newUserCode } from "./sign-in.ts"

/** AWS SSO OIDC: register, device authorization, tokens. */

const REGISTRATION_SECONDS = 90 * 24 * 3600
const DEVICE_CODE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"

/** A client that has registered; its refresh tokens are bound to it. */
export interface OidcClient {
  readonly clientId: string
  readonly clientSecret: string
  readonly expiresAt: number
  readonly body: JsonObject
}

export const registerClient: Handler = (fake, request) => {
  const body = asObject(request.body)
  const named = stringField(body, "clientName") !== undefined && body["clientType"] === "public"
  if (!named || !Array.isArray(body["scopes"]))
    return oidcError("invalid_client_metadata", "InvalidClientMetadata")
  const issuedAt = Math.floor(fake.now() / 1000)
  const expiresAt = issuedAt + REGISTRATION_SECONDS
  const clientId = crypto.randomUUID()
  const clientSecret = `eyJraWQi${crypto.randomUUID()}`
  fake.clients.set(clientId, { clientId, clientSecret, expiresAt: expiresAt * 1000, body })
  return json({
    clientId,
    clientSecret,
    clientIdIssuedAt: issuedAt,
    clientSecretExpiresAt: expiresAt,
    authorizationEndpoint: null,
    tokenEndpoint: null,
  })
}

export const startDeviceAuthorization: Handler = (fake, request) => {
  const body = asObject(request.body)
  const client = knownClient(fake, body)
  if (client === undefined) return invalidClient
  const startUrl = stringField(body, "startUrl")?.replace(/\/$/, "")
  const region = regionOfHost(request.host)
  const signIn = fake.deviceGrants.take(
    (account) => account.startUrl === startUrl && (region === undefined || account.loginRegion === region),
    fake.accounts.filter(({ kind }) => kind === "builder-id" || kind === "identity-center"),
  )
  if (signIn === undefined) return oidcError("invalid_request", "InvalidRequest")
  const userCode = newUserCode()
  const verificationUri = `${startUrl}/#/device`
  return json({
    deviceCode: fake.deviceGrants.open(signIn, { clientId: client, now: fake.now() }),
    userCode,
    verificationUri,
    verificationUriComplete: `${verificationUri}?user_code=${userCode}`,
    expiresIn: signIn.expiresIn ?? 600,
    interval: signIn.interval ?? 1,
  })
}

export const createToken: Handler = (fake, request) => {
  const body = asObject(request.body)
  const clientId = knownClient(fake, body)
  if (clientId === undefined) return invalidClient
  switch (body["grantType"]) {
    case DEVICE_CODE_GRANT:
      return deviceToken(fake, body, clientId)
    case "refresh_token":
      return refreshedToken(fake, request, clientId)
    default:
      return oidcError("unsupported_grant_type", "UnsupportedGrantType")
  }
}

function deviceToken(fake: FakeService, body: JsonObject, clientId: string): Reply {
  const answer = fake.deviceGrants.poll(stringField(body, "deviceCode") ?? "", { clientId, now: fake.now() })
  if (answer === undefined) return oidcError("invalid_grant", "InvalidGrant")
  const { grant, poll } = answer
  if (poll !== "approved") return oidcError(poll, EXCEPTIONS[poll], grant.pollStatus)
  return tokenDocument({ ...grant.account.signIn(clientId), expiresIn: grant.account.tokenLifetimeSeconds })
}

/** Only the client that obtained a refresh token may use it, and only in the region of the sign-in. */
function refreshedToken(fake: FakeService, request: ReceivedRequest, clientId: string): Reply {
  const body = asObject(request.body)
  const used = stringField(body, "refreshToken") ?? ""
  const issued = fake.tokens.asked(used)
  const region = regionOfHost(request.host)
  const valid =
    issued?.clientId === clientId && (region === undefined || region === issued.account.loginRegion)
  if (issued === undefined || !valid)
    return oidcError("invalid_grant", "InvalidGrant", 400, "Invalid refresh token provided")
  return tokenDocument({ ...issued.account.refresh(used), expiresIn: issued.account.tokenLifetimeSeconds })
}

function tokenDocument(tokens: {
  readonly accessToken: string
  readonly refreshToken?: string
  readonly expiresIn: number
}): DocumentReply {
  return json({ ...tokens, tokenType: "Bearer", idToken: null })
}

/** A client that registered here, or the one that an account's first tokens came by. */
function knownClient(fake: FakeService, body: JsonObject): string | undefined {
  const [clientId, clientSecret] = [stringField(body, "clientId"), stringField(body, "clientSecret")]
  const registered = fake.clients.get(clientId ?? "")
  if (registered !== undefined)
    return registered.clientSecret === clientSecret && registered.expiresAt > fake.now()
      ? clientId
      : undefined
  const account = fake.accounts.find(({ client }) => client.clientId === clientId)
  return account?.client.clientSecret === clientSecret ? clientId : undefined
}

const EXCEPTIONS = {
  authorization_pending: "AuthorizationPending",
  slow_down: "SlowDown",
  access_denied: "AccessDenied",
  expired_token: "ExpiredToken",
} as const

const invalidClient = oidcError("invalid_client", "InvalidClient", 401, "Invalid client provided")

function oidcError(error: string, exception: string, status = 400, description = error): DocumentReply {
  return failure({ status, type: `${exception}Exception`, body: { error, error_description: description } })
}
