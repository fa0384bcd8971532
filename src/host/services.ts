import { describeNotice, type Notice, type NoticeText, passesSoon, StoreError } from "../accounts/index.ts"
import {
  type ChatGateway,
  createGateway,
  openAccounts,
  type OpenAccounts,
  type SearchOutcome,
  type WebSearch,
} from "../gateway/index.ts"
import { importLogins, type ImportOutcome, openSources, watchSources } from "../import/index.ts"
import { type Logins, openLogins } from "../login/index.ts"
import type { Log, Runtime } from "../runtime.ts"
import {
  accountRules,
  followSettings,
  type LoadedSettings,
  ownCommand,
  type Paths,
  type Place,
  type Project,
} from "../settings/index.ts"
import { type Management, createManagement } from "./manage.ts"

export interface ServicesOptions {
  readonly place: Place
  readonly paths: Paths
  readonly loaded: LoadedSettings
  readonly runtime: Runtime
  /** What the host works in. */
  readonly project: Project
  /** Shows the user what happened beside an answer; not called where `toasts` is off. */
  readonly show: (text: NoticeText) => void
  /** Aborted when the instance of the plugin ends. */
  readonly signal: AbortSignal
}

/** Everything behind a front, opened by the first request or login of one plugin instance. */
export interface Services extends ChatGateway {
  readonly accounts: OpenAccounts
  readonly logins: Logins
  /** What a person may do with the accounts from inside a host. */
  readonly management: Management
  /** Takes in what other programs know now; local and quick, never rejects. */
  readonly importLogins: () => Promise<unknown>
  /** One web search, which costs credits. */
  readonly search: (asked: WebSearch) => Promise<SearchOutcome>
  readonly close: () => Promise<void>
}

export async function openServices(options: ServicesOptions): Promise<Services> {
  const { place, loaded, runtime, project, signal } = options
  const { clock, log } = runtime
  const { settings, problems } = loaded
  const notify = createNotify({ show: options.show, log, enabled: settings.toasts })
  tellProblems(problems, notify)

  const sources = openSources({ place, settings, effects: runtime })
  const haveChanged = watchSources(sources, clock)
  const accounts = await openAccounts({ ...options, settings, sources, notify })
  const { client, store, tokens, lookUps, identify } = accounts

  const takeInFor = (byUser: boolean): Promise<ImportOutcome> =>
    importLogins({ store, sources, clock, log, byUser, identify, signal, tokens })
  const takeIn = async (): Promise<string | undefined> => {
    try {
      const { problems } = await takeInFor(false)
      for (const { source: _, failure: __, ...problem } of problems)
        notify({ kind: "source-problem", ...problem })
      const unopened = problems.find(({ failure }) => failure !== undefined && passesSoon(failure))
      return unopened && `${unopened.file} ${unopened.message}`
    } catch (error) {
      // The store has told the user what is wrong with it.
      log.warn("the logins of other programs were not taken in", { error })
      return error instanceof StoreError && passesSoon(error.failure) ? error.message : undefined
    }
  }
  const follow = followSettings(place, (problems) => tellProblems(problems, notify))
  const currentSettings = async () => {
    const { accountRules: rules, dailyCreditBudget } = await follow()
    return { accountRules: accountRules(rules, place), dailyCreditBudget }
  }
  const gateway = createGateway({
    runtime,
    settings,
    project,
    currentSettings,
    store,
    tokens,
    importLogins: takeIn,
    lookUps,
    notify,
  })
  const logins = openLogins({
    client,
    store,
    settings,
    offerModels: () => lookUps.offerModels(),
    importLogins: () => takeInFor(true),
    openBrowser: (url) => openInBrowser(url, place, log),
    signal,
  })
  return {
    chat(call) {
      if (haveChanged()) void takeIn()
      return gateway.chat(call)
    },
    accounts,
    logins,
    management: createManagement({ ...options, accounts, logins, settings }),
    importLogins: takeIn,
    async search(asked) {
      if ((await store.list()).length === 0) await takeIn()
      const { accountRules: rules } = await currentSettings()
      const projectRule = rules.ofProject(project)
      const newRule = rules.ofNew({ project })
      return lookUps.search(asked, { projectRule, newRule })
    },
    async close() {
      await gateway.close()
      await accounts.close()
    },
  }
}

/** So many are told one by one: a repository's file may be full of them. */
const MOST_PROBLEMS = 3

function tellProblems(problems: LoadedSettings["problems"], notify: (notice: Notice) => void): void {
  for (const problem of problems.slice(0, MOST_PROBLEMS)) notify({ kind: "settings-problem", problem })
  const count = problems.length - MOST_PROBLEMS
  if (count > 0) notify({ kind: "more-settings-problems", count })
}

/** Tells the user of an event once; the log has it in any case. */
export function createNotify(options: {
  readonly show: (text: NoticeText) => void
  readonly log: Log
  /** The off switch, `toasts`. */
  readonly enabled: boolean
}): (notice: Notice) => void {
  const { show, log, enabled } = options
  const told = new Set<string>()
  return (notice) => {
    const text = describeNotice(notice, ownCommand())
    if (told.has(text.event)) return
    told.add(text.event)
    log.info(text.message, { notice: notice.kind })
    if (enabled) show(text)
  }
}

/**
 * Shows a page in the user's browser, as a favour: the address is printed anyway. Never throws and never waits. Not
 * tried where there is no screen to show it on (SSH, a console), where `xdg-open` may start a text browser over the
 * terminal; nor for an address that would start anything but a browser.
 */
function openInBrowser(url: string, { env, platform }: Place, log: Log): void {
  if (!hasScreen(env, platform) || !isWebPage(url)) return
  launch(url).catch((error: unknown) => log.info("no browser could be opened", { error: String(error) }))
}

export function isWebPage(url: string): boolean {
  return URL.canParse(url) && new URL(url).protocol === "https:"
}

async function launch(url: string): Promise<void> {
  const { default: open } = await import("open")
  const child = await open(url)
  // Without a listener a late failure of the launcher would end the whole process.
  child.on("error", () => child.unref())
}

function hasScreen(env: Place["env"], platform: string): boolean {
  if (env["SSH_CONNECTION"] || env["SSH_TTY"] || env["CI"]) return false
  if (platform === "win32" || platform === "darwin") return true
  return Boolean(env["DISPLAY"] || env["WAYLAND_DISPLAY"] || env["WSL_DISTRO_NAME"] || env["WSL_INTEROP"])
}
