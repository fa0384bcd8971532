import { stripVTControlCharacters } from "node:util"

/** Columns as wide as their widest cell, two spaces between; the first row is the head. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => width(row[column] ?? ""))))
  return rows
    .map((row) =>
      row
        .map((cell, column) => pad(cell, widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n")
}

function pad(cell: string, columns: number): string {
  return cell + " ".repeat(Math.max(0, columns - width(cell)))
}

function width(cell: string): number {
  return stripVTControlCharacters(cell).length
}
