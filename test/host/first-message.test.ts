import assert from "node:assert/strict"
import { mkdirSync, writeFileSync } from "node:fs"
import { dirname } from "node:path"
import { it } from "node:test"
import { gatewayOf, startHost } from "../../src/host/index.ts"
import { readChatRequest } from "../../src/openai/index.ts"
import { pathsFor } from "../../src/settings/index.ts"
import { within } from "../support/clock.ts"
import { finish, neverAnswers, startFakeKiro, text } from "../support/fake-kiro/index.ts"
import { kiroCliStoreOf, seedKiroCliStore } from "../support/kiro-cli-store.ts"
import { temporaryFolder } from "../support/temporary-folder.ts"

it("the first message of a new home waits for no usage call, and neither does the end", async () => {
  await using fake = await startFakeKiro()
  const home = temporaryFolder()
  await seedKiroCliStore({ path: kiroCliStoreOf(home), accounts: [fake.account()] })
  const place = { env: {}, platform: process.platform, home }
  const { settingsFile } = pathsFor(place)
  mkdirSync(dirname(settingsFile), { recursive: true })
  writeFileSync(settingsFile, JSON.stringify({ endpoint_override: fake.url }))
  fake.intercept(({ operation }) => operation === "GetUsageLimits", neverAnswers)
  fake.answer(text("Hi."), finish())
  const project = { directory: home, worktree: home }
  const host = startHost({ place, project, version: "0.0.0", show: () => undefined })
  const answer = gatewayOf(host).chat({
    request: readChatRequest({ model: "auto", messages: [{ role: "user", content: "Hello" }] }),
    sessionId: "s",
    purpose: "main",
    signal: new AbortController().signal,
  })
  assert.equal((await within(2000, answer)).outcome, "answer")
  await within(2000, host.close())
  assert.deepEqual(fake.received("GetUsageLimits").length, 1)
})
