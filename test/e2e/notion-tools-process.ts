import { createInterface } from "node:readline"
import { isObject, parseJson } from "../../src/json.ts"

/** A local MCP server with the shapes of Notion's tools: their input is a union at the root. */

const page = { type: "object", properties: { title: { type: "string" } }, required: ["title"] }
const object = (properties: object, required: readonly string[]): object => ({
  type: "object",
  properties,
  required,
})

const TOOLS = [
  {
    name: "post_page",
    description: "Creates a page below a page or in a database",
    inputSchema: {
      type: "object",
      properties: { page },
      anyOf: [
        object({ parent_page: { type: "string" } }, ["parent_page"]),
        object({ parent_database: { type: "string" } }, ["parent_database"]),
      ],
    },
  },
  {
    name: "query_data",
    description: "Asks a database",
    inputSchema: {
      type: "object",
      oneOf: [{ $ref: "#/$defs/bySql" }, { $ref: "#/$defs/byView" }],
      $defs: {
        bySql: object({ mode: { const: "sql" }, query: { type: "string" } }, ["mode", "query"]),
        byView: object({ mode: { const: "view" }, view_url: { type: "string" } }, ["mode", "view_url"]),
      },
    },
  },
]

function resultOf(method: unknown, parameters: unknown): object | undefined {
  switch (method) {
    case "initialize":
      return {
        protocolVersion: isObject(parameters) ? parameters["protocolVersion"] : "2025-06-18",
        capabilities: { tools: {} },
        serverInfo: { name: "notion-like", version: "1.0.0" },
      }
    case "tools/list":
      return { tools: TOOLS }
    case "tools/call":
      return { content: [{ type: "text", text: `called with ${JSON.stringify(parameters)}` }] }
    case "ping":
      return {}
    default:
      return undefined
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const message = parseJson(line)
  if (!isObject(message) || message["id"] === undefined) continue
  const result = resultOf(message["method"], message["params"])
  const answer = result === undefined ? { error: { code: -32601, message: "method not found" } } : { result }
  process.stdout.write(`${JSON.stringify({ jsonrpc: "2.0", id: message["id"], ...answer })}\n`)
}
