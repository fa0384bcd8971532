import { asObject } from "../../../src/json.ts"
import { profileRefusal } from "./profiles.ts"
import { json } from "./reply.ts"
import type { SignedInHandler } from "./service.ts"

const WEB_SEARCH = {
  name: "web_search",
  description: "Search the web",
  inputSchema: { type: "object", properties: { query: { type: "string" } }, required: ["query"] },
}

/** JSON-RPC over `/mcp`, as much as a web search needs. Its own errors come with status 200. */
export const invokeMcp: SignedInHandler = (_fake, request, account) => {
  const refusal = profileRefusal(account, request, request.headers["x-amzn-kiro-profile-arn"])
  if (refusal !== undefined) return refusal
  const call = asObject(request.body)
  const answer = resultOf(call["method"], asObject(call["params"]))
  return json({ id: call["id"] ?? null, jsonrpc: "2.0", ...answer })
}

function resultOf(method: unknown, parameters: { readonly [name: string]: unknown }): object {
  switch (method) {
    case "initialize":
      return {
        result: { protocolVersion: "2025-06-18", capabilities: { tools: {} }, serverInfo: { name: "kiro" } },
      }
    case "notifications/initialized":
      return { result: {} }
    case "tools/list":
      return { result: { tools: [WEB_SEARCH] } }
    case "tools/call":
      return parameters["name"] === "web_search"
        ? searchResult(parameters["arguments"])
        : invalid("unknown tool")
    default:
      return { error: { code: -32601, message: "method not found" } }
  }
}

function searchResult(given: unknown): object {
  const { query } = asObject(given)
  if (typeof query !== "string" || query.length > 200)
    return invalid("query must be a text of at most 200 characters")
  const found = {
    title: "T",
    url: "https://e.example",
    snippet: "s",
    domain: "e.example",
    publicDomain: false,
  }
  const text = JSON.stringify({ results: [found], totalResults: 1, query, error: null })
  return { result: { isError: false, content: [{ type: "text", text }] } }
}

const invalid = (message: string): object => ({ error: { code: -32602, message } })
