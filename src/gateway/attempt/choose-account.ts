import {
  type Account,
  accountName,
  type Choice,
  type ChoiceState,
  isMeant,
  isOutOfCredits,
  selectAccount,
  type SelectionPolicy,
  STATE_WORDS,
  stateOf,
  type Unavailable,
  wantsProfile,
} from "../../accounts/index.ts"
import { present } from "../../json.ts"
import type { AccountRule } from "../../settings/index.ts"
import type { Chat } from "../chat.ts"
import type { GatewayContext } from "../context.ts"
import type { RefusedChat, Refusal } from "../chat-call.ts"
import { lacksModel } from "../asked-model.ts"
import { type AllOut, statesOf, refusalOfAll } from "../refuse/none-left.ts"
import { noOtherByRule, ruleOfNobody } from "../refuse/texts.ts"
import { patienceOf, waitUntil } from "../recover/decide.ts"
import type { Progress } from "./progress.ts"

/** Of the accounts that rest behind another one, an error names so many. */
const MOST_RESTING = 2

export type ChosenAccount =
  | { readonly outcome: "chosen"; readonly account: Account }
  /** In so many ms an account is free for which another one would cost money now. */
  | { readonly outcome: "wait"; readonly ms: number }
  | RefusedChat

/**
 * The account of the next attempt. Where none can serve, the other programs' stores and the used-up quotas are looked
 * at once more before the host is told.
 */
export async function chooseAccount(
  context: GatewayContext,
  chat: Chat,
  progress: Progress,
): Promise<ChosenAccount> {
  const { store, tokens, importLogins } = context
  const staying = progress.accountId === undefined ? undefined : await store.get(progress.accountId)
  if (staying !== undefined && mayStay(staying)) return { outcome: "chosen", account: staying }
  // What the chat began with was read just now.
  const isFirst = progress.sends + progress.waits + progress.excluded.length === 0
  const first = await assign(context, { chat, progress, ...(isFirst && { seen: chat }) })
  if (first.outcome !== "none") return first
  const unopened = await importLogins()
  // Who comes now may be out of credits, and the user may not want to pay for more: that is known with the owner.
  await tokens.learnOwners()
  await checkQuotas(context, chat, first.unavailable)
  await findProfiles(context, chat)
  const second = await assign(context, { chat, progress })
  if (second.outcome !== "none") return second
  return { outcome: "refusal", refusal: await refuse(context, { chat, progress, unopened, ...second }) }
}

/**
 * What a parallel request learned of the account meanwhile counts, but for its throttle: this chat has waited for its
 * own.
 */
function mayStay({ enabled, health }: Account): boolean {
  return enabled && (health.state === "ok" || (health.state === "cooling" && health.reason === "throttled"))
}

/** Whether another account could serve, should this one be left, and whether it would have to be paid for. */
export async function anotherAccount(
  context: GatewayContext,
  leaving: { readonly chat: Chat; readonly progress: Progress; readonly accountId: string },
): Promise<"none" | "free" | "paid"> {
  const { store, tokens } = context
  const { chat, progress, accountId } = leaving
  const others = tokens.here(await store.list()).filter(({ id }) => id !== accountId)
  const policy = await policyOf(context, chat, progress)
  const choice = selectAccount({ accounts: others }, policy)
  if (choice.account === undefined) return "none"
  return choice.paid ? "paid" : "free"
}

/** Nobody can serve now. */
interface NoneAble extends Pick<Extract<Choice, { account?: undefined }>, "unavailable" | "rule"> {
  readonly outcome: "none"
}

async function assign(
  context: GatewayContext,
  { chat, progress, seen }: { readonly chat: Chat; readonly progress: Progress; readonly seen?: Chat },
): Promise<Exclude<ChosenAccount, RefusedChat> | NoneAble> {
  const { store, tokens, notify, settings, runtime } = context
  const patienceMs = patienceOf(progress, settings)
  const policy = { ...(await policyOf(context, chat, progress)), patienceMs }
  const choose = (state: ChoiceState): Choice =>
    selectAccount({ ...state, accounts: tokens.here(state.accounts) }, policy)
  // A host asks for the title first, by an agent and a model of its own: a rule is about those of the conversation.
  const isBeforeRules = chat.purpose === "title" && chat.current.accountRules.hasNew
  const isAside = isBeforeRules || chat.purpose === "generate"
  const choice = isAside
    ? await store.consider(chat.sessionId, choose)
    : await store.assign(chat.sessionId, choose, seen)
  if (choice.account === undefined) {
    if (choice.freeAt === undefined) return { outcome: "none", ...choice }
    const at = { now: policy.now, patienceMs, random: runtime.random() }
    return { outcome: "wait", ms: waitUntil(choice.freeAt, at) }
  }
  const { account, paid, insteadOf } = choice
  if (paid) notify({ kind: "paid-credits", account: accountName(account) })
  if (!isAside) await tellMoved(context, { chat, progress, to: account })
  if (insteadOf !== undefined) {
    const wanted = (await store.list()).find((each) => isMeant(each, insteadOf))
    const name = wanted === undefined ? undefined : accountName(wanted)
    notify({ kind: "rule-missed", to: accountName(account), id: insteadOf, ...present({ wanted: name }) })
  }
  return { outcome: "chosen", account }
}

