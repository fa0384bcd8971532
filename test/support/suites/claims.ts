import { readFileSync } from "node:fs"

export interface ClaimedTest {
  readonly file: string
  readonly title: string
}

/** Every test that SECURITY.md gives as its proof. */
export function claimedTests(): readonly ClaimedTest[] {
  const text = readFileSync("SECURITY.md", "utf8")
  return [...text.matchAll(/`(test\/[^`]+)`: ((?:"[^"]+"(?:, )?)+)/g)].flatMap(([, file = "", titles = ""]) =>
    [...titles.matchAll(/"([^"]+)"/g)].map(([, title = ""]) => ({ file, title })),
  )
}

/** Those of them that no passed test of a run is or stands below. */
export function unproven(passed: readonly string[]): readonly ClaimedTest[] {
  const names = [...new Set(passed.flatMap((name) => name.split(" > ")))]
  return claimedTests().filter(({ title }) => !names.some((name) => name.startsWith(title)))
}
