/** Up to a fifth longer, never shorter than what was asked for: parallel requests spread. `random` in [0, 1). */
export function jittered(ms: number, random: number): number {
  return Math.round(ms * (1 + random / 5))
}
