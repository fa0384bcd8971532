import { execFile } from "node:child_process"
import { readdirSync, rmSync, statSync } from "node:fs"
import { promisify } from "node:util"

/** The test files that are wanted, named from `test/`. The longest first: what is begun last is done last. */
export function testFiles(isWanted: (name: string) => boolean): readonly string[] {
  return readdirSync("test", { recursive: true, encoding: "utf8" })
    .map((name) => name.replaceAll("\\", "/"))
    .filter((name) => name.endsWith(".test.ts") && isWanted(name))
    .toSorted((one, other) => statSync(`test/${other}`).size - statSync(`test/${one}`).size)
}

/** For Node, beside the sources, so that packages and fixtures are found. Types are checked elsewhere. Bun runs it. */
export async function compileTests(): Promise<void> {
  rmSync("build", { recursive: true, force: true })
  const args = ["x", "tsc", "--noCheck", "-p", "tsconfig.node-tests.json"]
  await promisify(execFile)(process.execPath, args)
}

/**
 * Runs compiled files in one process; `isolationNone` is the option for that. Node gives a `describe` no more time than
 * one test.
 */
export function nodeTestArguments(
  isolationNone: string,
  files: readonly string[],
  timeoutMs: number = process.platform === "win32" ? 300_000 : 60_000,
): readonly string[] {
  return [
    "--test",
    isolationNone,
    `--test-timeout=${timeoutMs}`,
    "--test-reporter=spec",
    ...files.map((file) => `build/test/${file.replace(/\.ts$/, ".js")}`),
  ]
}
