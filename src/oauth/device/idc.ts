import type { ClientRegistration } from "../token-set.ts"
import {
  type DeviceAuthorization,
  DeviceAuthorizationError,
  type DeviceTokens,
  pollForTokens,
} from "./authorization.ts"
import { openOidcClient, type OidcClient, type OidcOptions } from "./oidc-client.ts"

/** What a registration is good for. */
export interface RegistrationPlace {
  readonly loginRegion: string
  readonly startUrl: string
}

/** Where client registrations are kept between sign-ins. */
export interface RegistrationStore {
  find(place: RegistrationPlace): Promise<ClientRegistration | undefined>
  save(place: RegistrationPlace, registration: ClientRegistration): Promise<void>
}

/**
 * A refresh token dies with the client that obtained it, so a registration about to expire is not worth a new
 * sign-in. AWS gives 90 days.
 */
const LEAST_REMAINING_MS = 7 * 24 * 60 * 60 * 1000

export interface IdcFlow {
  readonly client: ClientRegistration
  readonly authorization: DeviceAuthorization
}

/**
 * Starts a sign-in at AWS Builder ID or IAM Identity Center. A stored registration is used while it is good; one that
 * AWS no longer knows is replaced. Throws `DeviceAuthorizationError`, or the signal's reason.
 */
export async function startIdcDeviceAuthorization(
  options: OidcOptions & {
    readonly startUrl: string
    readonly registrations: RegistrationStore
    readonly signal: AbortSignal
  },
): Promise<IdcFlow> {
  const { startUrl, signal, registrations, loginRegion } = options
  const oidc = await openOidcClient(options)
  const stored = await registrations.find({ loginRegion, startUrl })
  if (stored !== undefined && reusable(stored, options.runtime.clock.now())) {
    const authorization = await authorizeIfKnown({ oidc, client: stored, startUrl, signal })
    if (authorization !== undefined) return { client: stored, authorization }
  }
  const client = await oidc.register(signal)
  const authorization = await oidc.authorize(client, startUrl, signal)
  await registrations.save({ loginRegion, startUrl }, client)
  return { client, authorization }
}

/** Waits for the approval. Throws `DeviceAuthorizationError`, or the signal's reason. */
export async function pollForIdcTokens(
  options: OidcOptions & { readonly flow: IdcFlow; readonly signal: AbortSignal },
): Promise<DeviceTokens> {
  const { clock, log } = options.runtime
  const { signal } = options
  const { authorization, client } = options.flow
  const oidc = await openOidcClient(options)
  return pollForTokens({
    clock,
    log,
    authorization,
    ask: () => oidc.requestTokens(client, authorization.deviceCode, signal),
    signal,
  })
}

/** Whether a stored registration can carry another sign-in. */
function reusable(registration: ClientRegistration, now: number): boolean {
  return registration.expiresAt === undefined || registration.expiresAt - now > LEAST_REMAINING_MS
}

/** `undefined` where AWS no longer knows the client. */
async function authorizeIfKnown(question: {
  readonly oidc: OidcClient
  readonly client: ClientRegistration
  readonly startUrl: string
  readonly signal: AbortSignal
}): Promise<DeviceAuthorization | undefined> {
  try {
    return await question.oidc.authorize(question.client, question.startUrl, question.signal)
  } catch (error) {
    if (!(error instanceof DeviceAuthorizationError)) throw error
    if (error.code === "invalid_client" || error.code === "unauthorized_client") return undefined
    throw error
  }
}
