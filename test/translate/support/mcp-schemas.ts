/**
 * Schemas in the shapes that public MCP servers declare their tools in, by what writes them: the structure is theirs,
 * names and descriptions are our own. 100 tools together, as an OpenCode with many servers has them.
 */

type Schema = { readonly [keyword: string]: unknown }

const DRAFT_7 = "http://json-schema.org/draft-07/schema#"
const text = (description?: string): Schema => ({
  type: "string",
  ...(description !== undefined && { description }),
})
const object = (properties: Schema, required: readonly string[] = []): Schema => ({
  type: "object",
  properties,
  ...(required.length > 0 && { required }),
})

/** zod-to-json-schema: draft 7, closed objects, references by path, tuples, records, exclusive limits. */
const ZOD: readonly Schema[] = [
  object({ path: text() }, ["path"]),
  object({ paths: { type: "array", items: text() } }, ["paths"]),
  object({ path: text(), content: text() }, ["path", "content"]),
  object(
    {
      path: text(),
      edits: {
        type: "array",
        items: { ...object({ old: text(), new: text() }, ["old", "new"]), additionalProperties: false },
      },
      dryRun: { type: "boolean", default: false },
    },
    ["path", "edits"],
  ),
  object({ path: text(), sortBy: { type: "string", enum: ["name", "size"], default: "name" } }, ["path"]),
  object({
    head: { type: "number", exclusiveMinimum: 0 },
    tail: { type: "integer", minimum: 1, maximum: 1000 },
  }),
  object({
    range: { type: "array", minItems: 2, maxItems: 2, items: [{ type: "number" }, { type: "number" }] },
  }),
  object({
    pair: { type: "array", items: [text(), { type: "integer" }], additionalItems: { type: "boolean" } },
  }),
  object({ headers: { type: "object", additionalProperties: text() } }),
  object({ body: {}, query: { type: "object", additionalProperties: {} } }),
  object({ target: { anyOf: [text(), { type: "number" }] }, again: { $ref: "#/properties/target" } }),
  object({
    filter: {
      anyOf: [
        object({ and: { type: "array", items: { $ref: "#/properties/filter/anyOf/1" } } }),
        object({ field: text(), op: { const: "eq" } }),
      ],
    },
  }),
  object({
    items: {
      type: "array",
      items: {
        anyOf: [
          object({ kind: { type: "string", const: "a" } }, ["kind"]),
          object({ kind: { type: "string", const: "b" } }, ["kind"]),
        ],
      },
    },
  }),
  object({
    when: { type: "string", format: "date-time" },
    url: { type: "string", format: "uri" },
    id: { type: "string", format: "uuid" },
  }),
  object({ value: { type: ["string", "null"] }, count: { type: ["number", "null"], default: null } }),
  object({ level: { type: "number", enum: [1, 2, 3] }, flag: { type: "boolean", const: true } }),
  object({ name: { type: "string", minLength: 1, maxLength: 255, pattern: "^[a-zA-Z0-9_.-]+$" } }, ["name"]),
  object({ thought: text(), next: { type: "boolean" }, number: { type: "integer", minimum: 1 } }, [
    "thought",
    "next",
    "number",
  ]),
  object(
    {
      entities: {
        type: "array",
        items: object({ name: text(), type: text(), notes: { type: "array", items: text() } }, ["name"]),
      },
    },
    ["entities"],
  ),
  { type: "object", properties: {} },
].map((schema) => ({ ...schema, additionalProperties: false, $schema: DRAFT_7 }))

const conditional: Schema = JSON.parse(
  '{"if":{"properties":{"a":{"const":"x"}}},"then":{"required":["b"]}}',
) as Schema

/** zod 4 and its like: newest draft, unions at the root where the tool takes one of several inputs. */
const ROOT_UNIONS: readonly Schema[] = [
  {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    anyOf: [object({ id: text() }, ["id"]), object({ name: text() }, ["name"])],
  },
  {
    oneOf: [
      { ...object({ action: { const: "list" } }, ["action"]), title: "List" },
      { ...object({ action: { const: "get" }, id: text() }, ["action", "id"]), title: "Get" },
    ],
  },
  { type: "object", allOf: [object({ page: { type: "integer" } }), object({ size: { type: "integer" } })] },
  {
    type: "object",
    properties: { project: text(), mr: text(), branch: text() },
    required: ["project"],
    anyOf: [{ required: ["mr"] }, { required: ["branch"] }],
  },
  {
    type: "object",
    properties: { parent: { $ref: "#/$defs/parent" } },
    oneOf: [{ $ref: "#/$defs/byPage" }, { $ref: "#/$defs/byBase" }],
    $defs: {
      parent: { oneOf: [object({ page: text() }), object({ workspace: { const: true } })] },
      byPage: object({ page: text() }, ["page"]),
      byBase: { allOf: [object({ base: text() }), { $ref: "#/$defs/byPage" }] },
    },
  },
  {
    $ref: "#/definitions/Input",
    definitions: {
      Input: object({ query: text(), deep: { $ref: "#/definitions/Deep" } }, ["query"]),
      Deep: object({ more: { type: "array", items: { $ref: "#/definitions/Deep" } } }),
    },
    $schema: DRAFT_7,
  },
  {
    type: "object",
    properties: { mode: { enum: ["a", "b"] } },
    oneOf: [
      { properties: { mode: { const: "a" } } },
      { properties: { mode: { const: "b" }, extra: text() } },
    ],
  },
  { anyOf: [{ type: "null" }, object({ limit: { type: "integer" } })] },
  { type: "object", anyOf: [], oneOf: [], allOf: [] },
  {
    type: "object",
    properties: { a: text() },
    allOf: [conditional],
  },
]

