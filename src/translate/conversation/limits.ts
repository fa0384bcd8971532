import {
  textOf,
  textPart,
  type Conversation,
  type ImagePart,
  type Medium,
  type Turn,
  type UserPart,
  type UserTurn,
} from "./conversation.ts"
import { documentAsText, withoutMedium } from "./media.ts"
import { cutAsItGrew, cutText, dropExchanges, dropSteps } from "./cut.ts"

/** "Too many documents attached (6). Maximum is 5 per conversation." */
const MAX_DOCUMENTS = 5
/** "too many images and documents: 101 + 0 > 100". */
const MAX_MEDIA = 100
/** In requests with more images than this, each side may have at most `MANY_IMAGES_SIDE` pixels. */
const MANY_IMAGES = 20
const MANY_IMAGES_SIDE = 2_000

/** Keeps images and documents within the service's numbers; what has to go is the oldest. */
export function limitMedia(conversation: Conversation): Conversation {
  const media = conversation.turns.flatMap((turn) => (turn.role === "user" ? turn.parts.filter(isMedia) : []))
  if (media.length === 0) return conversation
  const instead = new Map<UserPart, UserPart>()
  const left = (): Medium[] => media.filter((part) => !instead.has(part))
  const documents = left().filter((part) => part.type === "document")
  for (const part of oldest(documents, { most: MAX_DOCUMENTS, block: 2 }))
    instead.set(part, documentAsText(part, `older than the last ${MAX_DOCUMENTS}`))
  for (const part of oldest(left(), { most: MAX_MEDIA, block: MAX_MEDIA / 4 }))
    instead.set(part, withoutMedium(part, `older than the last ${MAX_MEDIA}`))
  const images = left().filter((part) => part.type === "image")
  const large = images.length > MANY_IMAGES ? images.filter(isLarge) : []
  const most = large.length - (images.length - MANY_IMAGES)
  for (const part of oldest(large, { most, block: MANY_IMAGES / 4 }))
    instead.set(part, withoutMedium(part, `over ${MANY_IMAGES_SIDE} pixels wide or high`))
  if (instead.size === 0) return conversation
  return { ...conversation, turns: conversation.turns.map((turn) => replaceMedia(turn, instead)) }
}

/** What is over `most`, and then a whole block of it, so that the next one changes nothing of what was sent. */
function oldest<Kind extends Medium>(
  media: readonly Kind[],
  { most, block }: { readonly most: number; readonly block: number },
): readonly Kind[] {
  const over = media.length - most
  return over <= 0 ? [] : media.slice(0, Math.ceil(over / block) * block)
}

function isMedia(part: UserPart): part is Medium {
  return part.type !== "text"
}

function isLarge(image: ImagePart): boolean {
  const size = imageSize(image)
  return size !== undefined && Math.max(size.width, size.height) > MANY_IMAGES_SIDE
}

function replaceMedia(turn: Turn, instead: ReadonlyMap<UserPart, UserPart>): Turn {
  if (turn.role === "assistant" || !turn.parts.some((part) => instead.has(part))) return turn
  return { ...turn, parts: turn.parts.map((part) => instead.get(part) ?? part) }
}

interface ImageSize {
  readonly width: number
  readonly height: number
}

/** A JPEG may carry a thumbnail and colour profiles before its frame header. */
const JPEG_HEAD_CHARACTERS = 400_000

/** In pixels, from the header alone; undefined where the header is not understood. */
function imageSize({ format, bytes }: ImagePart): ImageSize | undefined {
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

/**
 * The limits of one message were found with windows of this size, in tokens; for larger ones none is known: there they
 * are the last resort.
 */
export const SMALL_WINDOW = 200_000
/** The hard limit of a message that the official client states, in characters. */
const MAX_USER_CHARACTERS = 600_000
/** Of 800 000, less what JSON's escapes add. */
const MAX_RESULT_CHARACTERS = 700_000
/** What the user's own words keep where the system prompt alone fills the first message. */
const MIN_USER_CHARACTERS = 10_000

/**
 * Cuts what no request to this model may hold, head and tail kept, marked. The system prompt counts in the first
 * message.
 */
export function limitSizes(conversation: Conversation, serviceWindow: number): Conversation {
  if (serviceWindow > SMALL_WINDOW) return conversation
  const first = Math.max(MIN_USER_CHARACTERS, MAX_USER_CHARACTERS - conversation.system.length)
  const turns = conversation.turns.map((turn, index) =>
    limit(turn, index === 0 ? first : MAX_USER_CHARACTERS),
  )
  return { ...conversation, turns }
}

function limit(turn: Turn, maxCharacters: number): Turn {
  if (turn.role === "assistant") return turn
  const results = turn.results.some(({ text }) => text.length > MAX_RESULT_CHARACTERS)
    ? turn.results.map((result) => ({ ...result, text: cutText(result.text, MAX_RESULT_CHARACTERS) }))
    : turn.results
  return { ...limitText(turn, maxCharacters), results }
}

function limitText(turn: UserTurn, maxCharacters: number): UserTurn {
  const characters = turn.parts.reduce(
    (sum, part) => sum + (part.type === "text" ? part.text.length + 2 : 0),
    0,
  )
  if (characters <= maxCharacters) return turn
  const text = textPart(cutText(textOf(turn.parts), maxCharacters - 2))
  return { ...turn, parts: [text, ...turn.parts.filter((part) => part.type !== "text")] }
}

/** Messages of history: the official client trims to so many, and nothing is known of more. */
const MAX_HISTORY = 10_000
/** As many go at once, so that the prefix stays the same for some hundred steps. */
const BLOCK = 1_000

/**
 * Leaves out the oldest exchanges of a conversation of more messages than the service takes, then the oldest steps of
 * its open loop, marked. The first message stays, and so does the newest exchange.
 */
export function limitTurns(conversation: Conversation): Conversation {
  if (conversation.turns.length <= MAX_HISTORY + 1) return conversation
  const turns = cutAsItGrew(conversation.turns, {
    most: MAX_HISTORY + 1,
    sizeOf: () => 1,
    cut: (draft) => {
      dropExchanges(draft, MAX_HISTORY + 1 - BLOCK)
      dropSteps(draft, MAX_HISTORY + 1 - BLOCK)
    },
  })
  return { ...conversation, turns }
}
