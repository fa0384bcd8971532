import {
  type AccountStore,
  createTokenKeeper,
  type Identify,
  type Notice,
  openAccountStore,
  type SourceStore,
  type TokenKeeper,
} from "../accounts/index.ts"
import { userAgent } from "../kiro/index.ts"
import type { Runtime } from "../runtime.ts"
import type { Paths, Settings } from "../settings/index.ts"
import type { ControlClient } from "./control/call.ts"
import { createLookUps, type OpenLookUps } from "./control/look-ups.ts"
import { userIdOf } from "./control/questions.ts"

export interface AccountsOptions {
  readonly runtime: Runtime
  readonly settings: Settings
  readonly paths: Paths
  readonly version: string
  /** The stores of other programs. */
  readonly sources: readonly SourceStore[]
  readonly notify: (notice: Notice) => void
  /** Nothing is written: the accounts are a copy in memory. */
  readonly rehearse?: boolean
}

/** The accounts with their tokens, and the questions about them to the service. */
export interface OpenAccounts {
  readonly store: AccountStore
  readonly tokens: TokenKeeper
  readonly client: ControlClient
  readonly lookUps: OpenLookUps
  /** Who a login is, by one usage call. */
  readonly identify: Identify
  readonly close: () => Promise<void>
}

/** Nothing is written, asked or locked before the first use of a part. */
export async function openAccounts(options: AccountsOptions): Promise<OpenAccounts> {
  const { runtime, settings, paths, version, sources, notify, rehearse = false } = options
  const { clock, log, random } = runtime
  const environmentKey = sources.find(({ key }) => key !== undefined)?.key
  const store = await openAccountStore({
    path: paths.database,
    clock,
    log,
    random,
    notify,
    rehearse,
    environmentKey,
  })
  const client = { runtime, version, endpointOverride: settings.endpointOverride }
  const identify: Identify = (login) => userIdOf({ client, login, defaultRegion: settings.defaultRegion })
  const tokens = createTokenKeeper({
    runtime,
    store,
    sources,
    settings,
    lockPath: paths.lock,
    spillPath: paths.spill,
    userAgent: userAgent(version),
    identify,
  })
  const lookUps = createLookUps({ client, store, tokens, settings, modelsPath: paths.models, notify })
  return {
    store,
    tokens,
    client,
    lookUps,
    identify,
    async close() {
      await lookUps.close()
      await tokens.close()
      await store.close()
    },
  }
}
