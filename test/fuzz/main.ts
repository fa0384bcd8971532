import { spawnSync } from "node:child_process"
import { parseArgs } from "node:util"

/** `npm run fuzz -- --runs 1000000 [--only decoder]`: the properties of this folder with as many cases as wanted. */
const { values } = parseArgs({
  options: { runs: { type: "string", default: "100000" }, only: { type: "string", default: "" } },
})
const result = spawnSync(
  process.execPath,
  ["test", "--timeout", String(2 ** 31 - 1), `test/fuzz/${values.only}`],
  {
    stdio: "inherit",
    env: { ...process.env, FUZZ_RUNS: values.runs },
  },
)
process.exitCode = result.status ?? 1
