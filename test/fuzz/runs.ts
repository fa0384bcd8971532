/** The people's sequences in the suites: what is asked for by hand is their number, the others' cases are in proportion. */
export const USUAL_SEQUENCES = 300

/**
 * Node takes a quarter. Its cases are others than Bun's (`support/fixed-seed.ts`), and come on top of them: what one
 * runtime does in another way than the other shows in few.
 */
const SHARE = process.versions["bun"] === undefined ? 1 / 4 : 1

/** So many of what is the same again and again: rounds, requests, instances. */
export function roundsOf(usual: number): number {
  return Math.ceil(usual * SHARE)
}

/** `usual` cases in the suites; by hand (`npm run fuzz`, in `main.ts`) as many as it wants. */
export function casesOf(usual: number): { readonly numRuns: number } {
  const runs = Number(process.env["FUZZ_RUNS"])
  return { numRuns: Math.ceil(runs > 0 ? (runs * usual) / USUAL_SEQUENCES : usual * SHARE) }
}
