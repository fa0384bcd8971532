import { execFileSync } from "node:child_process"
import { readdirSync, rmSync, statSync } from "node:fs"
import { add, type Counts, NONE } from "./suites/counts.ts"
import { findNode, nodeVersion } from "./suites/node-program.ts"
import { runSuite, type Suite } from "./suites/run-suite.ts"

/**
 * The whole test run: unit suites under Bun, the same ones compiled and under Node, then the real OpenCode. The last
 * line is the sum of what the runs themselves counted.
 */

const UNIT: Suite = {
  name: `unit suites, Bun ${process.versions["bun"] ?? ""}`,
  program: process.execPath,
  args: ["test", "--timeout", "60000", "--path-ignore-patterns", "test/e2e/**"],
}

/** OpenCode's start is most of the time and uses one core: two run side by side. */
const AT_ONCE = 2

/** The longest files first, so that none is left to run alone at the end. */
function endToEnd(): Suite[] {
  const files = readdirSync("test/e2e").filter((name) => name.endsWith(".test.ts"))
  const sizeOf = (name: string): number => statSync(`test/e2e/${name}`).size
  return files
    .toSorted((one, other) => sizeOf(other) - sizeOf(one))
    .map((name) => ({
      name: `the real OpenCode, ${name}`,
      program: process.execPath,
      args: ["test", "--timeout", "180000", `test/e2e/${name}`],
    }))
}

/** Takes suites from what is left until there is none. */
async function runAll(left: Iterator<Suite, undefined>): Promise<Counts> {
  let counts = NONE
  for (let suite = left.next().value; suite !== undefined; suite = left.next().value)
    counts = add(counts, await runSuite(suite))
  return counts
}

/** Compiled beside the sources, so that packages and fixtures are found. */
function nodeSuite(node: string): Suite {
  rmSync("build", { recursive: true, force: true })
  execFileSync(process.execPath, ["x", "tsc", "-p", "tsconfig.node-tests.json"], { stdio: "inherit" })
  return {
    name: `the same suites, Node ${nodeVersion(node)}`,
    program: node,
    args: [
      "--test",
      // It limits whole files too.
      "--test-timeout=600000",
      "--test-reporter=spec",
      "build/test/!(e2e|support)/**/*.test.js",
      "build/test/*.test.js",
    ],
  }
}

let total = await runSuite(UNIT)
const node = findNode()
if (node === undefined)
  console.log(
    "\nThe suites were NOT run under Node: there is none of 22.13 or later, and none could be installed.",
  )
total = add(total, node === undefined ? { ...NONE, skipped: total.passed } : await runSuite(nodeSuite(node)))
const left = endToEnd().values()
for (const counts of await Promise.all(Array.from({ length: AT_ONCE }, () => runAll(left))))
  total = add(total, counts)
if (total.skipped > 0) console.log(`\n${total.skipped} skipped`)
console.log(`\n${total.passed} passed, ${total.failed} failed`)
process.exitCode = total.failed === 0 ? 0 : 1
