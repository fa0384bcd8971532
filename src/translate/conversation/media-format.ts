/** What a file really is: its bytes decide, and only where they can't tell, its name and declared type. */

import type { DocumentFormat, ImageFormat } from "../../kiro/index.ts"

export type MediaFormat =
  | { readonly type: "image"; readonly format: ImageFormat }
  | { readonly type: "document"; readonly format: DocumentFormat }
  | { readonly type: "unknown" }

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

export function mediaFormat({
  head,
  mimeType,
  filename,
}: {
  /** The first bytes; twelve are enough. */
  readonly head: Uint8Array
  readonly mimeType: string
  readonly filename: string
}): MediaFormat {
  const hex = Buffer.from(head).toString("hex")
  const image = imageFormat(hex)
  if (image !== undefined) return { type: "image", format: image }
  const extension = /\.([^.]+)$/.exec(filename)?.[1]?.toLowerCase() ?? ""
  const document = documentFormat({ hex, mimeType, extension })
  return document === undefined ? { type: "unknown" } : { type: "document", format: document }
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
  if (hex.startsWith("25504446")) return "pdf"
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
