import assert from "node:assert/strict"
import { describe, it } from "node:test"
import * as fc from "fast-check"
import {
  estimateTokens,
  toConversationState,
  toSendable,
  type Conversation,
} from "../../src/translate/index.ts"
import { shorten } from "../../src/translate/conversation/shorten.ts"
import { CUT_MARK } from "../../src/translate/conversation/filler.ts"
import { casesOf } from "../fuzz/runs.ts"
import { anyRequest, PIXEL } from "./support/arbitrary-request.ts"
import { answers, asks, call, conversationOf, result, says } from "./support/chat.ts"
import { isTaken } from "./support/properties.ts"

const system = { role: "system", content: "Be terse." }
const image = { type: "image_url", image_url: { url: PIXEL } }

/** What the model reads, turn by turn; a result under its id. */
function transcript(conversation: Conversation): string[] {
  const { history, currentMessage } = toConversationState(
    toSendable(conversation, { serviceWindow: 1_000_000 }),
    {
      wireModelId: "claude-sonnet-4.5",
      conversationId: "c0ffee00-1111-4222-8333-444455556666",
      cachePoints: 0,
    },
  )
  return [...history, currentMessage].map((message) => {
    if ("assistantResponseMessage" in message) {
      const { content, toolUses = [] } = message.assistantResponseMessage
      return [content, ...toolUses.map(({ toolUseId }) => `<${toolUseId}>`)].join("")
    }
    const { content, images = [], userInputMessageContext } = message.userInputMessage
    const results = userInputMessageContext?.toolResults ?? []
    return [
      content,
      ...images.map(() => "<image>"),
      ...results.map((each) => `<${each.toolUseId}: ${each.content[0]?.text}>`),
    ].join("")
  })
}

function shortened(messages: readonly unknown[], fewer: number): string[] {
  const conversation = conversationOf({ messages })
  return transcript(shorten(conversation, estimateTokens(conversation) - fewer))
}

/** Head and tail around the mark. */
function cut(text: string, head: RegExp, tail: RegExp): void {
  const [before = "", after = ""] = text.split(`\n${CUT_MARK}\n`)
  assert.match(before, head)
  assert.match(after, tail)
}

const told = (name: string): string => `told ${name}${".".repeat(400)}`
const exchange = (name: string): object[] => [
  says(`ask ${name}`),
  asks(call(name)),
  result(name, `did ${name}`),
  answers(told(name)),
]

