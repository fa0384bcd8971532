import type { Hooks, PluginInput } from "@opencode-ai/plugin"
import { systemClock, systemRuntime } from "../runtime.ts"
import {
  DEFAULT_SETTINGS,
  loadSchema,
  loadSettings,
  openLog,
  type Place,
  pathsFor,
} from "../settings/index.ts"
import { readCachedModels } from "./config/offered-models.ts"
import { injectProvider, PROVIDER_ID } from "./config/provider.ts"
import { authHook } from "./login/auth-hook.ts"
import type { LoginDefaults } from "./login/target.ts"
import { once } from "./once.ts"
import type { Services } from "./services.ts"

/** Marks the requests that are ours to answer; nothing is ever sent there. */
const BASE_URL = "https://kiro.invalid/v1"

/** The logins of other programs are taken in this long after the start, so that the first message finds them. */
const TAKE_IN_AFTER_MS = 2000

/** Our chat hook says in it what a request is for. */
const PURPOSE_HEADER = "x-kiro-purpose"

/** The agents of OpenCode 1.18 whose requests are not the conversation itself. */
const HELPERS: ReadonlySet<string> = new Set(["title", "compaction"])

export interface InstanceOptions {
  readonly input: PluginInput
  readonly place: Place
  readonly version: string
}

/**
 * The hooks of one plugin instance. OpenCode makes one for each directory and again after a login, and waits for it
 * before its first paint: so nothing is opened here, and everything behind the provider loads with its first use.
 */
export function startInstance({ input, place, version }: InstanceOptions): Hooks {
  const clock = systemClock
  const startedAt = clock.now()
  const stop = new AbortController()
  const paths = pathsFor(place)
  const loaded = once(() => loadSettings({ ...place, project: input }))
  const log = once(async () => openLog({ path: paths.log, level: (await loaded()).settings.logLevel, clock }))
  const open = async (): Promise<Services> => {
    // The last of our files that load late: from here on an update or a rebuild can't break the window.
    const [{ openServices }] = await Promise.all([import("./services.ts"), loadSchema()])
    return openServices({
      place,
      paths,
      loaded: await loaded(),
      runtime: systemRuntime(await log()),
      version,
      baseUrl: BASE_URL,
      purposeHeader: PURPOSE_HEADER,
      ui: { client: input.client, startedAt },
      signal: stop.signal,
    })
  }
  let opened: Promise<Services> | undefined
  const services = async (): Promise<Services> => {
    stop.signal.throwIfAborted()
    opened ??= open().catch((error: unknown) => {
      // The next request tries anew: nothing needs a restart.
      opened = undefined
      throw error
    })
    return opened
  }
  const takeIn = async (): Promise<void> => {
    await clock.sleep(TAKE_IN_AFTER_MS, stop.signal)
    await (await services()).importLogins()
  }
  let defaults: LoginDefaults = DEFAULT_SETTINGS
  /** Of all that the start brings only the prompts of a login want the settings, and nobody sees those yet. */
  const learnDefaults = async (): Promise<void> => {
    defaults = (await loaded()).settings
  }
  const inBackground = (work: () => Promise<void>, failed: string): void => {
    work().catch(async (error: unknown) => {
      if (!stop.signal.aborted) (await log()).warn(failed, { error })
    })
  }
  return {
    auth: authHook({ defaults: () => defaults, methods: async () => (await services()).login }),
    async config(config) {
      inBackground(learnDefaults, "the settings were not read")
      const { live, problem } = readCachedModels(paths.models)
      if (problem !== undefined) (await log()).warn(problem)
      const fetch = async (url: string | URL, init: RequestInit = {}): Promise<Response> =>
        (await services()).fetch(String(url), init)
      injectProvider({ config, fetch, baseURL: BASE_URL, live })
      inBackground(takeIn, "the logins of other programs were not taken in")
    },
    async "chat.headers"({ agent, model }, output) {
      if (model.providerID === PROVIDER_ID)
        output.headers[PURPOSE_HEADER] = HELPERS.has(agent) ? agent : "main"
    },
    async dispose() {
      stop.abort(new Error("the plugin instance has ended"))
      await (await opened)?.close()
    },
  }
}
