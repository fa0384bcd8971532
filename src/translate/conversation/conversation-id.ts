import { createHash } from "node:crypto"

export type Purpose = "main" | "title" | "compaction"

/** The namespace of this package's name-based UUIDs. */
const NAMESPACE = Buffer.from("6f0f6a0c1f5b4d0b9a3c2a5d8e7b4c19", "hex")

/**
 * The same id for the same conversation in every process. A higher generation is a new conversation for the service,
 * which it asks for with CONVERSATION_LIMIT_EXCEEDED. A subagent has a session of its own.
 */
export function conversationIdOf({
  sessionId,
  purpose,
  generation,
}: {
  readonly sessionId: string
  readonly purpose: Purpose
  readonly generation: number
}): string {
  return nameBasedUuid(`conversation/${sessionId}/${purpose}/${generation}`)
}

/** The same id for all steps that answer one message of the user. */
export function agentContinuationIdOf(conversationId: string, userTurn: string): string {
  return nameBasedUuid(`continuation/${conversationId}/${userTurn}`)
}

/** RFC 9562 §5.5. */
function nameBasedUuid(name: string): string {
  const bytes = createHash("sha1").update(NAMESPACE).update(name).digest().subarray(0, 16)
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x50, 6)
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8)
  const hex = bytes.toString("hex")
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-")
}
