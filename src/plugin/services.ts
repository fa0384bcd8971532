import { type AccountStore, createTokenKeeper, openAccountStore } from "../accounts/index.ts"
import { createGateway, createLookUps, type Gateway } from "../gateway/index.ts"
import { importLogins, openSources } from "../import/index.ts"
import { userAgent } from "../kiro/index.ts"
import type { Runtime } from "../runtime.ts"
import { type LoadedSettings, type Paths, type Place } from "../settings/index.ts"
import { createNotify } from "./notify.ts"
import type { Toast } from "./toaster.ts"

export interface ServicesOptions {
  readonly place: Place
  readonly paths: Paths
  readonly loaded: LoadedSettings
  readonly runtime: Runtime
  readonly version: string
  readonly baseUrl: string
  readonly toast: (toast: Toast) => void
}

/** Everything behind the provider, opened by the first request or login of a plugin instance. */
export interface Services {
  readonly store: AccountStore
  readonly gateway: Gateway
  /** Takes in what other programs know now; local and quick, never rejects. */
  readonly importLogins: () => Promise<void>
  readonly close: () => Promise<void>
}

export async function openServices(options: ServicesOptions): Promise<Services> {
  const { place, paths, loaded, runtime, version, baseUrl, toast } = options
  const { clock, log, random, randomUUID } = runtime
  const { settings, problems } = loaded
  const notify = createNotify({ toast, log, enabled: settings.toasts })
  for (const problem of problems) notify({ kind: "settings-problem", problem })

  const store = await openAccountStore({ path: paths.database, clock, log, random, notify })
  const sources = openSources({ place, settings, effects: runtime })
  const tokens = createTokenKeeper({
    runtime,
    store,
    sources,
    settings,
    lockPath: paths.lock,
    spillPath: paths.spill,
    userAgent: userAgent(version),
  })
  const client = { runtime, version, endpointOverride: settings.endpointOverride }
  const lookUps = createLookUps({ client, store, tokens, settings, modelsPath: paths.models, notify })

  const takeIn = async (): Promise<void> => {
    try {
      const outcome = await importLogins({ store, sources, now: clock.now(), newId: randomUUID })
      for (const { source: _, ...problem } of outcome.problems) notify({ kind: "source-problem", ...problem })
    } catch (error) {
      // The store has told the user what is wrong with it.
      log.warn("the logins of other programs were not taken in", { error })
    }
  }
  const gateway = createGateway({
    runtime,
    settings,
    version,
    baseUrl,
    store,
    tokens,
    importLogins: takeIn,
    lookUps,
    notify,
  })
  return {
    store,
    gateway,
    importLogins: takeIn,
    async close() {
      await gateway.close()
      await lookUps.close()
      await tokens.close()
      await store.close()
    },
  }
}
