import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { isObject, parseJson, stringField } from "../../json.ts"
import { VERSION } from "../../version.ts"
import { type Check, type DoctorContext, type Finding, good, note, problem } from "./finding.ts"
import { pluginEntries, readConfigFiles } from "./opencode-config.ts"

const PACKAGE = "opencode-kiro-auth"

/** Whether OpenCode loads this plugin, it alone, and not an old copy of it. */
export const pluginCheck: Check = {
  title: "OpenCode's configuration",
  async look(context) {
    const files = readConfigFiles(context)
    const broken = files.filter(({ document }) => document === undefined)
    const entries = pluginEntries(files)
    return [
      ...broken.map(({ path }) =>
        problem(`${path} is not JSON`, "Correct it: OpenCode can't read it either."),
      ),
      ...listed(context, entries),
      ...others(entries),
      ...cached(context),
    ]
  },
}

type Entries = ReturnType<typeof pluginEntries>

function listed({ paths }: DoctorContext, entries: Entries): Finding[] {
  const ours = entries.filter(({ name }) => name === PACKAGE)
  const [first] = ours
  if (first !== undefined) return [good(`OpenCode loads the plugin (${first.file})`)]
  const file = join(paths.configDirectory, "opencode.json")
  return [
    problem(
      "OpenCode's configuration does not list the plugin",
      `Put "plugin": ["${PACKAGE}"] into ${file}.`,
    ),
  ]
}

/** Two plugins that both register the provider `kiro` take each other's requests. */
function others(entries: Entries): Finding[] {
  return entries
    .filter(({ name, spec }) => name !== PACKAGE && /kiro/i.test(name ?? spec))
    .map(({ spec, file }) =>
      problem(
        `${file} lists another Kiro plugin, ${spec}`,
        "Take it out of the list: two of them get in each other's way.",
      ),
    )
}

/** OpenCode never refreshes a plugin that it installed by its bare name. */
function cached({ place }: DoctorContext): Finding[] {
  const cache = place.env["XDG_CACHE_HOME"] ?? join(place.home, ".cache")
  const folder = join(cache, "opencode", "packages", `${PACKAGE}@latest`)
  const manifest = join(folder, "node_modules", PACKAGE, "package.json")
  if (!existsSync(manifest)) return []
  const document = parseJson(readFileSync(manifest, "utf8"))
  const version = isObject(document) ? stringField(document, "version") : undefined
  if (version === VERSION) return [good(`OpenCode's copy of the plugin is ${version}`)]
  if (version !== undefined && version.localeCompare(VERSION, "en", { numeric: true }) > 0)
    return [note(`OpenCode's copy of the plugin, ${version}, is newer than this command, ${VERSION}`)]
  return [
    problem(
      `OpenCode's copy of the plugin is ${version ?? "broken"}, this command is ${VERSION}`,
      `Delete ${folder}; OpenCode installs the newest at its next start.`,
    ),
  ]
}
