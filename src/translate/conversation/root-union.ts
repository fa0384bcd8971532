import { asObject, decodePercent, isObject, type JsonObject } from "../../json.ts"
import { TEXT_SEPARATOR } from "./conversation.ts"

const UNIONS = ["allOf", "anyOf", "oneOf"] as const
type Union = (typeof UNIONS)[number]

/** A longer union is told by its members' titles, descriptions, properties and required names. */
const LONGEST_UNION_TEXT = 2_000

/**
 * One object in place of a union at the root, which the service refuses for every message of the session: the members'
 * properties beside its own, required only where every way asks for them; the union itself stands in the description.
 */
export function foldRoot(schema: JsonObject): JsonObject {
  const root = followed(schema, schema)
  return UNIONS.filter((union) => Array.isArray(root[union])).reduce(
    (folded, union) => foldUnion(folded, union, schema),
    root,
  )
}

/** Without the local references that lead nowhere, now that the root has another form: they make a schema invalid. */
export function withoutDanglingReferences(root: JsonObject): JsonObject {
  return holdsReference(root) ? asObject(withoutDangling(root, root)) : root
}

/** The schema that this one names, be it by another name: generators write `$ref` beside `definitions`. */
function followed(schema: JsonObject, whole: JsonObject): JsonObject {
  const seen = new Set<string>()
  let reached = schema
  for (let ref = reached["$ref"]; typeof ref === "string"; ref = reached["$ref"]) {
    const { $ref: _, ...own } = reached
    const target = seen.has(ref) ? undefined : resolve(ref, whole)
    seen.add(ref)
    reached = isObject(target) ? { ...target, ...own } : own
  }
  return reached
}

function foldUnion(root: JsonObject, union: Union, whole: JsonObject): JsonObject {
  const { [union]: list, ...rest } = root
  const members: readonly unknown[] = Array.isArray(list) ? list : []
  const objects = members.filter(isObject).map((member) => followed(member, whole))
  const required = new Set([...namesOf(root), ...requiredBy(union, objects, members.length)])
  const ownProperties = asObject(root["properties"])
  const told = [root["description"], textOf(union, members, objects)]
  return {
    ...rest,
    type: "object",
    properties: {
      ...alternatives(objects.flatMap((member) => withInner(member, whole, new Set()))),
      ...ownProperties,
    },
    ...(required.size > 0 && { required: [...required] }),
    description: told.filter((part) => typeof part === "string").join(TEXT_SEPARATOR),
  }
}

function requiredBy(union: Union, objects: readonly JsonObject[], members: number): readonly string[] {
  const [first = [], ...others] = objects.map(namesOf)
  if (union === "allOf") return [...first, ...others.flat()]
  return objects.length < members ? [] : first.filter((name) => others.every((names) => names.includes(name)))
}

/** A member and what its own unions hold, however deep; each schema that is referred to only once. */
function withInner(member: JsonObject, whole: JsonObject, seen: Set<unknown>): JsonObject[] {
  if (seen.has(member)) return []
  seen.add(member)
  const inner = UNIONS.flatMap((union): readonly unknown[] =>
    Array.isArray(member[union]) ? member[union] : [],
  )
  const objects = inner.filter(isObject).flatMap((each) => {
    const ref = each["$ref"]
    if (ref !== undefined && seen.has(ref)) return []
    seen.add(ref)
    return [followed(each, whole)]
  })
  return [member, ...objects.flatMap((each) => withInner(each, whole, seen))]
}

/** Each property of the members; one that several have, in different ways, may be any of them. */
function alternatives(members: readonly JsonObject[]): JsonObject {
  const byName = Map.groupBy(
    members.flatMap(({ properties }) => Object.entries(asObject(properties))),
    ([name]) => name,
  )
  return Object.fromEntries(
    [...byName].map(([name, same]): [string, unknown] => {
      const schemas = [...new Map(same.map(([, schema]) => [JSON.stringify(schema), schema])).values()]
      return [name, schemas.length === 1 ? schemas[0] : { anyOf: schemas }]
    }),
  )
}

function textOf(union: Union, members: readonly unknown[], objects: readonly JsonObject[]): string {
  const json = JSON.stringify({ [union]: members })
  if (json.length <= LONGEST_UNION_TEXT) return json
  const told = objects.map(({ title, description, required, properties }) => ({
    title,
    description,
    required,
    properties: isObject(properties) ? Object.keys(properties) : undefined,
  }))
  return JSON.stringify({ [union]: told })
}

function namesOf({ required }: JsonObject): readonly string[] {
  return Array.isArray(required) ? required.filter((name) => typeof name === "string") : []
}

function holdsReference(node: unknown): boolean {
  if (typeof node !== "object" || node === null) return false
  return (isObject(node) && node["$ref"] !== undefined) || Object.values(node).some(holdsReference)
}

/** Keywords that hold values of the tool's own. */
const VALUES = new Set(["const", "default", "enum", "example", "examples"])
/** Keywords that hold schemas, by names of the tool's own. */
export const MAPS: readonly string[] = [
  "properties",
  "patternProperties",
  "$defs",
  "definitions",
  "dependentSchemas",
]

function withoutDangling(node: unknown, root: JsonObject): unknown {
  if (Array.isArray(node)) return node.map((item) => withoutDangling(item, root))
  if (!isObject(node)) return node
  const { $ref } = node
  const isDangling = typeof $ref === "string" && $ref.startsWith("#/") && resolve($ref, root) === undefined
  const entries = Object.entries(node).filter(([keyword]) => !(isDangling && keyword === "$ref"))
  const cleaned = (keyword: string, value: unknown): unknown => {
    if (MAPS.includes(keyword) && isObject(value))
      return eachMember(value, (schema) => withoutDangling(schema, root))
    return VALUES.has(keyword) ? value : withoutDangling(value, root)
  }
  return Object.fromEntries(entries.map(([keyword, value]) => [keyword, cleaned(keyword, value)]))
}

function eachMember(map: JsonObject, change: (schema: unknown) => unknown): JsonObject {
  return Object.fromEntries(Object.entries(map).map(([name, schema]) => [name, change(schema)]))
}

/** What a local reference points at: a JSON pointer (RFC 6901) as a fragment. */
function resolve(ref: string, root: JsonObject): unknown {
  if (ref === "#") return root
  if (!ref.startsWith("#/")) return undefined
  let at: unknown = root
  for (const token of ref.slice(2).split("/")) {
    const key = decodePercent(token).replaceAll("~1", "/").replaceAll("~0", "~")
    const members: { readonly [key: string]: unknown } = Object(at)
    if (!Object.hasOwn(members, key)) return undefined
    at = members[key]
  }
  return at
}
