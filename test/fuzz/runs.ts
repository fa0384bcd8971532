import type * as fc from "fast-check"

/** The cases of the property that has most in the suites: what is asked for by hand is its number, the others' in proportion. */
const MOST_USUAL = 2000

/** `usual` cases in the suites; by hand (`npm run fuzz`, in `main.ts`) as many as it wants, from its seed. */
export function casesOf(usual: number): fc.Parameters<unknown> {
  const runs = wanted("FUZZ_RUNS")
  const seed = wanted("FUZZ_SEED")
  return {
    numRuns: runs === undefined ? usual : Math.ceil((runs * usual) / MOST_USUAL),
    ...(seed !== undefined && { seed }),
  }
}

function wanted(name: string): number | undefined {
  const value = Number(process.env[name])
  return Number.isFinite(value) && value > 0 ? value : undefined
}
