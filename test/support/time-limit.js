import { plugin } from "bun"
import { readFileSync } from "node:fs"

// Bun's own limit of five seconds ends tests that start processes on a busy machine. Its files can't ask for another
// (`node:test` has no word for it), bunfig.toml has no key for it, and what a preload sets holds for the first file
// alone: so each file is loaded with the limit in its first line.
// `npm run fuzz` lets them take as long as they do.
const LIMIT_MS = process.env.FUZZ_RUNS === undefined ? 180_000 : 2 ** 31 - 1
const LIMIT = `import { setDefaultTimeout as setLimit } from "bun:test"; setLimit(${LIMIT_MS}); `

plugin({
  name: "time limit",
  setup(build) {
    build.onLoad({ filter: /\.test\.ts$/ }, ({ path }) => ({
      loader: "ts",
      contents: LIMIT + readFileSync(path, "utf8"),
    }))
  },
})
