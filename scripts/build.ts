/**
 * Writes dist/: a readable bundle for each door of the package, the declarations of its public doors, and the licenses
 * of what is compiled in. Everything is made beside dist/ and swapped in at the end, so that a window that is open
 * never sees half a build.
 */
import { execFileSync } from "node:child_process"
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs"
import { basename, dirname, join, resolve } from "node:path"
import { rolldown, type OutputChunk } from "rolldown"
import { offeredModels } from "../src/kiro/models/index.ts"

interface Door {
  /** Below src/. */
  readonly source: string
  /** Below dist/. */
  readonly entry: string
  /** Where its lazy chunks go, below dist/. Absent: it may have none, and imports nothing at all. */
  readonly chunks?: string
  /** The chunk that the first message (of a terminal UI: the first look) loads; all others are loaded behind it. */
  readonly first?: string
  /** Stands before each of its files. */
  readonly banner?: string
}

/** Bun takes a file that begins so as it is: to read it for something to translate is a tenth of a start. */
const TRANSLATED = "// @bun"

/** Built one by one: a door shares no chunk with another, so an update of one never reaches into the other's window. */
const DOORS: readonly Door[] = [
  { source: "index.ts", entry: "index.js", chunks: "server", first: "services.js", banner: TRANSLATED },
  { source: "tui/tui.tsx", entry: "tui/tui.js", chunks: "tui", first: "board.js" },
  { source: "cli/main.ts", entry: "cli/main.js", chunks: "cli" },
  // OpenCode 2 imports it by its address, and would hold a second copy of whatever it brought along.
  { source: "opencode2/provider.ts", entry: "opencode2/provider.js" },
]

/** Their declarations are the package's types. They name no other file of ours. */
const TYPED = ["index.d.ts", "tui/tui.d.ts"]

const OUT = "build/dist"
const TYPES = "build/types"

const manifest: { readonly dependencies: Readonly<Record<string, string>> } = JSON.parse(
  readFileSync("package.json", "utf8"),
)
/** What an installation brings, and what the host lends: everything else is compiled in. */
const LEFT_OUT = [...Object.keys(manifest.dependencies), "@opencode-ai", "@opencode", "@opentui", "solid-js"]

rmSync(OUT, { recursive: true, force: true })
const chunks = (await Promise.all(DOORS.map(bundle))).flat()
writeFileSync(join(OUT, "LICENSES.txt"), licensesOf(chunks))
writeTypes()
rmSync("build/old", { recursive: true, force: true })
if (existsSync("dist")) renameSync("dist", "build/old")
renameSync(OUT, "dist")
rmSync("build/old", { recursive: true, force: true })

async function bundle({ source, entry, chunks, first, banner }: Door): Promise<OutputChunk[]> {
  const build = await rolldown({
    input: join("src", source),
    platform: "node",
    external: (id) =>
      id.startsWith("node:") || LEFT_OUT.some((name) => id === name || id.startsWith(`${name}/`)),
    tsconfig: false,
    // The CommonJS build of jsonc-parser can't be bundled.
    resolve: { mainFields: ["module", "main"] },
    transform: {
      jsx: { runtime: "automatic", importSource: "@opentui/solid" },
      // A text, which costs a start less than the same as code.
      define: { BUILT_IN_OFFER: JSON.stringify(JSON.stringify(offeredModels())) },
    },
    onLog(_level, log) {
      throw new Error(`${source}: ${log.message}`)
    },
  })
  const { output } = await build.write({
    dir: OUT,
    format: "es",
    ...(banner !== undefined && { banner }),
    entryFileNames: entry,
    chunkFileNames: `${chunks ?? "none"}/[name].js`,
    // The entry itself stays where it is: it finds other doors by its own address.
    codeSplitting: chunks !== undefined && {
      groups: [{ name: "start", tags: ["$initial"], test: (id) => !id.endsWith(join("src", source)) }],
    },
    minify: false,
    minifyInternalExports: false,
  })
  await build.close()
  const written = output.filter((file) => file.type === "chunk")
  if (
    chunks === undefined &&
    written.some(({ imports, dynamicImports }) => imports.length + dynamicImports.length > 0)
  )
    throw new Error(`${source} imports something`)
  if (banner === TRANSLATED) for (const { fileName } of written) writeInAscii(join(OUT, fileName))
  if (first !== undefined) loadAllBehind(`${chunks}/${first}`, written)
  return written
}

/** What Bun takes as it is it reads as Latin-1: every other letter is written by its number. */
function writeInAscii(file: string): void {
  const text = readFileSync(file, "utf8")
  if (/\\[\u0080-\uFFFF]/.test(text)) throw new Error(`${file} escapes a letter that is not ASCII`)
  const numbered = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`
  writeFileSync(file, text.replaceAll(/[\u0080-\uFFFF]/g, numbered))
}

/** From its first message on a window holds all it may need: an update or a rebuild can take no file away from it. */
function loadAllBehind(first: string, written: readonly OutputChunk[]): void {
  const lateOnes = written.filter(({ isDynamicEntry, fileName }) => isDynamicEntry && fileName !== first)
  const imports = lateOnes.map(({ fileName }) => `import("./${basename(fileName)}")`)
  // Which of them is missing is said where it is used.
  appendFileSync(join(OUT, first), `\nPromise.all([${imports.join(", ")}]).catch(() => {});\n`)
}

function writeTypes(): void {
  const tsc = resolve("node_modules/typescript/bin/tsc")
  execFileSync(process.execPath, [tsc, "--noCheck", "-p", "tsconfig.build.json", "--outDir", TYPES], {
    stdio: "inherit",
  })
  for (const file of TYPED) {
    const text = readFileSync(join(TYPES, file), "utf8")
    if (/from "\.|import\("\./.test(text)) throw new Error(`${file} names another file of ours`)
    mkdirSync(dirname(join(OUT, file)), { recursive: true })
    cpSync(join(TYPES, file), join(OUT, file))
  }
}

/** Their licenses ask to go where their code goes. */
function licensesOf(written: readonly OutputChunk[]): string {
  const folders = written.flatMap(({ moduleIds }) =>
    moduleIds.flatMap((id) => /^.*[/\\]node_modules[/\\](?:@[^/\\]+[/\\])?[^/\\]+/.exec(id)?.[0] ?? []),
  )
  const texts = [...new Set(folders)].toSorted().map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"))
    const file = ["LICENSE", "LICENSE.md", "LICENSE.txt"].map((it) => join(folder, it)).find(existsSync)
    if (file === undefined) throw new Error(`${name} has no license text`)
    return `${name} ${version} (${license})\n\n${readFileSync(file, "utf8").trim()}\n`
  })
  return ["This package holds code of the following packages.\n", ...texts].join(`\n${"-".repeat(80)}\n\n`)
}
