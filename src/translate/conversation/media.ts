import { beginning } from "../../json.ts"
import type { DocumentFormat, ImageFormat } from "../../kiro/index.ts"
import type { ContentPart } from "../../openai/index.ts"
import {
  isBlank,
  textPart,
  type DocumentPart,
  type Medium,
  type TextPart,
  type UserPart,
} from "./conversation.ts"
import { mediaLeftOut } from "./filler.ts"

/** What the chosen model takes. */
export interface AcceptedMedia {
  readonly images: boolean
  readonly documents: boolean
}

/** "image exceeds 5 MB maximum": of an image the service counts the base64 characters, of a document the file. */
const MAX_IMAGE_CHARACTERS = 5_242_880
const MAX_DOCUMENT_BYTES = 5_242_880

const TOO_LARGE = "larger than 5 MB"
/** What is longer is data that does not say so. */
const LONGEST_LINK = 2_000

/** Enough base64 characters for the longest magic number, and a whole number of bytes. */
const HEAD_CHARACTERS = 64

/** The block that Kiro takes for a medium, or the text that stands in its place. */
export function readMedia(part: ContentPart & { readonly type: "media" }, accepts: AcceptedMedia): UserPart {
  const data = readDataUrl(part.url.trim())
  if (data === undefined) {
    const url = beginning(part.url, LONGEST_LINK) + (part.url.length > LONGEST_LINK ? "…" : "")
    const link = part.filename === undefined ? url : `${part.filename}, ${url}`
    return leftOut(link, "only the data itself can be sent, not a link")
  }
  const { mimeType, base64 } = data
  const filename = part.filename ?? ""
  const what = filename === "" ? nounOf(mimeType) : filename
  if (base64 === undefined) return leftOut(what, "its data is broken")
  if (base64 === "") return leftOut(what, "it is empty")
  const hex = Buffer.from(base64.slice(0, HEAD_CHARACTERS), "base64").toString("hex")
  const format = mediaFormat({ hex, mimeType, filename })
  switch (format?.type) {
    case "image":
      if (!accepts.images) return leftOut(what, "this model takes no images")
      if (base64.length > MAX_IMAGE_CHARACTERS) return leftOut(what, TOO_LARGE)
      return { type: "image", format: format.format, bytes: base64 }
    case "document": {
      if (Buffer.byteLength(base64, "base64") > MAX_DOCUMENT_BYTES) return leftOut(what, TOO_LARGE)
      const document = {
        type: "document",
        name: "",
        filename: what,
        format: format.format,
        bytes: base64,
      } as const
      return accepts.documents ? document : documentAsText(document)
    }
    case undefined:
      return leftOut(what, `a format that can't be sent${mimeType === "" ? "" : `, ${mimeType}`}`)
    default:
      return format satisfies never
  }
}

/** A text file is its text; of any other document only the name can be told, and why it is not there. */
export function documentAsText(
  document: DocumentPart,
  why: string = `this model takes no ${document.format} documents`,
): TextPart {
  const isText = ["csv", "html", "md", "txt"].includes(document.format)
  const text = isText ? readText(Buffer.from(document.bytes, "base64")) : ""
  if (isBlank(text)) return withoutMedium(document, why)
  return textPart(`${document.filename}\n${text}`)
}

/** Programs of Windows write UTF-16, with its mark (Unicode §23.8). */
function readText(bytes: Buffer): string {
  const mark = bytes.toString("hex", 0, 2)
  const encoding = mark === "fffe" ? "utf-16le" : mark === "feff" ? "utf-16be" : "utf-8"
  return new TextDecoder(encoding).decode(bytes)
}

/** The text that stands in the place of a medium. */
export function withoutMedium(medium: Medium, why: string): TextPart {
  return leftOut(medium.type === "document" ? medium.filename : "Image", why)
}

function leftOut(what: string, why: string): TextPart {
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
  const base64 = isBase64
    ? normalBase64(data.includes("%") ? percentDecoded(data).toString("latin1") : data)
    : percentDecoded(data).toString("base64")
  return { mimeType: mimeType.trim().toLowerCase(), base64 }
}

