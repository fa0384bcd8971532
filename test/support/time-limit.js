import { plugin } from "bun"
import { readFileSync } from "node:fs"

// Bun's own limit of five seconds ends tests that start processes on a busy machine. Its files can't ask for another
// (`node:test` has no word for it), bunfig.toml has no key for it, and what a preload sets holds for the first file
// alone: so each file is loaded with the limit in its first line.
const LIMIT = 'import { setDefaultTimeout as setLimit } from "bun:test"; setLimit(180_000); '

plugin({
  name: "time limit",
  setup(build) {
    build.onLoad({ filter: /\.test\.ts$/ }, ({ path }) => ({
      loader: "ts",
      contents: LIMIT + readFileSync(path, "utf8"),
    }))
  },
})
