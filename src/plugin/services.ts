import { createGateway, openAccounts } from "../gateway/index.ts"
import { importLogins, type ImportOutcome, openSources, watchSources } from "../import/index.ts"
import type { Fetch, Runtime } from "../runtime.ts"
import { type LoadedSettings, type Paths, type Place } from "../settings/index.ts"
import { createFront } from "./front.ts"
import { openLogin } from "./login/compose.ts"
import type { LoginMethods } from "./login/methods.ts"
import { createNotify } from "./notify.ts"
import { createToaster, type ToasterOptions } from "./toaster.ts"

export interface ServicesOptions {
  readonly place: Place
  readonly paths: Paths
  readonly loaded: LoadedSettings
  readonly runtime: Runtime
  readonly version: string
  readonly baseUrl: string
  readonly purposeHeader: string
  readonly ui: Pick<ToasterOptions, "client" | "startedAt">
  /** Aborted when the plugin instance ends. */
  readonly signal: AbortSignal
}

/** Everything behind the provider, opened by the first request or login of a plugin instance. */
export interface Services {
  /** Of the provider. */
  readonly fetch: Fetch
  readonly login: LoginMethods
  /** Takes in what other programs know now; local and quick, never rejects. */
  readonly importLogins: () => Promise<void>
  readonly close: () => Promise<void>
}

export async function openServices(options: ServicesOptions): Promise<Services> {
  const { place, loaded, runtime, version, baseUrl, purposeHeader, ui, signal } = options
  const { clock, log, randomUUID } = runtime
  const { settings, problems } = loaded
  const toast = createToaster({ ...ui, clock, log, signal })
  const notify = createNotify({ toast, log, enabled: settings.toasts })
  for (const problem of problems) notify({ kind: "settings-problem", problem })

  const sources = openSources({ place, settings, effects: runtime })
  const watch = watchSources(sources, clock)
  const accounts = await openAccounts({ ...options, settings, sources, notify })
  const { store, tokens, lookUps, identify } = accounts

  const takeInFor = (byUser: boolean): Promise<ImportOutcome> =>
    importLogins({ store, sources, now: clock.now(), newId: randomUUID, byUser, identify })
  const takeIn = async (): Promise<void> => {
    try {
      const outcome = await takeInFor(false)
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
    store,
    tokens,
    importLogins: takeIn,
    lookUps,
    notify,
  })
  const login = openLogin({
    ...options,
    settings,
    store,
    toast,
    importLogins: () => takeInFor(true),
    argv: process.argv,
    output: process.stdout,
  })
  const front = createFront({ gateway, runtime, baseUrl, purposeHeader })
  return {
    fetch(url, init) {
      if (watch.changed()) void takeIn()
      return front(url, init)
    },
    login,
    importLogins: takeIn,
    async close() {
      await gateway.close()
      await accounts.close()
    },
  }
}
