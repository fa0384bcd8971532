import {
  type KiroFailure,
  networkFailure,
  ORIGIN,
  readUsageLimits,
  type UsageLimits,
} from "../../kiro/index.ts"
import { callControl, type ControlAnswer, type ControlClient, type ControlTarget } from "./call.ts"

export type UsageAnswer =
  | { readonly outcome: "known"; readonly limits: UsageLimits; readonly host: string }
  /** Some accounts have no usage to ask for; they chat all the same. */
  | { readonly outcome: "unsupported" }
  | { readonly outcome: "failed"; readonly failure: KiroFailure }

const PARAMETERS = { origin: ORIGIN, resourceType: "AGENTIC_REQUEST", isEmailRequired: "true" }

/** Asks what an account has used. Where the full question is a feature that the account lacks, the bare one is asked. */
export async function fetchUsage(
  client: ControlClient,
  target: ControlTarget,
  signal?: AbortSignal,
): Promise<UsageAnswer> {
  const profile = target.access.profileArn === undefined ? {} : { profileArn: target.access.profileArn }
  const ask = (parameters: Readonly<Record<string, string>>): Promise<ControlAnswer> =>
    callControl(client, target, { operation: "usage", parameters: { ...parameters, ...profile }, signal })
  const full = await ask(PARAMETERS)
  const answer = isUnsupported(full) ? await ask({ origin: ORIGIN }) : full
  if (isUnsupported(answer)) return { outcome: "unsupported" }
  if ("failure" in answer) return { outcome: "failed", failure: answer.failure }
  const limits = readUsageLimits(answer.body)
  if (limits === undefined)
    return { outcome: "failed", failure: networkFailure(new Error("the answer is no usage")) }
  return { outcome: "known", limits, host: answer.host }
}

function isUnsupported(answer: ControlAnswer): boolean {
  return "failure" in answer && answer.failure.kind === "feature-not-supported"
}
