import type { ClientRegistration } from "../token-set.ts"
import type { DeviceAuthorization, DeviceTokens } from "./authorization.ts"
import { DeviceAuthorizationError } from "./error.ts"
import { openOidcClient, type OidcClient, type OidcOptions } from "./oidc-client.ts"
import { pollForTokens } from "./poll.ts"
import { reusable, type RegistrationStore } from "./registration.ts"

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
  const { authorization, client } = options.flow
  const oidc = await openOidcClient(options)
  return pollForTokens({
    clock,
    log,
    authorization,
    ask: (signal) => oidc.requestTokens(client, authorization.deviceCode, signal),
    signal: options.signal,
  })
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
