import { localDay } from "../../accounts/index.ts"
import { ownCommand } from "../../settings/index.ts"
import type { Chat } from "../chat.ts"
import type { GatewayContext } from "../context.ts"
import type { Refusal } from "../door.ts"

/** From this share of the day's budget on the user is told. */
const NEAR_SHARE = 0.8

/**
 * The user's own limit for a day. Work that is under way goes on beyond it: steps behind a tool, subagents, titles,
 * summaries and what follows a summary. Only a new message of the user's own is refused.
 */
export async function refuseByBudget(
  { settings, dailyCreditBudget, store, runtime, notify }: GatewayContext,
  chat: Chat,
): Promise<Refusal | undefined> {
  if (chat.purpose !== "main") return undefined
  const budget = dailyCreditBudget === undefined ? settings.dailyCreditBudget : await dailyCreditBudget()
  if (budget === undefined) return undefined
  const day = localDay(runtime.clock.now())
  const used = await store.creditsOfDay(day)
  if (used < budget * NEAR_SHARE || (await store.isBudgetLifted(day))) return undefined
  if (used < budget) notify({ kind: "budget-near", used, budget, day })
  if (used < budget || !isOwnMessage(chat)) return undefined
  const message = `Kiro: today's budget of ${budget} credits is used up (${used.toFixed(2)} so far). To go on, lift it until midnight with \`${ownCommand()} budget lift\` or in /kiro, or raise daily_credit_budget in kiro.json, then send the message once more.`
  return { status: 402, message }
}

function isOwnMessage({ request: { messages }, parentSessionId, session }: Chat): boolean {
  if (parentSessionId !== undefined || session.justCompacted === true) return false
  const answered = messages.findLastIndex(({ role }) => role === "assistant")
  // What a tool returned may end with a picture, which stands in a message of the user.
  return !messages.slice(answered + 1).some(({ role }) => role === "tool")
}
