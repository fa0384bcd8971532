import type { Database, SqlValue } from "./database.ts"

type Present<Fields> = { [Name in keyof Fields]?: Exclude<Fields[Name], undefined> }

/** The fields that have a value: for optional properties, which are left out and not set to `undefined`. */
export function present<Fields extends object>(fields: Fields): Present<Fields> {
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined)
  return Object.fromEntries(entries) as Present<Fields>
}

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
