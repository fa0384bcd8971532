import { existsSync } from "node:fs"
import { dirname, join } from "node:path"
import { asObject, isObject, type JsonObject, stringField } from "../../json.ts"
import { PACKAGE, PROVIDER_ID, VERSION } from "../../version.ts"
import { copyOf, howToList, howToRenew, isInstalled, isUnpinned, ownSpec, renameAway } from "../update.ts"
import { type Check, type DoctorContext, type Finding, good, type Mend, note, problem } from "./finding.ts"
import {
  type ConfigFile,
  type Edit,
  editConfig,
  globalConfigFile,
  globalFolder,
  majorOf,
  projectFolders,
  readCliConfig,
  readConfigFile,
  tuiFiles,
} from "./opencode-config.ts"
import {
  isDead,
  isUnpublished,
  isOurs,
  isToCome,
  leadsNowhere,
  looseFiles,
  missingParts,
  pluginAdded,
  pluginEntries,
  type PluginEntry,
  type PluginLine,
  pluginTakenOut,
  switchedOff,
  whyPassedOver,
} from "./plugin-list.ts"
import { isOlder } from "./programs.ts"

/** Whether OpenCode loads this plugin, it alone, and not an old copy of it. */
export const pluginCheck: Check = {
  title: "OpenCode's configuration",
  async look(context) {
    const { configs, entries } = context
    const broken = configs.flatMap((file) => unread(file, "OpenCode can't read it either"))
    const ours = entries.filter(isOurs)
    return [
      ...broken,
      ...configs.flatMap(repeats),
      ...withoutPlugins(context),
      ...(ours.length > 0 ? await loaded(context, ours) : broken.length > 0 ? [] : missing(context)),
      ...(majorOf(context.opencode) === 2 ? [] : await panelOf1(context, ours.at(-1))),
      ...others(context, entries),
    ]
  },
}

/** OpenCode 1 then loads none of those that are listed; with a word that is neither yes nor no it does not start. */
function withoutPlugins({ place, opencode }: DoctorContext): readonly Finding[] {
  const value = place.env["OPENCODE_PURE"] ?? "0"
  if (majorOf(opencode) === 2 || /^(?:0|false|no|off|n)$/.test(value)) return []
  return [
    problem(
      "OPENCODE_PURE is set: OpenCode loads no plugin",
      "Take it out of the environment: `unset OPENCODE_PURE`",
    ),
  ]
}

/** What the environment says can't be mended here. */
function editing({ stamp }: DoctorContext, file: string, edits: readonly Edit[]): Mend | undefined {
  return existsSync(file) ? () => editConfig(file, edits, stamp) : undefined
}

function repeats({ path, repeated = [] }: ConfigFile): readonly Finding[] {
  return repeated.map((name) =>
    problem(`${path} names "${name}" more than once: OpenCode counts the last alone`, "Make one of them."),
  )
}

function unread({ path, trouble }: ConfigFile, consequence: string): readonly Finding[] {
  return trouble === undefined ? [] : [problem(`${path} ${trouble}`, `Correct it: ${consequence}.`)]
}

function missing(context: DoctorContext): readonly Finding[] {
  const consequence = context.configs.some(hasPastedModels)
    ? `; with the provider.kiro block that is there, messages end in "undefined/chat/completions"`
    : ""
  // The last one first: each is taken out by its place in the list.
  const passedOver = context.passedOver.filter(isOurs).toReversed()
  if (passedOver.length > 0)
    return passedOver.map((line) =>
      problem(
        `${whyPassedOver(line, context.opencode)}${consequence}`,
        'List it in "plugin" instead: OpenCode 2 reads that too.',
        editing(context, line.file, [pluginTakenOut(line), pluginAdded(line.file, line.spec, context.place)]),
      ),
    )
  const file = globalConfigFile(context.paths)
  return [
    problem(
      `OpenCode's configuration does not list the plugin${consequence}`,
      howToList(context.opencode, file),
      () => addPlugin(context, file, ownSpec()),
    ),
  ]
}

function hasPastedModels({ document }: ConfigFile): boolean {
  return isObject(asObject(document["provider"])[PROVIDER_ID])
}

/** As `opencode plugin … -g` does: the server's part, and the terminal UI's, which OpenCode 2 finds by itself. */
function* addPlugin(context: DoctorContext, file: string, spec: string): Iterable<string> {
  yield* editConfig(file, [pluginAdded(file, spec, context.place)], context.stamp)
  if (majorOf(context.opencode) === 2) return
  const files = tuiFiles(context.paths)
  // A line that leads nowhere is found and mended as such.
  if (pluginEntries(files.map(readConfigFile), context.place).some(isOurs)) return
  const tui = files.find(existsSync) ?? files[0] ?? file
  yield* editConfig(tui, [pluginAdded(tui, spec, context.place)], context.stamp)
}

