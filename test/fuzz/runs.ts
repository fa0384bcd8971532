import type * as fc from "fast-check"

/** The people's sequences in the suites: what is asked for by hand is their number, the others' cases are in proportion. */
export const USUAL_SEQUENCES = 300

/** `usual` cases in the suites; by hand (`npm run fuzz`, in `main.ts`) as many as it wants. */
export function casesOf(usual: number): fc.Parameters<unknown> {
  const runs = Number(process.env["FUZZ_RUNS"])
  return { numRuns: runs > 0 ? Math.ceil((runs * usual) / USUAL_SEQUENCES) : usual }
}
