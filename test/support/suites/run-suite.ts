import { type ChildProcess, spawn } from "node:child_process"
import { secretsIn } from "../secrets.ts"
import { type PassedTest, passedTests } from "./claims.ts"
import { type Counts, NONE, readCounts } from "./counts.ts"

export interface Suite {
  readonly name: string
  readonly program: string
  readonly args: readonly string[]
  /** It is a script that only a shell starts. */
  readonly shell?: boolean
  /** Where its tests make their folders. */
  readonly scratch: string
  /** Beside that of this process. */
  readonly environment?: Readonly<Record<string, string>>
  /** It counts no tests: its exit code says it all. */
  readonly countless?: boolean
}

export interface Outcome extends Counts {
  /** The tests that passed under Bun, by their names. */
  readonly tests: readonly PassedTest[]
}

/** What is worth a line: everything about a failure, no test that passed. */
const QUIET = /^\s*(\(pass\)|\(skip\)|✔|▶|﹣|$)|^test\/\S+:$/

/** No suite takes this long, on machines that lend few cores and start programs slowly; one that hangs ends as a failure. */
const LIMIT_MS = process.platform === "linux" ? 600_000 : 1_800_000
/** How long a process that has ended may leave its pipes to children that live on. */
const PIPES_MS = 2000

const running = new Set<ChildProcess>()

/** A run that is stopped leaves nothing behind. */
for (const signal of ["SIGINT", "SIGTERM"] as const)
  process.once(signal, () => {
    for (const child of running) endGroup(child)
    process.exit(1)
  })

/** Runs one suite to its end and then shows it. A run that never says its counts is a failure. */
export async function runSuite(suite: Suite): Promise<Outcome> {
  const startedAt = Date.now()
  const { ended, output } = await run(suite)
  const counts = readCounts(output) ?? { ...NONE, failed: suite.countless && ended === "0" ? 0 : 1 }
  const printed = secretsIn(output)
  const silent = (ended !== "0" && counts.failed === 0) || printed.length > 0 ? 1 : 0
  const failed = counts.failed + silent
  const skipped = counts.skipped === 0 ? "" : `, ${counts.skipped} skipped`
  const seconds = ((Date.now() - startedAt) / 1000).toFixed(1)
  const shown = failed === 0 ? "" : output.split("\n").filter((line) => !QUIET.test(line))
  const told = suite.countless
    ? failed === 0
      ? "good"
      : "not good"
    : `${counts.passed} passed, ${failed} failed${skipped}`
  const lines = [`── ${suite.name}: ${told} in ${seconds} s ──`, ...shown]
  if (printed.length > 0) lines.push(`${suite.name} printed secrets: ${printed.join(", ")}`)
  if (ended !== "0") lines.push(`${suite.name} ended with ${ended}`)
  console.log(lines.join("\n"))
  return { ...counts, failed, tests: passedTests(output) }
}

function run({
  program,
  args,
  shell,
  scratch,
  environment,
}: Suite): Promise<{ readonly ended: string; readonly output: string }> {
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      env: {
        ...process.env,
        NO_COLOR: "1",
        FORCE_COLOR: "0",
        // There Bun writes the names of files in another way.
        GITHUB_ACTIONS: "false",
        TMPDIR: scratch,
        TEMP: scratch,
        TMP: scratch,
        ...environment,
      },
      shell: shell === true,
      stdio: ["ignore", "pipe", "pipe"],
      // A group of its own, so that all its children can be ended with it.
      detached: process.platform !== "win32",
    })
    running.add(child)
    let output = ""
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (chunk: string) => (output += chunk))
    const limit = setTimeout(() => endGroup(child), LIMIT_MS)
    const done = (ended: string): void => {
      clearTimeout(limit)
      running.delete(child)
      endGroup(child)
      resolve({ ended, output })
    }
    child.once("error", (error) => done(String(error)))
    child.once("exit", (code, signal) => {
      const ended = String(code ?? signal)
      // A child that was left behind may hold the pipes open for ever.
      const patience = setTimeout(() => done(ended), PIPES_MS)
      child.once("close", () => {
        clearTimeout(patience)
        done(ended)
      })
    })
  })
}

/** Ends a suite's process and whatever it has left running. */
function endGroup(child: ChildProcess): void {
  if (child.pid === undefined) return
  try {
    if (process.platform === "win32") child.kill("SIGKILL")
    else process.kill(-child.pid, "SIGKILL")
  } catch {
    // They are gone.
  }
  child.stdout?.destroy()
  child.stderr?.destroy()
}
