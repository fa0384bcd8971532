import type { Hooks, PluginInput, ToolDefinition } from "@opencode-ai/plugin"
import type { FoundPage, SearchOutcome, WebSearch } from "../gateway/index.ts"
import { type AccountLine, type Host, openDoor, PROVIDER_ID, readOffer, startHost } from "../host/index.ts"
import type { Fetch } from "../runtime.ts"
import { systemRuntime } from "../runtime.ts"
import { mentionsSetting, type Place } from "../settings/index.ts"
import { authHook } from "./auth-hook.ts"
import { injectProvider } from "./provider.ts"
import { createTell, createToaster, isLoginCommand, type Toast, type ToastClient } from "./toasts.ts"

/** Marks the requests that are ours to answer; nothing is ever sent there. */
const BASE_URL = "https://kiro.invalid/v1"

/** Our chat hook says in it what a request is for. */
const PURPOSE_HEADER = "x-kiro-purpose"
const AGENT_HEADER = "x-kiro-agent"

/** The agents of OpenCode 1.18 whose requests are not the conversation itself. */
const HELPERS: ReadonlySet<string> = new Set(["title", "compaction"])

export interface InstanceOptions {
  readonly input: Pick<PluginInput, "directory" | "worktree"> & { readonly client: ToastClient }
  readonly place: Place
  readonly version: string
}

/**
 * The hooks of one plugin instance. OpenCode makes one for each directory and again after a login, and waits for it
 * before its first paint: so nothing is opened here, and everything behind the provider loads with its first use.
 */
export async function startInstance({ input, place, version }: InstanceOptions): Promise<Hooks> {
  const { client, directory, worktree } = input
  const host = startHost({
    place,
    project: { directory, worktree },
    version,
    show: (text) => toast(text),
  })
  const { paths, log, signal } = host
  const toast: (toast: Toast) => void = createToaster({ ...host, client })
  let front: Promise<Fetch> | undefined
  const open = async (): Promise<Fetch> => {
    // Opened beside it, for the first chat; one that finds nothing open says so in its own answer.
    host.inBackground(async () => void (await host.services()), "the services could not be opened")
    const { createFront } = await import("./front.ts")
    const runtime = systemRuntime(log)
    const headers = { purposeHeader: PURPOSE_HEADER, agentHeader: AGENT_HEADER }
    return createFront({ gateway: openDoor(host), runtime, baseUrl: BASE_URL, ...headers })
  }
  const fetch = async (url: string | URL, init: RequestInit = {}): Promise<Response> => {
    signal.throwIfAborted()
    front ??= open().catch((error: unknown) => {
      front = undefined
      throw error
    })
    return (await front)(String(url), init)
  }
  let accounts: readonly AccountLine[] = []
  const learnAccounts = async (): Promise<void> => {
    accounts = await (await host.services()).management.list()
  }
  // OpenCode asks once which tools there are: who wants this one waits for the settings.
  const wanted = mentionsSetting(WEB_SEARCH_KEYS, { ...place, project: input })
  const search = wanted && (await host.readSettings()).webSearch ? await searchHooks(host) : {}
  return {
    ...search,
    auth: authHook({
      defaults: () => host.settings(),
      accounts: () => accounts,
      desk: async () => ({
        ...(await host.services()),
        directory,
        log,
        authFile: paths.authFile,
        tell: createTell({ ...host, argv: process.argv, output: process.stdout, toast }),
        signal,
        changed: () => host.inBackground(learnAccounts, "the accounts were not listed"),
      }),
    }),
    async config(config) {
      const offer = await readOffer(paths.models)
      if (offer.problem !== undefined) log.warn(offer.problem)
      await injectProvider({ config, fetch, baseURL: BASE_URL, offer })
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

const WEB_SEARCH_KEYS = ["web_search", "web_search_enabled"]

async function searchHooks(host: Host): Promise<Partial<Hooks>> {
  return webSearchHooks(async (asked) => (await host.services()).search(asked))
}

const TOOL = "kiro_web_search"

/**
 * Web search through Kiro as a tool of OpenCode 1, which gives a plugin's tool to every model: in a message to a model of
 * another provider it is switched off.
 */
export function webSearchHooks(
  search: (asked: WebSearch) => Promise<SearchOutcome>,
): Required<Pick<Hooks, "tool" | "chat.message">> {
  const tool: ToolDefinition = {
    description:
      "Searches the web through Kiro, which costs credits. Give it a query of at most 200 characters; it answers with titles, addresses, dates and excerpts.",
    // OpenCode takes JSON schema where an argument is none of its own zod's, which alone its types name.
    args: { query: { type: "string", description: "What to search for" } as never },
    async execute({ query }, { abort, sessionID, ask }) {
      const words = String(query)
      await ask({ permission: "websearch", patterns: [words], always: ["*"], metadata: { query: words } })
      const outcome = await search({ query: words, sessionId: sessionID, signal: abort })
      // OpenCode takes a rejection for a fault of its own: the model is told in words.
      if (outcome.outcome === "refused") return { title: words, output: outcome.message }
      return { title: words, output: pagesText(outcome.pages) }
    },
  }
  return {
    tool: { [TOOL]: tool },
    async "chat.message"(_input, { message }) {
      if (message.model.providerID !== PROVIDER_ID) message.tools = { ...message.tools, [TOOL]: false }
    },
  }
}

function pagesText(pages: readonly FoundPage[]): string {
  if (pages.length === 0) return "Nothing was found."
  return pages
    .map(({ title, url, excerpt, publishedAt }, index) => {
      const date = publishedAt === undefined ? "" : `\n${new Date(publishedAt).toISOString().slice(0, 10)}`
      return `${index + 1}. ${title}\n${url}${date}\n${excerpt}`.trimEnd()
    })
    .join("\n\n")
}
