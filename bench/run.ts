import "../test/support/no-proxy.ts"
import { firstWord } from "./cases/first-word.ts"
import { install } from "./cases/install.ts"
import { longAnswers } from "./cases/long-answers.ts"
import { longHistories } from "./cases/long-histories.ts"
import { openCode2Answers } from "./cases/opencode2-answers.ts"
import { parallel } from "./cases/parallel.ts"
import { pausedReader } from "./cases/paused-reader.ts"
import { prefix } from "./cases/prefix.ts"
import { smallChat } from "./cases/small-chat.ts"
import { start } from "./cases/start.ts"
import { tokens } from "./cases/tokens.ts"
import { toolArguments } from "./cases/tool-arguments.ts"
import { QUICK, runCase, THOROUGH, type BenchCase, type Result } from "./harness.ts"

const CASES: readonly (() => BenchCase)[] = [
  start,
  firstWord,
  smallChat,
  longAnswers,
  openCode2Answers,
  longHistories,
  prefix,
  toolArguments,
  parallel,
  pausedReader,
  install,
  tokens,
]

const asJson = process.argv.includes("--json")
const pace = process.argv.includes("--quick") ? QUICK : THOROUGH
const wanted = process.argv.slice(2).filter((argument) => !argument.startsWith("--"))

const results: Result[] = []
for (const create of CASES) {
  const bench = create()
  if (wanted.length > 0 && !wanted.some((word) => bench.name.includes(word))) continue
  results.push(...(await runCase(bench, pace)))
}

// No case is no promise kept.
if (results.length === 0) throw new Error(`no case has ${wanted.join(" or ")} in its name`)

if (asJson) console.log(JSON.stringify(results, undefined, 2))
else console.log(table(results))
process.exitCode = results.every(({ kept }) => kept) ? 0 : 1

function table(rows: readonly Result[]): string {
  const lines = rows.map((row) => [
    `${row.case}: ${row.row}`,
    amount(row.ours, row.unit),
    row.floor === null ? "" : amount(row.floor, row.unit),
    row.ratio === null ? "" : `${row.ratio.toFixed(2)} ×`,
    row.spread.map((value) => value.toFixed(2)).join(" … "),
    row.limit,
    row.kept ? "kept" : "NOT KEPT",
  ])
  const all = [["figure", "ours", "floor", "ratio", "spread", "promise", ""], ...lines]
  const widths = all[0]?.map((_, column) => Math.max(...all.map((line) => line[column]?.length ?? 0))) ?? []
  return all.map((line) => line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ")).join("\n")
}

function amount(value: number, unit: Result["unit"]): string {
  return `${value < 10 ? value.toFixed(2) : value.toFixed(0)} ${unit}`
}
