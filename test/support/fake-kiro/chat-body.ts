import { asObject, stringField, type JsonObject } from "../../../src/json.ts"

/** What the service reads of a chat's body without having checked it. */

export function conversationStateOf(body: unknown): JsonObject {
  return asObject(asObject(body)["conversationState"])
}

export function modelIdOf(body: unknown): string | undefined {
  const { userInputMessage } = asObject(conversationStateOf(body)["currentMessage"])
  return stringField(asObject(userInputMessage), "modelId")
}

export function conversationIdOf(body: unknown): string | undefined {
  return stringField(conversationStateOf(body), "conversationId")
}

export function historyIn(body: unknown): readonly unknown[] {
  const { history } = conversationStateOf(body)
  return Array.isArray(history) ? history : []
}

/** The names of the tools that a chat declares, in their order. */
export function toolNamesIn(text: string): readonly string[] {
  return [...text.matchAll(/"toolSpecification":\{"name":"([^"]+)"/g)].map(([, name = ""]) => name)
}
