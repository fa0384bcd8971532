import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { hashReasoning } from "../../src/translate/index.ts"
import { failure } from "../support/fake-kiro/index.ts"
import { type Harness, hear, startHarness } from "./harness.ts"

const refusal = (reason: string): ReturnType<typeof failure> =>
  failure({ status: 400, type: "ValidationException", message: "refused", reason })

const PIXEL =
  "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
const PDF = `data:application/pdf;base64,${Buffer.from("%PDF-1.4\n1 0 obj\n<<>>\nendobj\n%%EOF").toString("base64")}`

describe("a part of a request that the service refuses", () => {
  it("a signature is left out, silently, and not sent to that model again", async () => {
    await using harness = await startHarness()
    await harness.add("work")
    const textHash = hashReasoning("Let me look.")
    const entry = { toolUseIds: ["call_1"], textHash, signature: "c29tZWJvZHkgZWxzZSdz" }
    await harness.store.rememberReasoning("ses_1", [entry])
    assert.equal((await hear(await harness.ask(toolLoop()))).finishReason, "stop")
    assert.equal(harness.fake.refused.length, 1)
    assert.match(harness.fake.refused[0]?.reply.body ?? "", /THINKING_SIGNATURE_INVALID/)
    assert.deepEqual(await refusedFields(harness), ["signatures"])
    assert.equal((await hear(await harness.ask(toolLoop()))).finishReason, "stop")
    assert.equal(harness.fake.refused.length, 1)
    assert.deepEqual(harness.notices, [])
  })

  it("a document that the model takes none of becomes text, and is remembered", async () => {
    await using harness = await startHarness()
    await harness.add("work")
    harness.fake.fail(refusal("DOCUMENT_MODEL_NOT_SUPPORTED"))
    const ask = withPart({ type: "file", file: { filename: "a.pdf", file_data: PDF } })
    for (let times = 0; times < 2; times++)
      assert.equal((await hear(await harness.ask(ask))).finishReason, "stop")
    assert.deepEqual(documentCounts(harness), [1, 0, 0])
    assert.deepEqual(await refusedFields(harness), ["documents"])
  })

  it("a document or an image that is refused for what it is is left out this time only", async () => {
    await using harness = await startHarness()
    await harness.add("work")
    harness.fake.fail(refusal("DOCUMENT_PASSWORD_PROTECTED"))
    await hear(await harness.ask(withPart({ type: "file", file: { filename: "a.pdf", file_data: PDF } })))
    harness.fake.fail(refusal("IMAGE_DIMENSION_EXCEEDED"))
    await hear(await harness.ask(withPart({ type: "image_url", image_url: { url: PIXEL } })))
    assert.equal(harness.fake.chats.length, 4)
    assert.deepEqual(await refusedFields(harness), [])
    assert.deepEqual(harness.fake.refused, [])
  })
})

function toolLoop(): object {
  return {
    messages: [
      { role: "user", content: "Read it." },
      {
        role: "assistant",
        content: "",
        reasoning_content: "Let me look.",
        tool_calls: [{ id: "call_1", type: "function", function: { name: "read", arguments: "{}" } }],
      },
      { role: "tool", tool_call_id: "call_1", content: "its text" },
    ],
    tools: [{ type: "function", function: { name: "read", parameters: { type: "object" } } }],
  }
}

function withPart(part: object): object {
  return { messages: [{ role: "user", content: [{ type: "text", text: "Look at this." }, part] }] }
}

function documentCounts({ fake }: Harness): number[] {
  return fake.chats.map(({ text }) => text.split('"documents":[').length - 1)
}

async function refusedFields({ gateway, store }: Harness): Promise<string[]> {
  await gateway.close()
  return (await store.refusedFields()).map(({ field }) => field)
}
