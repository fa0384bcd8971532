import { execFileSync } from "node:child_process"
import { rmSync } from "node:fs"
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

const END_TO_END: Suite = {
  name: "end to end, the real OpenCode",
  program: process.execPath,
  args: ["test", "--timeout", "180000", "test/e2e"],
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
total = add(total, await runSuite(END_TO_END))
if (total.skipped > 0) console.log(`\n${total.skipped} skipped`)
console.log(`\n${total.passed} passed, ${total.failed} failed`)
process.exitCode = total.failed === 0 ? 0 : 1
