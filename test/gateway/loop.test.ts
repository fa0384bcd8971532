import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { newAccount, openDatabase } from "../../src/accounts/index.ts"
import { systemClock } from "../../src/runtime.ts"
import { Secret } from "../../src/secret.ts"
import {
  exception,
  FAILURES,
  finish,
  json,
  reasoning,
  stream,
  text,
  toolUse,
} from "../support/fake-kiro/index.ts"
import { assertAnswered, BASE_URL, errorText, hear, startHarness } from "./harness.ts"

describe("the gateway", () => {
  it("answers a plain request with one attempt and no wait", async () => {
    await using harness = await startHarness({ accounts: ["work"] })
    const heard = await hear(await harness.ask())
    assert.equal(heard.text, "Hello from the fake Kiro.")
    assert.equal(heard.finishReason, "stop")
    assert.deepEqual(harness.sent(), ["work"])
    assert.deepEqual(harness.clock.slept, [])
    assert.deepEqual(harness.fake.refused, [])
  })

  it("answers in one JSON document where no stream was asked for", async () => {
    await using harness = await startHarness({ accounts: ["work"] })
    const response = await harness.ask({ stream: false })
    assert.equal(response.headers.get("content-type")?.split(";")[0], "application/json")
    const { choices } = (await response.json()) as {
      choices: [{ message: { content: string }; finish_reason: string }]
    }
    assert.equal(choices[0].message.content, "Hello from the fake Kiro.")
    assert.equal(choices[0].finish_reason, "stop")
  })

  it("passes every other URL through untouched", async () => {
    const seen: unknown[] = []
    await using harness = await startHarness({
      fetch: async (url, init) => {
        seen.push([url, init])
        return new Response("elsewhere")
      },
    })
    const init = { method: "POST", body: "x" }
    const response = await harness.fetch("https://example.invalid/v1/models", init)
    assert.equal(await response.text(), "elsewhere")
    assert.deepEqual(seen, [["https://example.invalid/v1/models", init]])
  })

  it("names the field of a body that is no chat request", async () => {
    await using harness = await startHarness()
    const response = await harness.ask({ messages: [{ role: 4 }] })
    assert.equal(response.status, 400)
    assert.match(await errorText(response), /messages\[0\]\.role/)
    const broken = await harness.fetch(`${BASE_URL}/chat/completions`, { method: "POST", body: "{" })
    assert.equal(broken.status, 400)
  })

  it("reads the other programs' stores again before it says that nobody is signed in", async () => {
    await using harness = await startHarness()
    const response = await harness.ask()
    assert.equal(response.status, 401)
    assert.match(await errorText(response), /opencode auth login/)
    assert.deepEqual(harness.fake.requests, [])
  })

  it("says that too many files are open, and not that nobody is signed in, where that is why it can't look", async () => {
    const unopened = "/home/me/data.sqlite3 can't be opened: too many files are open"
    await using harness = await startHarness({ unopened })
    const response = await harness.ask()
    // It is over in a moment: the host asks again.
    assert.deepEqual([response.status, await errorText(response)], [503, `Kiro: ${unopened}.`])
    await harness.add("work")
    assert.equal((await harness.ask()).status, 200)
    await harness.store.update("work", (work) => ({ ...work, enabled: false }))
    assert.match(await errorText(await harness.ask()), /work: switched off by you/)
  })

  it("answers with a login that has appeared meanwhile, without a restart", async () => {
    await using harness = await startHarness({ importLogins: (own) => own.add("from kiro-cli") })
    const heard = await hear(await harness.ask())
    assert.equal(heard.finishReason, "stop")
    assert.deepEqual(harness.sent(), ["from kiro-cli"])
  })

  it("says how an account comes back that was removed here, since no other program's sign-in brings it", async () => {
    await using harness = await startHarness()
    assert.doesNotMatch(await errorText(await harness.ask()), /removed/)
    await harness.add("work")
    await harness.store.remove("work")
    assert.match(
      await errorText(await harness.ask()),
      /An account that was removed here comes back by \/connect alone, or by `.* import`\./,
    )
  })

  it("names kiro-cli as a way to sign in only while its sign-ins may be used", async () => {
    await using open = await startHarness()
    assert.match(await errorText(await open.ask()), /sign in with kiro-cli or the Kiro IDE/)
    await using closed = await startHarness({ settings: { autoSyncKiroCli: false } })
    assert.match(
      await errorText(await closed.ask()),
      /sign in with the Kiro IDE;.*auto_sync_kiro_cli is false in kiro\.json or the environment\./,
    )
  })

  it("passes over the key of a variable that is gone, without a word and without a look at it", async () => {
    await using harness = await startHarness()
    const key = { id: "key", kind: "api-key", source: "environment", key: new Secret("ksk_gone") } as const
    await harness.store.add(newAccount({ id: "gone", now: 0, logins: [key] }))
    assert.match(await errorText(await harness.ask()), /no account is signed in/)
    await harness.add("work")
    await harness.store.update("work", (work) => ({ ...work, assignment: 9 }))
    await assertAnswered(harness.ask())
    assert.deepEqual(harness.sent(), ["work"])
    assert.deepEqual(harness.notices, [])
  })

  it("keeps what an answer taught: credits, the session's account, a proven account", async () => {
    await using harness = await startHarness({ accounts: ["work"] })
    harness.fake.answer(text("hi"), finish({ credits: 0.25 }))
    await hear(await harness.ask())
    await harness.gateway.close()
    const [turn] = (await harness.store.turns()).filter(({ sessionId }) => sessionId === "ses_1")
    assert.equal(turn?.credits, 0.25)
    assert.equal(turn?.accountId, "work")
    const { accountId, fullWindow } = await harness.store.session("ses_1")
    assert.deepEqual([accountId, fullWindow], ["work", undefined])
    // The host that is asked first is nothing to remember.
    assert.deepEqual((await harness.account("work")).hosts, {})
    assert.deepEqual(harness.answered, ["work"])
  })

  it("estimates what nobody counted by what the session's refusals have taught", async () => {
    await using harness = await startHarness({ accounts: ["work"] })
    const prompt = async (session: string): Promise<number> => {
      harness.fake.answer(text("hi"))
      return (await hear(await harness.ask({}, { session }))).usage?.prompt_tokens ?? 0
    }
    await harness.store.remember({
      sessionId: "taught",
      session: (memory) => ({ ...memory, tokenRatio: 2 }),
    })
    const estimated = await prompt("new")
    assert.ok(estimated > 1)
    assert.equal(await prompt("taught"), estimated * 2)
  })

  it("looks nothing up behind an answer that failed, and tells nothing of it", async () => {
    await using harness = await startHarness({ accounts: ["work", "home"] })
    const broken = stream(text("hi"), exception("internalServerException", { message: "" }))
    harness.fake.script(FAILURES.monthlyLimit, broken)
    await hear(await harness.ask())
    await harness.gateway.close()
    assert.deepEqual(harness.sent(), ["work", "home"])
    assert.deepEqual([harness.answered, harness.notices], [[], []])
  })

  it("keeps conversation, title and summary apart, and caches the conversation alone", async () => {
    await using harness = await startHarness({ accounts: ["work"] })
    const messages = [
      { role: "system", content: "You help. ".repeat(2000) },
      { role: "user", content: "Hello" },
    ]
    const bodies: string[] = []
    for (const purpose of ["main", "title", "compaction"] as const) {
      await hear(await harness.ask({ model: "claude-opus-4-6", messages }, { purpose }))
      bodies.push(harness.fake.received("GenerateAssistantResponse").at(-1)?.text ?? "")
    }
    const ids = bodies.map((body) => /"conversationId":"([^"]+)"/.exec(body)?.[1])
    assert.equal(new Set(ids).size, 3)
    assert.deepEqual(
      bodies.map((body) => body.includes("cachePoint")),
      [true, false, false],
    )
  })

  it("tells what a gateway in front of the service wrapped into a good status", async () => {
    await using harness = await startHarness({ accounts: ["work"] })
    for (const type of ["application/json", "text/plain", "Application/JSON"]) {
      const headers = { "content-type": type }
      const wrapped = json({ error: { message: "Blocked by policy 7" } }, { status: 200, headers })
      for (let times = 0; times < 4; times++) harness.fake.fail(wrapped)
      const response = await harness.ask()
      assert.equal(response.status, 502)
      assert.match(await errorText(response), /Blocked by policy 7/)
    }
  })

  it("waits with the next request of a session for what the last answer taught", async () => {
    await using harness = await startHarness({ accounts: ["work"] })
    const thinks = { model: "claude-opus-4-6", reasoning_effort: "high" }
    const call = toolUse({ name: "read", toolUseId: "call_1", input: {} })
    harness.fake.answer(
      reasoning({ text: "Hm.", signature: "c2ln" }),
      call,
      finish({ stopReason: "TOOL_USE" }),
    )
    const tools = [{ type: "function", function: { name: "read", parameters: { type: "object" } } }]
    const user = { role: "user", content: "Read it." }
    const first = await harness.ask({ ...thinks, tools, messages: [user] })
    // Another process holds the database while the answer ends.
    const other = await openDatabase(harness.database)
    other.run("BEGIN IMMEDIATE")
    await hear(first)
    const assistant = {
      role: "assistant",
      content: "",
      reasoning_content: "Hm.",
      tool_calls: [{ id: "call_1", type: "function", function: { name: "read", arguments: "{}" } }],
    }
    const result = { role: "tool", tool_call_id: "call_1", content: "its text" }
    const next = harness.ask({ ...thinks, tools, messages: [user, assistant, result] })
    for (let turn = 0; turn < 10; turn++) await systemClock.turn()
    other.run("ROLLBACK")
    other.close()
    await hear(await next)
    assert.match(harness.fake.chats[1]?.text ?? "", /"signature":"c2ln"/)
  })

  it("ends with the abort of the caller, at once, in a wait", async () => {
    await using harness = await startHarness()
    const account = await harness.add("work")
    account.fail(FAILURES.throttled)
    const caller = new AbortController()
    harness.fake.onRequest = () => caller.abort(new Error("Esc"))
    await assert.rejects(harness.ask({}, { signal: caller.signal }), /Esc/)
  })

  it("repeats a failure of a JSON answer behind its first content, because nobody saw it", async () => {
    await using harness = await startHarness()
    const account = await harness.add("work")
    account.script(stream(text("half an ans"), { do: "reset" }))
    const response = await harness.ask({ stream: false })
    assert.equal(response.status, 200)
    assert.deepEqual(harness.clock.slept, [500])
  })
})
