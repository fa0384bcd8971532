import { type JsonObject, parseJson, type Present } from "../../json.ts"
import { Secret } from "../../secret.ts"
import type { Database, Row, SqlValue } from "./database.ts"
import { type Table, TABLES, type TableName } from "./schema.ts"

/**
 * Values and their rows. A member is the column of its name: `addedAt` is `added_at`. What is absent is NULL, or 0 where
 * a column can't be; a flag is 1 or 0; lists and objects are JSON. Members without a column are left to their caller.
 */

/** Writes one row: what differs from `before`, which is what it holds, or all of it, whether it was there or not. */
export function writeRow(database: Database, name: TableName, value: JsonObject, before?: JsonObject): void {
  const { columns, insertOrChange } = LAYOUTS[name]
  const cells = cellsOf(columns, value)
  if (before === undefined) return void database.run(insertOrChange, cells)
  const known = cellsOf(columns, before)
  const isKey = ({ name: column }: Column): boolean => TABLES[name].key.includes(column)
  const [changed, keys] = [columns.filter((_, index) => cells[index] !== known[index]), columns.filter(isKey)]
  if (changed.length === 0) return
  const equal = (some: readonly Column[]): readonly string[] => some.map((column) => `${column.name} = ?`)
  database.run(
    `UPDATE ${name} SET ${equal(changed).join(", ")} WHERE ${equal(keys).join(" AND ")}`,
    cellsOf([...changed, ...keys], value),
  )
}

interface Column {
  readonly name: string
  readonly member: string
  readonly absent: SqlValue
}

interface Layout {
  readonly columns: readonly Column[]
  readonly insertOrChange: string
}

const LAYOUTS = Object.fromEntries(
  Object.entries<Table>(TABLES).map(([name, table]) => [name, layoutOf(name, table)]),
) as Readonly<Record<TableName, Layout>>

function layoutOf(table: string, { columns, key, apart = [] }: Table): Layout {
  const written = Object.keys(columns).filter((column) => !apart.includes(column))
  const changed = written.filter((column) => !key.includes(column))
  return {
    columns: written.map((name) => ({
      name,
      member: name.replaceAll(/_(.)/g, (_, letter: string) => letter.toUpperCase()),
      absent: columns[name]?.includes("NOT NULL") === true ? 0 : null,
    })),
    insertOrChange: `INSERT INTO ${table} (${written.join(", ")}) VALUES (${written.map(() => "?").join(", ")})
     ON CONFLICT (${key.join(", ")}) DO UPDATE SET ${changed.map((column) => `${column} = excluded.${column}`).join(", ")}`,
  }
}

function cellsOf(columns: readonly Column[], value: JsonObject): readonly SqlValue[] {
  return columns.map(({ member, absent }) => cellOf(value[member], absent))
}

function cellOf(member: unknown, absent: SqlValue): SqlValue {
  if (member === undefined) return absent
  if (typeof member === "string" || typeof member === "number") return member
  if (typeof member === "boolean") return member ? 1 : 0
  return member instanceof Secret ? member.reveal() : JSON.stringify(member)
}

/** What a cell says; `undefined` where that is nothing that can be used. */
type ReadCell<Value> = (cell: unknown) => Value

/** Reads the members of a row, and leaves out those that it does not have. */
export function rowReader<Members extends object>(cells: {
  readonly [Name in keyof Members]: ReadCell<Members[Name]>
}): (row: Row) => Present<Members>
export function rowReader<Members extends object>(cells: {
  readonly [Name in keyof Members]: ReadCell<Members[Name]>
}): (row: Row) => Partial<Members> {
  const columns: Partial<Record<keyof Members, string>> = {}
  for (const name in cells) columns[name] = columnOf(name)
  return (row) => {
    const members: Partial<Members> = {}
    for (const name in cells) {
      const value = cells[name](row[columns[name] ?? name])
      if (value !== undefined) members[name] = value
    }
    return members
  }
}

function columnOf(member: string): string {
  return member.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}

export const text: ReadCell<string | undefined> = (cell) =>
  typeof cell === "string" && cell !== "" ? cell : undefined

export const number: ReadCell<number | undefined> = (cell) =>
  typeof cell === "number" && Number.isFinite(cell) ? cell : undefined

export const secret: ReadCell<Secret | undefined> = (cell) => {
  const held = text(cell)
  return held === undefined ? undefined : new Secret(held)
}

/** A flag that counts only where it is set. */
export const flag: ReadCell<true | undefined> = (cell) => (cell === 1 ? true : undefined)

export function or<Value>(read: ReadCell<Value | undefined>, otherwise: Value): ReadCell<Value> {
  return (cell) => read(cell) ?? otherwise
}

export function oneOf<Value>(values: readonly Value[]): ReadCell<Value | undefined> {
  return (cell) => values.find((value) => value === cell)
}

/** A column that holds JSON. */
export function json<Value>(read: ReadCell<Value | undefined>): ReadCell<Value | undefined> {
  return (cell) => (typeof cell === "string" ? read(parseJson(cell)) : undefined)
}
