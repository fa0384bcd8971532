import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { withoutDocuments, withoutImages } from "../../src/translate/index.ts"
import type { AcceptedMedia } from "../../src/translate/index.ts"
import type { UserInputMessage } from "../../src/kiro/index.ts"
import { PIXEL } from "./support/arbitrary-request.ts"
import { NO_WORDS } from "../../src/translate/conversation/filler.ts"
import { answers, asks, call, conversationOf, result, says, stateOf, userMessages } from "./support/chat.ts"

const pdf = {
  type: "file",
  file: {
    filename: "My report.v2.pdf",
    file_data: `data:application/pdf;base64,${Buffer.from("%PDF-1.7\n").toString("base64")}`,
  },
}
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

function uint16(value: number, order: "LE" | "BE"): Buffer {
  const bytes = Buffer.alloc(2)
  if (order === "LE") bytes.writeUInt16LE(value)
  else bytes.writeUInt16BE(value)
  return bytes
}

const webpOf = (chunk: string, ...rest: readonly Buffer[]): Buffer =>
  Buffer.concat([Buffer.from(`RIFF\x40\0\0\0WEBP${chunk}\x20\0\0\0`, "latin1"), ...rest, Buffer.alloc(12)])

/** The beginning of a file, as far as it says how large the image is. */
const HEADERS: Readonly<Record<string, (width: number, height: number) => Buffer>> = {
  gif: (width, height) =>
    Buffer.concat([Buffer.from("GIF89a"), uint16(width, "LE"), uint16(height, "LE"), Buffer.alloc(4)]),
  // The two highest bits are a scale.
  "webp, lossy": (width, height) =>
    webpOf("VP8 ", Buffer.alloc(6), uint16(width | 0x4000, "LE"), uint16(height | 0x8000, "LE")),
  "webp, lossless": (width, height) => {
    const bits = Buffer.alloc(5, 0x2f)
    bits.writeUInt32LE((width - 1) | ((height - 1) << 14), 1)
    return webpOf("VP8L", bits)
  },
  "webp, extended": (width, height) => {
    const canvas = Buffer.alloc(10)
    canvas.writeUIntLE(width - 1, 4, 3)
    canvas.writeUIntLE(height - 1, 7, 3)
    return webpOf("VP8X", canvas)
  },
  // A thumbnail's segment, those whose markers look like a frame's, one with a byte of filling before it; the frame.
  jpeg: (width, height) =>
    Buffer.concat([
      Buffer.from("ffd8", "hex"),
      ...["ffe1", "ffc4", "ffc8", "ffcc", "ffffdb"].map((marker) =>
        Buffer.from(`${marker}000a0000000000000000`, "hex"),
      ),
      Buffer.from("ffc2001108", "hex"),
      uint16(height, "BE"),
      uint16(width, "BE"),
      Buffer.alloc(8),
    ]),
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

  it("leaves a short text for data that is empty, or that no one says is any", () => {
    const bare = PIXEL.slice(22).repeat(1_000)
    const { content, images } = sent([
      image("data:image/png;base64,"),
      image(bare),
      file("a.txt", "text/plain", ""),
      { type: "file", file: { filename: "b.txt", file_data: "data:text/plain," } },
      image(` ${PIXEL}`),
    ])
    assert.deepEqual(content.split("\n\n"), [
      "[Image left out: it is empty]",
      `[${bare.slice(0, 2_000)}… left out: only the data itself can be sent, not a link]`,
      "[a.txt left out: it is empty]",
      "[b.txt left out: it is empty]",
    ])
    assert.equal(images?.length, 1)
  })

  it("leaves a text that says what is missing and why", () => {
    const large = `data:image/png;base64,${PIXEL.slice(22, -4)}${"A".repeat(5_242_880)}`
    const { content, images } = sent([
      image("https://example.com/a.png"),
      image("data:image/svg+xml;base64,PHN2Zz48L3N2Zz4="),
      image("data:image/png;base64,!!!"),
      image(large),
      image(`data:image/png;base64,${PIXEL.slice(22, -4)}${"!".repeat(10_485_761)}`),
    ])
    assert.equal(images, undefined)
    assert.deepEqual(content.split("\n\n"), [
      "[https://example.com/a.png left out: only the data itself can be sent, not a link]",
      "[Image left out: a format that can't be sent, image/svg+xml]",
      "[Image left out: its data is broken]",
      "[Image left out: larger than 5 MB]",
      "[Image left out: larger than 5 MB]",
    ])
  })

  it("leaves a text where the model takes no images, and where the service refused it", () => {
    const accepts = { images: false, documents: false }
    assert.equal(sent([image(PIXEL)], accepts).content, "[Image left out: this model takes no images]")
    const [turn] = withoutImages(conversationOf({ messages: [says([image(PIXEL)])] })).turns
    assert.deepEqual(turn?.role === "user" && turn.parts.at(-1), {
      type: "text",
      text: "[Image left out: the service refused it]",
    })
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
    assert.equal(other.content, NO_WORDS)
  })

  it("has a word beside it where the user wrote none, also when it is no longer the newest", () => {
    const contents = (messages: readonly object[]): string[] =>
      userMessages(stateOf({ messages })).map(({ content }) => content)
    assert.deepEqual(contents([says([image(PIXEL), { type: "text", text: " \n" }])]), [NO_WORDS])
    assert.deepEqual(contents([says("Hi"), answers("1"), says([image(PIXEL)]), answers("2"), says([pdf])]), [
      "Hi",
      NO_WORDS,
      NO_WORDS,
    ])
    const prompt = { role: "system", content: "Be terse." }
    assert.deepEqual(contents([prompt, says([image(PIXEL)])]), ["Be terse."])
  })

  it("may be percent-encoded, its base64 or its bytes", () => {
    const encoded = [...Buffer.from(GIF, "base64")]
      .map((byte) => `%${byte.toString(16).padStart(2, "0")}`)
      .join("")
    const { images } = sent([
      image(`data:image/gif;base64,${encodeURIComponent(GIF)}`),
      image(`data:image/gif,${encoded}`),
    ])
    assert.deepEqual(
      images?.map(({ format, source }) => `${format} ${source.bytes}`),
      [`gif ${GIF}`, `gif ${GIF}`],
    )
  })

  it("gives way to newer ones in blocks where there are more than a hundred", () => {
    const left = (count: number): number => {
      const { images, content } = sent(Array.from({ length: count }, () => image(PIXEL)))
      assert.equal(
        content.split("[Image left out: older than the last 100]").length - 1,
        count - (images?.length ?? 0),
      )
      return images?.length ?? 0
    }
    assert.deepEqual([100, 101, 125, 126].map(left), [100, 76, 100, 76])
  })

  it("may be large, but not among more than twenty", () => {
    const large = image(pngOf(3_000, 10))
    const small = image(pngOf(2_000, 2_000))
    const left = (many: number, few: number): number => {
      const parts = [
        ...Array.from({ length: many }, () => large),
        ...Array.from({ length: few }, () => small),
      ]
      const { images, content } = sent(parts)
      assert.equal(
        content.split("[Image left out: over 2000 pixels wide or high]").length - 1,
        many + few - (images?.length ?? 0),
      )
      return images?.length ?? 0
    }
    assert.deepEqual([left(1, 19), left(1, 20), left(2, 30)], [20, 20, 30])
    assert.deepEqual([left(10, 11), left(10, 15), left(10, 16)], [16, 20, 16])
  })

  it("is large by either side, as the header of each format tells it", () => {
    const small = Array.from({ length: 20 }, () => image(PIXEL))
    for (const [format, headerOf] of Object.entries(HEADERS))
      for (const [width, height, count] of [
        [2_001, 10, 20],
        [10, 2_001, 20],
        [2_000, 2_000, 21],
      ] as const) {
        const url = `data:;base64,${headerOf(width, height).toString("base64")}`
        assert.equal(sent([image(url), ...small]).images?.length, count, `${format} ${width} × ${height}`)
      }
  })
})

