/** Gradual truncation: each step is a share of what the request, or the model's window if smaller, holds. */
export type ShortenStep = 0.8 | 0.6 | 0.4

const STEPS: readonly ShortenStep[] = [0.8, 0.6, 0.4]

export function nextStep(step: ShortenStep | undefined): ShortenStep | undefined {
  return step === undefined ? STEPS[0] : STEPS[STEPS.indexOf(step) + 1]
}

/** Estimated tokens to shorten to: sizes as estimated, `window` as the service gives it to the model. */
export function shortenTarget(wanted: {
  readonly step: ShortenStep
  readonly size: number
  readonly window: number
}): number {
  return Math.floor(wanted.step * Math.min(wanted.size, wanted.window))
}

/**
 * A session starts where it last got through, until a request is smaller than the one that needed it, or goes to a
 * model with a larger window than the one that could not take it.
 */
export function startingStep(
  memory: {
    readonly shortenStep?: ShortenStep
    readonly shortenedSize?: number
    readonly shortenedWindow?: number
  },
  { size, window }: { readonly size: number; readonly window: number },
): ShortenStep | undefined {
  if (size < (memory.shortenedSize ?? 0) || window > (memory.shortenedWindow ?? window)) return undefined
  return memory.shortenStep
}
