import { spawnSync } from "node:child_process"
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs"
import { tmpdir, totalmem } from "node:os"
import { dirname, join } from "node:path"
import { opencodeVersion, packageFolder } from "./program.ts"
import { kiroCliStoreOf } from "../kiro-cli-store.ts"
import { startEnvironment } from "../posix.ts"
import { removeFolder } from "../secrets.ts"

export interface SandboxOptions {
  /** One base URL that stands for every host of the service: the URL of a fake. Absent: the real hosts. */
  readonly endpoint?: string
  /** The whole opencode.json; by default one line that names the built package by its path. */
  readonly config?: Readonly<Record<string, unknown>>
  /** Further keys of kiro.json. */
  readonly settings?: Readonly<Record<string, unknown>>
  readonly environment?: Readonly<Record<string, string>>
  /** All providers that OpenCode carries with it, as people have them; by default the one of `SMALL_CATALOGUE`. */
  readonly wholeCatalogue?: boolean
  /** Host names that lead to this machine, by an /etc/hosts of its own. Linux, as root: see `canBindHosts`. */
  readonly hosts?: readonly string[]
}

/** A home of its own for one OpenCode: nothing of the machine's is read or written. */
export interface Sandbox {
  readonly root: string
  readonly home: string
  /** The working directory of OpenCode. */
  readonly project: string
  /** The folder of opencode.json, kiro.json and kiro.db. */
  readonly config: string
  /** The folder of auth.json and of OpenCode's log. */
  readonly data: string
  readonly kiroCliStore: string
  readonly environment: Readonly<Record<string, string>>
  /** What comes before the program on the command line. */
  readonly commandPrefix: readonly string[]
  /** Removes it all. */
  remove(): void
}

export function createSandbox(options: SandboxOptions = {}): Sandbox {
  const root = mkdtempSync(join(tmpdir(), "kiro-e2e-"))
  const followsXdg = process.platform !== "win32" && process.platform !== "darwin"
  const at = (...names: string[]): string => join(root, ...names)
  const catalogue = options.wholeCatalogue === true ? {} : { OPENCODE_MODELS_PATH: at("catalogue.json") }
  const sandbox = {
    root,
    home: at("home"),
    project: at("project"),
    config: at("config", "opencode"),
    data: at("data", "opencode"),
    kiroCliStore: followsXdg ? at("data", "kiro-cli", "data.sqlite3") : kiroCliStoreOf(at("home")),
    commandPrefix: options.hosts ? bindHosts(at("hosts"), options.hosts) : [],
    environment: { ...isolatedEnvironment(root), ...catalogue, ...options.environment },
    remove: () => removeFolder(root),
  }
  for (const folder of [
    sandbox.home,
    sandbox.project,
    sandbox.config,
    sandbox.data,
    dirname(sandbox.kiroCliStore),
  ])
    mkdirSync(folder, { recursive: true })
  writeJson(at("catalogue.json"), SMALL_CATALOGUE)
  writeJson(join(sandbox.config, "opencode.json"), options.config ?? { plugin: [packageFolder()] })
  const settings = { ...(options.endpoint && { endpoint_override: options.endpoint }), ...options.settings }
  if (Object.keys(settings).length > 0) writeJson(join(sandbox.config, "kiro.json"), settings)
  skipPluginInstall(sandbox.config)
  return sandbox
}

/**
 * A public catalogue of one provider, OpenCode's own. Of a start with its first answer the whole one takes a third of
 * the processor's time, and every new instance reads it again.
 */
const SMALL_CATALOGUE = {
  opencode: {
    id: "opencode",
    name: "OpenCode Zen",
    env: ["OPENCODE_API_KEY"],
    npm: "@ai-sdk/openai-compatible",
    api: "https://opencode.invalid/v1",
    models: {
      free: {
        id: "free",
        name: "Free",
        attachment: false,
        reasoning: false,
        temperature: true,
        tool_call: true,
        release_date: "2026-01-01",
        last_updated: "2026-01-01",
        open_weights: false,
        modalities: { input: ["text"], output: ["text"] },
        cost: { input: 0, output: 0 },
        limit: { context: 100_000, output: 10_000 },
      },
    },
  },
}

/** A mount namespace of its own takes root. */
export function canBindHosts(): boolean {
  return (
    process.platform === "linux" &&
    process.getuid?.() === 0 &&
    spawnSync("unshare", ["-m", "true"]).status === 0
  )
}

function bindHosts(file: string, hosts: readonly string[]): readonly string[] {
  writeFileSync(file, ["localhost", ...hosts].map((host) => `127.0.0.1 ${host}\n`).join(""))
  return ["unshare", "-m", "sh", "-c", 'mount --bind "$0" /etc/hosts && exec "$@"', file]
}

export function writeJson(path: string, value: unknown): void {
  writeFileSync(path, `${JSON.stringify(value, null, 2)}\n`)
}

/**
 * Bun collects garbage every 16 ms in which memory changes: a third of what OpenCode's start and first answer take of the
 * processor. Most here end long before a gigabyte is full.
 */
const NEVER_COLLECTS = { BUN_JSC_useGC: "0" }

/** What all suites take together where three servers of many sessions never collect: each session adds about 30 MB. */
const MUCH_MEMORY = 14 * 1024 ** 3

/** For one that answers many sessions. */
export const OF_MANY_SESSIONS = { BUN_JSC_useGC: totalmem() < MUCH_MEMORY ? "1" : "0" }

/** Nothing of the caller's environment but the search path: no keys, no proxies, no settings. */
function isolatedEnvironment(root: string): Record<string, string> {
  const folder = (name: string): string => join(root, name)
  return {
    ...startEnvironment(),
    HOME: folder("home"),
    USERPROFILE: folder("home"),
    LOCALAPPDATA: folder(join("home", "AppData", "Local")),
    XDG_CONFIG_HOME: folder("config"),
    XDG_DATA_HOME: folder("data"),
    XDG_STATE_HOME: folder("state"),
    XDG_CACHE_HOME: folder("cache"),
    TERM: "xterm-256color",
    NO_PROXY: "127.0.0.1,localhost",
    // There a screen is taken for granted, and a sign-in would open its page in the browser of whoever runs this.
    ...(process.platform !== "linux" && { CI: "true" }),
    OPENCODE_DISABLE_MODELS_FETCH: "1",
    OPENCODE_DISABLE_AUTOUPDATE: "1",
    OPENCODE_DISABLE_LSP_DOWNLOAD: "1",
    // No OpenCode here lives long enough for the last compiler to give back what it takes.
    BUN_JSC_useFTLJIT: "0",
    ...NEVER_COLLECTS,
    OPENCODE_PERMISSION: JSON.stringify({ "*": "allow" }),
  }
}

/**
 * OpenCode 1.18 installs @opencode-ai/plugin into each config folder and waits for it, over a minute where no
 * registry answers. It takes it for installed when node_modules is there and the lock file names it.
 */
function skipPluginInstall(folder: string): void {
  mkdirSync(join(folder, "node_modules"))
  const dependencies = { "@opencode-ai/plugin": opencodeVersion() }
  writeJson(join(folder, "package.json"), { dependencies })
  writeJson(join(folder, "package-lock.json"), { lockfileVersion: 3, packages: { "": { dependencies } } })
}
