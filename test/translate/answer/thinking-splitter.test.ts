import assert from "node:assert/strict"
import { describe, it } from "node:test"
import * as fc from "fast-check"
import { createThinkingSplitter } from "../../../src/translate/answer/thinking.ts"
import { casesOf } from "../../fuzz/runs.ts"
import { text, translate } from "./translate.ts"

interface Parts {
  readonly reasoning: string
  readonly text: string
}

const CASES: readonly (readonly [title: string, answer: string, parts: Parts])[] = [
  [
    "thinking, a blank line, the answer",
    "<thinking>Plan.</thinking>\n\nDone.",
    { reasoning: "Plan.", text: "Done." },
  ],
  [
    "white space before the tag",
    "\n <thinking>Plan.</thinking>\n\nDone.",
    { reasoning: "Plan.", text: "Done." },
  ],
  [
    "an answer right behind the tag",
    "<thinking>Plan.</thinking>Done.",
    { reasoning: "Plan.", text: "Done." },
  ],
  ["thinking and nothing else", "<thinking>Plan.</thinking>", { reasoning: "Plan.", text: "" }],
  ["thinking that never closes", "<thinking>Plan. </think", { reasoning: "Plan. </think", text: "" }],
  ["no thinking", "Done.", { reasoning: "", text: "Done." }],
  ["white space and no thinking", "  \n  Done.", { reasoning: "", text: "  \n  Done." }],
  ["the beginning of another tag", "<think>Done.", { reasoning: "", text: "<think>Done." }],
  ["nothing but half a tag", "<thin", { reasoning: "", text: "<thin" }],
  [
    "a tag later in the answer",
    "Use <thinking>this</thinking>.",
    { reasoning: "", text: "Use <thinking>this</thinking>." },
  ],
  ["a quoted tag at the start", "`<thinking>` is a tag.", { reasoning: "", text: "`<thinking>` is a tag." }],
  [
    "a fenced tag at the start",
    "```xml\n<thinking>\n```",
    { reasoning: "", text: "```xml\n<thinking>\n```" },
  ],
  [
    "a second block",
    "<thinking>A</thinking>\n\nB <thinking>C</thinking>",
    { reasoning: "A", text: "B <thinking>C</thinking>" },
  ],
  [
    "a closing tag in inline code",
    "<thinking>The tag `</thinking>` ends it.</thinking>\n\nDone.",
    { reasoning: "The tag `</thinking>` ends it.", text: "Done." },
  ],
  [
    "a closing tag in inline code among other words",
    "<thinking>See `a </thinking> b`.</thinking>\n\nDone.",
    { reasoning: "See `a </thinking> b`.", text: "Done." },
  ],
  [
    "a stray mark of code before the closing tag",
    "<thinking>The ` is odd</thinking>\n\nDone.",
    { reasoning: "The ` is odd", text: "Done." },
  ],
  [
    "a stray mark of code before the end",
    "<thinking>The ` is odd</thinking>",
    { reasoning: "The ` is odd", text: "" },
  ],
  [
    "a closing tag in quotes",
    `<thinking>Say "</thinking>" and '</thinking>'.</thinking>\n\nDone.`,
    { reasoning: `Say "</thinking>" and '</thinking>'.`, text: "Done." },
  ],
  [
    "a quotation just before the closing tag",
    '<thinking>He said "hi"</thinking>\n\nDone.',
    { reasoning: 'He said "hi"', text: "Done." },
  ],
  [
    "a quotation just before the end",
    '<thinking>He said "hi"</thinking>',
    { reasoning: 'He said "hi"', text: "" },
  ],
  [
    "a closing tag in a fence",
    "<thinking>Look:\n```xml\n<a>\n</thinking>\n\nnot yet\n```\nNow.</thinking>\n\nDone.",
    { reasoning: "Look:\n```xml\n<a>\n</thinking>\n\nnot yet\n```\nNow.", text: "Done." },
  ],
  [
    "a closing tag in a fence of lines that end in CR LF",
    "<thinking>```\r\n</thinking>\r\n```\r\nNow.</thinking>\r\n\r\nDone.",
    { reasoning: "```\r\n</thinking>\r\n```\r\nNow.", text: "Done." },
  ],
  [
    "a fence that is never closed",
    "<thinking>Look:\n```js\nlet a\n</thinking>\n\nDone.\n```js\nb\n```\nBye.",
    { reasoning: "Look:\n```js\nlet a\n", text: "Done.\n```js\nb\n```\nBye." },
  ],
  [
    "a fence that is never closed before the end",
    "<thinking>```\na\n</thinking>",
    { reasoning: "```\na\n", text: "" },
  ],
  [
    "a fence with a closing tag that is never closed, and thinking after it",
    "<thinking>```\n</thinking>\n```\nso `</thinking>` and\n</thinking>\n\nDone.",
    { reasoning: "```\n</thinking>\n```\nso `</thinking>` and\n", text: "Done." },
  ],
  [
    "a stray mark of code, the answer right behind the tag",
    "<thinking>The key is ` here</thinking>Answer is 42.",
    { reasoning: "The key is ` here", text: "Answer is 42." },
  ],
  [
    "a stray mark of code, and code in the answer's first line",
    "<thinking>The key is ` here</thinking>Use `x`.",
    { reasoning: "The key is ` here", text: "Use `x`." },
  ],
  [
    "an apostrophe before the tag and a quotation behind it",
    "<thinking>users'</thinking>'A'",
    { reasoning: "users'", text: "'A'" },
  ],
  [
    "a quoted tag, and then one behind a stray mark",
    "<thinking>It is '</thinking>', I say.\nThe ` is odd</thinking>Done.",
    { reasoning: "It is '</thinking>', I say.\nThe ` is odd", text: "Done." },
  ],
  [
    "a quoted tag in code, and then one in a fence that is never closed",
    "<thinking>It is `</thinking>`.\n```\na\n</thinking>\n\nDone.",
    { reasoning: "It is `</thinking>`.\n```\na\n", text: "Done." },
  ],
  [
    "a fenced tag, and then an apostrophe before the one that was meant",
    "<thinking>```\n</thinking>\n```\nusers'</thinking>'A'",
    { reasoning: "```\n</thinking>\n```\nusers'", text: "'A'" },
  ],
  [
    "a stray mark before the tag that was meant, and a quoted one in the answer",
    "<thinking>The ` is odd</thinking>Done.\nIt is `</thinking>` now.",
    { reasoning: "The ` is odd", text: "Done.\nIt is `</thinking>` now." },
  ],
  [
    "an apostrophe before the tag that was meant, and a quoted one in the answer",
    `<thinking>users'</thinking>'A'\nIt is "</thinking>" now.`,
    { reasoning: "users'", text: `'A'\nIt is "</thinking>" now.` },
  ],
  [
    "a fence that is never closed, and a quoted tag in the answer",
    "<thinking>```\n</thinking>\nIt is `</thinking>` now.",
    { reasoning: "```\n", text: "It is `</thinking>` now." },
  ],
  [
    "quoted tags only, of which the last must have been meant",
    "<thinking>`</thinking>` and `</thinking>` it is",
    { reasoning: "`</thinking>` and `", text: "` it is" },
  ],
  [
    "angle brackets while thinking",
    "<thinking>a < b </ c</thinking>\r\n\r\nDone.",
    { reasoning: "a < b </ c", text: "Done." },
  ],
]

