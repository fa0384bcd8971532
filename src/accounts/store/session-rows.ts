import { numberField, parseJson, stringField } from "../../json.ts"
import type { Database, Row } from "./database.ts"
import { present, upsert } from "./row.ts"
import type { ReasoningEntry, SessionMemory } from "./store.ts"

export const NEW_SESSION: SessionMemory = { generation: 0, overflowAnswered: false, updatedAt: 0 }

const STEPS = [0.8, 0.6, 0.4] as const
const FULL_WINDOW = ["reported", "compacted"] as const

export function readSession(database: Database, id: string): SessionMemory {
  const row = database.get("SELECT * FROM kiro_session WHERE session_id = ?", [id])
  if (row === undefined) return NEW_SESSION
  return {
    generation: numberField(row, "generation") ?? 0,
    overflowAnswered: row["overflow_answered"] === 1,
    updatedAt: numberField(row, "updated_at") ?? 0,
    ...present({
      accountId: stringField(row, "account_id"),
      chosenAccountId: stringField(row, "chosen_account_id"),
      shortenStep: STEPS.find((step) => step === row["shorten_step"]),
      shortenedSize: numberField(row, "shortened_size"),
      shortenedWindow: numberField(row, "shortened_window"),
      fullWindow: FULL_WINDOW.find((state) => state === row["full_window"]),
      leftOut: readNames(row["left_out"]),
      tokenRatio: numberField(row, "token_ratio"),
      justCompacted: row["just_compacted"] === 1 ? true : undefined,
    }),
  }
}

function readNames(text: unknown): readonly string[] | undefined {
  const names = typeof text === "string" ? parseJson(text) : undefined
  return Array.isArray(names) ? names.filter((name) => typeof name === "string") : undefined
}

export function writeSession(database: Database, id: string, memory: SessionMemory): void {
  upsert(database, {
    table: "kiro_session",
    key: { session_id: id },
    columns: {
      account_id: memory.accountId,
      chosen_account_id: memory.chosenAccountId,
      shorten_step: memory.shortenStep,
      shortened_size: memory.shortenedSize,
      shortened_window: memory.shortenedWindow,
      generation: memory.generation,
      full_window: memory.fullWindow,
      left_out: memory.leftOut === undefined ? undefined : JSON.stringify(memory.leftOut),
      token_ratio: memory.tokenRatio,
      just_compacted: memory.justCompacted === true ? 1 : 0,
      overflow_answered: memory.overflowAnswered ? 1 : 0,
      updated_at: memory.updatedAt,
    },
  })
}

export function writeReasoning(
  database: Database,
  reasoning: {
    readonly sessionId: string
    readonly entries: readonly ReasoningEntry[]
    readonly now: number
  },
): void {
  for (const { toolUseIds, textHash, signature, redacted } of reasoning.entries)
    for (const toolUseId of toolUseIds)
      upsert(database, {
        table: "kiro_reasoning",
        key: { session_id: reasoning.sessionId, tool_use_id: toolUseId, text_hash: textHash },
        columns: { signature, redacted, at: reasoning.now },
      })
}

export function readReasoning(database: Database, sessionId: string): readonly ReasoningEntry[] {
  return database
    .all("SELECT * FROM kiro_reasoning WHERE session_id = ? ORDER BY at, rowid", [sessionId])
    .flatMap((row: Row): ReasoningEntry[] => {
      const toolUseId = stringField(row, "tool_use_id")
      if (toolUseId === undefined) return []
      const fields = { signature: stringField(row, "signature"), redacted: stringField(row, "redacted") }
      return [{ toolUseIds: [toolUseId], textHash: stringField(row, "text_hash") ?? "", ...present(fields) }]
    })
}
