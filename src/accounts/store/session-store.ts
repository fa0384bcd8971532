import { isDeepStrictEqual } from "node:util"
import { NEW_SESSION, readReasoning, readSession, writeReasoning, writeSession } from "./session-rows.ts"
import type { AccountStore, SessionMemory } from "./store.ts"
import type { Writer } from "./writer.ts"

type SessionPart = Pick<AccountStore, "session" | "updateSession" | "rememberReasoning" | "reasoningOf">

/** Whether both say the same; when it was written down does not count. */
function sameMemory(left: SessionMemory, right: SessionMemory): boolean {
  return isDeepStrictEqual({ ...left, updatedAt: 0 }, { ...right, updatedAt: 0 })
}

export function sessionPart(writer: Writer): SessionPart {
  const { connection, clock } = writer
  const session = (id: string): Promise<SessionMemory> =>
    connection.read((database) => readSession(database, id), NEW_SESSION)
  return {
    session,
    updateSession: async (id, change) => {
      const seen = await session(id)
      const expected = change(seen)
      // The end of an answer waits for this, so what is remembered already takes no lock.
      if (sameMemory(expected, seen)) return seen
      return writer.writeOr(expected, (database) => {
        const next = { ...change(readSession(database, id)), updatedAt: clock.now() }
        writeSession(database, id, next)
        return next
      })
    },
    rememberReasoning: async (sessionId, entries) => {
      if (entries.length === 0) return
      await writer.writeOr(undefined, (database) =>
        writeReasoning(database, { sessionId, entries, now: clock.now() }),
      )
    },
    reasoningOf: (sessionId) => connection.read((database) => readReasoning(database, sessionId), []),
  }
}
