import type { Conversation, UserPart } from "./conversation.ts"
import { documentAsText, leftOut } from "./media.ts"

/** For a service that refused a signature: the same conversation without any reasoning. */
export function withoutSignatures(conversation: Conversation): Conversation {
  const turns = conversation.turns.map((turn) => {
    if (turn.role === "user" || turn.reasoning === undefined) return turn
    const { reasoning: _refused, ...rest } = turn
    return rest
  })
  return { ...conversation, turns }
}

/** For a model that refused a document: its text where it is a text file, else a word about it. */
export function withoutDocuments(conversation: Conversation): Conversation {
  return mapParts(conversation, (part) => (part.type === "document" ? documentAsText(part) : part))
}

/** For a service that refused an image, without saying which. */
export function withoutImages(conversation: Conversation): Conversation {
  return mapParts(conversation, (part) =>
    part.type === "image" ? leftOut("Image", "the service refused it") : part,
  )
}

function mapParts(conversation: Conversation, change: (part: UserPart) => UserPart): Conversation {
  const turns = conversation.turns.map((turn) =>
    turn.role === "user" ? { ...turn, parts: turn.parts.map(change) } : turn,
  )
  return { ...conversation, turns }
}
