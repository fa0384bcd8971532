import { execFileSync } from "node:child_process"
import { readdirSync, rmSync } from "node:fs"
import { add, NONE } from "./suites/counts.ts"
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

/** OpenCode's start is most of the time and uses one core: the files are shared out to two runs side by side. */
function endToEnd(): Suite[] {
  const files = readdirSync("test/e2e").filter((name) => name.endsWith(".test.ts"))
  return [0, 1].map((half) => ({
    name: `end to end, the real OpenCode (${half + 1} of 2)`,
    program: process.execPath,
    args: [
      "test",
      "--timeout",
      "180000",
      ...files.filter((_, index) => index % 2 === half).map((name) => `test/e2e/${name}`),
    ],
  }))
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
for (const counts of await Promise.all(endToEnd().map(runSuite))) total = add(total, counts)
if (total.skipped > 0) console.log(`\n${total.skipped} skipped`)
console.log(`\n${total.passed} passed, ${total.failed} failed`)
process.exitCode = total.failed === 0 ? 0 : 1
