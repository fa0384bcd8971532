import type { AuthOAuthResult } from "@opencode-ai/plugin"
import type { DeviceAuthorization } from "../../oauth/index.ts"
import type { SignedIn } from "./marker.ts"

/**
 * A device authorization in the form both front ends show: they print the page and the instructions, and the terminal
 * UI copies the first text of the form ABCD-EFGH in the instructions, so the code comes first.
 */
export function deviceResult(
  authorization: DeviceAuthorization,
  callback: () => Promise<SignedIn>,
): AuthOAuthResult {
  const page = authorization.verificationUri
  return {
    method: "auto",
    url: authorization.verificationUriComplete ?? page,
    instructions:
      `Code: ${authorization.userCode} – open the page in any browser, on any device (or ${page} and type the code), ` +
      "check that it shows this code, and approve.",
    callback,
  }
}
