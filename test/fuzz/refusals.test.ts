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
/** So many parts are left out one by one in one chat. */
const MOST_SINGLE = 8
/** By then all that is refused has been named. */
const MOST_CHATS = 4

const session = fc.record({
  tools: fc.uniqueArray(fc.constantFrom(...NAMES), { maxLength: NAMES.length }),
  refused: fc.uniqueArray(fc.constantFrom(...NAMES), { maxLength: NAMES.length }),
  /** As the service says it: one at a time, or all that it saw. */
  namesAll: fc.boolean(),
  /** Of each picture of each message, whether it is refused. */
  pictures: fc.array(fc.array(fc.boolean(), { maxLength: 3 }), { maxLength: 4 }),
  /** Whether a refusal says which picture it means. */
  placesPictures: fc.boolean(),
})

describe("parts of a request that the service refuses, in any number and order", () => {
  it("cost themselves and not the session: it is answered, and none is sent again that was named", async () => {
    await fc.assert(
      fc.asyncProperty(session, async ({ tools, refused, namesAll, pictures, placesPictures }) => {
        await using harness = await startHarness({ accounts: ["work"] })
        const { fake } = harness
        const named = new Set<string>()
        const shown = pictures.flatMap((ofMessage, message) =>
          ofMessage.map((isBad, index) => ({ isBad, message, picture: pictureOf(3 * message + index) })),
        )
        const badPictures = shown.filter(({ isBad }) => isBad)
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
            const bad = badPictures.find(({ picture }) => body.includes(picture))
            if (bad === undefined) return stream(text("Here it is."), finish())
            const beside = shown.filter(
              ({ message, picture }) => message === bad.message && body.includes(picture),
            )
            const place = `messages.${2 * bad.message}.content.${1 + beside.indexOf(bad)}.image.source: `
            return refusal(`${placesPictures ? place : ""}Could not process image`)
          },
        )
        const body = {
          tools: tools.map((name) => ({
            type: "function",
            function: { name, parameters: { type: "object" } },
          })),
          messages: pictures
            .flatMap((_, message) => [
              user(
                `Look at ${message}.`,
                shown.filter((each) => each.message === message),
              ),
              assistant,
            ])
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
        const isEachSingle = named.size + badPictures.length <= MOST_SINGLE
        for (const { isBad, picture } of placesPictures && isEachSingle ? shown : [])
          assert.equal(fake.chats.at(-1)?.text.includes(picture), !isBad)
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

function user(words: string, pictures: readonly { readonly picture: string }[] = []): object {
  const images = pictures.map(({ picture }) => ({
    type: "image_url",
    image_url: { url: `data:image/png;base64,${picture}` },
  }))
  return { role: "user", content: [{ type: "text", text: words }, ...images] }
}