/** pydantic and FastMCP: titles everywhere, `anyOf` with null, defaults of null, definitions under $defs. */
const PYDANTIC: readonly Schema[] = [
  {
    title: "readArguments",
    ...object(
      {
        repo: { title: "Repo", type: "string" },
        limit: { anyOf: [{ type: "integer" }, { type: "null" }], default: null, title: "Limit" },
      },
      ["repo"],
    ),
  },
  object(
    {
      files: { items: text(), title: "Files", type: "array" },
      message: { title: "Message", type: "string" },
    },
    ["files", "message"],
  ),
  object({ options: { $ref: "#/$defs/Options", default: null }, kind: { $ref: "#/$defs/Kind" } }),
  object({
    mapping: {
      additionalProperties: { anyOf: [text(), { type: "integer" }, { type: "boolean" }] },
      title: "Mapping",
      type: "object",
    },
  }),
  object({
    point: {
      maxItems: 2,
      minItems: 2,
      prefixItems: [{ type: "number" }, { type: "number" }],
      title: "Point",
      type: "array",
    },
  }),
  object({
    score: { exclusiveMaximum: 1, minimum: 0, title: "Score", type: "number" },
    tags: { items: text(), type: "array", uniqueItems: true },
  }),
  object({ since: { anyOf: [{ format: "date", type: "string" }, { type: "null" }], default: null } }),
  object({ raw: { title: "Raw" }, anything: { anyOf: [{}, { type: "null" }] } }),
  object({
    shape: {
      discriminator: { mapping: { circle: "#/$defs/Circle" }, propertyName: "kind" },
      oneOf: [{ $ref: "#/$defs/Circle" }],
    },
  }),
  object({ tree: { $ref: "#/$defs/Node" } }),
  object(
    { timezone: text("An IANA name"), time: { type: "string", pattern: "^([01]\\d|2[0-3]):[0-5]\\d$" } },
    ["timezone"],
  ),
  object(
    {
      sql: { type: "string", description: "One statement" },
      params: { items: {}, type: "array", default: [] },
    },
    ["sql"],
  ),
  object(
    {
      url: { format: "uri", minLength: 1, title: "Url", type: "string" },
      max_length: { default: 5000, exclusiveMinimum: 0, type: "integer" },
    },
    ["url"],
  ),
  object({ year: { type: "string", pattern: "(?P<year>[0-9]{4})" } }),
].map((schema) => ({
  ...schema,
  $defs: {
    Options: { title: "Options", ...object({ depth: { default: 1, type: "integer" } }) },
    Kind: { enum: ["fast", "slow"], title: "Kind", type: "string" },
    Circle: object(
      { kind: { const: "circle", default: "circle", type: "string" }, radius: { type: "number" } },
      ["radius"],
    ),
    Node: object({ value: text(), children: { items: { $ref: "#/$defs/Node" }, type: "array" } }),
  },
}))

/** From OpenAPI 3.0: draft 4's boolean limits, `nullable`, `example`, formats of numbers, references to components. */
const OPENAPI: readonly Schema[] = [
  object({ page: { type: "integer", format: "int32", minimum: 1, exclusiveMinimum: false, example: 1 } }),
  object({
    amount: { type: "number", format: "double", minimum: 0, exclusiveMinimum: true, nullable: true },
  }),
  object({ currency: { type: "string", enum: ["usd", "eur", "usd"], nullable: true, example: "usd" } }),
  object({
    metadata: { type: "object", additionalProperties: { type: "string", maxLength: 500 }, maxProperties: 50 },
  }),
  object({ expand: { type: "array", items: text(), style: "deepObject", explode: true } }),
  object({ customer: { $ref: "#/components/schemas/Customer" } }),
  object({ "filter[name]": text(), "x-request-id": text(), "sort.by": text(), $top: { type: "integer" } }),
  object({ upload: { type: "file", description: "Its bytes" } }),
  object({ created: { type: "string", format: "date-time", readOnly: true, deprecated: true } }),
  object({
    body: {
      oneOf: [object({ text: text() }), object({ blocks: { type: "array", items: {} } })],
      discriminator: { propertyName: "type" },
    },
  }),
  { ...object({ id: text() }, ["id"]), xml: { name: "id" }, externalDocs: { url: "https://example.com" } },
  object({ since: { type: "string", format: "date", maximum: "2030-01-01" } }),
]

