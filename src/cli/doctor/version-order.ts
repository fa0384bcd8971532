/** Whether a version comes before another, by its numbers; of equal numbers a pre-release comes first (semver §11). */
export function isOlder(version: string, than: string): boolean {
  const [left, right] = [parts(version), parts(than)]
  for (const [index, number] of left.numbers.entries()) {
    const difference = number - (right.numbers[index] ?? 0)
    if (difference !== 0) return difference < 0
  }
  if (left.preRelease === "" || right.preRelease === "")
    return left.preRelease !== "" && right.preRelease === ""
  return left.preRelease.localeCompare(right.preRelease, "en", { numeric: true }) < 0
}

function parts(version: string): { readonly numbers: readonly number[]; readonly preRelease: string } {
  const [core = "", ...rest] = version.trim().split("-")
  return { numbers: core.split(".").map(Number), preRelease: rest.join("-") }
}
