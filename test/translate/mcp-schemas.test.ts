import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { asObject, isObject } from "../../src/json.ts"
import type { ConversationState } from "../../src/kiro/index.ts"
import { refusalOf, says, stateOf } from "./support/chat.ts"
import { MCP_SCHEMAS } from "./support/mcp-schemas.ts"

const tools = MCP_SCHEMAS.map((parameters, index) => ({
  type: "function",
  function: { name: `server${index % 9}_tool_${index}`, description: `Does ${index}`, parameters },
}))

const stateWith = (declared: readonly object[]): ConversationState =>
  stateOf({ messages: [says("Go")], tools: declared })

/** The names of the properties at the root, and of the members of a union there. */
function namesOf(schema: unknown): string[] {
  if (!isObject(schema)) return []
  const own = Object.keys(asObject(schema["properties"]))
  const members = ["anyOf", "oneOf", "allOf"].flatMap((union) => schema[union] ?? [])
  return [...own, ...members.flatMap(namesOf)]
}

describe("the tools of many MCP servers", () => {
  it("are taken together, a hundred of them", () => {
    assert.equal(tools.length, 100)
    assert.equal(refusalOf(stateWith(tools)), undefined)
  })

  for (const [index, declared] of tools.entries())
    it(`are taken each alone: ${index}`, () => {
      assert.equal(refusalOf(stateWith([declared])), undefined)
      const { currentMessage } = stateWith([declared])
      const [sent] = currentMessage.userInputMessage.userInputMessageContext?.tools ?? []
      const names = Object.keys(sent?.toolSpecification.inputSchema.json["properties"] ?? {})
      const lost = namesOf(declared.function.parameters).filter((name) => !names.includes(name))
      assert.deepEqual(lost, [])
    })

  it("would be refused as they are", () => {
    const refused = MCP_SCHEMAS.filter((json) => {
      const state = stateWith(tools.slice(0, 1))
      const specification = { name: "t", description: "t", inputSchema: { json } }
      const message = {
        ...state.currentMessage.userInputMessage,
        userInputMessageContext: { tools: [{ toolSpecification: specification }] },
      }
      return refusalOf({ ...state, currentMessage: { userInputMessage: message } }) !== undefined
    })
    assert.ok(refused.length > 50, String(refused.length))
  })
})
