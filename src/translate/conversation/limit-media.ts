import type { Conversation, ImagePart, Turn, UserPart } from "./conversation.ts"
import { imageSize } from "./image-size.ts"
import { leftOut } from "./read-media.ts"

/** "too many images and documents: 101 + 0 > 100". */
const MAX_MEDIA = 100
/** In requests with more images than this, each side may have at most `MANY_IMAGES_SIDE` pixels. */
const MANY_IMAGES = 20
const MANY_IMAGES_SIDE = 2_000

/** Keeps images and documents within the service's numbers; what has to go is the oldest. */
export function limitMedia(conversation: Conversation): Conversation {
  const media = conversation.turns.flatMap((turn) => (turn.role === "user" ? turn.parts.filter(isMedia) : []))
  const tooMany = media.slice(0, Math.max(0, media.length - MAX_MEDIA))
  const images = media.slice(tooMany.length).filter((part) => part.type === "image")
  const tooLarge =
    images.length > MANY_IMAGES ? images.filter(isLarge).slice(0, images.length - MANY_IMAGES) : []
  if (tooMany.length + tooLarge.length === 0) return conversation
  const why = new Map<UserPart, string>([
    ...tooMany.map((part) => [part, `older than the last ${MAX_MEDIA}`] as const),
    ...tooLarge.map((part) => [part, `over ${MANY_IMAGES_SIDE} pixels wide or high`] as const),
  ])
  return { ...conversation, turns: conversation.turns.map((turn) => replaceMedia(turn, why)) }
}

function isMedia(part: UserPart): part is Exclude<UserPart, { type: "text" }> {
  return part.type !== "text"
}

function isLarge(image: ImagePart): boolean {
  const size = imageSize(image)
  return size !== undefined && Math.max(size.width, size.height) > MANY_IMAGES_SIDE
}

function replaceMedia(turn: Turn, why: ReadonlyMap<UserPart, string>): Turn {
  if (turn.role === "assistant" || !turn.parts.some((part) => why.has(part))) return turn
  const parts = turn.parts.map((part) => {
    const reason = why.get(part)
    if (reason === undefined) return part
    return leftOut(part.type === "document" ? part.filename : "Image", reason)
  })
  return { ...turn, parts }
}
