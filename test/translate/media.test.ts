import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { withoutDocuments, withoutImages } from "../../src/translate/index.ts"
import type { AcceptedMedia } from "../../src/translate/index.ts"
import type { UserInputMessage } from "../../src/kiro/index.ts"
import { PIXEL } from "./support/arbitrary-request.ts"
import { asks, call, conversationOf, result, says, stateOf, userMessages } from "./support/chat.ts"

const GIF = "R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"
const WEBP = Buffer.from(
  "RIFF\x1a\0\0\0WEBPVP8L\x0d\0\0\0\x2f\0\0\0\x10\x07\x10\x11\x11\x88\x88\xfe\x07\0",
  "latin1",
)

function image(url: string): object {
  return { type: "image_url", image_url: { url } }
}

function file(filename: string, mimeType: string, content: string | Buffer): object {
  const data = Buffer.from(content).toString("base64")
  return { type: "file", file: { filename, file_data: `data:${mimeType};base64,${data}` } }
}

function sent(parts: readonly object[], accepts?: AcceptedMedia): UserInputMessage {
  const [message] = userMessages(stateOf({ messages: [says(parts)], ...(accepts && { accepts }) }))
  return message ?? assert.fail("nothing was sent")
}

/** A PNG as far as its header says how large it is. */
function pngOf(width: number, height: number): string {
  const header = Buffer.from(PIXEL.slice(PIXEL.indexOf(",") + 1), "base64")
  header.writeUInt32BE(width, 16)
  header.writeUInt32BE(height, 20)
  return `data:image/png;base64,${header.toString("base64")}`
}

describe("an image", () => {
  it("has the format of its bytes, whatever it is declared as", () => {
    const { images } = sent([
      image(PIXEL),
      image(`data:image/png;base64,${GIF}`),
      image(`data:image/jpg;base64,/9j/4AAQSkZJRgABAQEASABIAAD/2Q==`),
      image(`data:image/png;base64,${WEBP.toString("base64")}`),
    ])
    assert.deepEqual(
      images?.map(({ format }) => format),
      ["png", "gif", "jpeg", "webp"],
    )
  })

  it("may come with line breaks, in the URL-safe alphabet, or without padding", () => {
    const { images } = sent([
      image(`data:image/gif;base64,${GIF.slice(0, 20)}\n${GIF.slice(20)}`),
      image("data:image/jpeg;base64,_9j_4AA"),
    ])
    assert.deepEqual(
      images?.map(({ source }) => source.bytes),
      [GIF, "/9j/4AA="],
    )
  })

  it("leaves a text that says what is missing and why", () => {
    const large = `data:image/png;base64,${PIXEL.slice(22, -4)}${"A".repeat(5_242_880)}`
    const { content, images } = sent([
      image("https://example.com/a.png"),
      image("data:image/svg+xml;base64,PHN2Zz48L3N2Zz4="),
      image("data:image/png;base64,!!!"),
      image(large),
    ])
    assert.equal(images, undefined)
    assert.deepEqual(content.split("\n\n"), [
      "[https://example.com/a.png left out: only the data itself can be sent, not a link]",
      "[Image left out: a format that can't be sent, image/svg+xml]",
      "[Image left out: its data is broken]",
      "[Image left out: larger than 5 MB]",
    ])
  })

  it("leaves a text where the model takes no images, and where the service refused it", () => {
    const accepts = { images: false, documents: false }
    assert.equal(sent([image(PIXEL)], accepts).content, "[Image left out: this model takes no images]")
    const [turn] = withoutImages(conversationOf({ messages: [says([image(PIXEL)])] })).turns
    assert.deepEqual(turn?.role === "user" && turn.parts, [
      { type: "text", text: "[Image left out: the service refused it]" },
    ])
  })

  it("that a tool returned reaches the model beside the tool's result", () => {
    const attached = [{ type: "text", text: "Attached media from tool result:" }, image(PIXEL)]
    const messages = [says("Go"), asks(call("a")), result("a", "Image read successfully"), says(attached)]
    const [, message] = userMessages(stateOf({ messages }))
    assert.equal(message?.images?.length, 1)
    assert.equal(message.userInputMessageContext?.toolResults?.length, 1)
    const inResult = [
      says("Go"),
      asks(call("a")),
      result("a", [{ type: "text", text: "Seen" }, image(PIXEL)]),
    ]
    const [, other] = userMessages(stateOf({ messages: inResult }))
    assert.equal(other?.images?.length, 1)
    assert.equal(other.content, "")
  })

  it("gives way to newer ones where there are more than a hundred", () => {
    const { images, content } = sent(Array.from({ length: 103 }, () => image(PIXEL)))
    assert.equal(images?.length, 100)
    assert.deepEqual(content.split("\n\n"), Array(3).fill("[Image left out: older than the last 100]"))
  })

  it("may be large, but not among more than twenty", () => {
    const large = image(pngOf(3_000, 10))
    const small = image(pngOf(2_000, 2_000))
    assert.equal(sent([large, ...Array.from({ length: 19 }, () => small)]).images?.length, 20)
    const { images, content } = sent([large, ...Array.from({ length: 20 }, () => small)])
    assert.equal(images?.length, 20)
    assert.equal(content, "[Image left out: over 2000 pixels wide or high]")
  })
})

describe("a document", () => {
  const pdf = file("My report.v2.pdf", "application/pdf", "%PDF-1.7\n")

  it("is sent as what it is, under a valid name of its own", () => {
    const { documents } = sent([
      pdf,
      pdf,
      file("a.docx", "application/octet-stream", "PK\x03\x04"),
      file("b.xlsx", "", "PK\x03\x04"),
      file("c.csv", "text/csv", "1,2"),
      file("d.md", "application/octet-stream", "# d"),
      file("e.html", "text/html", "<p>"),
      file("f.json", "application/json", "{}"),
      file("Übung.xls", "application/vnd.ms-excel", Buffer.from("d0cf11e0a1b11ae1", "hex")),
    ])
    assert.deepEqual(
      documents?.map(({ name, format }) => `${name}.${format}`),
      [
        "My report v2.pdf",
        "My report v2 (2).pdf",
        "a.docx",
        "b.xlsx",
        "c.csv",
        "d.md",
        "e.html",
        "f.txt",
        "bung.xls",
      ],
    )
  })

  it("is its text, or a word about it, where the model takes none", () => {
    const accepts = { images: true, documents: false }
    assert.equal(sent([file("c.csv", "text/csv", "1,2")], accepts).content, "c.csv\n1,2")
    const word = "[My report.v2.pdf left out: this model takes no pdf documents]"
    assert.equal(sent([pdf], accepts).content, word)
    const [turn] = withoutDocuments(conversationOf({ messages: [says([pdf])] })).turns
    assert.deepEqual(turn?.role === "user" && turn.parts, [{ type: "text", text: word }])
  })

  it("leaves a text where its format can't be sent", () => {
    assert.equal(
      sent([file("a.zip", "application/zip", "PK\x03\x04")]).content,
      "[a.zip left out: a format that can't be sent, application/zip]",
    )
  })
})
