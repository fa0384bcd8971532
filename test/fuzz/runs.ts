import type * as fc from "fast-check"

/** The cheapest property's cases in the suites: what was asked for by hand is asked of it, and in proportion of the others. */
const MOST_USUAL = 2000

/** `usual` cases in the suites; by hand (`npm run fuzz -- --runs 1000000`) in proportion more. */
export function casesOf(usual: number): fc.Parameters<unknown> {
  const runs = asked()
  return { numRuns: runs === undefined ? usual : Math.ceil((runs * usual) / MOST_USUAL) }
}

function asked(): number | undefined {
  const runs = Number(process.env["FUZZ_RUNS"])
  return Number.isFinite(runs) && runs > 0 ? runs : undefined
}
