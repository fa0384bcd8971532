import type { ImagePart } from "./conversation.ts"

export interface ImageSize {
  readonly width: number
  readonly height: number
}

/** A JPEG may carry a thumbnail and colour profiles before its frame header. */
const JPEG_HEAD_CHARACTERS = 400_000

/** In pixels, from the header alone; undefined where the header is not understood. */
export function imageSize({ format, bytes }: ImagePart): ImageSize | undefined {
  const head = Buffer.from(bytes.slice(0, format === "jpeg" ? JPEG_HEAD_CHARACTERS : 64), "base64")
  switch (format) {
    case "png":
      return head.length < 24 ? undefined : { width: head.readUInt32BE(16), height: head.readUInt32BE(20) }
    case "gif":
      return head.length < 10 ? undefined : { width: head.readUInt16LE(6), height: head.readUInt16LE(8) }
    case "webp":
      return head.length < 30 ? undefined : webpSize(head)
    case "jpeg":
      return jpegSize(head)
    default:
      return format satisfies never
  }
}

/** RFC 9649 §2.5 to §2.7: the lossy, the lossless and the extended form. */
function webpSize(head: Buffer): ImageSize | undefined {
  switch (head.toString("latin1", 12, 16)) {
    case "VP8 ":
      return { width: head.readUInt16LE(26) & 0x3fff, height: head.readUInt16LE(28) & 0x3fff }
    case "VP8L": {
      const bits = head.readUInt32LE(21)
      return { width: (bits & 0x3fff) + 1, height: ((bits >> 14) & 0x3fff) + 1 }
    }
    case "VP8X":
      return { width: head.readUIntLE(24, 3) + 1, height: head.readUIntLE(27, 3) + 1 }
    default:
      return undefined
  }
}

/** ITU T.81 §B.2.2: the frame header is the first SOF marker (C0 to CF but C4, C8 and CC). */
function jpegSize(head: Buffer): ImageSize | undefined {
  let offset = 2
  while (offset + 9 <= head.length && head[offset] === 0xff) {
    const marker = head[offset + 1] ?? 0
    if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker))
      return { width: head.readUInt16BE(offset + 7), height: head.readUInt16BE(offset + 5) }
    offset += marker === 0xff ? 1 : 2 + head.readUInt16BE(offset + 2)
  }
  return undefined
}
