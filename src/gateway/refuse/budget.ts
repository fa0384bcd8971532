import { localDay } from "../../accounts/index.ts"
import type { ChatMessage } from "../../openai/index.ts"
import { ownCommand } from "../../settings/index.ts"
import { isSpokenMessage } from "../../translate/index.ts"
import type { Chat } from "../chat.ts"
import type { GatewayContext } from "../context.ts"
import type { Refusal } from "../chat-call.ts"

/** From this share of the day's budget on the user is told. */
const NEAR_SHARE = 0.8

/**
 * The user's own limit for a day. Work that is under way goes on beyond it: steps behind a tool, subagents, titles,
 * summaries and what follows a summary. Only a new message of the user's own is refused.
 */
export async function refuseByBudget(
  { settings, dailyCreditBudget, store, runtime, notify, background }: GatewayContext,
  chat: Chat,
): Promise<Refusal | undefined> {
  if (chat.purpose !== "main") return undefined
  const budget = dailyCreditBudget === undefined ? settings.dailyCreditBudget : await dailyCreditBudget()
  if (budget === undefined) return undefined
  // The last answer may have ended just now.
  await background.settled()
  await store.settle()
  const day = localDay(runtime.clock.now())
  const used = await store.creditsOfDay(day)
  if (used < budget * NEAR_SHARE || (await store.isBudgetLifted(day))) return undefined
  if (used < budget) notify({ kind: "budget-near", used, budget, day })
  if (used < budget || !isOwnMessage(chat)) return undefined
  const message = `Kiro: today's budget of ${budget} credits is used up (${used.toFixed(2)} so far). To go on, lift it until midnight with \`${ownCommand()} budget lift\` or in /kiro, or raise daily_credit_budget in kiro.json, then send the message once more.`
  return { status: 402, message }
}

/** What OpenCode 1.18 says in the user's name behind a subagent that a command started. */
const AFTER_SUBTASK = "Summarize the task tool output above and continue with your task."

/**
 * Whether something of the user's own stands behind the last answer and what its tools returned: also where that is a
 * tool that was stopped, refused or called by the user.
 */
function isOwnMessage({ request, parentSessionId, session }: Chat): boolean {
  if (parentSessionId !== undefined || session.justCompacted === true) return false
  // At the last step that it allows OpenCode 1.18 ends with words in the model's name.
  const end = request.messages.findLastIndex(({ role }) => role !== "assistant") + 1
  const asked = request.messages.slice(0, end)
  const answered = asked.findLastIndex(({ role }) => role === "assistant" || role === "tool")
  return asked
    .slice(answered + 1)
    .some((message) => isSpokenMessage(message) && !isText(message, AFTER_SUBTASK))
}

function isText({ content }: ChatMessage, text: string): boolean {
  return content.every((part) => part.type === "text" && part.text === text)
}