/** RFC 4648 §4 with its padding; line breaks and the URL-safe alphabet (§5) are made so. */
function normalBase64(data: string): string | undefined {
  if (data.length > MAX_DOCUMENT_BYTES * 2) return data
  const plain = /[\s_-]/.test(data)
    ? data.replaceAll(/\s/g, "").replaceAll("-", "+").replaceAll("_", "/")
    : data
  const padded = plain.endsWith("=") ? plain : plain.padEnd(Math.ceil(plain.length / 4) * 4, "=")
  return padded.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(padded) ? padded : undefined
}

/** Byte for byte: what is encoded need not be UTF-8. */
function percentDecoded(data: string): Buffer {
  const latin1 = Buffer.from(data, "utf8").toString("latin1")
  const bytes = latin1.replaceAll(/%([0-9a-f]{2})/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  )
  return Buffer.from(bytes, "latin1")
}

function nounOf(mimeType: string): string {
  if (mimeType.startsWith("image/")) return "Image"
  return mimeType === "application/pdf" ? "document.pdf" : "File"
}

type MediaFormat =
  | { readonly type: "image"; readonly format: ImageFormat }
  | { readonly type: "document"; readonly format: DocumentFormat }

/** ISO 32000-1 §7.5.2; what writes a byte order mark or blank characters before it is read by all the same. */
const PDF = /^(?:efbbbf)?(?:00|09|0a|0c|0d|20)*25504446/
const ZIP = "504b0304"
const OLE = "d0cf11e0"
const TEXT_FORMATS: Readonly<Record<string, DocumentFormat>> = {
  csv: "csv",
  html: "html",
  htm: "html",
  md: "md",
}
/** Declared types of text that is not called `text/…`. */
const TEXT_TYPES = /^text\/|^application\/(.*\+)?(json|xml|yaml|toml|javascript|typescript|x-sh)$/

function mediaFormat({
  hex,
  mimeType,
  filename,
}: {
  /** The first bytes; twelve are enough. */
  readonly hex: string
  readonly mimeType: string
  readonly filename: string
}): MediaFormat | undefined {
  const image = imageFormat(hex)
  if (image !== undefined) return { type: "image", format: image }
  const extension = /\.([^.]+)$/.exec(filename)?.[1]?.toLowerCase() ?? ""
  const document = documentFormat({ hex, mimeType, extension })
  return document && { type: "document", format: document }
}

/** PNG §5.2, JFIF/EXIF start of image, GIF89a §17, RIFF container of WebP. */
function imageFormat(hex: string): ImageFormat | undefined {
  if (hex.startsWith("89504e470d0a1a0a")) return "png"
  if (hex.startsWith("ffd8ff")) return "jpeg"
  if (hex.startsWith("47494638")) return "gif"
  return hex.startsWith("52494646") && hex.slice(16, 24) === "57454250" ? "webp" : undefined
}

function documentFormat({
  hex,
  mimeType,
  extension,
}: {
  readonly hex: string
  readonly mimeType: string
  readonly extension: string
}): DocumentFormat | undefined {
  if (PDF.test(hex)) return "pdf"
  if (hex.startsWith(ZIP)) return zipFormat(mimeType, extension)
  if (hex.startsWith(OLE)) return extension === "xls" || mimeType.includes("excel") ? "xls" : "doc"
  const format =
    TEXT_FORMATS[extension] ?? TEXT_FORMATS[mimeType.replace(/^text\//, "").replace("markdown", "md")]
  if (format !== undefined) return format
  return extension === "txt" || TEXT_TYPES.test(mimeType) ? "txt" : undefined
}

/** Office documents are zip files; which one, the name or the type says. Any other zip can't be sent. */
function zipFormat(mimeType: string, extension: string): DocumentFormat | undefined {
  if (extension === "docx" || mimeType.includes("wordprocessingml")) return "docx"
  return extension === "xlsx" || mimeType.includes("spreadsheetml") ? "xlsx" : undefined
}
