import { decodePlugin, loadPlugin, type LoadedPlugin } from "./load.ts"
import { Credentials } from "./integrations.ts"
import { FakeLocation } from "./location.ts"
import type { ProviderConfig } from "./models.ts"

export interface HostOptions {
  /** The folder of a checkout or its `dist`, of an installed package, or the plugin's module itself. */
  readonly plugin:
    | { readonly directory: string }
    | { readonly package: string }
    | { readonly module: unknown }
  readonly options?: Readonly<Record<string, unknown>>
  /** A session waits before it repeats: nothing is waited for here, but a test's clock may be moved. */
  readonly onWait?: (ms: number) => void
  /** What the user's own config says of providers. */
  readonly providers?: Readonly<Record<string, ProviderConfig>>
}

/** One server process of OpenCode 2: many locations, one store of credentials, one copy of each module. */
export class FakeOpenCode2 implements AsyncDisposable {
  readonly credentials: Credentials = new Credentials()
  /** As `plugin list` shows it, with what was thrown. */
  readonly failures: unknown[] = []
  readonly options: HostOptions
  /** Providers that a policy takes out, behind all plugins and the user's config. */
  readonly denied: Set<string> = new Set()
  readonly storage: Map<string, unknown> = new Map()
  readonly locations: FakeLocation[] = []

  constructor(options: HostOptions) {
    this.options = options
  }

  load(): Promise<LoadedPlugin> {
    const { plugin } = this.options
    if ("module" in plugin) return Promise.resolve(decodePlugin(plugin.module))
    return "directory" in plugin
      ? loadPlugin(plugin.directory, "directory")
      : loadPlugin(plugin.package, "package")
  }

  /** A project's folder: the plugin is set up for it. What it throws is written down, and the others go on. */
  async open(directory: string, workspaceID?: string): Promise<FakeLocation> {
    const location = new FakeLocation(this, { directory, ...(workspaceID !== undefined && { workspaceID }) })
    this.locations.push(location)
    await location.start()
    return location
  }

  /** A change of the store of credentials is told to every location. */
  async announce(type: "credential.updated" | "credential.switched", data: object): Promise<void> {
    for (const location of this.locations) location.emit({ type, data })
    await new Promise((resolve) => setTimeout(resolve, 0))
    for (const location of this.locations) await location.rebuild()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const location of this.locations) await location.close()
  }
}
