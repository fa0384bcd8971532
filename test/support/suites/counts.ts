/** What a test run says of itself in its last lines. */
export interface Counts {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

export const NONE: Counts = { passed: 0, failed: 0, skipped: 0 }

export function add(one: Counts, other: Counts): Counts {
  return {
    passed: one.passed + other.passed,
    failed: one.failed + other.failed,
    skipped: one.skipped + other.skipped,
  }
}

/** ` 12 pass`, ` 0 fail`, ` 1 skip` of Bun; `ℹ pass 12`, `ℹ fail 0`, `ℹ skipped 1` of Node. `undefined`: it never ended. */
export function readCounts(output: string): Counts | undefined {
  const count = (bun: string, node: string): number | undefined => {
    const found = lastMatch(output, new RegExp(`^ *(\\d+) ${bun}$|^ℹ ${node} (\\d+)$`, "gm"))
    return found === undefined ? undefined : Number(found[1] ?? found[2])
  }
  const passed = count("pass", "pass")
  const failed = count("fail", "fail")
  if (passed === undefined || failed === undefined) return undefined
  const cancelled = Number(lastMatch(output, /^ℹ cancelled (\d+)$/gm)?.[1] ?? 0)
  return {
    passed,
    failed: failed + cancelled,
    skipped: (count("skip", "skipped") ?? 0) + (count("todo", "todo") ?? 0),
  }
}

function lastMatch(text: string, pattern: RegExp): RegExpMatchArray | undefined {
  return [...text.matchAll(pattern)].at(-1)
}
