import assert from "node:assert/strict"
import { spawnSync } from "node:child_process"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { dirname, join, relative, resolve } from "node:path"
import { describe, it } from "node:test"

/** All but the roots, of which most may import every one. */
const INNER_ROOMS = [
  "eventstream",
  "openai",
  "kiro",
  "translate",
  "settings",
  "oauth",
  "accounts",
  "import",
  "gateway",
  "login",
  "host",
]

/** The room table: which rooms each room may import. Leaf files are importable by all. */
const ROOMS: Readonly<Record<string, readonly string[]>> = {
  eventstream: [],
  openai: [],
  kiro: ["eventstream"],
  translate: ["openai", "kiro"],
  settings: [],
  oauth: ["settings"],
  accounts: ["oauth", "kiro", "settings"],
  import: ["accounts", "settings"],
  gateway: ["accounts", "translate", "kiro", "openai", "eventstream", "settings"],
  login: ["gateway", "accounts", "import", "oauth", "settings", "kiro"],
  host: ["login", "gateway", "accounts", "import", "settings", "kiro"],
  plugin: INNER_ROOMS,
  opencode2: INNER_ROOMS,
  tui: ["settings", "accounts", "login", "host", "kiro"],
  cli: INNER_ROOMS,
}

/** Pure rooms know no effects: of the leaf files they may import only these. */
const PURE = new Set(["eventstream", "openai", "kiro", "translate"])
const PURE_LEAVES = new Set(["json", "secret", "version"])
const PURE_PACKAGES = new Set(["node:crypto", "node:zlib", "zod/mini"])
const EFFECTS = [
  /\bDate\.now\b|\bnew Date\(\)|\bset(?:Timeout|Interval|Immediate)\b|\bperformance\./,
  /\bMath\.random\b|\brandom(?:UUID|Bytes|Int)\b|\bgetRandomValues\b/,
  /\bprocess\.\w|\bglobalThis\b|\bconsole\.\w/,
]
/** Not `runtime.fetch`. */
const GLOBAL_FETCH = /(?<![.\w])fetch\(|globalThis\.fetch/
const LEAVES = new Set(["json", "secret", "runtime", "version"])
/** Second doors, for a plugin's start alone: every file that is loaded there delays OpenCode's first paint. */
const START_DOORS = new Set([join("kiro", "models", "index.ts"), join("login", "input.ts")])
const STARTS = new Set(["plugin", "opencode2", "host", "tui"])
const ROOTS = new Set(["plugin", "opencode2", "tui", "cli"])

const MOST_LINES = 350
const MOST_FILES = 190

const SOURCE = resolve("src")

const TOP_LEVEL = `.ci .editorconfig .gitattributes .github .gitignore .npmrc .oxfmtrc.json .oxlintrc.json
  CHANGELOG.md CONTRIBUTING.md LICENSE README.md SECURITY.md bench bunfig.toml docs kiro.schema.json knip.json
  package-lock.json package.json scripts server.js src test tsconfig.build.json tsconfig.json tui.js`.split(
  /\s+/,
)

describe("the room table", () => {
  const imports = sourceFiles(SOURCE).flatMap(importsOf)

  it("sees the imports it judges", () => {
    assert.ok(imports.length > 0)
  })

  it("is kept by every import of the source", () => {
    assert.deepEqual(imports.flatMap(violation), [])
  })

  it("allows no cycle between rooms", () => {
    for (const room of Object.keys(ROOMS))
      assert.ok(!reaches(room, room, new Set()), `${room} imports itself`)
  })

  it("lets no two files import each other, by whatever way", () => {
    const next = new Map<string, readonly string[]>()
    for (const { from, to } of imports) next.set(from, [...(next.get(from) ?? []), to])
    const circles = [...next.keys()].filter((file) => leadsTo(file, file, next))
    assert.deepEqual(circles, [])
  })

  it("keeps every file at one idea, and their number at what one can know", () => {
    const files = sourceFiles(SOURCE)
    const tooLong = files.filter((file) => readFileSync(file, "utf8").split("\n").length > MOST_LINES + 1)
    assert.deepEqual(
      tooLong.map((file) => relative(SOURCE, file)),
      [],
    )
    assert.ok(files.length <= MOST_FILES, `${files.length} files`)
  })

  it("keeps clock, chance, system and files out of the pure rooms", () => {
    const files = [...PURE].flatMap((room) => sourceFiles(join(SOURCE, room)))
    for (const file of files) {
      const text = readFileSync(file, "utf8")
      const packages = [...text.matchAll(/(?:from |import |import\()["'`]([^."'`][^"'`]*)["'`]\)?$/gm)]
      for (const [, id = ""] of packages) assert.ok(PURE_PACKAGES.has(id), `${file} imports ${id}`)
      for (const effect of EFFECTS) assert.doesNotMatch(text, effect, file)
    }
  })

  it("has the network asked by Runtime alone", () => {
    const asking = sourceFiles(SOURCE).filter((file) => GLOBAL_FETCH.test(readFileSync(file, "utf8")))
    assert.deepEqual(
      asking.map((file) => relative(SOURCE, file)),
      ["runtime.ts"],
    )
  })

  it("allows no static import of a runtime's own modules and no `export *`", () => {
    for (const file of sourceFiles(SOURCE)) {
      const text = readFileSync(file, "utf8")
      assert.doesNotMatch(text, /(?:from|import) ["'](?:bun\b|node:sqlite)/, file)
      assert.doesNotMatch(text, /^export \*/m, file)
    }
  })
})

interface Import {
  readonly from: string
  readonly to: string
}

function sourceFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => /\.tsx?$/.test(name))
    .map((name) => join(folder, name))
}

function importsOf(file: string): Import[] {
  const text = readFileSync(file, "utf8")
  const specifiers = text.matchAll(/(?:from|import)\s*\(?\s*["'`](\.{1,2}\/[^"'`]+)["'`]/g)
  return [...specifiers].map((match) => ({
    from: relative(SOURCE, file),
    to: relative(SOURCE, resolve(dirname(file), match[1] ?? "")),
  }))
}

function leadsTo(from: string, goal: string, next: ReadonlyMap<string, readonly string[]>): boolean {
  const seen = new Set<string>()
  const left = [...(next.get(from) ?? [])]
  for (let file = left.pop(); file !== undefined; file = left.pop()) {
    if (file === goal) return true
    if (seen.has(file)) continue
    seen.add(file)
    left.push(...(next.get(file) ?? []))
  }
  return false
}

function violation({ from, to }: Import): string[] {
  const [fromRoom, toRoom] = [roomOf(from), roomOf(to)]
  if (fromRoom === toRoom) return []
  const broken = (why: string): string[] => [`${from} imports ${to}: ${why}`]
  if (toRoom === undefined) {
    const leaf = to.replace(/\.ts$/, "")
    if (!LEAVES.has(leaf)) return broken("not a leaf file")
    if (fromRoom !== undefined && PURE.has(fromRoom) && !PURE_LEAVES.has(leaf)) return broken("a pure room")
    return []
  }
  if (fromRoom === undefined)
    return from === "index.ts" && (toRoom === "plugin" || toRoom === "opencode2") ? [] : broken("a leaf file")
  if (!ROOMS[fromRoom]?.includes(toRoom)) return broken("not in the room table")
  if (fromRoom !== undefined && STARTS.has(fromRoom) && START_DOORS.has(to)) return []
  if (!ROOTS.has(toRoom) && to !== join(toRoom, "index.ts")) return broken("not through the room's door")
  return []
}

function roomOf(path: string): string | undefined {
  const [first, second] = path.split(/[/\\]/)
  return second === undefined ? undefined : first
}

function reaches(from: string, goal: string, seen: Set<string>): boolean {
  return (ROOMS[from] ?? []).some((next) => {
    if (next === goal) return true
    if (seen.has(next)) return false
    seen.add(next)
    return reaches(next, goal, seen)
  })
}

describe("the top level", () => {
  const listed = spawnSync("git", ["ls-files"], { encoding: "utf8" })

  it("holds nothing that was left there", { skip: listed.status !== 0 && "no clone" }, () => {
    const names = listed.stdout
      .trim()
      .split("\n")
      .map((path) => path.split("/")[0] ?? "")
    assert.deepEqual(
      [...new Set(names)].filter((name) => !TOP_LEVEL.includes(name)),
      [],
    )
  })
})

describe("the pages about the code", () => {
  for (const page of ["docs/ARCHITECTURE.md", "CONTRIBUTING.md", "README.md"])
    it(`${page} names files and folders that are there`, () => {
      const named = [...readFileSync(page, "utf8").matchAll(/`((?:src|test|scripts|docs)\/[\w./-]+)`/g)]
      const missing = named.map((match) => match[1] ?? "").filter((path) => !existsSync(path))
      assert.deepEqual(missing, [])
    })
})