describe("taking the thinking out of a tagged answer", () => {
  for (const [title, answer, parts] of CASES) {
    it(`knows ${title}, however it was split`, () => {
      assert.deepEqual(split([answer]), parts)
      assert.deepEqual(split([...answer]), parts, "one character at a time")
      for (let at = 0; at <= answer.length; at++) {
        for (let next = at; next <= answer.length; next += 3) {
          const pieces = [answer.slice(0, at), answer.slice(at, next), answer.slice(next)]
          assert.deepEqual(split(pieces), parts, JSON.stringify(pieces))
        }
      }
    })
  }

  it("never loses the answer to a mark in the thinking", () => {
    const words = fc
      .array(fc.constantFrom("```", "```js\n", "~~~~", "\n", "`", '"', "<thinking>", "</thin", "a", " ", "é"))
      .map((parts) => parts.join(""))
    const splitSizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 })
    fc.assert(
      fc.property(words, words, splitSizes, (thinking, answer, sizes) => {
        const spoken = `<thinking>${thinking}\n</thinking>\n\n.${answer}`
        const expected = { reasoning: `${thinking}\n`, text: `.${answer}` }
        assert.deepEqual(split([spoken]), expected)
        assert.deepEqual(split(cut(spoken, sizes)), expected)
      }),
      casesOf(2000),
    )
  })

  it("gives the same parts however the answer was split, and loses nothing but tags and the gap", () => {
    const marks = ["```\n", "\n", "`", '"', "<thinking>", "</thinking>", "</thinking>", "a", " "]
    const answers = fc.array(fc.constantFrom(...marks), { maxLength: 30 }).map((parts) => parts.join(""))
    fc.assert(
      fc.property(answers, fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1 }), (words, sizes) => {
        const spoken = `<thinking>${words}`
        const parts = split([spoken])
        assert.deepEqual(split(cut(spoken, sizes)), parts)
        const gap = spoken.slice("<thinking>".length + parts.reasoning.length)
        assert.ok(spoken.startsWith(`<thinking>${parts.reasoning}`) && gap.endsWith(parts.text))
        assert.match(gap.slice(0, gap.length - parts.text.length), /^(<\/thinking>[\r\n]*)?$/)
      }),
      casesOf(2000),
    )
  })

  it("waits for no closing tag behind more than a whole budget of doubtful text", () => {
    const splitter = createThinkingSplitter()
    splitter.push("<thinking>```\n</thinking>\n\n")
    const pieces = Array.from({ length: 300 }, () => splitter.push("x".repeat(1024))).flat()
    assert.ok(pieces.length > 0 && pieces.every(({ kind }) => kind === "text"))
  })

  it("follows thinking of one line, however long that is", () => {
    const pieces = Array.from({ length: 100_000 }, () => "on and on, and on and `on` and on and on. ")
    const parts = split(["<thinking>", ...pieces, "</thinking>", "\n\nDone."])
    assert.equal(parts.text, "Done.")
    assert.equal(parts.reasoning, pieces.join(""))
  })

  it("holds back nothing but what may become a tag", () => {
    const splitter = createThinkingSplitter()
    assert.deepEqual(splitter.push("<thinking>a"), [{ kind: "reasoning", text: "a" }])
    assert.deepEqual(splitter.push("b</thi"), [{ kind: "reasoning", text: "b" }])
    assert.deepEqual(splitter.push("s"), [{ kind: "reasoning", text: "</this" }])
    assert.deepEqual(splitter.push("</thinking>\n\nc"), [{ kind: "text", text: "c" }])
    assert.deepEqual(splitter.push(" <thin"), [{ kind: "text", text: " <thin" }])
  })

  it("happens only for requests that asked for tags", () => {
    const answer = "<thinking>Plan.</thinking>\n\nDone."
    assert.equal(translate([text(answer)]).message.content, answer)
    const tagged = translate([text("<thin"), text("king>Plan.</thinking>\n\nDone.")], { thinkingTags: true })
    assert.equal(tagged.message.content, "Done.")
    assert.equal(tagged.message.reasoning_content, "Plan.")
    assert.deepEqual(tagged.steps[0], [])
  })
})

function cut(text: string, sizes: readonly number[]): string[] {
  const pieces: string[] = []
  for (let at = 0, index = 0; at < text.length; index++) {
    const size = sizes[index % sizes.length] ?? 1
    pieces.push(text.slice(at, at + size))
    at += size
  }
  return pieces
}

function split(pieces: readonly string[]): Parts {
  const splitter = createThinkingSplitter()
  const all = [...pieces.flatMap((piece) => splitter.push(piece)), ...splitter.end()]
  const joined = (kind: string): string =>
    all
      .filter((piece) => piece.kind === kind)
      .map((piece) => piece.text)
      .join("")
  return { reasoning: joined("reasoning"), text: joined("text") }
}
