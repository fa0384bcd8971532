import assert from "node:assert/strict"
import { describe, it } from "node:test"
import * as fc from "fast-check"
import { hear, startHarness } from "../gateway/harness.ts"
import {
  failure,
  finish,
  type ReceivedRequest,
  type Reply,
  stream,
  text,
  toolNamesIn,
} from "../support/fake-kiro/index.ts"
import { casesOf } from "./runs.ts"
import { PNG } from "../support/pixel.ts"

const SERVERS = ["alpha", "beta", "gamma"]
const NAMES = SERVERS.flatMap((server) => ["a", "b", "c", "d"].map((name) => `${server}_${name}`))
/** The most sends of one chat: the first, eight repeats, one without all tools of a server. */
const MOST_SENDS = 10
/** By then all that is refused has been named. */
const MOST_CHATS = 4

const session = fc.record({
  tools: fc.uniqueArray(fc.constantFrom(...NAMES), { maxLength: NAMES.length }),
  refused: fc.uniqueArray(fc.constantFrom(...NAMES), { maxLength: NAMES.length }),
  /** As the service says it: one at a time, or all that it saw. */
  namesAll: fc.boolean(),
  /** Of each picture, whether it is refused. */
  pictures: fc.array(fc.boolean(), { maxLength: 4 }),
})

describe("parts of a request that the service refuses, in any number and order", () => {
  it("cost themselves and not the session: it is answered, and none is sent again that was named", async () => {
    await fc.assert(
      fc.asyncProperty(session, async ({ tools, refused, namesAll, pictures }) => {
        await using harness = await startHarness({ accounts: ["work"] })
        const { fake } = harness
        const named = new Set<string>()
        const isPicture = pictures.map((_, index) => pictureOf(index))
        fake.when(
          ({ operation }) => operation === "GenerateAssistantResponse",
          ({ text: body }: ReceivedRequest): Reply => {
            const sent = toolNamesIn(body)
            for (const name of named) assert.ok(!sent.includes(name), `${name} was sent again`)
            const places = sent.flatMap((name, place) => (refused.includes(name) ? [place] : []))
            const now = namesAll ? places : places.slice(0, 1)
            for (const place of now) named.add(sent[place] ?? "")
            if (now.length > 0)
              return refusal(now.map((place) => `tools.${place}.custom.input_schema: bad`).join("; "))
            if (pictures.some((isBad, index) => isBad && body.includes(isPicture[index] ?? "")))
              return refusal("Could not process image")
            return stream(text("Here it is."), finish())
          },
        )
        const body = {
          tools: tools.map((name) => ({
            type: "function",
            function: { name, parameters: { type: "object" } },
          })),
          messages: isPicture
            .flatMap((picture, index) => [user(`Look at ${index}.`, picture), assistant])
            .concat(user("And now?")),
        }
        for (let chat = 1; ; chat += 1) {
          const before = fake.chats.length
          const response = await harness.ask(body)
          assert.ok(fake.chats.length - before <= MOST_SENDS)
          assert.deepEqual(fake.scriptErrors, [])
          if (response.status === 200) {
            assert.equal((await hear(response)).text, "Here it is.")
            break
          }
          assert.ok(chat < MOST_CHATS, await response.text())
        }
        const servers = new Set([...named].map((name) => name.split("_")[0]))
        const kept = toolNamesIn(fake.chats.at(-1)?.text ?? "")
        for (const name of tools)
          if (!servers.has(name.split("_")[0])) assert.ok(kept.includes(name), `${name} was left out`)
        const sends = fake.chats.length
        assert.equal((await hear(await harness.ask(body))).text, "Here it is.")
        assert.equal(fake.chats.length, sends + 1)
      }),
      casesOf(15),
    )
  })
})

function refusal(message: string): Reply {
  return failure({ status: 400, type: "ValidationException", message, reason: null })
}

/** Pictures that differ: what follows the end of a PNG is no part of it. */
function pictureOf(index: number): string {
  return Buffer.concat([Buffer.from(PNG, "base64"), Buffer.from([index])]).toString("base64")
}

const assistant = { role: "assistant", content: "I see." }

function user(words: string, picture?: string): object {
  if (picture === undefined) return { role: "user", content: words }
  const url = `data:image/png;base64,${picture}`
  return {
    role: "user",
    content: [
      { type: "text", text: words },
      { type: "image_url", image_url: { url } },
    ],
  }
}
