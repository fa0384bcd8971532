import { asObject, isObject, type JsonObject } from "../../../../src/json.ts"
import { conversationStateOf } from "../chat-body.ts"
import { CHAT_REQUEST, type Member, type Shape } from "./schema.ts"
import { refuse, type Refusal } from "./rule.ts"

/** Members, types, enumerations and unions of the official client's schemas; what they do not name is refused. */
export function checkShape(body: unknown): Refusal | undefined {
  const fault = shapeFault(body, CHAT_REQUEST, "$") ?? currentMessageFault(body)
  return fault === undefined
    ? undefined
    : refuse(`The request body is invalid: ${fault}`, "REQUEST_BODY_INVALID")
}

function shapeFault(value: unknown, shape: Shape, path: string): string | undefined {
  switch (shape.kind) {
    case "structure":
      return isObject(value) ? structureFault(value, shape.members, path) : `${path} is not an object`
    case "union":
      return isObject(value) ? unionFault(value, shape.members, path) : `${path} is not an object`
    case "list":
      return Array.isArray(value)
        ? firstFault(value, (element, index) => shapeFault(element, shape.element, `${path}[${index}]`))
        : `${path} is not a list`
    case "blob":
      return typeof value === "string" && isBase64(value) ? undefined : `${path} is not base64`
    case "document":
      return undefined
    default:
      return typeof value === shape.kind ? undefined : `${path} is not a ${shape.kind}`
  }
}

/** `null` is how JSON says that an optional member is absent. */
function structureFault(value: JsonObject, members: readonly Member[], path: string): string | undefined {
  const unknown = Object.keys(value).find((key) => !members.some(({ name }) => name === key))
  if (unknown !== undefined) return `${path} has no member ${unknown}`
  return firstFault(members, (member) => memberFault(value[member.name], member, `${path}.${member.name}`))
}

function memberFault(value: unknown, member: Member, path: string): string | undefined {
  if (value === undefined || value === null) return member.required ? `${path} is missing` : undefined
  const fault = shapeFault(value, member.shape(), path)
  if (fault !== undefined || member.enumeration === undefined) return fault
  return member.enumeration.includes(String(value)) ? undefined : `${path} is not one of its values`
}

function unionFault(value: JsonObject, members: readonly Member[], path: string): string | undefined {
  const present = Object.keys(value).filter((key) => value[key] !== null)
  if (present.length !== 1) return `${path} is not exactly one of its variants`
  return structureFault(value, members, path)
}

/** The current message is a user's: the schema alone would take an assistant's too. */
function currentMessageFault(body: unknown): string | undefined {
  const { currentMessage } = conversationStateOf(body)
  if (isObject(asObject(currentMessage)["userInputMessage"])) return undefined
  return "$.conversationState.currentMessage is not a user's message"
}

function firstFault<Item>(
  items: readonly Item[],
  faultOf: (item: Item, index: number) => string | undefined,
): string | undefined {
  for (const [index, item] of items.entries()) {
    const fault = faultOf(item, index)
    if (fault !== undefined) return fault
  }
  return undefined
}

function isBase64(text: string): boolean {
  return text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text)
}
