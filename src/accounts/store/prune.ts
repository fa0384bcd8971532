import type { Database } from "./database.ts"

const MONTH_MS = 30 * 24 * 60 * 60_000
/** Rows deleted of one table at a time: a prune must not hold up the event loop. */
const BATCH = 500

/** Newest rows that are kept, whatever their age. */
const MOST_ROWS = [
  { table: "kiro_session", age: "updated_at", most: 5000 },
  { table: "kiro_reasoning", age: "at", most: 10_000 },
  { table: "kiro_turn", age: "at", most: 50_000 },
  { table: "kiro_refused_field", age: "at", most: 500 },
] as const

/** Deletes what is older than 30 days or too much. */
export function prune(database: Database, now: number): void {
  for (const { table, age, most } of MOST_ROWS) {
    database.run(
      `DELETE FROM ${table} WHERE rowid IN (SELECT rowid FROM ${table} WHERE ${age} < ? ORDER BY ${age} LIMIT ${BATCH})`,
      [now - MONTH_MS],
    )
    const count = Number(database.get(`SELECT COUNT(*) AS count FROM ${table}`)?.["count"] ?? 0)
    if (count > most)
      database.run(
        `DELETE FROM ${table} WHERE rowid IN (SELECT rowid FROM ${table} ORDER BY ${age} LIMIT ${Math.min(BATCH, count - most)})`,
      )
  }
}
