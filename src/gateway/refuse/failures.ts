import {
  type Account,
  accountName,
  type CoolingReason,
  type LockingReason,
  type RemedyFor,
  type Rest,
  RESTS,
  STATE_WORDS,
} from "../../accounts/index.ts"
import type { FailureKind, KiroFailure } from "../../kiro/index.ts"
import { beginning, plainText } from "../../json.ts"
import { isRepeatedStatus } from "../../openai/index.ts"
import { ownCommand, redactText } from "../../settings/index.ts"
import type { Refusal } from "../chat-call.ts"

/** A failure that nothing more can be done about in this fetch. */
export function refusalOf(asked: {
  readonly failure: KiroFailure
  readonly account: Account
  readonly model: string
  readonly retryAfterMs?: number | undefined
}): Refusal {
  const { failure, account, model, retryAfterMs } = asked
  const status = statusOf(failure)
  return {
    status,
    message: describeFailure(failure, { account, model }),
    ...(retryAfterMs !== undefined && isRepeatedStatus(status) && { retryAfterMs }),
  }
}

interface FailedAt {
  readonly account: Account
  readonly model: string
}

interface FailureAnswer {
  /** The HTTP status under which it goes out. OpenCode 1.18 asks again after 429 and 5xx. */
  readonly status: number
  /** What happened, to which account, with which model: the text of an error. */
  readonly what: (name: string, at: FailedAt) => string
  /** What the user can do. */
  readonly remedy?: string | ((at: RemedyFor) => string)
  /** Why an account was left, for a toast. */
  readonly briefly?: string
}

/** Failures that say what an account's state is: worded there. */
type StateFailure = CoolingReason | LockingReason

/** What the host and the user hear of each other kind of failure. */
const ANSWERS: Readonly<Record<Exclude<FailureKind, StateFailure>, FailureAnswer>> = {
  "bearer-rejected": {
    status: 401,
    what: (name) => `${name} was refused with its login`,
    remedy: STATE_WORDS["login-expired"].remedy,
    briefly: STATE_WORDS["login-expired"].because,
  },
  "token-unavailable": {
    status: 503,
    what: (name) => `${name} could not renew its token`,
    briefly: "its token could not be renewed",
  },
  "disk-full": {
    status: 400,
    what: (name) => `the disk is full, so no new token was asked for ${name}: it could not be kept`,
    remedy: "Make room on the disk, then send the message once more.",
    briefly: "its new token could not be kept on the full disk",
  },
  "feature-not-supported": {
    status: 403,
    what: (name) => `${name} may not use this feature`,
    briefly: "not authorized for this feature",
  },
  "conversation-limit": {
    status: 402,
    what: () => "this conversation is as long as the service allows",
    remedy: "Start a new session.",
  },
  capacity: { status: 429, what: (_, { model }) => `${model} is very busy at the moment` },
  "input-too-long": { status: 400, what: (_, { model }) => `the conversation is too large for ${model}` },
  "invalid-model": {
    status: 400,
    what: (name, { model }) => `${name} is not offered ${model}`,
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
    what: (_, { model }) => `the service refused the thinking options for ${model}`,
  },
  "tool-refused": {
    status: 400,
    what: () => "the service refused a tool in this request",
    remedy: "Switch off the MCP server that it comes from.",
  },
  "subscription-refused": {
    status: 403,
    what: (name) => `the plan of ${name} does not cover this`,
    remedy: "Check the plan at https://app.kiro.dev, or ask the administrator who gave you access.",
  },
  "refused-on-the-way": {
    status: 400,
    what: () => "something between this computer and the service refused the request",
    remedy: "Check the proxy, the firewall or the portal of this network.",
  },
  "malformed-request": {
    status: 400,
    what: () => "the service refused the form of this request",
    remedy: ({ command }) =>
      `It was not sent again. Run \`${command} doctor --report\` and report it, please.`,
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
  // Its one repeat was the gateway's: a host would pay for more of them.
  "empty-answer": { status: 400, what: () => "the service answered without any content" },
  truncated: { status: 502, what: () => "the service's answer was cut off" },
  "corrupt-stream": { status: 502, what: () => "the service's answer arrived damaged" },
}

function answerOf(kind: FailureKind): FailureAnswer {
  if (!isOfState(kind)) return ANSWERS[kind]
  const { status, sentence, because, remedy } = STATE_WORDS[kind]
  return { status, what: (name, { account }) => sentence(name, account), briefly: because, remedy }
}

function isOfState(kind: FailureKind): kind is StateFailure {
  return kind in STATE_WORDS
}

/** The service's own status where the host treats it as it should. */
export function statusOf(failure: Pick<KiroFailure, "kind" | "status">): number {
  const ours = answerOf(failure.kind).status
  return ours >= 429 && failure.status >= 500 && failure.status <= 599 ? failure.status : ours
}

/** One failure: what happened, to which account, in the service's own words, and what to do. */
export function describeFailure(failure: KiroFailure, at: FailedAt): string {
  const words = quote(failure.message)
  const what = `Kiro: ${whatFailed(failure, at)}.`
  const said = failure.status === 0 ? "Cause" : "It said"
  const stop = /[.!?…]”$/.test(words) ? "" : "."
  return [what, words === "" ? "" : `${said}: ${words}${stop}`, failureRemedy(failure, at.account)]
    .filter((part) => part !== "")
    .join(" ")
}

/** The first half of such a text, to be put into another. */
export function whatFailed({ kind }: KiroFailure, at: FailedAt, name = accountName(at.account)): string {
  return answerOf(kind).what(name, at)
}

/** "" where nobody can do anything. */
export function failureRemedy({ kind }: KiroFailure, account: Account): string {
  const { remedy = "" } = answerOf(kind)
  return typeof remedy === "string" ? remedy : remedy({ account, command: ownCommand() })
}

/** Why an account was left, in a few words. */
export function briefly(failure: Pick<KiroFailure, "kind" | "reason">): string {
  const state = stateBehind(failure)
  return (state === undefined ? answerOf(failure.kind).briefly : STATE_WORDS[state].because) ?? "it failed"
}

/** The state that kept an account from a token: nothing was sent with it, and nobody refused its login. */
export function stateBehind({ kind, reason }: Pick<KiroFailure, "kind" | "reason">): Rest | undefined {
  return kind === "bearer-rejected" ? RESTS.find((rest) => rest === reason) : undefined
}

const LONGEST_QUOTE = 200

/** The service's own short message, without user ids, e-mail addresses, credentials and control characters; "" for none. */
export function quote(message: string): string {
  const unnamed = plainText(message)
    .replaceAll(/[^\s<>()"']+@[^\s<>()"']+/g, "…")
    .replaceAll(/\((?=[^)]*\d)[^\s)]{12,}\)/g, "(…)")
  const words = redactText(unnamed)
  if (words === "") return ""
  return `“${words.length > LONGEST_QUOTE ? `${beginning(words, LONGEST_QUOTE)}…` : words}”`
}
