export { present } from "../../json.ts"
import type { Database, SqlValue } from "./database.ts"

/** Changes the named columns of one row, which is made where it is missing. `undefined` is stored as NULL. */
export function upsert(
  database: Database,
  row: {
    readonly table: string
    readonly key: Readonly<Record<string, SqlValue>>
    readonly columns: Readonly<Record<string, SqlValue | undefined>>
  },
): void {
  const keys = Object.keys(row.key)
  const columns = Object.keys(row.columns)
  const names = [...keys, ...columns]
  const values = [...Object.values(row.key), ...Object.values(row.columns).map((value) => value ?? null)]
  database.run(
    `INSERT INTO ${row.table} (${names.join(", ")}) VALUES (${names.map(() => "?").join(", ")})
     ON CONFLICT (${keys.join(", ")}) DO UPDATE SET ${columns.map((name) => `${name} = excluded.${name}`).join(", ")}`,
    values,
  )
}
