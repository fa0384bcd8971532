import type { Hooks, PluginInput } from "@opencode-ai/plugin"
import { AGENT_HEADER, gatewayOf, type Host, PURPOSE_HEADER, readOffer, startHost } from "../host/index.ts"
import { type Fetch, systemRuntime } from "../runtime.ts"
import { loadingTrouble, type Place } from "../settings/index.ts"
import { PROVIDER_ID } from "../version.ts"
import { authHook, type Form } from "./auth-hook.ts"
import { injectProvider } from "./provider.ts"
import {
  createFit,
  createTell,
  createToaster,
  isLoginCommand,
  type Toast,
  type ToastClient,
} from "./toasts.ts"

/** Marks the requests that are ours to answer; nothing is ever sent there. */
const BASE_URL = "https://kiro.invalid/v1"

/** The agents of OpenCode 1.18 whose requests are not the conversation itself. */
const HELPERS: ReadonlySet<string> = new Set(["title", "compaction"])

export interface InstanceOptions {
  readonly input: Pick<PluginInput, "directory" | "worktree"> & { readonly client: ToastClient }
  readonly place: Place
}

/**
 * The hooks of one plugin instance. OpenCode makes one for each directory and again after a login, and waits for it
 * before its first paint: so nothing is opened here, and everything behind the provider loads with its first use.
 */
export async function startInstance({ input, place }: InstanceOptions): Promise<Hooks> {
  const { client, directory, worktree } = input
  const project = { directory, worktree }
  const host = startHost({ place, project, show: (text) => toast(text) })
  const { paths, log, signal } = host
  const toast: (toast: Toast) => void = createToaster({ ...host, client })
  const fetch = fetchOf(host)
  let manage: Form | undefined
  const learnAccounts = async (): Promise<void> => {
    const [{ management }, { managing }] = await Promise.all([
      host.services(),
      import("./manage-accounts.ts"),
    ])
    manage = managing(await management.list())
  }
  // OpenCode asks once which tools there are: who wants this one waits for the settings.
  const wanted = host.mentionsSetting(WEB_SEARCH_KEYS) && (await host.readSettings()).webSearch
  const search = wanted ? await searchHooks(host) : {}
  // Only a login prints: Bun takes ten milliseconds for the stream.
  const terminal = () => ({ argv: process.argv, output: process.stdout })
  return {
    ...search,
    auth: authHook({
      defaults: () => host.settings(),
      managing: () => manage,
      adoptApiKey: async (desk) => (await import("./auth-file.ts")).adoptApiKey(desk),
      desk: async () => ({
        ...(await host.services()),
        project,
        log,
        authFile: paths.authFile,
        tell: createTell({ ...host, ...terminal(), toast }),
        fit: createFit(terminal()),
        signal,
        changed: () => host.inBackground(learnAccounts, "the accounts were not listed"),
      }),
    }),
    async config(config) {
      const offer = await readOffer(paths.models)
      if (offer.problem !== undefined) log.warn(offer.problem)
      await injectProvider({ config, fetch, baseURL: BASE_URL, offer, argv: process.argv })
      host.warmUp(learnAccounts)
      // Its menu is shown right after the start; everything else that shows it comes later.
      if (isLoginCommand(process.argv))
        await learnAccounts().catch((error: unknown) => log.warn("the accounts were not listed", { error }))
    },
    async "chat.headers"({ agent, model }, output) {
      if (model.providerID !== PROVIDER_ID) return
      output.headers[PURPOSE_HEADER] = HELPERS.has(agent) ? agent : "main"
      // A header takes no more than ASCII.
      output.headers[AGENT_HEADER] = encodeURIComponent(agent.toWellFormed())
    },
    dispose: () => host.close(),
  }
}

/** The provider's fetch. Its front loads with the first request, and anew with the next where that failed. */
function fetchOf(host: Host): (url: string | URL, init?: RequestInit) => Promise<Response> {
  const { log, signal } = host
  let front: Promise<Fetch> | undefined
  const open = async (): Promise<Fetch> => {
    // Opened beside it, for the first chat; one that finds nothing open says so in its own answer.
    host.inBackground(async () => void (await host.services()), "the services could not be opened")
    const { createFront } = await import("./front.ts")
    return createFront({ gateway: gatewayOf(host), runtime: systemRuntime(log), baseUrl: BASE_URL })
  }
  return async (url, init = {}) => {
    signal.throwIfAborted()
    front ??= open().catch((error: unknown) => {
      front = undefined
      log.warn("the plugin could not be loaded", { error })
      const document = { error: { message: loadingTrouble(error), type: "kiro_error" } }
      return async () => Response.json(document, { status: 400 })
    })
    return (await front)(String(url), init)
  }
}

const WEB_SEARCH_KEYS = ["web_search", "web_search_enabled"]

async function searchHooks(host: Host): Promise<Partial<Hooks>> {
  const { webSearchHooks } = await import("./web-search.ts")
  return webSearchHooks(async (asked) => (await host.services()).search(asked))
}
