import { readdirSync, rmSync, statSync } from "node:fs"
import type { InputOptions, OutputOptions } from "rolldown"
import packageJson from "../../../package.json" with { type: "json" }

/** The test files that are wanted, named from `test/`. The longest first: what is begun last is done last. */
export function testFiles(isWanted: (name: string) => boolean): readonly string[] {
  return readdirSync("test", { recursive: true, encoding: "utf8" })
    .map((name) => name.replaceAll("\\", "/"))
    .filter((name) => name.endsWith(".test.ts") && isWanted(name))
    .toSorted((one, other) => statSync(`test/${other}`).size - statSync(`test/${one}`).size)
}

/**
 * What tests of Node start again and again. Each becomes one file, with all packages that are not lazy: to find and load
 * hundreds of files is most of what such a process would do.
 */
const PROGRAMS = ["src/cli/main.ts", "test/accounts/store-process.ts", "test/tokens/worker.ts"]

/** For Node, beside the sources, so that packages and fixtures are found. Types are checked elsewhere. Bun runs it. */
export async function compileTests(): Promise<void> {
  const sources = ["src", "test"].flatMap((room) => {
    rmSync(`build/${room}`, { recursive: true, force: true })
    return readdirSync(room, { recursive: true, encoding: "utf8" }).map(
      (name) => `${room}/${name.replaceAll("\\", "/")}`,
    )
  })
  await compile(
    sources.filter((source) => /(?<!\.d)\.tsx?$/.test(source)),
    { treeshake: false, external: (id) => !isOurs(id) },
    { preserveModules: true, preserveModulesRoot: "." },
  )
  const external = Object.keys(packageJson.dependencies)
  for (const program of PROGRAMS) await compile([program], { external }, { codeSplitting: false })
}

/** Also what the compiler itself adds for an older Node. */
const isOurs = (id: string): boolean => /^[./]|^[A-Za-z]:|^@oxc-project\/runtime\//.test(id)

async function compile(
  sources: readonly string[],
  input: InputOptions,
  output: OutputOptions,
): Promise<void> {
  // Only here: it is a native program, and not there for the system that Wine plays.
  const { rolldown } = await import("rolldown")
  const build = await rolldown({
    ...input,
    input: Object.fromEntries(sources.map((source) => [source.replace(/\.tsx?$/, ""), source])),
    platform: "node",
    tsconfig: false,
    // The CommonJS build of jsonc-parser can't be bundled.
    resolve: { mainFields: ["module", "main"] },
    // The oldest Node of package.json knows no `using`.
    transform: { target: "node22.13", jsx: { runtime: "automatic", importSource: "@opentui/solid" } },
    onLog(_level, log) {
      throw new Error(log.message)
    },
  })
  await build.write({ ...output, dir: "build", format: "es", entryFileNames: "[name].js" })
  await build.close()
}

/**
 * Runs compiled files in one process; `isolationNone` is the option for that. Node gives a `describe` no more time than
 * one test.
 */
export function nodeTestArguments(
  isolationNone: string,
  files: readonly string[],
  timeoutMs: number = process.platform === "win32" ? 300_000 : 180_000,
): readonly string[] {
  return [
    "--test",
    isolationNone,
    // A child that was left behind would keep it from its end.
    "--test-force-exit",
    `--test-timeout=${timeoutMs}`,
    "--test-reporter=spec",
    "--require=./build/test/support/untracked.js",
    "--import=./build/test/support/fixed-seed.js",
    "--import=./build/test/support/no-proxy.js",
    ...files.map((file) => `build/test/${file.replace(/\.ts$/, ".js")}`),
  ]
}
