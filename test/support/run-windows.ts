import { execFileSync, spawn, spawnSync } from "node:child_process"
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { npm } from "./npm.ts"
import { readOptions, wrongCall } from "./options.ts"
import { add, type Counts, NONE, readCounts } from "./suites/counts.ts"
import { compileTests, nodeTestArguments, testFiles } from "./suites/files.ts"
import { findWindowsNode } from "./suites/node-program.ts"

/**
 * `npm run test:windows [-- room …]`: the unit suites, compiled and under the Windows program of Node, which Wine runs;
 * one run a room. It ends with 2 where there is no Wine.
 */

const CACHE = resolve("node_modules/.cache/opencode-kiro-auth/windows")
const LIMIT_MS = 900_000
/** Of a test, and of all tests of a `describe`: Wine takes a second to start a program. */
const TEST_MS = 300_000
/** Wine knows no keep-alive of a socket, without which Node opens none. */
const PRELOAD = 'process.binding("tcp_wrap").TCP.prototype.setKeepAlive = () => 0\n'

const { positionals } = readOptions({ allowPositionals: true })
const wanted = positionals.length > 0 ? positionals : rooms()
const stranger = wanted.find((room) => !rooms().includes(room))
if (stranger !== undefined) wrongCall(`There is no room "${stranger}": ${rooms().join(", ")}.`)
const node = hasWine() ? findWindowsNode(CACHE) : undefined
if (node === undefined) {
  console.log(
    "There is no Wine here, or no Windows Node: apt-get install wine wine64 (Debian, Ubuntu), then again.",
  )
  process.exit(2)
}
const env = prepare()
await compileTests()
// The programs of npm are none for Wine: what is tested as a package is built here.
npm(["run", "build", "--silent"])

let total: Counts = NONE
for (const room of wanted) {
  const counts = await runRoom(room, node)
  total = add(total, counts)
}
console.log(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`)
process.exit(total.failed === 0 ? 0 : 1)

function hasWine(): boolean {
  return spawnSync("wine", ["--version"]).status === 0
}

/** Wine's own folder, which says that it is Windows 10: Node starts on nothing older. */
function prepare(): NodeJS.ProcessEnv {
  const prefix = join(CACHE, "prefix")
  const preload = join(CACHE, "no-keep-alive.cjs")
  const wine = { ...process.env, WINEPREFIX: prefix, WINEDEBUG: "-all", NO_COLOR: "1" }
  writeFileSync(preload, PRELOAD)
  if (!existsSync(join(prefix, "system.reg"))) {
    mkdirSync(prefix, { recursive: true })
    execFileSync("wine", ["winecfg", "/v", "win10"], { env: wine, stdio: "ignore" })
  }
  // Also for the processes that tests start.
  return { ...wine, NODE_OPTIONS: `--require Z:${preload}` }
}

/** All but what needs the real OpenCode, which is not there for it. */
function rooms(): readonly string[] {
  const folders = testFiles((name) => name.includes("/")).map((name) => name.slice(0, name.indexOf("/")))
  return [...new Set(folders)].filter((room) => room !== "e2e").toSorted()
}

/** Its output goes to a file: under Wine, Node loses what it writes to a pipe. */
async function runRoom(room: string, program: string): Promise<Counts> {
  const file = join(CACHE, `${room}.txt`)
  const output = openSync(file, "w")
  const files = testFiles((name) => name.startsWith(`${room}/`))
  const child = spawn(
    "wine",
    [program, ...nodeTestArguments("--experimental-test-isolation=none", files, TEST_MS)],
    {
      env,
      stdio: ["ignore", output, output],
      timeout: LIMIT_MS,
    },
  )
  const code = await new Promise<number | null>((done) => child.once("exit", done))
  closeSync(output)
  const text = readFileSync(file, "utf8")
  const counts = readCounts(text) ?? { ...NONE, failed: 1 }
  const failed = counts.failed === 0 && code !== 0 ? 1 : counts.failed
  console.log(`${room}: ${counts.passed} passed, ${failed} failed, ${counts.skipped} skipped`)
  for (const [line] of text
    .split("✖ failing tests:")
    .at(1)
    ?.matchAll(/^✖ .*$/gm) ?? [])
    console.log(`  ${line}`)
  if (failed > 0) console.log(`  see ${file}`)
  return { ...counts, failed }
}
