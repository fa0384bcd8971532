import {
  AgentTaskType,
  CachePointType,
  ChatTriggerType,
  DiagnosticSeverity,
  DocumentFormat,
  GenerateAssistantResponseRequest$,
  ImageFormat,
  Origin,
  SymbolType,
  ToolResultStatus,
  UserIntent,
} from "@aws/codewhisperer-streaming-client"

/** Readers of the official client's schemas, which are tuples: [kind, namespace, name, traits, …]. */

export type Shape =
  | { readonly kind: "structure" | "union"; readonly name: string; readonly members: readonly Member[] }
  | { readonly kind: "list"; readonly element: Shape }
  | { readonly kind: "string" | "number" | "boolean" | "blob" | "document" }

export interface Member {
  readonly name: string
  readonly required: boolean
  readonly enumeration: readonly string[] | undefined
  readonly shape: () => Shape
}

const LIST = 1
const STRUCTURE = 3
const UNION = 4
const SIMPLE = 0
const LIST_MODIFIER = 64
const SIMPLE_KINDS: Readonly<Record<number, "string" | "number" | "boolean" | "blob" | "document">> = {
  0: "string",
  1: "number",
  2: "boolean",
  15: "document",
  21: "blob",
}

/** The schemas hold no enumerations: which member has which is in the client's types. */
const ENUMERATIONS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "CachePoint.type": CachePointType,
  "ConversationState.chatTriggerType": ChatTriggerType,
  "ConversationState.agentTaskType": AgentTaskType,
  "UserInputMessage.userIntent": UserIntent,
  "UserInputMessage.origin": Origin,
  "FollowupPrompt.userIntent": UserIntent,
  "ImageBlock.format": ImageFormat,
  "DocumentBlock.format": DocumentFormat,
  "ToolResult.status": ToolResultStatus,
  "RuntimeDiagnostic.severity": DiagnosticSeverity,
  "TextDocumentDiagnostic.severity": DiagnosticSeverity,
  "DocumentSymbol.type": SymbolType,
}

export const CHAT_REQUEST: Shape = readShape(GenerateAssistantResponseRequest$)

function readShape(schema: unknown): Shape {
  const resolved: unknown = typeof schema === "function" ? (schema as () => unknown)() : schema
  if (typeof resolved === "number") return readNumber(resolved)
  if (!Array.isArray(resolved)) throw new TypeError("a schema of a kind that the fake does not know")
  // A schema together with its traits, as members have it.
  if (typeof resolved[1] === "number" || isTraits(resolved[1])) return readShape(resolved[0])
  const [kind, , name] = resolved as [number, string, string]
  switch (kind) {
    case STRUCTURE:
    case UNION:
      return { kind: kind === UNION ? "union" : "structure", name, members: readMembers(resolved) }
    case LIST:
      return { kind: "list", element: readShape(resolved[4]) }
    case SIMPLE:
      return readShape(resolved[4])
    default:
      throw new TypeError(`a schema of kind ${kind}, which the fake does not know`)
  }
}

function readNumber(schema: number): Shape {
  if (schema >= LIST_MODIFIER) return { kind: "list", element: readNumber(schema - LIST_MODIFIER) }
  const kind = SIMPLE_KINDS[schema]
  if (kind === undefined) throw new TypeError(`a simple schema ${schema}, which the fake does not know`)
  return { kind }
}

/** The first `required` members are the required ones; a member bound to a header has no place in a body. */
function readMembers(schema: readonly unknown[]): Member[] {
  const [, , name, , names, shapes, required = 0] = schema as [
    number,
    string,
    string,
    unknown,
    readonly string[],
    readonly unknown[],
    number?,
  ]
  return names.flatMap((member, index) => {
    if (isHeader(shapes[index])) return []
    const enumeration = ENUMERATIONS[`${name}.${member}`]
    return {
      name: member,
      required: index < required,
      enumeration: enumeration && Object.values(enumeration),
      shape: once(() => readShape(shapes[index])),
    }
  })
}

/** Shapes refer to each other in circles: each is read when it is first needed. */
function once(read: () => Shape): () => Shape {
  let shape: Shape | undefined
  return () => (shape ??= read())
}

function isTraits(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}

function isHeader(shape: unknown): boolean {
  return Array.isArray(shape) && isTraits(shape[1]) && Object.hasOwn(shape[1] as object, "httpHeader")
}
