import { posix, win32 } from "node:path"

/** Where a process runs: given by the composition root, so that every path is a function of plain values. */
export interface Place {
  readonly env: { readonly [name: string]: string | undefined }
  /** `process.platform`. */
  readonly platform: string
  /** The user's home folder. */
  readonly home: string
}

export interface Paths {
  /** OpenCode's configuration folder, where everything of ours is written. */
  readonly configDirectory: string
  /** Every folder whose kiro.json and older kiro.db are read, the weakest first; it holds `configDirectory`. */
  readonly configDirectories: readonly string[]
  /** The kiro.json that we name to people. */
  readonly settingsFile: string
  /** Every kiro.json of the user, the weakest first. */
  readonly settingsFiles: readonly string[]
  readonly database: string
  /** The live model lists: the only thing besides settings that `config()` reads. */
  readonly models: string
  /** The folder of token pairs that the database could not take. */
  readonly spill: string
  /** What `proper-lockfile` locks while a token is refreshed; older plugins use `kiro.db.lock`. */
  readonly lock: string
  readonly log: string
  /** OpenCode's auth.json. */
  readonly authFile: string
}

/**
 * OpenCode follows the XDG base directories on every system. Older plugins of this kind kept their files in
 * `%APPDATA%\opencode` on Windows, so both folders are read there, and ours are written to the latter.
 */
export function pathsFor({ env, platform, home }: Place): Paths {
  const { join } = platform === "win32" ? win32 : posix
  const set = (name: string): string | undefined => env[name]?.trim() || undefined
  const xdgConfig = join(set("XDG_CONFIG_HOME") ?? join(home, ".config"), "opencode")
  const appData = platform === "win32" ? set("APPDATA") : undefined
  const configDirectory = appData === undefined ? xdgConfig : join(appData, "opencode")
  const configDirectories = [...new Set([configDirectory, xdgConfig])]
  const data = join(set("XDG_DATA_HOME") ?? join(home, ".local", "share"), "opencode")
  return {
    configDirectory,
    configDirectories,
    settingsFile: join(configDirectory, "kiro.json"),
    settingsFiles: configDirectories.map((directory) => join(directory, "kiro.json")),
    database: join(configDirectory, "kiro.db"),
    models: join(configDirectory, "kiro-models.json"),
    spill: join(configDirectory, "kiro-tokens.spill"),
    lock: join(configDirectory, "kiro-refresh.lock"),
    log: join(data, "log", "kiro.log"),
    authFile: join(data, "auth.json"),
  }
}

/** Where OpenCode works, and the root of the repository that it is in. */
export interface Project {
  readonly directory: string
  readonly worktree: string
  /** The root of the repository's main checkout, as far as the host tells it: git worktrees are made beside it. */
  readonly mainWorktree?: string
}

/** What a rule for the project names. Outside a repository OpenCode 1 gives its root as `/`. */
export function projectRoot({ directory, worktree, mainWorktree = worktree }: Project): string {
  return mainWorktree === "/" ? directory : mainWorktree
}

/**
 * The kiro.json files of a project from its root down to where OpenCode was started, the weakest first, as OpenCode
 * reads its own. Outside a repository, whose root OpenCode then gives as `/`, only the one where it was started.
 */
export function projectSettingsFiles(platform: string, { directory, worktree }: Project): readonly string[] {
  const { dirname, join } = platform === "win32" ? win32 : posix
  const root = comparablePath(worktree, platform)
  const upTo = (folder: string): readonly string[] | undefined => {
    const above = dirname(folder)
    if (folder !== "/" && comparablePath(folder, platform) === root) return [folder]
    if (above === folder) return undefined
    const rest = upTo(above)
    return rest && [...rest, folder]
  }
  return (upTo(directory) ?? [directory]).map((folder) => join(folder, ".opencode", "kiro.json"))
}

/** Where a person wrote `~` and no shell read it: in a file, or in quotes. */
export function fromHome(path: string, home: string): string {
  return /^~(?=$|[/\\])/.test(path) ? `${home}${path.slice(1)}` : path
}

/**
 * To compare paths by: on Windows one file has many spellings, of either slash and in any case; on a Mac in any case and
 * either way of writing an accent.
 */
export function comparablePath(path: string, platform: string): string {
  if (platform === "win32") return path.replaceAll("\\", "/").toLowerCase()
  return platform === "darwin" ? path.normalize("NFC").toLowerCase() : path
}
