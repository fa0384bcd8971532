import { isObject, stringField, type JsonObject } from "../../../src/json.ts"

/** What the service reads of a chat's body without having checked it. */

export function modelIdOf(body: unknown): string | undefined {
  const message = inside(inside(state(body), "currentMessage"), "userInputMessage")
  return stringField(message, "modelId")
}

export function conversationIdOf(body: unknown): string | undefined {
  return stringField(state(body), "conversationId")
}

/** The names of the tools that a chat declares, in their order. */
export function toolNamesIn(text: string): readonly string[] {
  return [...text.matchAll(/"toolSpecification":\{"name":"([^"]+)"/g)].map(([, name = ""]) => name)
}

const state = (body: unknown): JsonObject => (isObject(body) ? inside(body, "conversationState") : {})

function inside(object: JsonObject, name: string): JsonObject {
  const value = object[name]
  return isObject(value) ? value : {}
}
