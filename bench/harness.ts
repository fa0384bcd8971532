import { cpuTime } from "../test/support/clock.ts"

/** A figure of one round. Both sides are measured in the same round, so that a busy machine hurts both alike. */
export interface Figure {
  readonly row: string
  readonly unit: "ms" | "MB" | "events" | ""
  readonly ours: number
  /** The same work without us; absent where the promise is a figure of its own. */
  readonly floor?: number
}

/**
 * What is promised: at most so many times the floor, or at most so much. A figure of the second kind that has a floor
 * is also kept within a tenth of it: where a busy machine is late by itself, we can't be on time.
 */
type Limit = { readonly timesFloor: number } | { readonly atMost: number }

const TENTH_MORE = 1.1

export interface BenchCase {
  readonly name: string
  /** By row; each row of the figures has one. */
  readonly limits: { readonly [row: string]: Limit }
  /** Rounds that count. Each may give several figures of a row. */
  readonly rounds: number
  /** One more comes first; `false` where a round warms up by itself. */
  readonly warmUp?: false
  round(): Promise<readonly Figure[]>
}

export interface Result {
  readonly case: string
  readonly row: string
  readonly unit: Figure["unit"]
  readonly ours: number
  readonly floor: number | null
  /** The median of the rounds' ratios: each run beside its own floor. */
  readonly ratio: number | null
  /** The middle half of them, or of the figures where there is no floor: three are the least and the largest. */
  readonly spread: readonly [number, number]
  readonly limit: string
  readonly kept: boolean
}

/** How thoroughly a case is run, and how far a figure may pass its promise. */
export interface Pace {
  readonly rounds: number
  readonly slack: number
}

export const THOROUGH: Pace = { rounds: Number.POSITIVE_INFINITY, slack: 1 }

/** One round on a machine that others use: only what is worse by an order of magnitude is certain. */
export const QUICK: Pace = { rounds: 1, slack: 10 }

/** Runs one case; each row's figures are the medians of its rounds, its ratio that of figures taken together. */
export async function runCase(bench: BenchCase, pace: Pace): Promise<Result[]> {
  if (pace.rounds > 1 && bench.warmUp !== false) await bench.round()
  const rounds: Figure[] = []
  for (let round = 0; round < Math.min(bench.rounds, pace.rounds); round++)
    rounds.push(...(await bench.round()))
  return [...Map.groupBy(rounds, ({ row }) => row)].map(([row, figures]) =>
    judge(bench, row, figures, pace.slack),
  )
}

function judge(bench: BenchCase, row: string, figures: readonly Figure[], slack: number): Result {
  const ours = median(figures.map((figure) => figure.ours))
  const floors = figures.flatMap((figure) => figure.floor ?? [])
  const floor = floors.length === 0 ? null : median(floors)
  const ratios = figures.flatMap((figure) => (figure.floor ? figure.ours / figure.floor : []))
  const ratio = ratios.length === 0 ? null : median(ratios)
  const spreads = ratios.length === 0 ? figures.map((figure) => figure.ours) : ratios
  const spread = [percentile(spreads, 0.25), percentile(spreads, 0.75)] as const
  const limit = bench.limits[row]
  const unit = figures[0]?.unit ?? "ms"
  if (limit === undefined) throw new Error(`${bench.name}: the row "${row}" has no limit`)
  const common = { case: bench.name, row, unit, ours, floor, ratio, spread }
  if ("timesFloor" in limit) {
    const kept = ratio !== null && ratio <= limit.timesFloor * slack
    return { ...common, limit: `≤ ${limit.timesFloor * slack} × floor`, kept }
  }
  const kept = ours <= limit.atMost * slack || (ratio !== null && ratio <= TENTH_MORE)
  return { ...common, limit: `≤ ${limit.atMost * slack} ${unit}`, kept }
}

function median(values: readonly number[]): number {
  return percentile(values, 0.5)
}

export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

/**
 * Milliseconds of processor time, of all threads, that the work took. It is done once before, so that what is cleared
 * away meanwhile is its own. A forced collection would not do: it gives memory back to the system, and asking for it
 * anew would be most of what is measured.
 */
export async function cpuMs(work: () => Promise<unknown>): Promise<number> {
  await work()
  return cpuTime(work)
}

/** In epoch ms, on a clock that all processes of the machine share, in parts of a microsecond. */
export function sharedNow(): number {
  return performance.timeOrigin + performance.now()
}

export async function wallMs(work: () => Promise<unknown>): Promise<number> {
  const before = performance.now()
  await work()
  return performance.now() - before
}
