/** What an image is by its bytes, and how large: the service does not believe the declared format. */

export interface ImageFacts {
  readonly format: "png" | "jpeg" | "gif" | "webp"
  /** Pixels; absent where the bytes break off before it is said. */
  readonly width?: number
  readonly height?: number
}

export function imageFacts(bytes: Buffer): ImageFacts | undefined {
  if (bytes.subarray(0, 8).toString("latin1") === "\x89PNG\r\n\x1a\n")
    return {
      format: "png",
      ...(bytes.length >= 24 && { width: bytes.readUInt32BE(16), height: bytes.readUInt32BE(20) }),
    }
  if (/^GIF8[79]a/.test(bytes.subarray(0, 6).toString("latin1")))
    return {
      format: "gif",
      ...(bytes.length >= 10 && { width: bytes.readUInt16LE(6), height: bytes.readUInt16LE(8) }),
    }
  if (bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff)
    return { format: "jpeg", ...jpegSize(bytes) }
  const riff = bytes.subarray(0, 4).toString("latin1") === "RIFF"
  if (riff && bytes.subarray(8, 12).toString("latin1") === "WEBP")
    return { format: "webp", ...webpSize(bytes) }
  return undefined
}

interface Size {
  readonly width?: number
  readonly height?: number
}

/** The size stands in the first start-of-frame segment (ITU T.81, B.2.2). */
function jpegSize(bytes: Buffer): Size {
  let offset = 2
  while (offset + 9 < bytes.length && bytes[offset] === 0xff) {
    const marker = bytes[offset + 1] ?? 0
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)
    if (isFrame) return { height: bytes.readUInt16BE(offset + 5), width: bytes.readUInt16BE(offset + 7) }
    offset += 2 + bytes.readUInt16BE(offset + 2)
  }
  return {}
}

/** The three kinds of chunk that can come first (RFC 9649). */
function webpSize(bytes: Buffer): Size {
  if (bytes.length < 30) return {}
  switch (bytes.subarray(12, 16).toString("latin1")) {
    case "VP8X":
      return { width: bytes.readUIntLE(24, 3) + 1, height: bytes.readUIntLE(27, 3) + 1 }
    case "VP8 ":
      return { width: bytes.readUInt16LE(26) & 0x3fff, height: bytes.readUInt16LE(28) & 0x3fff }
    case "VP8L": {
      const bits = bytes.readUInt32LE(21)
      return { width: (bits & 0x3fff) + 1, height: ((bits >> 14) & 0x3fff) + 1 }
    }
    default:
      return {}
  }
}
