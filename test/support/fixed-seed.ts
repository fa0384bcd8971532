import * as fc from "fast-check"

/**
 * Loaded before the tests, under Bun (`bunfig.toml`) and under Node (`suites/files.ts`): every property has the same cases
 * in each run, so that none is red by chance. `npm run fuzz` is where other seeds are tried.
 */
export const SEED = 20_261_129

fc.configureGlobal({ seed: Number(process.env["FUZZ_SEED"] ?? SEED) })
