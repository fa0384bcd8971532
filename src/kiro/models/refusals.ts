import { isRequestField, type RequestField, withoutFields } from "./field-schema.ts"
import { thinkingOf } from "./known.ts"
import type { KiroModel } from "./model.ts"
import type { RequestFields } from "./thinking.ts"

/** What the service refused of a model and is not sent to it again. */
export type Refusal = RequestField | "documents" | "images"

/**
 * The model as it is after what the service refused: without these fields (a Claude model falls back to the thinking
 * tags) and without documents or images. Names that are no refusal of ours are passed over.
 */
export function withRefusals(model: KiroModel, refused: Iterable<string>): KiroModel {
  const names = new Set(refused)
  if (names.size === 0) return model
  const { fieldSchema, ...rest } = model
  const schema = fieldSchema && withoutFields(fieldSchema, names)
  const thinking =
    model.thinking === "native"
      ? thinkingOf({ ...(schema && { fieldSchema: schema }), tags: model.family.startsWith("claude-") })
      : model.thinking
  const input = model.input.filter(
    (type) => !(type === "pdf" && names.has("documents")) && !(type === "image" && names.has("images")),
  )
  return { ...rest, ...(schema && { fieldSchema: schema }), thinking, input }
}

/**
 * Which of the fields that were sent the service refused: those its message names, else all of them. Empty where
 * none was sent, which means that the refusal was about something else.
 */
export function refusedFields(sent: RequestFields | undefined, message: string): readonly Refusal[] {
  const names = Object.keys(sent ?? {}).filter(isRequestField)
  const named = names.filter((field) => mentions(message, field))
  return named.length > 0 ? named : names
}

function mentions(message: string, field: Refusal): boolean {
  if (field === "output_config") return /output_config|effort/.test(message)
  return new RegExp(`\\b${field}\\b`).test(message)
}