describe("a document", () => {
  it("is a PDF too where its bytes begin with a line break or a byte order mark", () => {
    for (const before of ["\n", "\r\n \0", "\uFEFF"]) {
      const [document] = sent([file("a", "", `${before}%PDF-1.4`)]).documents ?? []
      assert.equal(document?.format, "pdf")
    }
    assert.equal(sent([file("a.md", "", "# %PDF-1.4")]).documents?.[0]?.format, "md")
  })

  it("is sent as what it is, under a valid name of its own", () => {
    const documents = [
      pdf,
      pdf,
      file("a.docx", "application/octet-stream", "PK\x03\x04"),
      file("b.xlsx", "", "PK\x03\x04"),
      file("c.csv", "text/csv", "1,2"),
      file("d.md", "application/octet-stream", "# d"),
      file("e.html", "text/html", "<p>"),
      file("f.json", "application/json", "{}"),
      file("Übung.xls", "application/vnd.ms-excel", Buffer.from("d0cf11e0a1b11ae1", "hex")),
    ].reduce<string[]>((names, part) => {
      const [document] = sent([...(names.length === 1 ? [pdf] : []), part]).documents?.slice(-1) ?? []
      return [...names, `${document?.name}.${document?.format}`]
    }, [])
    assert.deepEqual(documents, [
      "My report v2.pdf",
      "My report v2 (2).pdf",
      "a.docx",
      "b.xlsx",
      "c.csv",
      "d.md",
      "e.html",
      "f.txt",
      "bung.xls",
    ])
  })

  it("gives way with the next oldest where there is a sixth, the text of a text file staying", () => {
    const name = (document: { readonly name: string; readonly format: string }): string =>
      `${document.name}.${document.format}`
    const numbered = (count: number): object[] =>
      Array.from({ length: count }, (_, index) =>
        index === 1
          ? file("1.csv", "text/csv", "1,2")
          : file(`${index}.pdf`, "application/pdf", "%PDF-1.7\n"),
      )
    const left = (count: number): string[] => (sent(numbered(count)).documents ?? []).map(name)
    assert.deepEqual(left(5), ["0.pdf", "1.csv", "2.pdf", "3.pdf", "4.pdf"])
    assert.deepEqual(left(6), ["2.pdf", "3.pdf", "4.pdf", "5.pdf"])
    assert.deepEqual(left(7), ["2.pdf", "3.pdf", "4.pdf", "5.pdf", "6.pdf"])
    assert.deepEqual(left(8), ["4.pdf", "5.pdf", "6.pdf", "7.pdf"])
    assert.equal(
      sent([{ type: "text", text: "See" }, ...numbered(6)]).content,
      "See\n\n[0.pdf left out: older than the last 5]\n\n1.csv\n1,2",
    )
  })

  it("may be as large as five megabytes, which are more in base64", () => {
    const sized = (bytes: number): object =>
      file("a.pdf", "application/pdf", `%PDF-1.7\n${" ".repeat(bytes - 9)}`)
    assert.equal(sent([sized(5_242_880)]).documents?.length, 1)
    assert.equal(sent([sized(5_242_884)]).content, "[a.pdf left out: larger than 5 MB]")
  })

  it("is its text, or a word about it, where the model takes none", () => {
    const accepts = { images: true, documents: false }
    assert.equal(sent([file("c.csv", "text/csv", "1,2")], accepts).content, "c.csv\n1,2")
    // As Windows writes it.
    for (const marked of [
      Buffer.from("\uFEFF1,é", "utf16le"),
      Buffer.from("\uFEFF1,é", "utf16le").swap16(),
      "\uFEFF1,é",
    ])
      assert.equal(sent([file("c.csv", "text/csv", marked)], accepts).content, "c.csv\n1,é")
    const word = "[My report.v2.pdf left out: this model takes no pdf documents]"
    assert.equal(sent([pdf], accepts).content, word)
    const [turn] = withoutDocuments(conversationOf({ messages: [says([pdf])] })).turns
    assert.deepEqual(turn?.role === "user" && turn.parts.at(-1), { type: "text", text: word })
  })

  it("leaves a text where its format can't be sent", () => {
    assert.equal(
      sent([file("a.zip", "application/zip", "PK\x03\x04")]).content,
      "[a.zip left out: a format that can't be sent, application/zip]",
    )
  })
})
