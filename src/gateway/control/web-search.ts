import * as z from "zod/mini"
import {
  type Account,
  type AccountStore,
  type Choice,
  selectAccount,
  type SelectionPolicy,
} from "../../accounts/index.ts"
import { asObject, beginning, parseJson, plausibleInstant, present, stringField } from "../../json.ts"
import type { FailureKind, KiroFailure } from "../../kiro/index.ts"
import type { AccountRule, Settings } from "../../settings/index.ts"
import { afterThrottle } from "../attempt/progress.ts"
import { patienceOf, waitUntil } from "../recover/decide.ts"
import { quote, whatFailed } from "../refuse/failures.ts"
import { noOtherByRule } from "../refuse/texts.ts"
import { callControl, type ControlClient, type ControlTarget, type OpenAccount } from "./call.ts"
import { fetchOwnProfile, fetchProfiles } from "./questions.ts"

export interface WebSearch {
  readonly query: string
  /** Its account is asked first. */
  readonly sessionId?: string | undefined
  readonly signal: AbortSignal
}

/** The user's rules, as they hold for a message that is sent at the same place. */
export type SearchRules = Pick<SelectionPolicy, "projectRule" | "newRule">

export interface FoundPage {
  readonly title: string
  readonly url: string
  readonly excerpt: string
  /** The day on which it was published, as 2026-11-29 (UTC). */
  readonly publishedOn?: string
}

export type SearchOutcome =
  | { readonly outcome: "found"; readonly pages: readonly FoundPage[]; readonly accountId: string }
  /** In a sentence for people. */
  | { readonly outcome: "refused"; readonly message: string }

export interface SearchParts {
  readonly client: ControlClient
  readonly store: Pick<AccountStore, "consider">
  readonly settings: Pick<
    Settings,
    "accountSelectionStrategy" | "useOverage" | "accountReserve" | "rateLimitMaxRetries"
  >
  readonly open: OpenAccount
  readonly rules: SearchRules
}

/** The service takes no longer query. */
const LONGEST_QUERY = 200
/** Far more than a search brings: what a model reads of it costs credits once more. In characters, and pages. */
const MOST_TEXT = 40_000
const LONGEST_TITLE = 300
const LONGEST_URL = 2000
const MOST_PAGES = 20

/**
 * Searches the web by the tool that Kiro's own clients have: one JSON-RPC call over HTTP. The account is the one
 * that a message of the session would go to, else one that could answer a new conversation; the next where it is at its
 * limit. Like a message it rather waits a little than costs money. Rejects only with the reason of the signal.
 */
export async function searchTheWeb(parts: SearchParts, search: WebSearch): Promise<SearchOutcome> {
  const { client } = parts
  const { clock, random } = client.runtime
  const { signal } = search
  const query = beginning(search.query.trim().toWellFormed(), LONGEST_QUERY)
  if (query === "") return refused("Kiro: a web search needs words to search for.")
  const excluded = new Set<string>()
  /** Of the first that was at its limit: the one that the search was meant for. */
  let told: string | undefined
  let waited = { waits: 0, waitedMs: 0 }
  while (true) {
    const patienceMs = patienceOf(waited, parts.settings)
    const choice = await choose(parts, search.sessionId, { excluded, patienceMs })
    if (choice.account === undefined && choice.freeAt !== undefined) {
      const ms = waitUntil(choice.freeAt, { now: clock.now(), patienceMs, random: random() })
      await clock.sleep(ms, signal)
      waited = afterThrottle(waited, ms)
      continue
    }
    if (choice.account === undefined) return refused(noneLeft(choice.rule, told))
    const { account } = choice
    const opened = await parts.open(account.id, signal)
    if (opened === undefined) {
      excluded.add(account.id)
      continue
    }
    const answer = await callControl(client, await withProfile(client, opened.target, signal), {
      operation: "search",
      parameters: {
        id: `web_search_tooluse_${client.runtime.randomUUID().replaceAll("-", "")}`,
        jsonrpc: "2.0",
        method: "tools/call",
        params: { name: "web_search", arguments: { query } },
      },
      signal,
    })
    if (answer.outcome === "answer") return readResult(answer.body, account.id)
    const said = whatWentWrong(answer.failure, account)
    if (!AT_ITS_LIMIT.has(answer.failure.kind)) return refused(said)
    excluded.add(account.id)
    told ??= said
  }
}

/** Another account may have room. Whatever else is wrong is told: an administrator's word is no reason to go elsewhere. */
const AT_ITS_LIMIT: ReadonlySet<FailureKind> = new Set<FailureKind>([
  "throttled",
  "monthly-quota",
  "daily-quota",
  "overage-limit",
])

function whatWentWrong(failure: KiroFailure, account: Account): string {
  const why = whatFailed(failure, { account, model: "the web search" })
  const words = quote(failure.message)
  const said = words === "" ? "" : ` It said: ${words}`
  return `Kiro could not search the web: ${why}.${failure.status === 403 ? SWITCHED_OFF : ""}${said}`
}

