import { historyOf, toolResultsOf, toolUsesOf, turnsOf, userMessagesOf, type Turn } from "./conversation.ts"
import { improperlyFormed, type Rule } from "./rule.ts"

const MOST_MESSAGES = 10_000
const LONGEST_DIRECTORY = 256

/** Begins with the user, alternates, ends with the assistant. */
export const checkOrder: Rule = (body) => {
  const history = historyOf(body)
  const alternates = history.every((turn, index) => turn.role === (index % 2 === 0 ? "user" : "assistant"))
  return alternates && history.length % 2 === 0 && history.length <= MOST_MESSAGES
    ? undefined
    : improperlyFormed
}

/** Tools are declared on the current message only. */
export const checkNoToolsInHistory: Rule = (body) =>
  historyOf(body).some((turn) => turn.role === "user" && turn.message.userInputMessageContext?.tools != null)
    ? improperlyFormed
    : undefined

/** A turn says something: whitespace alone is nothing. */
export const checkContent: Rule = (body) =>
  turnsOf(body).every(saysSomething) ? undefined : improperlyFormed

export const checkEnvironment: Rule = (body) => {
  const directories = userMessagesOf(body).map(
    (message) => message.userInputMessageContext?.envState?.currentWorkingDirectory ?? "",
  )
  return directories.every((directory) => directory.length <= LONGEST_DIRECTORY)
    ? undefined
    : improperlyFormed
}

function saysSomething(turn: Turn): boolean {
  if ((turn.message.content ?? "").trim() !== "") return true
  if (turn.role === "assistant") return toolUsesOf(turn).length > 0
  const media = (turn.message.images?.length ?? 0) + (turn.message.documents?.length ?? 0)
  return toolResultsOf(turn).length + media > 0
}