/** Of several entries with one package name OpenCode takes the last. */
async function loaded(context: DoctorContext, ours: readonly PluginEntry[]): Promise<readonly Finding[]> {
  const entry = ours.at(-1)
  if (entry === undefined) return []
  const overruled = ours.slice(0, -1).filter(({ spec }) => spec !== entry.spec)
  return [
    await judge(context, entry),
    ...overruled.map(({ spec, file }) =>
      note(`${spec} in ${file} is not used: ${entry.file} comes after it`),
    ),
    ...switchedOffFinding(context),
    ...(majorOf(context.opencode) === 2 ? panelOf2(context) : []),
  ]
}

/** To OpenCode 1 such a line is the name of a package. */
function switchedOffFinding(context: DoctorContext): readonly Finding[] {
  const off = switchedOff(context.configs, context.place)
  if (off === undefined || majorOf(context.opencode) === 1) return []
  const mend = off.spec === `-${PACKAGE}` ? takeOut(context, off) : undefined
  return [problem(`${off.file} switches the plugin off: "${off.spec}"`, "Take that line out.", mend)]
}

async function judge(
  context: DoctorContext,
  entry: PluginEntry,
  { loader, consequence } = { loader: "OpenCode", consequence: 'OpenCode says "Provider not found"' },
): Promise<Finding> {
  const { spec, file, folder, manifest } = entry
  if (isUnpublished(entry, context.published))
    return problem(
      `${file} lists ${spec}, which npm does not have: ${consequence}`,
      `Write "${ownSpec()}" instead.`,
      writeOwn(context, entry),
    )
  if (isToCome(entry)) return good(`OpenCode installs ${spec} at its next start (${file})`)
  const version = manifest && stringField(manifest, "version")
  const lacks = missingParts(folder, manifest)
  if (version === undefined || lacks.length > 0)
    return problem(
      `${file} lists ${spec}, but no built plugin is there: it lacks ${lacks.join(", ") || "a version"}`,
      repair(entry),
      leadsNowhere(entry) ? writeOwn(context, entry) : mendCopy(context, entry),
    )
  if (await isOlder(version, VERSION))
    return problem(
      `${loader} loads ${PACKAGE} ${version}, this command is ${VERSION}`,
      renew(entry),
      mendCopy(context, entry),
    )
  return good(`${loader} loads ${PACKAGE} ${version} (${file})`)
}

/** The panel has a line of its own in tui.json. */
async function panelOf1(context: DoctorContext, server?: PluginEntry): Promise<readonly Finding[]> {
  const { paths, place } = context
  const files = tuiFiles(paths).map(readConfigFile)
  const broken = files.flatMap((each) => unread(each, "the terminal UI finds the panel there"))
  if (broken.length > 0) return broken
  const panel = pluginEntries(files, place).findLast(isOurs)
  if (panel !== undefined) {
    // What is wrong with their folder is said of the server's line.
    if (panel.folder === server?.folder && !isDead(panel, context.published)) return []
    return [await judge(context, panel, { loader: "the terminal UI", consequence: "there is no panel" })]
  }
  if (server === undefined || !server.file.startsWith(globalFolder(paths)) || leadsNowhere(server)) return []
  const { by, folder, spec } = server
  const own = isUnpublished(server, context.published) ? ownSpec() : by === "path" ? folder : spec
  return [note(`the panel of the terminal UI is not installed: \`opencode plugin "${own}" -g -f\``)]
}

/** The host finds it in the package. */
function panelOf2(context: DoctorContext): readonly Finding[] {
  const config = readCliConfig(context)
  if (config.trouble !== undefined) return unread(config, "the terminal UI goes without it")
  const off = switchedOff([config], context.place)
  // The last one first: each is taken out by its place in the list.
  const ours = pluginEntries([config], context.place).filter(isOurs).toReversed()
  return [
    ...(off === undefined ? [] : [note(`${off.file} switches the panel off: "${off.spec}"`)]),
    ...ours.map((line) =>
      problem(
        `${line.file} lists ${line.spec} too: OpenCode 2 finds the panel by the line of its server`,
        "Take it out: of two plugins with one id the second fails.",
        takeOut(context, line),
      ),
    ),
  ]
}

function takeOut(context: DoctorContext, line: PluginLine): Mend | undefined {
  return editing(context, line.file, [pluginTakenOut(line)])
}

function repair({ by, spec, folder }: PluginEntry): string {
  if (by === "name") return deleteCopy(folder)
  if (spec.endsWith(".tgz"))
    return `OpenCode loads no tarball by its path alone: write "${PACKAGE}@file:${folder}" instead.`
  if (!existsSync(folder)) return `Correct the path: nothing is at ${folder}.`
  const way = isInstalled(folder) ? "Install the package anew" : "Run `npm install && npm run build`"
  return `${way} in ${folder}, or correct the path.`
}

/** OpenCode never refreshes a plugin that it has installed by its bare name. */
function renew({ by, spec, file, folder }: PluginEntry): string {
  if (by === "path") return howToRenew(folder)
  if (isUnpinned(spec)) return deleteCopy(folder)
  return `Write "${PACKAGE}@${VERSION}" instead of "${spec}" in ${file}.`
}

