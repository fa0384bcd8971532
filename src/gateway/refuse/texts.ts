import type { FailureKind, KiroFailure } from "../../kiro/index.ts"
import { instant, quote } from "./phrases.ts"

/**
 * Every text of this room that a person reads. What goes out as fatal passes `harmless` on its way, so that the host
 * does not take it for something to repeat; still, no text here needs it.
 */

const LOGIN = "run `opencode auth login` and choose Kiro"

/** `syncsKiroCli`: whether the user lets us use what kiro-cli keeps. */
export function noAccount({ syncsKiroCli }: { readonly syncsKiroCli: boolean }): string {
  const programs = syncsKiroCli ? "kiro-cli or the Kiro IDE" : "the Kiro IDE"
  const leftOut = syncsKiroCli
    ? ""
    : " A sign-in of kiro-cli is not used, because auto_sync_kiro_cli is false in kiro.json."
  return `Kiro: no account is signed in on this computer. To sign in, ${LOGIN}, or sign in with ${programs}; the next message then works without a restart.${leftOut}`
}

/** `problem` begins with the field's name. */
export function badRequest(problem: string): string {
  return `Kiro: this is no valid chat request: ${problem}.`
}

export function unexpected(error: unknown): string {
  const what = error instanceof Error ? error.message : String(error)
  return `Kiro: the plugin itself failed (${what}). Run \`npx opencode-kiro-auth doctor\` and report it, please.`
}

/** An error on which OpenCode compacts the conversation: its wording is the one it looks for. */
export function overflow(model: string): string {
  return `prompt is too long: Kiro refused this conversation for ${model} even after shortening it.`
}

/** The end of the road: compaction did not help. */
export function tooLarge(asked: {
  readonly model: string
  readonly purpose: "main" | "title" | "compaction"
  readonly estimatedTokens: number
  readonly largest: string
}): string {
  const what = asked.purpose === "main" ? "this conversation" : `the ${asked.purpose} of this conversation`
  return `Kiro: ${what} does not fit into ${asked.model}, also shortened. It holds about ${thousands(asked.estimatedTokens)} thousand tokens, most of it in ${asked.largest}. Start a new session, or remove the large file or tool output and send a shorter message.`
}

function thousands(tokens: number): string {
  return String(Math.max(1, Math.round(tokens / 1000)))
}

/** One failure: what happened, to which account, in the service's own words. */
export function failed(failure: KiroFailure, account: string, model: string): string {
  const words = quote(failure.message)
  const what = `Kiro: ${WHAT[failure.kind](account, model)}.`
  const said = failure.status === 0 ? "Cause" : "It said"
  return [what, words === "" ? "" : `${said}: ${words}`, REMEDY[failure.kind] ?? ""]
    .filter((part) => part !== "")
    .join(" ")
}

/** Why an account was left, in a few words. */
export function briefly(failure: KiroFailure): string {
  return BRIEFLY[failure.kind] ?? "it failed"
}

const BRIEFLY: Readonly<Partial<Record<FailureKind, string>>> = {
  "bearer-rejected": "its login has ended",
  "token-unavailable": "its token could not be renewed",
  suspended: "suspended by AWS",
  "not-authorized": "not authorized with its profile",
  "feature-not-supported": "not authorized for this feature",
  "monthly-quota": "its monthly credits are used up",
  "daily-quota": "its daily requests are used up",
  "overage-limit": "its overage limit is reached",
  throttled: "it is being throttled",
  "invalid-model": "it is not offered the model",
}

const WHAT: Readonly<Record<FailureKind, (account: string, model: string) => string>> = {
  "bearer-rejected": (account) => `the login of ${account} was refused`,
  "token-unavailable": (account) => `the token of ${account} could not be renewed`,
  suspended: (account) => `AWS has suspended ${account}`,
  "not-authorized": (account) => `${account} may not use this service with its profile`,
  "feature-not-supported": (account) => `${account} may not use this feature`,
  "monthly-quota": (account) => `the monthly credits of ${account} are used up`,
  "daily-quota": (account) => `the daily requests of ${account} are used up`,
  "overage-limit": (account) => `${account} has reached its overage limit`,
  "conversation-limit": () => "this conversation has reached the longest that the service allows",
  throttled: (account) => `the service is throttling ${account}`,
  capacity: (_, model) => `${model} is very busy at the moment`,
  "input-too-long": (_, model) => `the conversation is too large for ${model}`,
  "invalid-model": (account, model) => `${account} is not offered ${model}`,
  "signature-invalid": () => "the service refused the reasoning of an earlier answer",
  "document-refused": () => "the service refused a document in this conversation",
  "image-refused": () => "the service refused an image in this conversation",
  "field-refused": (_, model) => `the service refused the thinking options for ${model}`,
  "malformed-request": () => "the service refused the form of this request",
  "invalid-state": () => "the service could not go on with this answer",
  "unknown-operation": () => "the service does not know this operation at any of its addresses",
  "service-error": () => "the service failed",
  unreachable: () => "the service could not be reached",
  network: () => "the connection to the service broke",
  timeout: () => "the service stayed silent for too long",
  "empty-answer": () => "the service answered without any content",
  truncated: () => "the service's answer was cut off",
  "corrupt-stream": () => "the service's answer arrived damaged",
}

