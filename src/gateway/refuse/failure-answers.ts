import type { FailureKind, KiroFailure } from "../../kiro/index.ts"
import { quote } from "./phrases.ts"
import { SIGN_IN } from "./texts.ts"

interface FailureAnswer {
  /** The HTTP status under which it goes out. OpenCode 1.18 asks again after 429 and 5xx. */
  readonly status: number
  /** What happened, to which account, with which model: the text of an error. */
  readonly what: (account: string, model: string) => string
  /** What the user can do. */
  readonly remedy?: string
  /** Why an account was left, for a toast. */
  readonly briefly?: string
}

/** What the host and the user hear of each kind of failure. */
const ANSWERS: Readonly<Record<FailureKind, FailureAnswer>> = {
  "bearer-rejected": {
    status: 401,
    what: (account) => `${account} was refused with its login`,
    remedy: `To sign in again, ${SIGN_IN}.`,
    briefly: "its login has ended",
  },
  "token-unavailable": {
    status: 503,
    what: (account) => `${account} could not renew its token`,
    briefly: "its token could not be renewed",
  },
  "disk-full": {
    status: 400,
    what: (account) => `the disk is full, so no new token was asked for ${account}: it could not be kept`,
    remedy: "Make room on the disk, then send the message once more.",
    briefly: "its new token could not be kept on the full disk",
  },
  suspended: {
    status: 403,
    what: (account) => `AWS has suspended ${account}`,
    remedy:
      "Only AWS support can lift it: https://support.aws.amazon.com/#/contacts/kiro. Then switch the account on with `npx opencode-kiro-auth accounts`.",
    briefly: "suspended by AWS",
  },
  "not-authorized": {
    status: 403,
    what: (account) => `${account} may not use this service with its profile`,
    remedy:
      "Check the plan and the profile with your administrator, or choose a profile with `npx opencode-kiro-auth accounts` or by idc_profile_arn in kiro.json.",
    briefly: "not authorized with its profile",
  },
  "feature-not-supported": {
    status: 403,
    what: (account) => `${account} may not use this feature`,
    briefly: "not authorized for this feature",
  },
  "monthly-quota": {
    status: 402,
    what: (account) => `${account} has used up its monthly credits`,
    briefly: "its monthly credits are used up",
  },
  "daily-quota": {
    status: 402,
    what: (account) => `${account} has used up its daily requests`,
    briefly: "its daily requests are used up",
  },
  "overage-limit": {
    status: 402,
    what: (account) => `${account} has reached its overage limit`,
    briefly: "its overage limit is reached",
  },
  "conversation-limit": {
    status: 402,
    what: () => "this conversation has reached the longest that the service allows",
    remedy: "Start a new session.",
  },
  throttled: {
    status: 429,
    what: (account) => `the service is throttling ${account}`,
    briefly: "it is being throttled",
  },
  capacity: { status: 429, what: (_, model) => `${model} is very busy at the moment` },
  "input-too-long": { status: 400, what: (_, model) => `the conversation is too large for ${model}` },
  "invalid-model": {
    status: 400,
    what: (account, model) => `${account} is not offered ${model}`,
    remedy: "Choose another model, or a plan that includes this one.",
    briefly: "it is not offered the model",
  },
  "signature-invalid": { status: 400, what: () => "the service refused the reasoning of an earlier answer" },
  "document-refused": {
    status: 400,
    what: () => "the service refused a document in this conversation",
    remedy: "Remove or replace the document.",
  },
  "image-refused": {
    status: 400,
    what: () => "the service refused an image in this conversation",
    remedy: "Remove or replace the image.",
  },
  "field-refused": {
    status: 400,
    what: (_, model) => `the service refused the thinking options for ${model}`,
  },
  "malformed-request": {
    status: 400,
    what: () => "the service refused the form of this request",
    remedy: "It was not sent again. Run `npx opencode-kiro-auth doctor --report` and report it, please.",
  },
  "invalid-state": { status: 400, what: () => "the service could not go on with this answer" },
  "unknown-operation": {
    status: 404,
    what: () => "the service does not know this operation at any of its addresses",
  },
  "service-error": { status: 503, what: () => "the service failed" },
  unreachable: {
    status: 503,
    what: () => "the service could not be reached",
    remedy: "Check the network, the proxy and the clock of this computer.",
  },
  network: { status: 502, what: () => "the connection to the service broke" },
  timeout: { status: 504, what: () => "the service stayed silent for too long" },
  "empty-answer": { status: 502, what: () => "the service answered without any content" },
  truncated: { status: 502, what: () => "the service's answer was cut off" },
  "corrupt-stream": { status: 502, what: () => "the service's answer arrived damaged" },
}

/** The service's own status where the host treats it as it should. */
export function statusOf(failure: Pick<KiroFailure, "kind" | "status">): number {
  const ours = ANSWERS[failure.kind].status
  return ours >= 429 && failure.status >= 500 ? failure.status : ours
}

/** One failure: what happened, to which account, in the service's own words, and what to do. */
export function failed(failure: KiroFailure, account: string, model: string): string {
  const words = quote(failure.message)
  const what = `Kiro: ${whatFailed(failure, account, model)}.`
  const said = failure.status === 0 ? "Cause" : "It said"
  return [what, words === "" ? "" : `${said}: ${words}`, remedyOf(failure.kind)]
    .filter((part) => part !== "")
    .join(" ")
}

/** The first half of such a text, to be put into another. */
export function whatFailed({ kind }: KiroFailure, account: string, model: string): string {
  return ANSWERS[kind].what(account, model)
}

/** "" where nobody can do anything. */
export function remedyOf(kind: FailureKind): string {
  return ANSWERS[kind].remedy ?? ""
}

/** Why an account was left, in a few words. */
export function briefly({ kind }: Pick<KiroFailure, "kind">): string {
  return ANSWERS[kind].briefly ?? "it failed"
}
