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

/** A test that passed in a run, with the titles of the suites around it. */
export interface PassedTest {
  readonly file: string
  readonly titles: readonly string[]
}

/**
 * What Bun says of each test below the name of its file. Windows has no modes and no links for everybody: there a test
 * that is skipped by name has nothing to prove.
 */
export function passedTests(output: string, platform: string = process.platform): readonly PassedTest[] {
  const counts = platform === "win32" ? ["pass", "skip"] : ["pass"]
  const passed: PassedTest[] = []
  let file = ""
  for (const line of output.split("\n")) {
    file = /^(test\S+\.test\.ts):$/.exec(line)?.[1]?.replaceAll("\\", "/") ?? file
    const [, outcome = "", name] = /^\((\w+)\) (.*?)(?: \[[\d.]+m?s\])?$/.exec(line) ?? []
    if (name !== undefined && counts.includes(outcome)) passed.push({ file, titles: name.split(" > ") })
  }
  return passed
}

/** Those of them that no passed test of their file is or stands below. A row of a table goes on behind its title. */
export function unproven(
  passed: readonly PassedTest[],
  claimed: readonly ClaimedTest[] = claimedTests(),
): readonly ClaimedTest[] {
  const inFile = Map.groupBy(passed, ({ file }) => file)
  const isProven = ({ file, title }: ClaimedTest): boolean =>
    inFile.get(file)?.some(({ titles }) => titles.some((each) => each.startsWith(title))) === true
  return claimed.filter((claim) => !isProven(claim))
}
