import type { AuthHook } from "@opencode-ai/plugin"
import type { AccountStore, SourceStore } from "../../accounts/index.ts"
import { type ControlClient, writeModelsFile } from "../../gateway/index.ts"
import type { Runtime } from "../../runtime.ts"
import { type Place, pathsFor, type Settings } from "../../settings/index.ts"
import { authHook } from "./auth-hook.ts"
import { openInBrowser } from "./browser.ts"
import { createLoginControl } from "./control.ts"
import type { LoginDependencies, LoginMessage } from "./dependencies.ts"
import { createTell } from "./tell.ts"

export interface LoginParts {
  readonly runtime: Runtime
  readonly version: string
  readonly place: Place
  settings(): Settings
  openStore(): Promise<AccountStore>
  sources(): readonly SourceStore[]
  toast(message: LoginMessage): void
  readonly argv: readonly string[]
  readonly output: { readonly isTTY?: boolean; write(text: string): unknown }
  /** Aborted when the plugin instance ends. */
  readonly signal: AbortSignal
}

/** What the sign-in methods need, out of what a plugin instance has. Nothing is opened or read by this call. */
export function loginDependencies(parts: LoginParts): LoginDependencies {
  const { runtime, version, place, settings, openStore, sources, signal } = parts
  const paths = pathsFor(place)
  const client = (): ControlClient => ({ runtime, version, endpointOverride: settings().endpointOverride })
  return {
    runtime,
    version,
    settings,
    openStore,
    sources,
    signal,
    authFile: paths.authFile,
    control: createLoginControl({
      client,
      defaultRegion: () => settings().defaultRegion,
      async keepModels(list) {
        const store = await openStore()
        await store.setModelList(list)
        await writeModelsFile({ store, path: paths.models, unique: runtime.randomUUID() })
      },
    }),
    openBrowser: (url) => openInBrowser(url, { ...place, log: runtime.log }),
    tell: createTell({ ...parts, clock: runtime.clock }),
  }
}

export function openLogin(parts: LoginParts): AuthHook {
  return authHook(loginDependencies(parts))
}
