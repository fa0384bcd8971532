import type { AccountStore } from "../../accounts/index.ts"
import { writeModelsFile } from "../../gateway/index.ts"
import type { Runtime } from "../../runtime.ts"
import type { Paths, Place, Settings } from "../../settings/index.ts"
import { openInBrowser } from "./browser.ts"
import { createLoginControl } from "./control.ts"
import type { ImportOutcome, LoginMessage } from "./dependencies.ts"
import { createLogin, type LoginMethods } from "./methods.ts"
import { createTell } from "./tell.ts"

export interface LoginParts {
  readonly runtime: Runtime
  readonly version: string
  readonly place: Place
  readonly paths: Pick<Paths, "authFile" | "models">
  readonly settings: Settings
  readonly store: AccountStore
  /** By the user's act: a removed account comes back. */
  importLogins(): Promise<ImportOutcome>
  toast(message: LoginMessage): void
  readonly argv: readonly string[]
  readonly output: { readonly isTTY?: boolean; write(text: string): unknown }
  /** Aborted when the plugin instance ends. */
  readonly signal: AbortSignal
}

/** The sign-in methods out of what a plugin instance has. Nothing is opened or read by this call. */
export function openLogin(parts: LoginParts): LoginMethods {
  const { runtime, version, place, paths, settings, store, signal } = parts
  return createLogin({
    runtime,
    version,
    settings,
    store,
    signal,
    authFile: paths.authFile,
    control: createLoginControl({
      client: { runtime, version, endpointOverride: settings.endpointOverride },
      defaultRegion: settings.defaultRegion,
      async keepModels(list) {
        await store.setModelList(list)
        await writeModelsFile({ store, path: paths.models, unique: runtime.randomUUID() })
      },
    }),
    importLogins: () => parts.importLogins(),
    openBrowser: (url) => openInBrowser(url, { ...place, log: runtime.log }),
    tell: createTell({ ...parts, clock: runtime.clock }),
  })
}
