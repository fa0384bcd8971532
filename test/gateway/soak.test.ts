import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { roundsOf } from "../fuzz/runs.ts"
import { faults } from "../soak/faults.ts"
import { heal } from "../soak/person.ts"
import { pick, seeded } from "../soak/random.ts"
import {
  conversationStateOf,
  finish,
  neverAnswers,
  type ReceivedRequest,
  stream,
  text,
} from "../support/fake-kiro/index.ts"
import { errorText, type Harness, hear, startHarness } from "./harness.ts"

/** Under Bun more than two hundred each time; some thousand by hand: `KIRO_SOAK=5000`. */
const REQUESTS = Number(process.env["KIRO_SOAK"] ?? roundsOf(240))
const AT_ONCE = 8
const FAULTY = 0.2

describe("a great many parallel requests, a fifth of them failing in any known way", () => {
  it("each end in their own answer or in one error that says why", { timeout: 600_000 }, async () => {
    await using harness = await startHarness({ settings: { rateLimitRetryDelayMs: 1000 } })
    for (const label of ["one", "two", "three"]) await harness.add(label)
    const random = seeded(20261124)
    harness.fake.when(isChat, (request) => {
      const marker = markerOf(request)
      if (random() >= FAULTY) return stream(text(marker, " heard"), finish())
      const fault = pick(random, [...faults(marker), neverAnswers])
      // A silence lasts until its limit has passed.
      if (fault === neverAnswers) setTimeout(() => harness.clock.advance(400_000), 5)
      return fault
    })
    const ends = new Map<string, number>()
    for (let begun = 0; begun < REQUESTS; begun += AT_ONCE) {
      const batch = Array.from({ length: AT_ONCE }, (_, index) => ask(harness, `<m${begun + index}>`))
      for (const end of await Promise.all(batch)) ends.set(end, (ends.get(end) ?? 0) + 1)
      await heal(harness.store)
    }
    const total = [...ends.values()].reduce((sum, count) => sum + count, 0)
    assert.equal(total, Math.ceil(REQUESTS / AT_ONCE) * AT_ONCE)
    assert.ok((ends.get("answered") ?? 0) > total * 0.8, JSON.stringify([...ends]))
    assert.deepEqual(harness.fake.refused, [])
    assert.deepEqual(harness.fake.scriptErrors, [])
  })
})

const isChat = ({ operation }: ReceivedRequest): boolean => operation === "GenerateAssistantResponse"

/** One request as the host lives it; checks that what comes is its own. */
async function ask(harness: Harness, marker: string): Promise<string> {
  const messages = [{ role: "user", content: `Say ${marker}` }]
  const response = await harness.ask({ messages, ...TOOLS }, { session: `ses_${marker}` })
  if (response.status !== 200) {
    assert.match(await errorText(response), /^Kiro: |^prompt is too long/)
    return String(response.status)
  }
  const heard = await hear(response)
  if (heard.text !== "") assert.ok(`${marker} heard`.startsWith(heard.text), heard.text)
  if (heard.error !== undefined) {
    assert.equal(heard.error.name, "AI_APICallError")
    return "cut"
  }
  assert.ok(["stop", "tool_calls", "length"].includes(heard.finishReason ?? ""), heard.finishReason)
  return "answered"
}

const TOOLS = {
  tools: [{ type: "function", function: { name: "read", parameters: { type: "object" } } }],
}

function markerOf({ body }: ReceivedRequest): string {
  return /<m\d+>/.exec(JSON.stringify(conversationStateOf(body)))?.[0] ?? "?"
}
