import { accountName, StoreError } from "../../accounts/index.ts"
import { DeviceAuthorizationError } from "../../oauth/index.ts"
import { type ApprovedLogin, completeLogin } from "./complete.ts"
import type { LoginDependencies } from "./dependencies.ts"
import { describeLoginFailure, type Destination } from "./failure-text.ts"
import { SIGNED_IN, type SignedIn } from "./marker.ts"
import { describeLogin } from "./report-text.ts"
import { LoginInputError } from "./target.ts"

/** Keeps an approved sign-in and says so. */
export async function finish(dependencies: LoginDependencies, approved: ApprovedLogin): Promise<SignedIn> {
  const report = await completeLogin(dependencies, approved)
  dependencies.tell(describeLogin(report, accountName))
  return SIGNED_IN
}

/**
 * Runs one step of a sign-in. What it throws is an `Error` whose message is fit for people: `opencode auth login`
 * prints it; the terminal UI does not, so it is told as well.
 */
export async function readably<Result>(
  dependencies: LoginDependencies,
  step: (goingTo: <Where extends Destination>(destination: Where) => Where) => Promise<Result>,
): Promise<Result> {
  let destination: Destination | undefined
  try {
    return await step((where) => {
      destination = where
      return where
    })
  } catch (error) {
    const message = readableMessage(error, destination)
    if (message === undefined || dependencies.signal.aborted) throw error
    dependencies.runtime.log.warn("a sign-in failed", { error, destination: destination?.kind })
    dependencies.tell({ message, variant: "error" })
    throw new Error(message, { cause: error })
  }
}

function readableMessage(error: unknown, destination: Destination | undefined): string | undefined {
  if (error instanceof LoginInputError) return error.message
  if (error instanceof DeviceAuthorizationError && destination !== undefined)
    return describeLoginFailure(error, destination)
  if (error instanceof StoreError)
    return `The sign-in could not be stored: ${error.message}. Sign in again when it can.`
  return undefined
}
