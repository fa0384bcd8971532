import { existsSync } from "node:fs"
import { dirname, join } from "node:path"
import { stringField } from "../../json.ts"
import { VERSION } from "../../version.ts"
import { type Check, type DoctorContext, type Finding, good, note, problem } from "./finding.ts"
import { globalFolder, projectFolders, readConfigFiles } from "./opencode-config.ts"
import { looseFiles, type PluginEntry, pluginEntries } from "./plugin-entries.ts"
import { isOlder } from "./version-order.ts"

const PACKAGE = "opencode-kiro-auth"

/** Whether OpenCode loads this plugin, it alone, and not an old copy of it. */
export const pluginCheck: Check = {
  title: "OpenCode's configuration",
  async look(context) {
    const files = readConfigFiles(context)
    const broken = files.filter(({ document }) => document === undefined)
    const entries = pluginEntries(files, context.place)
    const ours = entries.filter(isOurs)
    return [
      ...broken.map(({ path }) =>
        problem(`${path} is not JSON`, "Correct it: OpenCode can't read it either."),
      ),
      ...(ours.length > 0 ? loaded(ours) : [missing(context)]),
      ...others(context, entries),
    ]
  },
}

/** A path that leads nowhere has no name but the one in it. */
function isOurs({ name, spec }: PluginEntry): boolean {
  return (name ?? (spec.includes(PACKAGE) ? PACKAGE : spec)) === PACKAGE
}

function missing(context: DoctorContext): Finding {
  const file = join(globalFolder(context), "opencode.json")
  return problem(
    "OpenCode's configuration does not list the plugin",
    `Put "plugin": ["${PACKAGE}"] into ${file}, or the path of its folder.`,
  )
}

/** Of several entries with one package name OpenCode takes the last. */
function loaded(ours: readonly PluginEntry[]): Finding[] {
  const entry = ours.at(-1)
  if (entry === undefined) return []
  const overruled = ours.slice(0, -1).filter(({ spec }) => spec !== entry.spec)
  return [
    judge(entry),
    ...overruled.map(({ spec, file }) =>
      note(`${spec} in ${file} is not used: ${entry.file} comes after it`),
    ),
  ]
}

function judge(entry: PluginEntry): Finding {
  const { spec, file, by, folder, manifest } = entry
  if (by === "name" && manifest === undefined && !existsSync(folder))
    return good(`OpenCode installs ${spec} at its next start (${file})`)
  const version = manifest && stringField(manifest, "version")
  const main = manifest && stringField(manifest, "main")
  if (version === undefined || main === undefined || !existsSync(join(folder, main)))
    return problem(`${file} lists ${spec}, but no built plugin is there`, repair(entry))
  if (isOlder(version, VERSION))
    return problem(`OpenCode loads ${PACKAGE} ${version}, this command is ${VERSION}`, renew(entry))
  return good(`OpenCode loads ${PACKAGE} ${version} (${file})`)
}

function repair({ by, spec, folder }: PluginEntry): string {
  if (by === "name") return deleteCopy(folder)
  if (spec.endsWith(".tgz"))
    return `OpenCode loads no tarball by its path alone: write "${PACKAGE}@file:${folder}" instead.`
  return `Run npm install && npm run build in ${folder}, or correct the path.`
}

/** OpenCode never refreshes a plugin that it has installed by its bare name. */
function renew({ by, spec, file, folder }: PluginEntry): string {
  if (by === "path") return `Bring ${folder} up to date: git pull && npm install && npm run build.`
  if (spec === PACKAGE || spec.endsWith("@latest")) return deleteCopy(folder)
  return `Write "${PACKAGE}@${VERSION}" instead of "${spec}" in ${file}.`
}

function deleteCopy(folder: string): string {
  const copy = dirname(dirname(folder))
  return `Delete ${copy}; OpenCode installs the newest at its next start.`
}

/** Two plugins that both register the provider `kiro` take each other's requests. */
function others(context: DoctorContext, entries: readonly PluginEntry[]): Finding[] {
  const listed = entries
    .filter((entry) => !isOurs(entry) && /kiro/i.test(entry.name ?? entry.spec))
    .map(({ spec, file }) =>
      problem(
        `${file} lists another Kiro plugin, ${spec}`,
        "Take it out of the list: two of them get in each other's way.",
      ),
    )
  const dotted = projectFolders(context.directory).map((folder) => join(folder, ".opencode"))
  const loose = looseFiles([...new Set([globalFolder(context), ...dotted])])
    .filter((path) => /kiro/i.test(path.slice(dirname(path).length)))
    .map((path) =>
      problem(
        `OpenCode also loads ${path}, another Kiro plugin`,
        "Move it out of that folder: two of them get in each other's way.",
      ),
    )
  return [...listed, ...loose]
}
