import assert from "node:assert/strict"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { before, beforeEach, describe, it } from "node:test"
import { finish, text, toolUse } from "../support/fake-kiro/index.ts"
import type { PromptOptions } from "../support/opencode/index.ts"
import { sharedServerStage, type ServerStage } from "./setup.ts"
import { PNG } from "../support/pixel.ts"

const PDF = Buffer.from("%PDF-1.4\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer\n%%EOF\n").toString(
  "base64",
)
type File = NonNullable<PromptOptions["files"]>[number]
const image: File = { mime: "image/png", filename: "dot.png", url: `data:image/png;base64,${PNG}` }
const document: File = {
  mime: "application/pdf",
  filename: "plan 2026.pdf",
  url: `data:application/pdf;base64,${PDF}`,
}

describe("what is attached in OpenCode", () => {
  let stage: ServerStage
  before(async () => {
    stage = await sharedServerStage()
  })
  beforeEach(() => stage.fake.forget())

  /** One message with these files; gives what Kiro was sent of it. */
  async function attach(files: readonly File[], model: string): Promise<string> {
    const { fake, server } = stage
    fake.answer(text("I see."), finish())
    const turn = await server.prompt(await server.newSession(), "What is this?", { files, model })
    assert.equal(turn.info["error"], undefined)
    assert.deepEqual(fake.refused, [])
    return fake.chats[0]?.text ?? ""
  }

  it("reaches a model that sees: an image as an image, a PDF as a document", async () => {
    const sent = await attach([image, document], "claude-sonnet-4-5")
    assert.match(sent, /"images":\[\{"format":"png","source":\{"bytes":"iVBOR/)
    assert.match(sent, /"documents":\[\{"name":"plan 2026","format":"pdf","source":\{"bytes":"JVBERi/)
  })

  it("is told of in words to a model that does not see", async () => {
    const sent = await attach([image], "qwen3-coder-480b")
    assert.doesNotMatch(sent, /"images"/)
    assert.match(sent, /dot\.png|[Ii]mage/)
  })

  it("reaches the model also from a tool", async () => {
    const { fake, server, sandbox } = stage
    const filePath = join(sandbox.project, "dot.png")
    writeFileSync(filePath, Buffer.from(PNG, "base64"))
    const session = await server.newSession()
    fake.answer(toolUse({ name: "read", input: { filePath } }), finish({ stopReason: "TOOL_USE" }))
    fake.answer(text("A dot."), finish())
    await server.prompt(session, "read dot.png")
    assert.deepEqual(fake.refused, [])
    assert.match(fake.chats[1]?.text ?? "", /"images":\[\{"format":"png"/)
    assert.match(fake.chats[1]?.text ?? "", /"toolResults":\[\{"toolUseId"/)
  })
})
