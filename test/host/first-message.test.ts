import assert from "node:assert/strict"
import { mkdirSync, writeFileSync } from "node:fs"
import { dirname } from "node:path"
import { describe, it } from "node:test"
import { openDatabase } from "../../src/accounts/index.ts"
import { gatewayOf, type Host, startHost } from "../../src/host/index.ts"
import { readChatRequest } from "../../src/openai/index.ts"
import { pathsFor } from "../../src/settings/index.ts"
import { eventually, within } from "../support/clock.ts"
import {
  FAILURES,
  type FakeKiro,
  finish,
  neverAnswers,
  startFakeKiro,
  text,
} from "../support/fake-kiro/index.ts"
import { kiroCliStoreOf, seedKiroCliStore } from "../support/kiro-cli-store.ts"
import { temporaryFolder } from "../support/temporary-folder.ts"

type AccountOptions = Parameters<FakeKiro["account"]>[0]

describe("the first message of a new home", () => {
  const told: string[] = []
  /** A home in which somebody is signed in to kiro-cli. */
  const signedIn = async (fake: FakeKiro, options: AccountOptions = {}): Promise<string> => {
    const home = temporaryFolder()
    await seedKiroCliStore({ path: kiroCliStoreOf(home), accounts: [fake.account(options)] })
    return home
  }
  const hostOf = async (fake: FakeKiro, home: string, settings: object = {}): Promise<Host> => {
    const place = { env: {}, platform: process.platform, home }
    const { settingsFile } = pathsFor(place)
    mkdirSync(dirname(settingsFile), { recursive: true })
    writeFileSync(settingsFile, JSON.stringify({ endpoint_override: fake.url, ...settings }))
    const project = { directory: home, worktree: home }
    return startHost({ place, project, show: ({ message }) => void told.push(message) })
  }
  const ask = (host: Host, content = "Hello", purpose: "main" | "title" = "main") =>
    gatewayOf(host).chat({
      request: readChatRequest({ model: "auto", messages: [{ role: "user", content }] }),
      sessionId: "s",
      purpose,
      signal: new AbortController().signal,
    })

  it("waits a few seconds at most for the usage call, and the end not at all", async () => {
    await using fake = await startFakeKiro()
    fake.intercept(({ operation }) => operation === "GetUsageLimits", neverAnswers)
    fake.answer(text("Hi."), finish())
    const host = await hostOf(fake, await signedIn(fake))
    assert.equal((await within(5000, ask(host))).outcome, "answer")
    await within(2000, host.close())
  })

  it("tells that the account's credits run low, unless usage is not tracked", async () => {
    await using fake = await startFakeKiro()
    const low = { usage: { used: 45, limit: 50 } }
    for (const usage_tracking_enabled of [true, false]) {
      told.length = 0
      const host = await hostOf(fake, await signedIn(fake, low), { usage_tracking_enabled })
      for (const answer of ["Hi.", "Hi again."]) {
        fake.answer(text(answer), finish())
        assert.equal((await ask(host)).outcome, "answer")
      }
      await host.close()
      const credits = told.filter((message) => message.includes("has used 90 % of its credits"))
      assert.equal(credits.length, usage_tracking_enabled ? 1 : 0)
    }
  })

  it("brings to light that another login, which does not answer, is the same person's", async () => {
    await using fake = await startFakeKiro()
    const home = temporaryFolder()
    const account = fake.account()
    const again = fake.account({ kind: "social", userId: account.userId })
    await seedKiroCliStore({ path: kiroCliStoreOf(home), accounts: [account, again] })
    const host = await hostOf(fake, home)
    const { importLogins, management } = await host.services()
    await importLogins()
    assert.equal((await management.list()).length, 2)
    fake.answer(text("Hi."), finish())
    assert.equal((await ask(host)).outcome, "answer")
    await eventually(async () => (await management.list()).length === 1)
    await host.close()
  })

  it("is answered with the profile that its title found meanwhile, and nothing is held against the account", async () => {
    await using fake = await startFakeKiro()
    const home = await signedIn(fake, { kind: "identity-center" })
    const cli = await openDatabase(kiroCliStoreOf(home))
    cli.run("DELETE FROM state")
    cli.close()
    const refused = Promise.withResolvers<void>()
    const titled = Promise.withResolvers<void>()
    fake.intercept(
      ({ operation, text: sent }) =>
        operation === "GenerateAssistantResponse" && sent.includes("Hello") && !sent.includes("profileArn"),
      async () => {
        refused.resolve()
        await titled.promise
        return FAILURES.notAuthorized
      },
    )
    const host = await hostOf(fake, home)
    const main = ask(host)
    await refused.promise
    assert.equal((await ask(host, "A title?", "title")).outcome, "answer")
    titled.resolve()
    assert.equal((await main).outcome, "answer")
    const { accounts } = await host.services()
    assert.deepEqual(
      (await accounts.store.list()).map(({ health }) => health.state),
      ["ok"],
    )
    await host.close()
  })

  it("costs nothing beyond the plan where the user pays for no more, and says so", async () => {
    await using fake = await startFakeKiro()
    const usage = { used: 50, limit: 50, overage: { enabled: true, used: 0, cap: 100 } }
    const host = await hostOf(fake, await signedIn(fake, { usage }), { use_overage: false })
    const asked = await ask(host)
    assert.ok(asked.outcome === "refusal")
    assert.match(
      asked.refusal.message,
      /overage is enabled, but kiro\.json says "use_overage": false \(or the environment does\), or is broken;/,
    )
    assert.doesNotMatch(asked.refusal.message, /app\.kiro\.dev/)
    assert.equal(fake.chats.length, 0)
    await host.close()
  })

  it("says that kiro-cli's store is locked, not that nobody is signed in, and is asked again", async () => {
    await using fake = await startFakeKiro()
    fake.answer(text("Hi."), finish())
    const home = await signedIn(fake)
    const store = kiroCliStoreOf(home)
    const writer = await openDatabase(store)
    writer.get("PRAGMA locking_mode = EXCLUSIVE")
    writer.run("BEGIN EXCLUSIVE")
    const host = await hostOf(fake, home)
    const locked = await ask(host)
    assert.ok(locked.outcome === "refusal")
    const message = `Kiro: ${store} is locked by another program.`
    assert.deepEqual(locked.refusal, { status: 503, message })
    writer.run("ROLLBACK")
    writer.close()
    assert.equal((await ask(host)).outcome, "answer")
    await host.close()
  })
})
