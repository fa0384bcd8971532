import assert from "node:assert/strict"
import { mkdirSync, writeFileSync } from "node:fs"
import { dirname } from "node:path"
import { describe, it } from "node:test"
import { gatewayOf, type Host, startHost } from "../../src/host/index.ts"
import { readChatRequest } from "../../src/openai/index.ts"
import { pathsFor } from "../../src/settings/index.ts"
import { within } from "../support/clock.ts"
import { type FakeKiro, finish, neverAnswers, startFakeKiro, text } from "../support/fake-kiro/index.ts"
import { kiroCliStoreOf, seedKiroCliStore } from "../support/kiro-cli-store.ts"
import { temporaryFolder } from "../support/temporary-folder.ts"

type AccountOptions = Parameters<FakeKiro["account"]>[0]

describe("the first message of a new home", () => {
  const hostOf = async (fake: FakeKiro, options: AccountOptions, settings: object = {}): Promise<Host> => {
    const home = temporaryFolder()
    await seedKiroCliStore({ path: kiroCliStoreOf(home), accounts: [fake.account(options)] })
    const place = { env: {}, platform: process.platform, home }
    const { settingsFile } = pathsFor(place)
    mkdirSync(dirname(settingsFile), { recursive: true })
    writeFileSync(settingsFile, JSON.stringify({ endpoint_override: fake.url, ...settings }))
    const project = { directory: home, worktree: home }
    return startHost({ place, project, show: () => undefined })
  }
  const ask = (host: Host) =>
    gatewayOf(host).chat({
      request: readChatRequest({ model: "auto", messages: [{ role: "user", content: "Hello" }] }),
      sessionId: "s",
      purpose: "main",
      signal: new AbortController().signal,
    })

  it("waits a few seconds at most for the usage call, and the end not at all", async () => {
    await using fake = await startFakeKiro()
    fake.intercept(({ operation }) => operation === "GetUsageLimits", neverAnswers)
    fake.answer(text("Hi."), finish())
    const host = await hostOf(fake, {})
    assert.equal((await within(5000, ask(host))).outcome, "answer")
    await within(2000, host.close())
  })

  it("costs nothing beyond the plan where the user pays for no more", async () => {
    await using fake = await startFakeKiro()
    const usage = { used: 50, limit: 50, overage: { enabled: true, used: 0, cap: 100 } }
    const host = await hostOf(fake, { usage }, { use_overage: false })
    assert.equal((await ask(host)).outcome, "refusal")
    assert.equal(fake.chats.length, 0)
    await host.close()
  })
})
