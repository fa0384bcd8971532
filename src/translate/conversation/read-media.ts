import type { ContentPart } from "../../openai/index.ts"
import { isBlank, textPart } from "./conversation.ts"
import type { DocumentPart, TextPart, UserPart } from "./conversation.ts"
import { mediaLeftOut } from "./invented-words.ts"
import { mediaFormat } from "./media-format.ts"

/** What the chosen model takes. */
export interface AcceptedMedia {
  readonly images: boolean
  readonly documents: boolean
}

/** "image exceeds 5 MB maximum": the service counts the base64 characters. */
const MAX_MEDIA_CHARACTERS = 5_242_880

/** Enough base64 characters for the longest magic number, and a whole number of bytes. */
const HEAD_CHARACTERS = 64

/** The block that Kiro takes for a medium, or the text that stands in its place. */
export function readMedia(part: ContentPart & { readonly type: "media" }, accepts: AcceptedMedia): UserPart {
  const data = readDataUrl(part.url)
  if (data === undefined) {
    const link = part.filename === undefined ? part.url : `${part.filename}, ${part.url}`
    return leftOut(link, "only the data itself can be sent, not a link")
  }
  const { mimeType, base64 } = data
  const filename = part.filename ?? ""
  const what = filename === "" ? nounOf(mimeType) : filename
  if (base64 === undefined) return leftOut(what, "its data is broken")
  if (base64.length > MAX_MEDIA_CHARACTERS) return leftOut(what, "larger than 5 MB")
  const head = Buffer.from(base64.slice(0, HEAD_CHARACTERS), "base64")
  const format = mediaFormat({ head, mimeType, filename })
  switch (format.type) {
    case "image":
      if (!accepts.images) return leftOut(what, "this model takes no images")
      return { type: "image", format: format.format, bytes: base64 }
    case "document": {
      const document = {
        type: "document",
        name: "",
        filename: what,
        format: format.format,
        bytes: base64,
      } as const
      return accepts.documents ? document : documentAsText(document)
    }
    case "unknown":
      return leftOut(what, `a format that can't be sent${mimeType === "" ? "" : `, ${mimeType}`}`)
    default:
      return format satisfies never
  }
}

/** A text file is its text; of any other document only the name can be told. */
export function documentAsText(document: DocumentPart): TextPart {
  const isText = ["csv", "html", "md", "txt"].includes(document.format)
  const text = isText ? Buffer.from(document.bytes, "base64").toString("utf8") : ""
  if (isBlank(text)) return leftOut(document.filename, `this model takes no ${document.format} documents`)
  return textPart(`${document.filename}\n${text}`)
}

export function leftOut(what: string, why: string): TextPart {
  return textPart(mediaLeftOut(what, why).toWellFormed())
}

/** `base64` is undefined where it is not valid; the whole is undefined where the URL holds no data. RFC 2397. */
function readDataUrl(
  url: string,
): { readonly mimeType: string; readonly base64: string | undefined } | undefined {
  const comma = url.indexOf(",")
  if (comma === -1 || !/^data:/i.test(url)) return undefined
  const [mimeType = "", ...parameters] = url.slice("data:".length, comma).split(";")
  const data = url.slice(comma + 1)
  const isBase64 = parameters.some((parameter) => parameter.trim().toLowerCase() === "base64")
  const base64 = isBase64 ? normalBase64(data) : base64OfPercentEncoded(data)
  return { mimeType: mimeType.trim().toLowerCase(), base64 }
}

/** RFC 4648 §4 with its padding; line breaks and the URL-safe alphabet (§5) are made so. */
function normalBase64(data: string): string | undefined {
  if (data.length > MAX_MEDIA_CHARACTERS * 2) return data
  const plain = /[\s_-]/.test(data)
    ? data.replaceAll(/\s/g, "").replaceAll("-", "+").replaceAll("_", "/")
    : data
  const padded = plain.endsWith("=") ? plain : plain.padEnd(Math.ceil(plain.length / 4) * 4, "=")
  return padded.length % 4 === 0 && /^[A-Za-z0-9+/]+={0,2}$/.test(padded) ? padded : undefined
}

function base64OfPercentEncoded(data: string): string | undefined {
  try {
    return Buffer.from(decodeURIComponent(data), "utf8").toString("base64")
  } catch {
    return undefined
  }
}

function nounOf(mimeType: string): string {
  if (mimeType.startsWith("image/")) return "Image"
  return mimeType === "application/pdf" ? "document.pdf" : "File"
}
