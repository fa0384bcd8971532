import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { asObject } from "../../src/json.ts"
import type { Tool } from "../../src/kiro/index.ts"
import { ChatRequestError } from "../../src/openai/index.ts"
import { createSchemaReader } from "../../src/translate/index.ts"
import {
  asks,
  assistantMessages,
  call,
  conversationOf,
  result,
  says,
  stateOf,
  userMessages,
} from "./support/chat.ts"

type Specification = Tool["toolSpecification"]

function tool(
  name: string,
  more: { readonly description?: string; readonly parameters?: unknown } = {},
): object {
  return { type: "function", function: { name, description: `Does ${name}`, ...more } }
}

function specifications(
  tools: readonly object[],
  messages: readonly unknown[] = [says("Go")],
): Specification[] {
  const declared = stateOf({ messages, tools }).currentMessage.userInputMessage.userInputMessageContext?.tools
  return (declared ?? []).map(({ toolSpecification }) => toolSpecification)
}

function schemaOf(parameters: unknown): unknown {
  return specifications([tool("t", { parameters })])[0]?.inputSchema.json
}

/** What is sent for the schema of a property. */
function propertyOf(schema: unknown): unknown {
  const sent = asObject(schemaOf({ type: "object", properties: { p: schema } }))
  return asObject(sent["properties"])["p"]
}

describe("the name of a tool", () => {
  const names = [
    "x".repeat(64),
    `mcp__plugin_everything-claude-code_github__create_pull_request_review`,
    `${"x".repeat(60)}_first`,
    `${"x".repeat(60)}_second`,
    "a.b/c d",
    "🔥",
    "Read",
    "read",
    "9lives",
  ]

  it("is valid and its own, and leads back to the name that OpenCode knows", () => {
    const { tools, toolNames } = conversationOf({
      messages: [says("Go")],
      tools: names.map((name) => tool(name)),
    })
    const wire = tools.map(({ name }) => name)
    for (const name of wire) assert.match(name, /^[A-Za-z][A-Za-z0-9_-]{0,63}$/)
    assert.equal(new Set(wire.map((name) => name.toLowerCase())).size, names.length)
    assert.deepEqual(
      wire.map((name) => toolNames.get(name)),
      names,
    )
    assert.equal(wire[0], names[0])
  })

  it("is the same in every request of a conversation", () => {
    const first = conversationOf({ messages: [says("Go")], tools: [tool("a.b"), tool("c")] })
    const second = conversationOf({
      messages: [says("Go"), asks(call("1", "{}", "x.y"))],
      tools: [tool("a.b"), tool("c")],
    })
    assert.deepEqual(second.tools.slice(0, 2), first.tools)
  })

  it("is declared with an empty schema where the tool was only used", () => {
    const messages = [says("Go"), asks(call("a", "{}", "in.valid")), result("a", "no such tool")]
    const [, added] = specifications([tool("bash")], messages)
    const [message] = assistantMessages(stateOf({ messages, tools: [tool("bash")] }))
    assert.equal(message?.toolUses?.[0]?.name, added?.name)
    assert.equal(added?.description, "in.valid")
    assert.deepEqual(added?.inputSchema.json, { type: "object", properties: {} })
  })

  it("is declared once", () => {
    assert.deepEqual(
      specifications([tool("bash"), tool("bash", { description: "again" })]).map(
        ({ description }) => description,
      ),
      ["Does bash"],
    )
  })
})

describe("the description of a tool", () => {
  it("is the tool's own name where it has none", () => {
    assert.equal(specifications([tool("bash", { description: " " })])[0]?.description, "bash")
  })

  it("goes on in the system prompt where it is longer than the service takes", () => {
    const words = Array.from({ length: 3_000 }, (_, index) => `wörd${index}`).join(" ")
    const messages = [{ role: "system", content: "Be terse." }, says("Go")]
    const [declared] = specifications([tool("long", { description: words })], messages)
    const [message] = userMessages(stateOf({ messages, tools: [tool("long", { description: words })] }))
    const [, continued = ""] = /^Be terse\.\n\nlong: (.*)\n\nGo$/s.exec(message?.content ?? "") ?? []
    assert.ok(Buffer.byteLength(declared?.description ?? "") <= 10_240)
    assert.equal(`${declared?.description} ${continued}`, words)
  })
})