describe("shortening a conversation", () => {
  it("changes nothing where it is small enough", () => {
    const conversation = conversationOf({ messages: [system, ...exchange("1"), says("Go")] })
    assert.equal(shorten(conversation, estimateTokens(conversation)), conversation)
  })

  it("takes old images first, the oldest before the others, a block of a quarter at once", () => {
    const exchanges = ["1", "2", "3", "4"].flatMap((word) => [says([word, image]), answers(word)])
    const messages = [says("task"), answers("0"), ...exchanges, says(["5", image])]
    const images = (fewer: number): string[] =>
      shortened(messages, fewer).filter((_, index) => index % 2 === 0)
    const left = (word: string): string => `${word}\n\n[Image left out: too old to fit the context window]`
    assert.deepEqual(images(1), ["task", left("1"), left("2"), "3<image>", "4<image>", "5<image>"])
    assert.deepEqual(images(3_000), images(1))
    assert.deepEqual(images(4_000), ["task", left("1"), left("2"), left("3"), left("4"), "5<image>"])
  })

  it("keeps head and tail of a long old result, and the newest whole", () => {
    const long = `head ${"x ".repeat(5_000)}tail`
    const longer = `head ${"x ".repeat(20_000)}tail`
    const messages = [
      says("task"),
      asks(call("a")),
      result("a", longer),
      answers("1"),
      says("next"),
      asks(call("b")),
      result("b", long),
    ]
    const [, , old = "", , , , newest] = shortened(messages, 1_000)
    cut(old, /^<a: head x/, /x tail>$/)
    assert.ok(old.length < 2_020)
    assert.equal(newest, `<b: ${long}>`)
  })

  it("drops whole old exchanges, the oldest first, and marks where they were", () => {
    const messages = [system, ...exchange("1"), ...exchange("2"), ...exchange("3"), says("Go")]
    assert.deepEqual(shortened(messages, 1), [
      "Be terse.\n\nask 1\n\n" + CUT_MARK + "\n\nask 2",
      "<2>",
      "<2: did 2>",
      told("2"),
      "ask 3",
      "<3>",
      "<3: did 3>",
      told("3"),
      "Go",
    ])
    assert.deepEqual(shortened(messages, 10_000), [`Be terse.\n\nask 1\n\n${CUT_MARK}\n\nGo`])
    const many = ["1", "2", "3", "4", "5", "6", "7", "8"].flatMap(exchange)
    for (let fewer = 1; fewer < 500; fewer += 25)
      assert.match(shortened([...many, says("Go")], fewer)[0] ?? "", /^ask 1\n\n.*\n\nask \d$/, String(fewer))
  })

  it("drops the oldest steps alone of an exchange without which little would be left", () => {
    const steps = Array.from({ length: 20 }, (_, step) => [
      asks(call(`${step}`)),
      result(`${step}`, told(`${step}`)),
    ])
    const exchanges = [says("task"), answers("Yes?"), says("long"), ...steps.flat(), answers("Done")]
    const kept = shortened([...exchanges, says("Go")], 1)
    assert.equal(kept[0], `task\n\n${CUT_MARK}`)
    assert.match(kept[1] ?? "", /^<\d+>$/)
    assert.deepEqual(kept.slice(-4), ["<19>", `<19: ${told("19")}>`, "Done", "Go"])
    // What is needed and no more: a quarter of all there is room for.
    assert.ok(kept.length > 20, String(kept.length))
  })

  it("keeps head and tail of what tools returned also where no tool may be named, as in a compaction", () => {
    const long = (name: string): string => `head ${name} ${"x ".repeat(20_000)}tail`
    const worked = ["1", "2", "3", "4"].flatMap((name) => [
      says(`ask ${name}`),
      asks(call(name)),
      result(name, long(name)),
      answers(`told ${name}`),
    ])
    const conversation = conversationOf({ messages: [...worked, says("Summarize")], tools: [] })
    const said = transcript(shorten(conversation, estimateTokens(conversation) / 2))
    for (const name of ["1", "2", "3", "4"])
      assert.ok(said.some((text) => text.includes(`ask ${name}`)) && said.includes(`told ${name}`), name)
    cut(said[2] ?? "", /^head 1 x/, /x tail$/)
    assert.equal(said.at(-1), "Summarize")
    const words = "word ".repeat(16_000)
    const last = conversationOf({
      messages: [says(words), asks(call("1")), result("1", long("1"))],
      tools: [],
    })
    const [first, , cutLast = ""] = transcript(shorten(last, 25_000))
    assert.equal(first, words)
    cut(cutLast, /^head 1 x/, /x tail$/)
  })

  it("keeps the summary of a compacted conversation, which holds its first task", () => {
    const compacted = [system, says("What did we do so far?"), answers(told("the task"))]
    const kept = [`Be terse.\n\nWhat did we do so far?\n\n${CUT_MARK}`, told("the task")]
    const goOn = [says("Continue"), asks(call("1")), result("1", "did 1")]
    assert.deepEqual(shortened([...compacted, ...exchange("a"), ...goOn], 10_000), [
      ...kept,
      "Continue",
      "<1>",
      "<1: did 1>",
    ])
    const [, asked] = compacted
    assert.deepEqual(
      shortened([asked, asks(call("0")), result("0", "did 0"), answers("This"), ...goOn], 10_000),
      [`What did we do so far?\n\n${CUT_MARK}\n\nContinue`, "<1>", "<1: did 1>"],
    )
    assert.deepEqual(shortened([...compacted, ...goOn], 10_000), [
      "Be terse.\n\nWhat did we do so far?",
      told("the task"),
      "Continue",
      "<1>",
      "<1: did 1>",
    ])
  })

  it("drops older steps of one long loop, but not its task and its newest step", () => {
    const steps = ["1", "2", "3", "4"].flatMap((id) => [asks(call(id)), result(id, `did ${id}`)])
    assert.deepEqual(shortened([system, says("task"), ...steps], 10_000), [
      `Be terse.\n\ntask\n\n${CUT_MARK}`,
      "<4>",
      "<4: did 4>",
    ])
  })

  it("takes the reasoning of old loops, but of the open one neither that nor what the user attached", () => {
    const long = `head ${"x ".repeat(20_000)}tail`
    const messages = [
      says("task"),
      asks(call("a")),
      result("a", long),
      answers("Done"),
      says(["Look", image]),
      asks(call("b")),
      result("b", long),
      asks(call("c")),
      result("c", "short"),
    ]
    const blocks = [{ text: "Thought. ".repeat(100), signature: "c2ln" }]
    const shapes = (target: number): unknown[] =>
      shorten(conversationOf({ messages, blocks }), target).turns.map((turn) =>
        turn.role === "user"
          ? [
              ...turn.parts.map(({ type }) => type),
              ...turn.results.map(({ text }) => text.includes(CUT_MARK)),
            ].join()
          : turn.reasoning !== undefined,
      )
    assert.deepEqual(shapes(22_000), [
      "text",
      false,
      "true",
      false,
      "text,image",
      true,
      "false",
      true,
      "false",
    ])
    assert.deepEqual(shapes(4_500), ["text,text", "text,image", true, "true", true, "false"])
  })

  it("takes no picture of a tool, and no word of the host, for the newest words of the user", () => {
    const steps = ["1", "2", "3"].flatMap((id) => [
      asks(call(id)),
      result(id, [{ type: "text", text: `did ${id}` }, image]),
    ])
    const update = says("<system-update>\nThe date has changed.\n</system-update>")
    const [task = "", ...others] = shortened(
      [system, says("task"), ...steps, update, asks(call("4")), result("4", "did 4")],
      10_000,
    )
    assert.equal(task, `Be terse.\n\ntask\n\n${CUT_MARK}`)
    assert.deepEqual(others, ["<4>", "<4: did 4>"])
  })

  it("takes no word that stands for a medium of a tool for the newest words of the user", () => {
    const link = { type: "image_url", image_url: { url: "https://example.com/a.png" } }
    const replaced = {
      type: "text",
      text: "ERROR: Cannot read image (this model does not support image input).",
    }
    const notes = { type: "file", file: { filename: "a.txt", file_data: "data:text/plain;base64,d29yZHM=" } }
    for (const medium of [link, replaced, image, notes]) {
      const messages = [
        says("first"),
        answers("Done"),
        says("task"),
        asks(call("1")),
        result("1", "did 1"),
        says([{ type: "text", text: "Attached media from tool result:" }, medium]),
        asks(call("2")),
        result("2", "did 2"),
        asks(call("3")),
        result("3", "did 3"),
      ]
      const accepts = { images: medium !== image, documents: medium !== notes }
      const conversation = conversationOf({ messages, accepts })
      assert.deepEqual(transcript(shorten(conversation, 0)), [
        `first\n\n${CUT_MARK}\n\ntask\n\n${CUT_MARK}`,
        "<3>",
        "<3: did 3>",
      ])
    }
  })

  it("keeps the newest words of the user where they came beside results that went", () => {
    const messages = [
      says("task"),
      asks(call("a")),
      result("a", "one"),
      says("Stop, do this"),
      asks(call("b")),
      result("b", "two"),
    ]
    assert.deepEqual(shortened(messages, 10_000), [`task\n\n${CUT_MARK}\n\nStop, do this`, "<b>", "<b: two>"])
  })

  it("takes what is attached to the first and the newest words where it is the bulk, and no small picture", () => {
    const pdf = (name: string): object => {
      const data = Buffer.concat([Buffer.from(`%PDF-1.4 ${name}`), Buffer.alloc(640_000)]).toString("base64")
      return {
        type: "file",
        file: { filename: `${name}.pdf`, file_data: `data:application/pdf;base64,${data}` },
      }
    }
    const kept = (messages: readonly unknown[], target: number): string[] =>
      shorten(conversationOf({ messages }), target).turns.flatMap((turn) =>
        turn.role === "user" ? turn.parts.map((part) => (part.type === "text" ? part.text : part.type)) : [],
      )
    const gone = (name: string): string => `[${name}.pdf left out: too large to fit the context window]`
    // Some 20,000 tokens each.
    const first = says(["Read", pdf("a"), pdf("b")])
    const messages = [first, answers("Yes"), says(["And", pdf("c"), image])]
    assert.deepEqual(kept(messages, 70_000), ["Read", "document", "document", "And", "document", "image"])
    assert.deepEqual(kept(messages, 50_000), [
      "Read",
      gone("a"),
      "document",
      CUT_MARK,
      "And",
      "document",
      "image",
    ])
    assert.deepEqual(kept(messages, 10_000), [
      "Read",
      gone("a"),
      gone("b"),
      CUT_MARK,
      "And",
      gone("c"),
      "image",
    ])
    assert.deepEqual(kept([first], 30_000), ["Read", gone("a"), "document"])
    const returned = [{ type: "text", text: "Attached media from tool result:" }, pdf("d"), pdf("e")]
    const loop = [says("Read"), asks(call("1")), result("1", "two files"), says(returned)]
    const attached = "Attached media from tool result:"
    assert.deepEqual(kept(loop, 30_000), ["Read", attached, gone("d"), "document"])
    const [long = "", picture] = kept([says([`head ${"x ".repeat(80_000)}tail`, image])], 30_000)
    assert.equal(picture, "image")
    cut(long, /^head x/, /x tail$/)
  })

  it("cuts inside one message that is the bulk of the request", () => {
    const collected = `begin ${"word ".repeat(100_000)}end`
    const [message = ""] = shortened([system, says(collected)], 60_000)
    cut(message, /^Be terse\.\n\nbegin word/, /word end$/)
    assert.ok(
      message.length <= collected.length - 4 * 60_000 + 20 && message.length > collected.length - 4 * 60_100,
    )
  })

  it("cuts the results of the newest step where nothing else may go, the words of the user last", () => {
    const results = ["a", "b", "c"].map((id) => result(id, `head ${id.repeat(200_000)} tail`))
    const messages = [system, says("task"), asks(call("a"), call("b"), call("c")), ...results]
    const conversation = conversationOf({ messages })
    for (const target of [120_000, 60_000, 10_000]) {
      const shorter = shorten(conversation, target)
      assert.ok(estimateTokens(shorter) <= target && estimateTokens(shorter) > target * 0.9)
      const [task, , answered = ""] = transcript(shorter)
      assert.equal(task, "Be terse.\n\ntask")
      for (const id of ["a", "b", "c"])
        assert.match(answered, new RegExp(`<${id}: head ${id}+\n.+\n${id}+ tail>`))
    }
    const [small, large] = [result("a", "small"), result("b", "large ".repeat(50_000))]
    const [, , answered = ""] = transcript(
      shorten(conversationOf({ messages: [says("task"), asks(call("a"), call("b")), small, large] }), 20_000),
    )
    assert.match(answered, /<a: small>/)
    const words = conversationOf({
      messages: [says(`first ${"x".repeat(400_000)}`), answers("1"), says(`${"y".repeat(200_000)} last`)],
    })
    const shorter = shorten(words, 60_000)
    assert.ok(estimateTokens(shorter) <= 60_000)
    const [said = ""] = transcript(shorter)
    assert.match(said, /^first x+\n.+x+\n\n.*y+ last$/s)
  })

  it("cuts the results of the newest step before the words beside them, and those of the user", () => {
    const words = `words ${"w".repeat(14_000)}`
    const messages = [says(words), asks(call("a")), result("a", "x".repeat(100_000))]
    const [task, , answered] = shorten(conversationOf({ messages }), 5_000).turns
    assert.ok(task?.role === "user" && task.parts[0]?.type === "text" && task.parts[0].text === words)
    assert.ok(answered?.role === "user" && answered.results[0]?.text.includes(CUT_MARK))
  })

  it("is smaller with each smaller target, whatever language it is in", () => {
    const words = ["word ", "漢字を書く", "한국어로 쓴다", "const a = 1; // 注释\n", "Привет "]
    for (const word of words) {
      const steps = Array.from({ length: 30 }, (_, index) => [
        asks(call(`c${index}`)),
        result(`c${index}`, word.repeat(2_000)),
      ]).flat()
      const conversation = conversationOf({
        messages: [system, says("task"), ...steps, answers("Done"), says("last words")],
      })
      const whole = estimateTokens(conversation)
      const sizes = [0.8, 0.6, 0.4].map((step) => {
        const shorter = shorten(conversation, whole * step)
        const said = transcript(shorter)
        assert.ok(said[0]?.startsWith("Be terse.\n\ntask") && said.at(-1)?.endsWith("last words"))
        assert.ok(estimateTokens(shorter) <= whole * step)
        return estimateTokens(shorter)
      })
      assert.ok(sizes.every((size, index) => size < (sizes[index - 1] ?? whole)))
    }
  })

  it("cuts no pair of surrogates in half", () => {
    for (const fewer of [30_000, 30_001, 30_002, 30_003]) {
      const [message = ""] = shortened([says(`${"😀".repeat(100_000)}`)], fewer)
      assert.ok(message.isWellFormed())
    }
  })

  it("gives a conversation that the service takes, whatever it was", () => {
    fc.assert(
      fc.property(anyRequest, fc.double({ min: 0, max: 1, noNaN: true }), (raw, share) =>
        isTaken(raw, (conversation) =>
          toSendable(conversation, { serviceWindow: 200_000, shortenTo: (size) => size * share }),
        ),
      ),
      casesOf(150),
    )
  })
})
