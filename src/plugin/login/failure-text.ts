import type { DeviceAuthorizationError } from "../../oauth/index.ts"
import type { LoginTarget } from "./target.ts"

/** Where a sign-in was going, for the words about its failure. */
export type Destination = LoginTarget | { readonly kind: "social"; readonly provider: string }

/** What went wrong and what to do about it, in one text for both front ends. */
export function describeLoginFailure(error: DeviceAuthorizationError, destination: Destination): string {
  switch (error.code) {
    case "access_denied":
      return "The sign-in was denied in the browser. Nothing was stored."
    case "expired_token":
      return "The code was not approved in time. Sign in once more to get a new one."
    case "unreachable":
      return `${hostOf(destination)} could not be reached (${error.message}). Check the network${
        destination.kind === "identity-center" ? `, the region ${destination.loginRegion}` : ""
      }, HTTPS_PROXY and NODE_EXTRA_CA_CERTS.`
    case "service-error":
      return `${hostOf(destination)} has a fault of its own (${error.message}). Sign in again in a while.`
    case "region-refused":
      return `${error.message}.`
    case "invalid_request":
    case "invalid_grant":
      return describeRefusal(error, destination)
    case "invalid_client":
    case "unauthorized_client":
    case "invalid_scope":
      return `The registration of this computer was refused (${error.message}). ${
        destination.kind === "identity-center"
          ? "Your administrator may not allow Kiro in this Identity Center."
          : "Sign in once more; if it stays so, sign in with kiro-cli and choose the import."
      }`
    case "malformed-answer":
      return error.message
    default:
      return error.code satisfies never
  }
}

function describeRefusal(error: DeviceAuthorizationError, destination: Destination): string {
  switch (destination.kind) {
    case "identity-center":
      return (
        `AWS refused ${destination.startUrl} in the region ${destination.loginRegion} (${error.message}). ` +
        "Check the start URL, and that the region is the one of your IAM Identity Center: it is often not the one of Kiro."
      )
    case "builder-id":
      return `AWS refused the sign-in with Builder ID (${error.message}).`
    case "social":
      return `Kiro refused the sign-in with ${destination.provider} (${error.message}).`
    default:
      return destination satisfies never
  }
}

function hostOf(destination: Destination): string {
  return destination.kind === "social"
    ? "Kiro's sign-in service"
    : `AWS sign-in (oidc.${destination.loginRegion})`
}
