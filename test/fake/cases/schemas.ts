import { tool, toolLoop, toolsOf } from "../known-good.ts"
import type { Broken } from "./case.ts"

/** Schemas that the service refuses in words, without a reason; each alone makes every message of a session fail. */
const AT_ROOT: readonly object[] = [
  { type: "object", properties: {}, anyOf: [{ required: ["a"] }] },
  { type: "object", oneOf: [] },
  { allOf: [{ type: "object" }] },
]
const INVALID: Readonly<Record<string, unknown>> = {
  "a tuple under items": { type: "array", items: [{ type: "string" }, { type: "number" }] },
  "a boolean exclusiveMinimum": { type: "number", minimum: 0, exclusiveMinimum: true },
  "a type of another language": { type: "float" },
  "a type in capitals": { type: "String" },
  "a type twice": { type: ["string", "string"] },
  "a required name twice": { type: "object", required: ["a", "a"] },
  "a required that is no list": { type: "string", required: true },
  "an enum as text": { enum: "asc" },
  "an empty anyOf": { anyOf: [] },
  "a number as text": { type: "string", maxLength: "10" },
  "a length below nothing": { type: "string", minLength: -1 },
  "a multipleOf of nothing": { type: "number", multipleOf: 0 },
  "a description that is no text": { description: { en: "a" } },
  "a pattern that is none": { type: "string", pattern: "(?P<year>[0-9]+)" },
  "properties that are a list": { properties: ["a"] },
  "a property that is no schema": { properties: { a: "string" } },
  "a reference to nothing": { $ref: "#/$defs/none" },
  "an older draft's name": { $schema: "http://json-schema.org/draft-07/schema#" },
}

export const BROKEN_SCHEMAS: readonly Broken[] = [
  ...AT_ROOT.map((json): Broken => ({
    name: `a union at the root of a schema: ${Object.keys(json).at(-1)}`,
    from: toolLoop,
    reason: null,
    words:
      /^tools\.2\.custom\.input_schema: input_schema does not support oneOf, allOf, or anyOf at the top level/,
    change: (body) => toolsOf(body).push(tool("t", { inputSchema: { json } })),
  })),
  ...Object.entries(INVALID).map(([name, property]): Broken => ({
    name: `a schema with ${name}`,
    from: toolLoop,
    reason: null,
    words:
      /^tools\.2\.custom\.input_schema: JSON schema is invalid\. It must match JSON Schema draft 2020-12/,
    change: (body) =>
      toolsOf(body).push(
        tool("t", { inputSchema: { json: { type: "object", properties: { p: property } } } }),
      ),
  })),
]