/** Java, C# and Go: types by their language's names, empty lists and nulls, numbers as text. */
const OTHER_LANGUAGES: readonly Schema[] = [
  object({ name: { type: "String" }, count: { type: "Integer" }, on: { type: "Boolean" } }),
  object({ price: { type: "float" }, big: { type: "long" }, list: { type: "List", items: text() } }),
  { type: "object", properties: { a: text() }, required: null },
  { type: "object", properties: null, required: [] },
  { type: "OBJECT", properties: { a: { type: "STRING" } } },
  object({ a: { type: "string", description: null, enum: null, default: null } }),
  object({
    port: { type: "integer", minimum: "1", maximum: "65535" },
    name: { type: "string", maxLength: "63" },
  }),
  { type: "object", properties: { a: text(), b: text() }, required: ["a", "a", "b"] },
  object({ order: { type: "string", enum: "asc,desc" } }),
  object({
    options: {
      type: "object",
      properties: { deep: { type: "object", properties: { deeper: { type: "object", required: null } } } },
    },
  }),
  object({ value: { type: "undefined" }, any: { type: "any" }, none: { type: [] } }),
  object({ list: { type: "array", items: null }, other: { type: "array" } }),
]

/** Written by hand, for drafts 3 and 4 or for none. */
const BY_HAND: readonly Schema[] = [
  object({ q: { type: "string", required: true }, n: { type: "number", optional: true } }),
  { type: "object", properties: { a: "string", b: "number" } },
  { properties: { query: text() } },
  {},
  { type: ["object", "null"], properties: { a: text() } },
  { id: "tool-input", ...object({ a: text() }) },
  object({ a: { type: "string", divisibleBy: 2, extends: { type: "string" } } }),
  object({ left: text(), right: text() }, ["left"]),
  {
    ...object({ card: text(), cash: text() }),
    dependencies: { card: ["cash"], cash: { properties: { coin: text() } } },
  },
  { ...object({ items: { type: "array", items: { type: "object" } } }), examples: { items: [] } },
  { ...object({ a: { $ref: "#/definitions/missing" } }), $id: "urn:tool#fragment" },
  { ...object({}), patternProperties: { "^x-": text() }, additionalProperties: { type: "string" } },
  { ...object({ a: text() }), additionalProperties: "false" },
  {
    ...object(
      {
        selector: text(),
        options: {
          type: "object",
          properties: { clickCount: { type: "number" }, button: { type: "string", enum: ["left", "right"] } },
        },
      },
      ["selector"],
    ),
    title: 7,
  },
  object({
    nested: { type: "array", items: { type: "array", items: { type: "array", items: { type: "number" } } } },
  }),
  object({
    chart: {
      type: "object",
      properties: { data: { type: "array", items: [{ type: "string" }, { type: "float" }] } },
    },
  }),
  object({
    description: { description: { type: "string" } },
    type: { type: "string" },
    properties: { type: "object", properties: { properties: text() } },
  }),
  { ...object({ a: text() }), not: { required: ["b"] }, minProperties: 1 },
  { ...object({ a: { const: null }, b: { enum: [null, 1, "1"] } }), unevaluatedProperties: false },
  { ...object({ a: { contains: text(), minContains: 1 } }), $comment: "by hand" },
]

/** Kubernetes, clouds and trackers: large flat objects and deep ones. */
const LARGE: readonly Schema[] = Array.from({ length: 12 }, (_, number) =>
  object(
    Object.fromEntries(
      Array.from({ length: 5 + number * 4 }, (_unused, index): [string, Schema] => [
        `field_${index}`,
        index % 4 === 0
          ? object({
              spec: object({
                template: object({ labels: { type: "object", additionalProperties: text() } }),
              }),
            })
          : {
              type: index % 2 === 0 ? "string" : ["integer", "null"],
              description: `The field ${index}. `.repeat(number),
            },
      ]),
    ),
    ["field_0"],
  ),
)

export const MCP_SCHEMAS: readonly Schema[] = [
  ...ZOD,
  ...ROOT_UNIONS,
  ...PYDANTIC,
  ...OPENAPI,
  ...OTHER_LANGUAGES,
  ...BY_HAND,
  ...LARGE,
]
