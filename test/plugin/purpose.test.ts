import assert from "node:assert/strict"
import { describe, it } from "node:test"
import type { Purpose } from "../../src/gateway/index.ts"
import { PURPOSE_HEADER } from "../../src/host/index.ts"
import { createFront } from "../../src/plugin/front.ts"
import { silentLog, systemRuntime } from "../../src/runtime.ts"

const ASKED = "Generate a title for this conversation:\nhello"
const TOOL = {
  type: "function",
  function: { name: "read", description: "Reads.", parameters: { type: "object" } },
}

/** What OpenCode 1's front takes the request for, with what our chat hook said of it. */
async function purposeOf(more: {
  readonly tools?: readonly object[]
  readonly content?: string
  readonly stated?: string
}) {
  const seen: Purpose[] = []
  const front = createFront({
    gateway: {
      chat: async ({ purpose }) => {
        seen.push(purpose)
        return { outcome: "refusal", refusal: { status: 400, message: "no" } }
      },
    },
    runtime: systemRuntime(silentLog),
    baseUrl: "https://kiro.invalid/v1",
  })
  const { tools = [], content = ASKED, stated } = more
  await front("https://kiro.invalid/v1/chat/completions", {
    method: "POST",
    headers: stated === undefined ? {} : { [PURPOSE_HEADER]: stated },
    body: JSON.stringify({ model: "auto", messages: [{ role: "user", content }], tools }),
  })
  return seen[0]
}

describe("the purpose of a request of OpenCode 1", () => {
  it("is what our chat hook said", async () => {
    assert.equal(await purposeOf({ stated: "main" }), "main")
    assert.equal(await purposeOf({ stated: "compaction" }), "compaction")
  })

  it("is a title by its form where nothing was said, but never with tools", async () => {
    assert.equal(await purposeOf({}), "title")
    assert.equal(await purposeOf({ content: "hello" }), "main")
    assert.equal(await purposeOf({ tools: [TOOL] }), "main")
  })
})