/**
 * A conversation that leaves its account for what another one, or another window, has found: what it finds itself is told
 * with its answer, and where its user sent it they know.
 */
async function tellMoved(
  { store, notify, runtime, settings }: GatewayContext,
  { chat, progress, to }: { readonly chat: Chat; readonly progress: Progress; readonly to: Account },
): Promise<void> {
  const { accountId, chosenAccountId } = chat.session
  if (accountId === undefined || accountId === to.id || isMeant(to, chosenAccountId)) return
  if (progress.excluded.length > 0) return
  const from = await store.get(accountId)
  if (from === undefined || from.id === to.id || from.removedAt !== undefined) return
  const { reason } = stateOf(from, { now: runtime.clock.now(), useOverage: settings.useOverage })
  if (reason === "ready") return
  const { because } = STATE_WORDS[reason]
  notify({ kind: "account-switched", from: accountName(from), to: accountName(to), because })
}

async function policyOf(
  { settings, runtime, project, store }: GatewayContext,
  chat: Chat,
  progress: Progress,
): Promise<SelectionPolicy> {
  const { parentSessionId } = chat
  const above = parentSessionId === undefined ? undefined : await store.session(parentSessionId)
  const { wireId } = chat.model.known
  // A rule means a model under whichever name, as everything else that names one does.
  const models = [chat.request.model, wireId, wireId.replaceAll(".", "-")]
  const { accountRules } = chat.current
  return {
    strategy: settings.accountSelectionStrategy,
    useOverage: settings.useOverage,
    now: runtime.clock.now(),
    excluded: new Set(progress.excluded.map(({ account }) => account.id)),
    lacksModel: ({ id }) => lacksModel(chat.model, id),
    chosenAbove: above?.chosenAccountId,
    preferredAccountId: chat.preferredAccountId,
    projectRule: accountRules.ofProject(project),
    newRule: accountRules.ofNew({ project, agent: chat.agent, models }),
    reserve: settings.accountReserve,
  }
}

async function refuse(
  { store, runtime, notify, tokens, settings }: GatewayContext,
  out: {
    readonly chat: Chat
    readonly progress: Progress
    readonly unopened: string | undefined
    readonly unavailable: readonly Unavailable[]
    readonly rule?: AccountRule
  },
): Promise<Refusal> {
  const { chat, progress, rule, unopened } = out
  const everyone = tokens.here(await store.list({ resting: true }))
  // Who is signed in stands where nobody could look just now.
  if (everyone.length === 0 && unopened !== undefined) return { status: 503, message: `Kiro: ${unopened}.` }
  const meant = everyone.find((account) => isMeant(account, rule?.account))
  if (rule !== undefined && meant === undefined) return { status: 400, message: ruleOfNobody(rule) }
  const unavailable = out.unavailable.filter(({ account }) => rule === undefined || account.id === meant?.id)
  const now = runtime.clock.now()
  const resting = unavailable.filter(({ reason }) => reason === "resting")
  const hidden = new Set(resting.slice(0, -MOST_RESTING))
  const allOut: AllOut = {
    accounts: everyone,
    // Whoever rests behind another one is told of, but not every one that ever did.
    unavailable: unavailable.filter((entry) => !hidden.has(entry)),
    excluded: progress.excluded,
    model: chat.request.model,
    now,
    syncsKiroCli: settings.autoSyncKiroCli,
    isUnread: store.kept === "memory",
    hasRemoved: (await store.listAll()).some(({ removedAt }) => removedAt !== undefined),
    jitter: runtime.random(),
  }
  const refusal = refusalOfAll(allOut)
  if (refusal.status === 402) notify({ kind: "none-left", accounts: statesOf(allOut), now })
  return rule === undefined ? refusal : { ...refusal, message: `${refusal.message} ${noOtherByRule(rule)}` }
}

/** An upgrade or bought credits show in the usage call before any cool-down ends. */
async function checkQuotas(
  { store, lookUps, tokens }: GatewayContext,
  { signal }: Chat,
  unavailable: readonly Unavailable[],
): Promise<void> {
  const exhausted = new Set(
    unavailable.flatMap(({ account, reason }) => (reason === "monthly-quota" ? account.id : [])),
  )
  const accounts = tokens.here(await store.list())
  const due = accounts.filter(
    (account) => exhausted.has(account.id) || (account.enabled && isOutOfCredits(account)),
  )
  await Promise.all(due.map(({ id }) => lookUps.usage(id, signal)))
}

/** A profile that was configured since an account began to cool for want of one. */
async function findProfiles(
  { store, lookUps, tokens, settings }: GatewayContext,
  { signal }: Chat,
): Promise<void> {
  if (settings.idcProfileArn === undefined) return
  const accounts = tokens.here(await store.list()).filter(wantsProfile)
  await Promise.all(accounts.map(({ id }) => lookUps.profile(id, { signal })))
}
