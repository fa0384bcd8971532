/** Where a value came from: a file's path, or `environment`. */
export type SettingsProblem =
  | { readonly kind: "bad-value"; readonly key: string; readonly allowed: string; readonly from: string }
  | { readonly kind: "not-in-project"; readonly key: string; readonly from: string }
  | { readonly kind: "unknown-key"; readonly key: string; readonly from: string }
  | { readonly kind: "unreadable-file"; readonly from: string; readonly reason: string }

/** One sentence for a person. The bad value itself is never repeated: it may be a secret in the wrong place. */
export function describeSettingsProblem(problem: SettingsProblem): string {
  switch (problem.kind) {
    case "bad-value":
      return `${problem.key} in ${problem.from} must be ${problem.allowed}; it is ignored.`
    case "not-in-project":
      return `${problem.key} in ${problem.from} is ignored: a repository may not decide where a login goes, what is paid or what is logged, so it counts only in your own kiro.json or environment.`
    case "unknown-key":
      return `${problem.key} in ${problem.from} is not a key of kiro.json; it is ignored.`
    case "unreadable-file":
      return `${problem.from} is ignored: ${problem.reason}.`
    default: {
      const never: never = problem
      return never
    }
  }
}