const UNKNOWN_FORM = "Kiro answered the web search in a form that is not known."

const SWITCHED_OFF = " An administrator can switch web tools off for a company's accounts."

function choose(
  { store, settings, client, rules }: SearchParts,
  sessionId: string = client.runtime.randomUUID(),
  asked: Pick<SelectionPolicy, "excluded" | "patienceMs">,
): Promise<Choice> {
  const policy = {
    ...rules,
    ...asked,
    strategy: settings.accountSelectionStrategy,
    useOverage: settings.useOverage,
    reserve: settings.accountReserve,
    now: client.runtime.clock.now(),
  }
  return store.consider(sessionId, (state) => selectAccount(state, policy))
}

function noneLeft(rule: AccountRule | undefined, words = "Kiro: no account can search the web now."): string {
  return rule === undefined ? words : `${words} ${noOtherByRule(rule)}`
}

/** The search, unlike a chat, does without no profile, also for a key. */
async function withProfile(
  client: ControlClient,
  target: ControlTarget,
  signal: AbortSignal,
): Promise<ControlTarget> {
  if (target.access.profileArn !== undefined) return target
  const { profiles } = await fetchProfiles(client, target, signal)
  const isKey = target.access.tokenType === "API_KEY"
  const listed = profiles.find(({ active }) => active)
  const profile = listed ?? (isKey ? await fetchOwnProfile(client, target, signal) : undefined)
  const profileArn = profile?.arn
  return { ...target, access: { ...target.access, ...present({ profileArn }) } }
}

const ANSWER = z.object({
  error: z.nullish(z.object({ message: z.string() })),
  result: z.nullish(
    z.object({
      isError: z.nullish(z.boolean()),
      content: z.array(z.object({ text: z.nullish(z.string()) })),
    }),
  ),
})

const FOUND = z.object({ error: z.nullish(z.string()), results: z.nullable(z.array(z.unknown())) })

/** One that is laid out otherwise takes none of the others with it. */
const PAGE = z.object({
  title: z.nullish(z.string()),
  url: z.string(),
  snippet: z.nullish(z.string()),
  publishedDate: z.catch(z.nullish(z.number()), undefined),
})

function readResult(body: unknown, accountId: string): SearchOutcome {
  const answer = z.safeParse(ANSWER, body)
  if (!answer.success) return refused(UNKNOWN_FORM)
  const { error, result } = answer.data
  const text = result?.content[0]?.text ?? ""
  if (!error && !result) return refused(UNKNOWN_FORM)
  if (error || result?.isError === true) {
    const said = quote(error?.message ?? text)
    return refused(`Kiro refused the web search${said === "" ? "" : `: ${said}`}.${SWITCHED_OFF}`)
  }
  const document = parseJson(text)
  const found = z.safeParse(FOUND, document)
  if (!found.success || found.data.error) return refused(searchError(document))
  const results = found.data.results ?? []
  const known = results.flatMap((each) => z.safeParse(PAGE, each).data ?? [])
  if (results.length > 0 && known.length === 0) return refused(UNKNOWN_FORM)
  const pages = known.map(({ title, url, snippet, publishedDate }) => ({
    title: title ?? url,
    url,
    excerpt: snippet ?? "",
    ...present({ publishedOn: dayOf(plausibleInstant(publishedDate ?? undefined)) }),
  }))
  return { outcome: "found", pages: bounded(pages), accountId }
}

function dayOf(at: number | undefined): string | undefined {
  return at === undefined ? undefined : new Date(at).toISOString().slice(0, 10)
}

/** What is left out is told in the text itself: whoever reads it is a model. */
function bounded(pages: readonly FoundPage[]): readonly FoundPage[] {
  let room = MOST_TEXT
  return pages.slice(0, MOST_PAGES).map(({ title, url, excerpt, ...page }, index) => {
    const kept = beginning(excerpt, room)
    room -= kept.length
    const missing = index + 1 === MOST_PAGES ? pages.length - MOST_PAGES : 0
    const notes = [
      ...(kept.length < excerpt.length ? [`[… ${excerpt.length - kept.length} characters left out]`] : []),
      ...(missing > 0 ? [`[… ${missing} more results left out]`] : []),
    ]
    const named = { title: beginning(title, LONGEST_TITLE), url: beginning(url, LONGEST_URL) }
    return { ...page, ...named, excerpt: [kept, ...notes].filter((text) => text !== "").join("\n") }
  })
}

function searchError(document: unknown): string {
  const said = stringField(asObject(document), "error")
  return said === undefined ? UNKNOWN_FORM : `Kiro's web search failed: ${quote(said)}.`
}

function refused(message: string): SearchOutcome {
  return { outcome: "refused", message }
}
