import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { checkChatRequest, FAKE_MODELS, type CheckContext } from "../support/fake-kiro/index.ts"
import { BODY_INVALID, IMPROPER, REDACTED, SIGNED } from "./cases/case.ts"
import { BROKEN_CONVERSATIONS } from "./cases/conversation.ts"
import { GOOD } from "./cases/good.ts"
import { BROKEN_MEDIA_AND_SIZE } from "./cases/media-and-size.ts"
import { BROKEN_SCHEMAS } from "./cases/schemas.ts"
import { BROKEN_TOOLS } from "./cases/tools.ts"
import { contextOf, plain, toolLoop, toolResult } from "./known-good.ts"

const context: CheckContext = {
  models: FAKE_MODELS,
  knowsSignature: (reasoning, modelId) =>
    modelId === "claude-opus-4.6" &&
    ("redactedContent" in reasoning
      ? reasoning.redactedContent === REDACTED
      : reasoning.signature === SIGNED.signature && reasoning.text === SIGNED.text),
}

describe("the checks of the fake", () => {
  for (const { name, from = plain, change } of GOOD)
    it(`take ${name}`, () => {
      const body = from()
      change(body)
      assert.equal(checkChatRequest(body, context), undefined)
    })

  for (const { name, from = plain, change, reason, words } of [
    ...BROKEN_CONVERSATIONS,
    ...BROKEN_SCHEMAS,
    ...BROKEN_TOOLS,
    ...BROKEN_MEDIA_AND_SIZE,
  ])
    it(`refuse ${name} with ${reason ?? "Improperly formed request."}`, () => {
      const body = from()
      change(body)
      const refusal = checkChatRequest(body, context)
      assert.deepEqual(
        { status: refusal?.status, type: refusal?.type, reason: refusal?.reason },
        { status: 400, type: "ValidationException", reason },
      )
      if (words !== undefined) assert.match(refusal?.message ?? "", words)
      else assert.equal(refusal?.message === "Improperly formed request.", reason === IMPROPER)
    })

  it("refuse a body that is not JSON", () => {
    assert.equal(checkChatRequest(undefined, context)?.reason, "REQUEST_BODY_INVALID_JSON")
  })

  it("refuse JSON that is no object", () => {
    for (const body of [null, [], 1, "x"]) assert.equal(checkChatRequest(body, context)?.reason, BODY_INVALID)
  })

  it("say what a mismatch of tools is in the service's words", () => {
    const body = toolLoop()
    contextOf(body)["toolResults"] = [toolResult("tooluse_9xYpQ2kLRr6")]
    assert.equal(
      checkChatRequest(body, context)?.message,
      "Bedrock error message: messages.2: `tool_use` ids were found without `tool_result` blocks immediately after: tooluse_Vb31xTT0aaZ",
    )
  })
})
