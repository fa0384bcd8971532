/** How hard a model is asked to think, as a word or as a budget of thinking tokens. */

export const EFFORTS = ["low", "medium", "high", "xhigh", "max"] as const

export type Effort = (typeof EFFORTS)[number]

/** The budget at and below which each effort is meant. Above the last it is `max`. */
const BUDGET_STEPS = [
  { budget: 8192, effort: "low" },
  { budget: 16_384, effort: "medium" },
  { budget: 24_576, effort: "high" },
] as const

const MAX_BUDGET = 32_768
const LEAST_BUDGET = 1024
/** What a `-thinking` id means when nothing else was chosen. */
export const DEFAULT_BUDGET = 20_000

export function isEffort(value: string): value is Effort {
  return EFFORTS.some((effort) => effort === value)
}

export function effortOfBudget(budget: number): Effort {
  return BUDGET_STEPS.find((step) => budget <= step.budget)?.effort ?? "max"
}

export function budgetOfEffort(effort: Effort): number {
  return BUDGET_STEPS.find((step) => step.effort === effort)?.budget ?? MAX_BUDGET
}

/** A budget the prompt tags take: at least 1,024, no more than the model can put out. */
export function clampBudget(budget: number, maxOutputTokens: number): number {
  return Math.round(Math.min(Math.max(budget, LEAST_BUDGET), Math.max(maxOutputTokens, LEAST_BUDGET)))
}

/** The listed effort nearest to the wished one; of two equally near, the stronger. */
export function nearestEffort(wish: Effort, listed: readonly Effort[]): Effort | undefined {
  const distance = (effort: Effort): number => Math.abs(EFFORTS.indexOf(effort) - EFFORTS.indexOf(wish))
  return EFFORTS.toReversed()
    .filter((effort) => listed.includes(effort))
    .reduce<Effort | undefined>(
      (best, effort) => (best === undefined || distance(effort) < distance(best) ? effort : best),
      undefined,
    )
}
