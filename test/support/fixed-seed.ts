import * as fc from "fast-check"

/**
 * Loaded before the tests, under Bun (`bunfig.toml`) and under Node (`suites/files.ts`): every property has the same cases
 * in each run, so that none is red by chance. `npm run fuzz` is where other seeds are tried.
 */
const SEED = Number(process.env["FUZZ_SEED"] ?? 20_261_129)

/** The same cases under Node as under Bun would say nothing new. */
const ONE_MORE = process.versions["bun"] === undefined ? 1 : 0

fc.configureGlobal({ seed: SEED + ONE_MORE })
