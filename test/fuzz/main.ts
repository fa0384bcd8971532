import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { availableParallelism } from "node:os"
import { readFileSync } from "node:fs"
import { numberOf, readOptions, wrongCall } from "../support/options.ts"
import { testFiles } from "../support/suites/files.ts"

/**
 * `npm run fuzz`: a million sequences of the people's, on every core. `-- --only decoder` are the properties of another
 * test file, `--only all` those of every file in turn, `--runs` and `--minutes` are how many and how long at most. The
 * cases come in lots, each from a seed of its own: whatever ends early is gone on with by what it prints.
 */

/** So many that what a lot begins with, its compiling above all, is little of its cost. */
const LOT = 4000

const { values } = readOptions({
  options: {
    only: { type: "string", default: "people" },
    runs: { type: "string", default: "1000000" },
    minutes: { type: "string", default: "Infinity" },
    workers: { type: "string", default: String(availableParallelism()) },
    seed: { type: "string", default: String(1 + (Date.now() % 1_000_000_000)) },
    /** The lots that were done before. */
    from: { type: "string", default: "0" },
  },
})
const files = filesOf(values.only)
if (files.length === 0) wrongCall(`No test file with a property is called "${values.only}".`)
const runs = numberOf("runs", values.runs)
const seed = numberOf("seed", values.seed)
const from = numberOf("from", values.from)
const workers = Math.max(1, numberOf("workers", values.workers))
const lots = Math.ceil(runs / LOT)
const until = Date.now() + numberOf("minutes", values.minutes) * 60_000
const begun = Date.now()

const children = new Set<ChildProcess>()
const done = new Set<number>()
let next = from
let failures = 0
let isOver = false

process.on("SIGINT", stop)
// Whatever ends it says its seed.
tell()
await Promise.all(Array.from({ length: workers }, work))
tell()
const left = Array.from({ length: lots }, (_, lot) => lot).find((lot) => lot >= from && !done.has(lot))
if (failures === 0 && left !== undefined)
  process.stdout.write(
    `go on with: npm run fuzz -- --only ${values.only} --runs ${runs} --seed ${seed} --from ${left}\n`,
  )
process.exitCode = failures === 0 ? 0 : 1

function stop(): void {
  isOver = true
  for (const child of children) child.kill()
}

async function work(): Promise<void> {
  while (next < lots && !isOver && Date.now() < until) {
    const lot = next
    next += 1
    const output = await failureOf(lot)
    // One that is stopped has not failed.
    if (isOver) return
    done.add(lot)
    if (output !== undefined) {
      failures += 1
      stop()
      process.stdout.write(
        `${output}\nthe same again: npm run fuzz -- --only ${nameOf(fileOf(lot))} --runs ${sizeOf(lot)} --seed ${seed + lot}\n`,
      )
    } else if (lot < lots - 1) tell()
  }
}

/** The files whose properties are wanted, named from `test/`: those of this folder have short names. */
function filesOf(only: string): readonly string[] {
  const hasProperty = (name: string): boolean => readFileSync(`test/${name}`, "utf8").includes("fc.assert(")
  return testFiles((name) => (only === "all" || nameOf(name) === only) && hasProperty(name))
}

function nameOf(file: string): string {
  return file.replace(/^fuzz\//, "").replace(/\.test\.ts$/, "")
}

function fileOf(lot: number): string {
  return files[lot % files.length] ?? ""
}

function sizeOf(lot: number): number {
  return Math.min(LOT, runs - lot * LOT)
}

/** What the lot printed where it failed. */
async function failureOf(lot: number): Promise<string | undefined> {
  const child = spawn(process.execPath, ["test", "--timeout", String(2 ** 31 - 1), `./test/${fileOf(lot)}`], {
    stdio: ["ignore", "pipe", "pipe"],
    // The last compiler takes more of a core than it gives back.
    env: {
      ...process.env,
      BUN_JSC_useFTLJIT: "0",
      FUZZ_RUNS: String(sizeOf(lot)),
      FUZZ_SEED: String(seed + lot),
    },
  })
  children.add(child)
  const printed: string[] = []
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk: unknown) => printed.push(String(chunk)))
  await once(child, "close")
  children.delete(child)
  return child.exitCode === 0 ? undefined : printed.join("")
}

function tell(): void {
  const cases = [...done].reduce((sum, lot) => sum + sizeOf(lot), Math.min(from * LOT, runs))
  const minutes = ((Date.now() - begun) / 60_000).toFixed(1)
  process.stdout.write(
    `${cases.toLocaleString("en")} sequences, ${failures} failures (${values.only}, seed ${seed}, ${done.size} lots in ${minutes} min)\n`,
  )
}
