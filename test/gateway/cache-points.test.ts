import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { hear, startHarness } from "./harness.ts"

const messages = [
  { role: "system", content: "You help. ".repeat(1_000) },
  { role: "user", content: "Hello" },
]

describe("cache points", () => {
  for (const [purpose, points] of [
    ["main", 1],
    ["title", 0],
    ["compaction", 0],
  ] as const)
    it(`are ${points} in a request for ${purpose}: what is asked once is read from no cache`, async () => {
      await using harness = await startHarness()
      await harness.add("work")
      assert.equal((await hear(await harness.ask({ messages }, { purpose }))).finishReason, "stop")
      const [chat] = harness.fake.chats
      assert.equal((chat?.text ?? "").split('"cachePoint"').length - 1, points)
    })
})
