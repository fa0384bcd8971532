import assert from "node:assert/strict"
import { mkdirSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { describe, it } from "node:test"
import type { ChatCall, Gateway } from "../../src/gateway/index.ts"
import { gatewayOf, startHost } from "../../src/host/index.ts"
import { readChatRequest } from "../../src/openai/index.ts"
import { pathsFor } from "../../src/settings/index.ts"
import { temporaryFolder } from "../support/temporary-folder.ts"

describe("what a host opens", () => {
  it("ends in order also where it can't be opened", async () => {
    const home = temporaryFolder()
    const place = { env: {}, platform: "linux", home }
    const { settingsFile } = pathsFor(place)
    mkdirSync(dirname(settingsFile), { recursive: true })
    writeFileSync(settingsFile, '{"log_level":5}')
    const show = (): never => {
      throw new Error("nowhere to show it")
    }
    const project = { directory: home, worktree: home }
    const host = startHost({ place, project, show })
    const failed = assert.rejects(host.services(), /nowhere to show it/)
    await host.close()
    await failed
  })

  it("is opened by the next who asks, where it could not be before", async () => {
    const home = temporaryFolder()
    const place = { env: {}, platform: "linux", home }
    mkdirSync(dirname(pathsFor(place).settingsFile), { recursive: true })
    writeFileSync(pathsFor(place).settingsFile, '{"log_level":5}')
    const faults = [new Error("nowhere to show it")]
    const show = (): void => {
      const fault = faults.pop()
      if (fault !== undefined) throw fault
    }
    const host = startHost({ place, project: { directory: home, worktree: home }, show })
    await assert.rejects(host.services(), /nowhere to show it/)
    await host.services()
    await host.close()
  })
})

describe("what is wrong with the settings", () => {
  it("is told by three notices and the number of the others, however many there are", async () => {
    const home = temporaryFolder()
    const place = { env: {}, platform: "linux", home }
    const keys = Array.from({ length: 100 }, (_, index) => [`key_${index}`, 1])
    mkdirSync(join(home, ".opencode"))
    writeFileSync(join(home, ".opencode", "kiro.json"), JSON.stringify(Object.fromEntries(keys)))
    const told: string[] = []
    const project = { directory: home, worktree: home }
    const show = ({ message }: { readonly message: string }): void => void told.push(message)
    const host = startHost({ place, project, show })
    await host.services()
    await host.close()
    assert.equal(told.length, 4)
    assert.match(told.at(-1) ?? "", /^97 more mistakes in kiro\.json: \/kiro, or `/)
  })

  it("is told once also where it is made while a window is open", async () => {
    const home = temporaryFolder()
    const place = { env: {}, platform: "linux", home }
    const { settingsFile } = pathsFor(place)
    mkdirSync(dirname(settingsFile), { recursive: true })
    const told: string[] = []
    const project = { directory: home, worktree: home }
    const show = ({ message }: { readonly message: string }): void => void told.push(message)
    const host = startHost({ place, project, show })
    const services = await host.services()
    const request = readChatRequest({ model: "auto", messages: [{ role: "user", content: "Hello" }] })
    const ask = () =>
      services.chat({ request, sessionId: "s", purpose: "main", signal: new AbortController().signal })
    await ask()
    writeFileSync(settingsFile, '{ "daily_credit_budget": "10" }')
    await ask()
    await ask()
    // Whether paid credits are used is settled at the start: nothing is said of them.
    writeFileSync(settingsFile, '{ "daily_credit_budget": 10')
    await ask()
    await host.close()
    assert.deepEqual(told, [
      `daily_credit_budget in ${settingsFile} must be a number above 0; it is ignored.`,
      `${settingsFile} is broken now: until it is repaired its rules and its budget count as they were.`,
    ])
  })
})

describe("a chat that is under way when its host ends", () => {
  const call: ChatCall = {
    request: readChatRequest({ model: "auto", messages: [{ role: "user", content: "Hello" }] }),
    sessionId: "s",
    purpose: "main",
    signal: new AbortController().signal,
  }
  /** As the gateway does it: what waits ends with the reason of the call's signal. */
  const aborted = (signal: AbortSignal): Promise<never> =>
    new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)))
  const behind = (chat: Gateway["chat"], stop: AbortController) =>
    gatewayOf({ services: async () => ({ chat }), signal: stop.signal })

  it("is refused before its answer began, to be asked again", async () => {
    const stop = new AbortController()
    const answer = behind(({ signal }) => aborted(signal), stop).chat(call)
    await new Promise(setImmediate)
    stop.abort()
    const outcome = await answer
    assert.ok(outcome.outcome === "refusal")
    assert.equal(outcome.refusal.status, 503)
  })

  it("fails behind the first word, to be asked again", async () => {
    const stop = new AbortController()
    async function* batches(signal: AbortSignal) {
      yield { chunks: [] }
      await aborted(signal)
    }
    const chat: Gateway["chat"] = async ({ signal }) => ({
      outcome: "answer",
      answer: { head: { id: "1", created: 0, model: "auto" }, batches: batches(signal) },
    })
    const outcome = await behind(chat, stop).chat(call)
    assert.ok(outcome.outcome === "answer")
    const reader = outcome.answer.batches[Symbol.asyncIterator]()
    await reader.next()
    const next = reader.next()
    stop.abort()
    const { value } = await next
    assert.ok(value?.end?.outcome === "failed")
    assert.equal(value.end.afterwards, "repeat")
  })

  it("is nothing but aborted where its caller left first", async () => {
    const stop = new AbortController()
    const caller = new AbortController()
    const answer = behind(({ signal }) => aborted(signal), stop).chat({ ...call, signal: caller.signal })
    await new Promise(setImmediate)
    caller.abort(new Error("left"))
    stop.abort()
    await assert.rejects(answer, /left/)
  })
})
