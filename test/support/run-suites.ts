import { availableParallelism } from "node:os"
import { npmNeedsShell } from "./npm.ts"
import { unproven } from "./suites/claims.ts"
import { add, type Counts, NONE } from "./suites/counts.ts"
import { compileTests, nodeTestArguments, testFiles } from "./suites/files.ts"
import { findNode, isolationNone, nodeVersion } from "./suites/node-program.ts"
import { endStrays, scratchFolder } from "./suites/scratch.ts"
import { type Outcome, runSuite, type Suite } from "./suites/run-suite.ts"

/**
 * The whole test run: types and style, the unit suites under Bun, the same ones compiled and under Node, and the real
 * OpenCode, all from one queue. The last line is the sum of what the runs themselves counted.
 */

/** All of them wait a good deal: four more than there are cores keep those at work. */
const WORKERS = availableParallelism() + 4
/** Into how many runs the unit suites of a runtime are dealt. */
const SHARES = 3

const BUN = process.execPath
const scratch = scratchFolder()

/** TypeScript fills half a gigabyte whether it collects garbage or not, and takes a quarter less time without. */
const COMPILING = { GOGC: "off" }

/**
 * Little runs so often that Bun's last compiler gives back what it takes. And Bun looks for garbage also where hardly any
 * memory was asked for since, by a timer, which takes up to a sixth of its time.
 */
const SPARING = { BUN_JSC_useFTLJIT: "0", BUN_GC_TIMER_DISABLE: "1" }

const BUILD: Suite = {
  name: "the package",
  program: BUN,
  args: ["scripts/build.ts"],
  scratch,
  environment: COMPILING,
  countless: true,
}
const CHECK: Suite = {
  name: "types, lint, format, dead code",
  program: "npm",
  args: ["run", "check", "--silent"],
  shell: npmNeedsShell,
  scratch,
  environment: { ...COMPILING, ...SPARING },
  countless: true,
}

const isEndToEnd = (name: string): boolean => name.startsWith("e2e/")
const UNIT = testFiles((name) => !isEndToEnd(name))
/** It judges the arbitrary requests of other tests, by steps that it spoils: no runtime has a word in that. */
const UNDER_BUN_ALONE = "translate/seeded-bugs.test.ts"

const shares = (
  all: readonly string[],
  make: (files: readonly string[], share: number) => Suite,
): readonly Suite[] =>
  Array.from({ length: SHARES }, (_, share) =>
    make(
      all.filter((_file, index) => index % SHARES === share),
      share + 1,
    ),
  )

const bunSuites = shares(UNIT, (files, share) => ({
  name: `unit suites ${share}/${SHARES}, Bun ${process.versions["bun"] ?? ""}`,
  program: BUN,
  args: ["test", "--timeout", "60000", ...files.map((file) => `./test/${file}`)],
  scratch,
  environment: SPARING,
}))

function nodeSuites(node: string): readonly Suite[] {
  const both = UNIT.filter((file) => file !== UNDER_BUN_ALONE)
  return shares(both, (files, share) => ({
    name: `unit suites ${share}/${SHARES}, Node ${nodeVersion(node)}`,
    program: node,
    args: nodeTestArguments(isolationNone(node), files),
    scratch,
  }))
}

/** Each of these shares one running OpenCode. The longest is begun first. */
const TOGETHER = [
  ["login", "login-route", "spine"],
  [
    "dual-export",
    "answer-ends",
    "answers",
    "media",
    "outgrown",
    "overflow",
    "refused-parts",
    "failures",
    "budget",
    "web-search",
  ],
  ["accounts", "models", "package"],
].map((names) => names.map((name) => `e2e/${name}.test.ts`))

/** Those that share one, and those of an OpenCode of their own. */
function endToEnd(): readonly [readonly Suite[], readonly Suite[]] {
  const alone = testFiles(isEndToEnd).filter((file) => !TOGETHER.flat().includes(file))
  const suiteOf = (files: readonly string[]): Suite => ({
    name: `the real OpenCode, ${files.join(" ")}`,
    program: BUN,
    args: ["test", "--timeout", "180000", ...files.map((file) => `./test/${file}`)],
    scratch,
    environment: SPARING,
  })
  return [TOGETHER.map(suiteOf), alone.map((file) => suiteOf([file]))]
}

/** Takes suites from what is left until there is none. */
async function runAll(left: Iterator<Suite, undefined>): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = []
  for (let suite = left.next().value; suite !== undefined; suite = left.next().value)
    outcomes.push(await runSuite(suite))
  return outcomes
}

const node = findNode()
// Neither of them keeps two cores at work, and all others wait for them.
const [built] = await Promise.all([runSuite(BUILD), node === undefined ? undefined : compileTests()])
if (built.failed > 0) process.exit(1)

const underNode = node === undefined ? [] : nodeSuites(node)
const [together, alone] = endToEnd()
// The longest first, so that none is left alone at the end; half of the first six waits while the other half computes.
const left = [...together, ...underNode, ...bunSuites, ...alone, CHECK].values()
const outcomes = (await Promise.all(Array.from({ length: WORKERS }, () => runAll(left)))).flat()
for (const stray of endStrays(scratch)) console.log(`It outlived the tests and was ended: ${stray}`)
const claims = unproven(outcomes.flatMap(({ tests }) => tests))
for (const { file, title } of claims) console.log(`SECURITY.md: ${file}: "${title}" did not pass`)
const total = outcomes.reduce<Counts>(add, { ...NONE, failed: claims.length })
if (node === undefined)
  console.log(
    "\nThe suites were NOT run under Node: there is none of 22.13 or later, and none could be installed.",
  )
if (total.skipped > 0) console.log(`\n${total.skipped} skipped`)
console.log(`\n${total.passed} passed, ${total.failed} failed`)
process.exitCode = total.failed === 0 ? 0 : 1