function deleteCopy(folder: string): string {
  return `Delete ${copyOf(folder)}; OpenCode installs the newest at its next start.`
}

/** This very installation in the place of a line that leads OpenCode to nothing. */
function writeOwn(context: DoctorContext, { file, at }: PluginEntry): Mend | undefined {
  return editing(context, file, [{ path: at, value: ownSpec() }])
}

function mendCopy(context: DoctorContext, { by, spec, folder }: PluginEntry): Mend | undefined {
  if (by === "path" || !isUnpinned(spec)) return undefined
  return () => renameAway(copyOf(folder), context.stamp)
}

/** Two plugins that both register the provider `kiro` take each other's requests. */
function others(context: DoctorContext, entries: readonly PluginEntry[]): readonly Finding[] {
  const listed = entries
    .filter((entry) => !isOurs(entry) && /kiro/i.test(entry.name ?? entry.spec))
    .map(({ spec, file }) =>
      problem(
        `${file} lists another Kiro plugin, ${spec}`,
        "Take it out of the list: two of them get in each other's way.",
      ),
    )
  const dotted = projectFolders(context.directory).map((folder) => join(folder, ".opencode"))
  const loose = looseFiles([...new Set([globalFolder(context.paths), ...dotted])])
    .filter((path) => /kiro/i.test(path.slice(dirname(path).length)))
    .map((path) =>
      problem(
        `OpenCode also loads ${path}, another Kiro plugin`,
        "Move it out of that folder: two of them get in each other's way.",
      ),
    )
  return [...listed, ...loose]
}

const OUR_NPM = "@ai-sdk/openai-compatible"

/** Settings of OpenCode's own that would keep the provider `kiro` from us, or were meant for another plugin. */
export const providerCheck: Check = {
  title: "The provider kiro",
  async look(context) {
    const { configs, entries } = context
    const findings = configs.flatMap((file) => findingsOf(context, file))
    if (findings.length > 0) return findings
    const pasted = configs.find(hasPastedModels)
    if (pasted === undefined) return [good("nothing else claims it")]
    if (entries.some(isOurs))
      return [good(`the models that ${pasted.path} names are laid over those of the plugin`)]
    return [
      problem(
        `${pasted.path} has a provider.kiro block, and no plugin that answers it: "undefined/chat/completions"`,
        "List the plugin (see above); the block may stay.",
      ),
    ]
  },
}

function findingsOf(context: DoctorContext, { path, document }: ConfigFile): readonly Finding[] {
  const edit = (edits: readonly Edit[]): Mend | undefined => editing(context, path, edits)
  const disabled: unknown = document["disabled_providers"]
  const enabled: unknown = document["enabled_providers"]
  const claimed = claims(document)
  return [
    ...(Array.isArray(disabled) && disabled.includes(PROVIDER_ID)
      ? [
          problem(
            `${path} disables the provider kiro`,
            'Take "kiro" out of disabled_providers.',
            edit([{ path: ["disabled_providers"], value: disabled.filter((id) => id !== PROVIDER_ID) }]),
          ),
        ]
      : []),
    ...(Array.isArray(enabled) && !enabled.includes(PROVIDER_ID)
      ? [
          problem(
            `${path} enables other providers only`,
            'Put "kiro" into enabled_providers.',
            edit([{ path: ["enabled_providers"], value: PROVIDER_ID, insert: true }]),
          ),
        ]
      : []),
    ...claimed.map(({ text, at }) =>
      problem(
        `${path} gives the provider kiro another home: ${text}`,
        "Take it out: the plugin sets it.",
        edit([{ path: [...at], value: undefined }]),
      ),
    ),
  ]
}

interface Claim {
  readonly text: string
  readonly at: readonly string[]
}

/** Packages and URLs of another provider. */
function claims(document: JsonObject): readonly Claim[] {
  return ["provider", "providers"].flatMap((key) => {
    const kiro = asObject(asObject(document[key])[PROVIDER_ID])
    const models = Object.entries(asObject(kiro["models"])).map(([id, model]) => ({
      at: [key, PROVIDER_ID, "models", id, "provider"],
      value: asObject(asObject(model)["provider"]),
    }))
    const homes = [{ at: [key, PROVIDER_ID], value: kiro }, ...models].flatMap(({ at, value }): Claim[] => {
      const { npm, api } = value
      return [
        ...(typeof npm === "string" && npm !== OUR_NPM
          ? [{ text: `${at.join(".")}.npm is ${npm}`, at: [...at, "npm"] }]
          : []),
        ...(typeof api === "string" ? [{ text: `${at.join(".")}.api is set`, at: [...at, "api"] }] : []),
      ]
    })
    const hasUrl = asObject(kiro["options"])["baseURL"] !== undefined
    const url = { text: `${key}.kiro.options.baseURL is set`, at: [key, PROVIDER_ID, "options", "baseURL"] }
    return hasUrl ? [...homes, url] : homes
  })
}
