import type { Database } from "./database.ts"

const DAY_MS = 24 * 60 * 60_000
/** Rows deleted of one table at a time: a prune must not hold up the event loop. */
const BATCH = 500

/** Newest rows that are kept, whatever their age. */
const MOST_ROWS = [
  { table: "kiro_session", age: "updated_at", most: 5000, days: 30 },
  { table: "kiro_reasoning", age: "at", most: 10_000, days: 30 },
  { table: "kiro_turn", age: "at", most: 100_000, days: 90 },
  { table: "kiro_refused_field", age: "at", most: 500, days: 30 },
] as const

/** Deletes what is too old or too much. */
export function prune(database: Database, now: number): void {
  for (const { table, age, most, days } of MOST_ROWS) {
    database.run(
      `DELETE FROM ${table} WHERE rowid IN (SELECT rowid FROM ${table} WHERE ${age} < ? ORDER BY ${age} LIMIT ${BATCH})`,
      [now - days * DAY_MS],
    )
    const count = Number(database.get(`SELECT COUNT(*) AS count FROM ${table}`)?.["count"] ?? 0)
    if (count > most)
      database.run(
        `DELETE FROM ${table} WHERE rowid IN (SELECT rowid FROM ${table} ORDER BY ${age} LIMIT ${Math.min(BATCH, count - most)})`,
      )
  }
}