describe("the schema of a tool", () => {
  it("is left alone where the service takes it", () => {
    const schema = {
      $schema: "https://json-schema.org/draft/2020-12/schema",
      type: "object",
      properties: {
        query: { type: "string", const: "x", default: "" },
        type: { type: ["string", "null"], enum: ["a", null] },
        required: { anyOf: [{ type: "string" }, { $ref: "#/$defs/other" }] },
        properties: { type: "object", additionalProperties: false },
        description: true,
      },
      required: ["query"],
      additionalProperties: false,
      $defs: { other: { type: "integer", minimum: 1 } },
    }
    assert.deepEqual(schemaOf(schema), schema)
  })

  it("is an object with properties and without nulls", () => {
    const empty = { type: "object", properties: {} }
    assert.deepEqual(schemaOf(undefined), empty)
    assert.deepEqual(schemaOf(null), empty)
    assert.deepEqual(schemaOf([]), empty)
    assert.deepEqual(schemaOf({ type: "string" }), empty)
    assert.deepEqual(schemaOf({ type: "object", properties: null, required: null }), empty)
    assert.deepEqual(
      schemaOf({ properties: { a: { type: "array", items: null, required: true } }, required: [] }),
      {
        type: "object",
        properties: { a: { type: "array" } },
        required: ["a"],
      },
    )
    const optional = { type: ["string", "null"], default: null, enum: ["a", null] }
    const { default: _, ...rest } = optional
    const properties = { default: optional }
    assert.deepEqual(schemaOf({ type: "object", properties }), {
      type: "object",
      properties: { default: rest },
    })
  })

  it("is brought from older drafts to the newest", () => {
    const rows: readonly (readonly [older: object, newer: object])[] = [
      [
        { items: [{ type: "string" }, { type: "int" }], additionalItems: false },
        { prefixItems: [{ type: "string" }, { type: "integer" }], items: false },
      ],
      [
        { type: "number", minimum: 0, exclusiveMinimum: true },
        { type: "number", exclusiveMinimum: 0 },
      ],
      [{ maximum: 9, exclusiveMaximum: false }, { maximum: 9 }],
      [
        { exclusiveMinimum: 1, minimum: 0 },
        { exclusiveMinimum: 1, minimum: 0 },
      ],
      [{ exclusiveMaximum: true }, {}],
      [
        { properties: { a: { type: "string", required: true } }, required: ["b", "b"] },
        { properties: { a: { type: "string" } }, required: ["b", "a"] },
      ],
      [
        { dependencies: { a: ["b"], c: { type: "object" } } },
        { dependentRequired: { a: ["b"] }, dependentSchemas: { c: { type: "object" } } },
      ],
      [{ $schema: "http://json-schema.org/draft-07/schema#", type: "string" }, { type: "string" }],
      [{ examples: "x" }, { examples: ["x"] }],
      // What 2019-09 alone has.
      [{ $recursiveAnchor: true, $recursiveRef: 1, $vocabulary: [], type: "object" }, { type: "object" }],
    ]
    for (const [older, newer] of rows) assert.deepEqual(propertyOf(older), newer, JSON.stringify(older))
  })

  it("has no keyword whose value means nothing", () => {
    const rows: readonly (readonly [given: object, left: object])[] = [
      [{ type: "float" }, { type: "number" }],
      [{ type: "String" }, { type: "string" }],
      [{ type: ["str", "String", "undefined", "null"] }, { type: ["string", "null"] }],
      [{ type: ["undefined"] }, {}],
      [{ type: "any", description: "x" }, { description: "x" }],
      [{ enum: "asc" }, {}],
      [{ enum: [] }, {}],
      [{ enum: ["a", "a", null] }, { enum: ["a", null] }],
      [{ anyOf: [] }, {}],
      [{ anyOf: ["x", { type: "string" }] }, { anyOf: [{ type: "string" }] }],
      [
        { maxLength: "10", minimum: "1.5", maxItems: "many" },
        { maxLength: 10, minimum: 1.5 },
      ],
      [{ minLength: -1, minItems: 1.5, multipleOf: 0 }, {}],
      [
        { multipleOf: "0.5", maxProperties: 0 },
        { multipleOf: 0.5, maxProperties: 0 },
      ],
      [{ pattern: "(?P<year>[0-9]+)" }, {}],
      [{ pattern: "^[a-z]+$" }, { pattern: "^[a-z]+$" }],
      [{ properties: ["a"], additionalProperties: "no", not: [] }, {}],
      [{ properties: { a: "string", type: true } }, { properties: { a: {}, type: true } }],
      [{ title: 1, description: { en: "a" }, format: false, uniqueItems: "true" }, {}],
      [{ $ref: "#/$defs/none", type: "string" }, { type: "string" }],
      [{ $ref: 1, $id: "a#b", $anchor: "1" }, {}],
      [
        { properties: { default: { $ref: "#/$defs/none" }, enum: { const: { $ref: "#/$defs/none" } } } },
        { properties: { default: {}, enum: { const: { $ref: "#/$defs/none" } } } },
      ],
      [{ dependentRequired: { a: "b" } }, {}],
      [{ dependentRequired: { a: ["b", "b"] } }, { dependentRequired: { a: ["b"] } }],
      [
        { default: null, const: null, "x-order": [1] },
        { const: null, "x-order": [1] },
      ],
      [
        { example: { type: null, name: "a" }, "x-meta": [{ items: null }, null], default: { type: null } },
        { example: { name: "a" }, "x-meta": [{}, null], default: { type: null } },
      ],
    ]
    for (const [given, left] of rows) assert.deepEqual(propertyOf(given), left, JSON.stringify(given))
  })

  it("keeps the names of properties, whatever they look like", () => {
    const properties = {
      "$filter[name]": { type: "string" },
      "": {},
      required: { enum: ["a"] },
      $ref: { type: "null" },
    }
    assert.deepEqual(schemaOf({ type: "object", properties }), { type: "object", properties })
  })

  it("has one object in place of a union at its root", () => {
    const page = {
      type: "object",
      properties: { kind: { const: "page" }, id: { type: "string" } },
      required: ["kind", "id"],
    }
    const search = {
      type: "object",
      description: "By words",
      properties: { kind: { const: "search" }, q: { type: "string" } },
      required: ["kind", "q"],
    }
    for (const union of ["anyOf", "oneOf"])
      assert.deepEqual(schemaOf({ description: "Finds", [union]: [page, search] }), {
        type: "object",
        properties: {
          kind: { anyOf: [{ const: "page" }, { const: "search" }] },
          id: { type: "string" },
          q: { type: "string" },
        },
        required: ["kind"],
        description: `Finds\n\n${JSON.stringify({ [union]: [page, search] })}`,
      })
    const all = schemaOf({
      type: "object",
      properties: { own: true },
      required: ["own"],
      allOf: [page, { required: ["q"] }, { anyOf: [search, { properties: { more: true } }] }],
    })
    assert.deepEqual(Object.keys((all as { properties: object }).properties), [
      "kind",
      "id",
      "q",
      "more",
      "own",
    ])
    assert.deepEqual((all as { required: unknown }).required, ["own", "kind", "id", "q"])
  })

  it("asks in a union for a name only where each of its members does", () => {
    const required = (schema: object): unknown => (schemaOf(schema) as { required?: unknown }).required
    assert.deepEqual(required({ anyOf: [{ required: ["a", "b"] }, { required: ["b"] }] }), ["b"])
    assert.equal(required({ anyOf: [{ required: ["a"] }, true] }), undefined)
    assert.equal(required({ oneOf: [{ required: ["a"] }, { required: ["b"] }] }), undefined)
  })

  it("follows references to the members of a union, and to the root itself", () => {
    const definitions = {
      node: {
        type: "object",
        properties: { next: { $ref: "#/definitions/node" } },
        anyOf: [{ $ref: "#/definitions/node" }],
      },
    }
    const named = schemaOf({ $ref: "#/definitions/node", definitions }) as {
      properties: object
      definitions: object
    }
    assert.deepEqual(named.properties, { next: { $ref: "#/definitions/node" } })
    assert.deepEqual(named.definitions, definitions)
    const member = schemaOf({ oneOf: [{ $ref: "#/definitions/node" }], definitions }) as {
      properties: object
    }
    assert.deepEqual(member.properties, named.properties)
    const alias = { $ref: "#/definitions/node", description: "A node." }
    const chain = { ...definitions, alias, round: { $ref: "#/definitions/round" } }
    const aliased = schemaOf({
      oneOf: [{ $ref: "#/definitions/alias" }, { $ref: "#/definitions/round" }],
      definitions: chain,
    }) as { properties: object }
    assert.deepEqual(aliased.properties, named.properties)
    assert.deepEqual(schemaOf({ $ref: "#" }), { type: "object", properties: {} })
    const moved = {
      anyOf: [{ properties: { a: { type: "string" }, b: { $ref: "#/anyOf/0/properties/a" } } }],
    }
    assert.deepEqual((schemaOf(moved) as { properties: object }).properties, { a: { type: "string" }, b: {} })
  })

  it("tells of a long union only what its members are called and ask for", () => {
    const member = { title: "A", properties: { a: { description: "x".repeat(3_000) } }, required: ["a"] }
    const { description } = schemaOf({ anyOf: [member] }) as { description: string }
    assert.equal(description, JSON.stringify({ anyOf: [{ title: "A", required: ["a"], properties: ["a"] }] }))
  })

  it("is cleaned once for all requests that declare it", () => {
    const readSchema = createSchemaReader()
    const declared = (): object => ({ properties: { path: { type: ["str", null], minLength: "1" } } })
    const first = readSchema(declared())
    assert.deepEqual(first.json, schemaOf(declared()))
    assert.equal(first.text, JSON.stringify(first.json))
    assert.equal(readSchema(declared()), first)
    assert.notEqual(readSchema({ properties: { path: {} } }), first)
    const loop: Record<string, unknown> = { type: "object" }
    loop["properties"] = { again: loop }
    assert.deepEqual(readSchema(loop).json, schemaOf(loop))
    assert.deepEqual(readSchema(undefined).json, { type: "object", properties: {} })
  })

  it("ends where it contains itself, and where it is deeper than any tool needs", () => {
    const circular: Record<string, unknown> = { type: "object" }
    circular["properties"] = { self: circular }
    assert.deepEqual(schemaOf(circular), { type: "object", properties: { self: {} } })
    let deep: object = {}
    for (let depth = 0; depth < 10_000; depth += 1) deep = { type: "object", properties: { deep } }
    assert.ok(JSON.stringify(schemaOf(deep)).length < 10_000)
  })
})

describe("the tools together", () => {
  const many = (count: number, size: number): object[] =>
    Array.from({ length: count }, (_, index) => tool(`mcp_tool_${index}`, { description: "x".repeat(size) }))

  it("may be hundreds", () => {
    assert.equal(specifications(many(380, 3_000)).length, 380)
  })

  it("are refused with a clear word where they are more than the service takes", () => {
    const refusalOf = (tools: readonly object[]): string => {
      try {
        specifications(tools)
      } catch (error) {
        if (error instanceof ChatRequestError && error.field === "tools") return error.message
        throw error
      }
      return assert.fail("the tools were taken")
    }
    assert.match(
      refusalOf(many(900, 2_200)),
      /^tools are 2\.02 MB of declarations .*: switch off MCP servers/,
    )
    // The service counts bytes.
    const wide = Array.from({ length: 300 }, (_, index) =>
      tool(`a${index}`, { description: "説".repeat(2_000) }),
    )
    assert.match(refusalOf(wide), /^tools are 1\.8\d MB of declarations/)
    assert.match(refusalOf(many(1_400, 10)), /^tools are over a thousand.*: switch off MCP servers/)
  })
})
