import { passesSoon, StoreError } from "../../accounts/index.ts"
import { messageOf } from "../../json.ts"
import { ChatRequestError } from "../../openai/index.ts"
import { type AccountRule, isOutOfHandles, loadingTrouble, ownCommand } from "../../settings/index.ts"
import type { Purpose, Refusal } from "../chat-call.ts"

/**
 * The texts of this room that a person reads, with those of `failures`, `none-left` and the words about an account's
 * state. What goes out as fatal passes a guard in the front, so that the host does not take it for something to repeat;
 * still, none needs it.
 */

/** With what a message without an account is answered, in its beginning. */
export const NO_ACCOUNT = "Kiro: no account is signed in"

const SIGN_IN = "use /connect, or run `opencode auth login`, and choose Kiro"

/**
 * `syncsKiroCli`: whether the user lets us use what kiro-cli keeps. `isUnread`: the account database can't be used, and
 * may hold accounts. `hasRemoved`: the user removed one, which no sign-in of another program brings back.
 */
export function noAccount({
  syncsKiroCli,
  isUnread = false,
  hasRemoved = false,
}: {
  readonly syncsKiroCli: boolean
  readonly isUnread?: boolean
  readonly hasRemoved?: boolean
}): string {
  const programs = syncsKiroCli ? "kiro-cli or the Kiro IDE" : "the Kiro IDE"
  const leftOut = syncsKiroCli
    ? ""
    : " A sign-in of kiro-cli is not used, because auto_sync_kiro_cli is false in kiro.json or the environment."
  const unread = isUnread
    ? ` Accounts that are kept here can't be read now: \`${ownCommand()} doctor\` says why.`
    : ""
  const removed = hasRemoved
    ? ` An account that was removed here comes back by /connect alone, or by \`${ownCommand()} import\`.`
    : ""
  return `${NO_ACCOUNT} on this computer. To sign in, ${SIGN_IN}, or sign in with ${programs}; the next message then works without a restart.${leftOut}${removed}${unread}`
}

/** A rule that allows no other account, and names one that is not here. */
export function ruleOfNobody(rule: AccountRule): string {
  return `Kiro: ${ruleName(rule)} in kiro.json names the account ${rule.account}, which is not here, and allows no other (fallback: false). Nothing was sent. Correct the rule, or sign in to that account: ${SIGN_IN}.`
}

/** Behind what is wrong with the account of such a rule. */
export function noOtherByRule(rule: AccountRule): string {
  return `No other account was asked: ${ruleName(rule)} in kiro.json says fallback: false.`
}

/** Behind what is wrong with the accounts that were asked, where there are more. */
export function outOfSends(sends: number): string {
  return `The other accounts were not asked: max_request_iterations in kiro.json allows ${sends} requests for one message. The next message goes to them.`
}

function ruleName({ project, agent, model }: AccountRule): string {
  const conditions = [project, agent && `the agent ${agent}`, model].filter((part) => part !== undefined)
  return conditions.length === 0 ? "your rule" : `your rule for ${conditions.join(", ")}`
}

/**
 * For what was thrown: a request that is none, or a fault of our own. Neither gets better by repeating; a database that
 * somebody else holds does.
 */
export function refusalOfError(error: unknown): Refusal {
  if (error instanceof StoreError)
    return { status: passesSoon(error.failure) ? 503 : 400, message: `Kiro: ${error.message}.` }
  if (isOutOfHandles(error)) return { status: 400, message: loadingTrouble(error) }
  const what = messageOf(error)
  const message =
    error instanceof ChatRequestError
      ? `Kiro: this is no valid chat request: ${what}.`
      : `Kiro: the plugin itself failed (${what}). Run \`${ownCommand()} doctor --report\` and report it, please.`
  return { status: 400, message }
}

/** An error on which OpenCode compacts the conversation: its wording is the one it looks for. */
export function overflow(model: string): string {
  return `prompt is too long: Kiro refused this conversation for ${model}, as short as it can be made.`
}

/** The end of the road: compaction did not help. */
export function tooLarge(asked: {
  readonly model: string
  readonly purpose: Purpose
  readonly estimatedTokens: number
  readonly largest: string
}): string {
  const { purpose } = asked
  const isItself = purpose === "main" || purpose === "generate"
  const what = isItself ? "this conversation" : `the ${purpose} of this conversation`
  return `Kiro: ${what} does not fit into ${asked.model}, even shortened. It holds about ${thousands(asked.estimatedTokens)} thousand tokens, most of it in ${asked.largest}. Start a new session, or remove the large file or tool output and send a shorter message.`
}

function thousands(tokens: number): string {
  return String(Math.max(1, Math.round(tokens / 1000)))
}
