import type * as fc from "fast-check"

/** The people's sequences in the suites: what is asked for by hand is their number, the others' cases are in proportion. */
const USUAL_SEQUENCES = 1000

/** `usual` cases in the suites; by hand (`npm run fuzz`, in `main.ts`) as many as it wants, from its seed. */
export function casesOf(usual: number): fc.Parameters<unknown> {
  const runs = wanted("FUZZ_RUNS")
  const seed = wanted("FUZZ_SEED")
  return {
    numRuns: runs === undefined ? usual : Math.ceil((runs * usual) / USUAL_SEQUENCES),
    ...(seed !== undefined && { seed }),
  }
}

function wanted(name: string): number | undefined {
  const value = Number(process.env[name])
  return Number.isFinite(value) && value > 0 ? value : undefined
}
