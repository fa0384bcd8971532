import { spawn } from "node:child_process"
import { secretsIn } from "../secrets.ts"
import { type Counts, readCounts } from "./counts.ts"

export interface Suite {
  readonly name: string
  readonly program: string
  readonly args: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
}

/** What is worth a line while it runs: files, whole suites, and everything about a failure. */
const QUIET = /^\s*(\(pass\)|\(skip\)|✔|▶|﹣|$)/
const WHOLE_SUITE_OF_NODE = /^✔ /

/** Runs one suite to its end and shows it as it goes. A run that never says its counts is a failure. */
export async function runSuite(suite: Suite): Promise<Counts> {
  const startedAt = Date.now()
  console.log(`\n── ${suite.name} ──`)
  const { code, output } = await run(suite)
  const counts = readCounts(output) ?? { passed: 0, failed: 1, skipped: 0 }
  const printed = secretsIn(output)
  if (printed.length > 0) console.log(`${suite.name} printed secrets: ${printed.join(", ")}`)
  const silentFailure = (code !== 0 && counts.failed === 0) || printed.length > 0 ? 1 : 0
  if (silentFailure === 1) console.log(`${suite.name} ended with ${code ?? "a signal"}`)
  const seconds = ((Date.now() - startedAt) / 1000).toFixed(1)
  const skipped = counts.skipped === 0 ? "" : `, ${counts.skipped} skipped`
  console.log(
    `${suite.name}: ${counts.passed} passed, ${counts.failed + silentFailure} failed${skipped} in ${seconds} s`,
  )
  return { ...counts, failed: counts.failed + silentFailure }
}

function run(suite: Suite): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve) => {
    const child = spawn(suite.program, suite.args, {
      env: { ...process.env, NO_COLOR: "1", FORCE_COLOR: "0", ...suite.environment },
      stdio: ["ignore", "pipe", "pipe"],
    })
    let output = ""
    for (const stream of [child.stdout, child.stderr]) {
      const show = byLine((line) => {
        if (!QUIET.test(line) || WHOLE_SUITE_OF_NODE.test(line)) console.log(line)
      })
      stream.setEncoding("utf8").on("data", (chunk: string) => {
        output += chunk
        show(chunk)
      })
    }
    child.once("error", (error) => console.log(String(error)))
    child.once("close", (code) => resolve({ code, output }))
  })
}

function byLine(take: (line: string) => void): (chunk: string) => void {
  let rest = ""
  return (chunk) => {
    const lines = (rest + chunk).split("\n")
    rest = lines.pop() ?? ""
    for (const line of lines) take(line)
  }
}
