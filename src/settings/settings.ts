import { plainName } from "../json.ts"
import { fileStamp, isLink, readSmallFile } from "./files.ts"
import { pathsFor, type Place, type Project, projectSettingsFiles } from "./paths.ts"
import type { Layer, LoadedSettings, Settings, SettingsProblem } from "./schema.ts"

export type SelectionStrategy = Settings["accountSelectionStrategy"]

export const DEFAULT_SETTINGS: Settings = {
  autoSyncKiroCli: true,
  accountSelectionStrategy: "lowest-usage",
  accountRules: [],
  defaultRegion: "us-east-1",
  rateLimitRetryDelayMs: 5000,
  rateLimitMaxRetries: 3,
  maxRequestIterations: 20,
  requestTimeoutMs: 120_000,
  tokenExpiryBufferMs: 120_000,
  usageSyncMaxRetries: 3,
  usageTrackingEnabled: true,
  useOverage: true,
  accountReserve: 0,
  fallbackModels: {},
  webSearch: false,
  enableLogApiRequest: false,
  logPrompts: false,
  logLevel: "info",
  toasts: true,
}

/**
 * Reads the user's kiro.json, those of the project over it and `KIRO_<KEY>` over both. Never rejects: a value that is not
 * allowed counts as not there, and is one problem that names its key and the allowed range; of a broken file what can
 * still be read counts, and paid credits are off until it is repaired. The schema loads only where there is something to
 * judge, so that who has no settings pays nothing at the start.
 */
export async function loadSettings(place: SettingsPlace): Promise<LoadedSettings> {
  return openSettings(place).load()
}

type SettingsPlace = Place & { readonly project?: Project }

/** What settings come from, each file read once. */
export interface OpenSettings {
  /** Whether one of these keys is named anywhere: a look without a schema, for a start that must not wait for one. */
  mentions(keys: readonly string[]): boolean
  /** See `loadSettings`. */
  load(): Promise<LoadedSettings>
}

export function openSettings(place: SettingsPlace): OpenSettings {
  const layers = layersOf(place)
  const names = (layer: Layer, key: string): boolean =>
    layer.kind === "environment"
      ? Object.hasOwn(layer.values, key)
      : layer.file.state === "text" && layer.file.text.includes(key)
  return {
    mentions: (keys) => layers.some((layer) => keys.some((key) => names(layer, key))),
    async load() {
      if (layers.length === 0) return { settings: DEFAULT_SETTINGS, problems: [] }
      const { applyLayers } = await loadSchema()
      return applyLayers(DEFAULT_SETTINGS, layers)
    },
  }
}

/**
 * What the user's own file says now, for the keys that count from the next message on, such as a rule that is written, or
 * a budget that is raised, while a window is open. `tell` hears what is wrong with it, each time that it is read. Broken
 * meanwhile, it goes on counting as it was: half a file would lose a rule, or the budget.
 */
export function followSettings(place: Place, tell: Tell = () => undefined): () => Promise<Settings> {
  const { settingsFiles } = pathsFor(place)
  let seen: string | undefined
  let current: Promise<Settings> | undefined
  return () => {
    const now = settingsFiles.map(fileStamp).join()
    if (current === undefined || now !== seen) {
      seen = now
      current = readAgain(place, { before: current, tell })
    }
    return current
  }
}

type Tell = (problems: LoadedSettings["problems"]) => void

async function readAgain(
  place: Place,
  { before, tell }: { readonly before: Promise<Settings> | undefined; readonly tell: Tell },
): Promise<Settings> {
  const { settings, problems, broken } = await loadSettings(place)
  if (before !== undefined && broken !== undefined) {
    tell([{ kind: "broken-meanwhile", from: broken.from }])
    return before
  }
  // A file that was broken at the start was told of then.
  tell(problems.filter((problem) => problem !== broken))
  return settings
}

/** What judges settings, loaded now: an update of the package may take its file away. */
export const loadSchema = async () => import("./schema.ts")

/** The weakest first. */
function layersOf(place: SettingsPlace): readonly Layer[] {
  const { project, platform, env } = place
  const ofKind = (kind: "user" | "project", paths: readonly string[]): readonly Layer[] =>
    paths.flatMap((from): Layer[] => {
      const file = readSmallFile(from)
      if (file.state !== "missing") return [{ kind, from, file }]
      // Its target may be on a drive that is away, and forbid what costs.
      return isLink(from) ? [{ kind, from, file: { state: "failed", message: "leads to no file" } }] : []
    })
  return [
    ...ofKind("user", pathsFor(place).settingsFiles),
    ...ofKind("project", project === undefined ? [] : projectSettingsFiles(platform, project)),
    ...environmentLayers(env),
  ]
}

const PREFIX = "KIRO_"

/** The variables that may be settings, each a layer of its own, as text. The others are not read: that would be a twentieth of the start. */
function environmentLayers(env: Place["env"]): readonly Layer[] {
  const names = Object.keys(env).filter((name) => name.startsWith(PREFIX))
  return names.flatMap((name): Layer[] => {
    const text = env[name]?.trim()
    if (!text) return []
    const values = { [name.slice(PREFIX.length).toLowerCase()]: text }
    return [{ kind: "environment", from: `the environment (${name})`, values }]
  })
}

/** Of many sentences the first, and where the others are: a wall of text is read by nobody. */
export function firstOf(sentences: readonly string[], where: string): string | undefined {
  const [first, ...others] = sentences
  return first === undefined || others.length === 0 ? first : `${first} And ${others.length} more: ${where}.`
}

/** One sentence for a person. The bad value itself is never repeated: it may be a secret in the wrong place. */
export function describeSettingsProblem(problem: SettingsProblem): string {
  switch (problem.kind) {
    case "bad-value":
      return `${plainName(problem.key)} in ${problem.from} must be ${problem.allowed}; it is ignored.`
    case "not-in-project":
      return `${plainName(problem.key)} in ${problem.from} is ignored: a repository may not decide where a login goes, what is paid or what is logged, so it counts only in your own kiro.json or environment.`
    case "unknown-key":
      return `${plainName(problem.key)} in ${problem.from} is not a key of kiro.json; it is ignored.`
    case "broken-file":
      return `${problem.from} is broken at line ${problem.line}: what can be read of it counts, but no paid credits are used until it is repaired.`
    case "unreadable-file":
      return `${problem.from} is ignored: ${problem.reason}. No paid credits are used until it is repaired.`
    case "broken-meanwhile":
      return `${problem.from} is broken now: until it is repaired its rules and its budget count as they were.`
    default:
      return problem satisfies never
  }
}