const REMEDY: Readonly<Partial<Record<FailureKind, string>>> = {
  "bearer-rejected": `To sign in again, ${LOGIN}.`,
  suspended:
    "Only AWS support can lift it: https://support.aws.amazon.com/#/contacts/kiro. Then switch the account on with `npx opencode-kiro-auth accounts`.",
  "not-authorized":
    "Check the plan and the profile with your administrator, or choose a profile with `npx opencode-kiro-auth accounts` or by idc_profile_arn in kiro.json.",
  "conversation-limit": "Start a new session.",
  "invalid-model": "Choose another model, or a plan that includes this one.",
  "document-refused": "Remove or replace the document.",
  "image-refused": "Remove or replace the image.",
  "malformed-request":
    "It was not sent again. Run `npx opencode-kiro-auth doctor --report` and report it, please.",
  unreachable: "Check the network, the proxy and the clock of this computer.",
}

/** Why an account can't answer now and when it is back (epoch ms). `said` is the service's own words, or "". */
export type Parked =
  | { readonly why: "quota" | "throttled"; readonly until: number; readonly said: string }
  | { readonly why: "not-authorized" | "suspended" | "signed-out" | "key-refused"; readonly said: string }
  | { readonly why: "disabled" }
  | { readonly why: "lacks-model"; readonly model: string }
  /** By this fetch, without having been parked. */
  | { readonly why: "failed"; readonly failure: KiroFailure; readonly model: string }

export interface ParkedAccount {
  readonly name: string
  readonly parked: Parked
}

export function allParked(accounts: readonly ParkedAccount[], now: number): string {
  const lines = accounts.map(({ name, parked }) => `${name}: ${parkedReason(parked, now)}`)
  const remedies = new Set(accounts.map(({ parked }) => parkedRemedy(parked)).filter((text) => text !== ""))
  return [`Kiro: no account can answer now. ${lines.join("; ")}.`, ...remedies].join(" ")
}

function parkedReason(parked: Parked, now: number): string {
  switch (parked.why) {
    case "quota":
      return said(`its credits are used up, back ${instant(parked.until, now)}`, parked.said)
    case "throttled":
      return said(`throttled, back ${instant(parked.until, now)}`, parked.said)
    case "not-authorized":
      return said("not authorized with its profile", parked.said)
    case "suspended":
      return said("suspended by AWS", parked.said)
    case "signed-out":
      return said("its login has ended", parked.said)
    case "key-refused":
      return said("its API key was refused", parked.said)
    case "disabled":
      return "switched off by you"
    case "lacks-model":
      return `is not offered ${parked.model}`
    case "failed":
      return said(WHAT[parked.failure.kind]("it", parked.model), parked.failure.message)
    default:
      return parked satisfies never
  }
}

function parkedRemedy(parked: Parked): string {
  switch (parked.why) {
    case "quota":
      return "More credits: enable overage or a larger plan at https://app.kiro.dev, or add an account with `opencode auth login`; it is noticed without a restart."
    case "suspended":
      return REMEDY["suspended"] ?? ""
    case "signed-out":
      return REMEDY["bearer-rejected"] ?? ""
    case "key-refused":
      return "Make a new API key at https://app.kiro.dev and set KIRO_API_KEY, or sign in with `opencode auth login`. Where the old key is allowed again, switch the account on with `npx opencode-kiro-auth accounts`."
    case "not-authorized":
      return REMEDY["not-authorized"] ?? ""
    case "disabled":
      return "Switch an account on with `npx opencode-kiro-auth accounts`."
    case "lacks-model":
      return REMEDY["invalid-model"] ?? ""
    case "throttled":
    case "failed":
      return ""
    default:
      return parked satisfies never
  }
}

function said(what: string, words: string): string {
  const quoted = quote(words)
  return quoted === "" ? what : `${what} (${quoted})`
}
