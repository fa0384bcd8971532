import { plainName } from "../json.ts"
import { describeSettingsProblem, type SettingsProblem } from "../settings/index.ts"
import { type Account, isLockingReason, type RevokedReason } from "./account.ts"
import { accountName } from "./name.ts"
import { STORE_TROUBLES, type StoreFailure } from "./store/database.ts"
import { groupedStates, type NamedState, STATE_WORDS, timeText } from "./words.ts"

/** Everything a user is told beside an answer. Mostly an account is its name by `accountName`; instants are epoch ms. */
export type Notice =
  | {
      readonly kind: "account-switched"
      readonly from: string
      readonly to: string
      readonly because: string
    }
  | { readonly kind: "account-revoked"; readonly account: Account; readonly reason: RevokedReason }
  | { readonly kind: "none-left"; readonly accounts: readonly NamedState[]; readonly now: number }
  | {
      readonly kind: "quota-high"
      readonly account: string
      readonly usedShare: number
      readonly resetAt?: number
      readonly now: number
    }
  | { readonly kind: "paid-credits"; readonly account: string }
  /** `wanted`: the account that the user's rule names, where it is known here. */
  | { readonly kind: "rule-missed"; readonly to: string; readonly id: string; readonly wanted?: string }
  | { readonly kind: "conversation-shortened"; readonly share: number; readonly sessionId: string }
  | {
      readonly kind: "budget-near"
      readonly used: number
      readonly budget: number
      /** The local day. */
      readonly day: string
    }
  /** What the service refused is not sent again in this session; `parts` are phrases such as `the tool x`. */
  | { readonly kind: "parts-left-out"; readonly parts: readonly string[]; readonly sessionId: string }
  | {
      readonly kind: "model-switched"
      readonly from: string
      readonly to: string
      readonly sessionId: string
    }
  | { readonly kind: "region-mapped"; readonly from: string; readonly to: string }
  | { readonly kind: "profile-choice"; readonly account: Account; readonly profiles: readonly string[] }
  | { readonly kind: "settings-problem"; readonly problem: SettingsProblem }
  /** Beside those that were told one by one. */
  | { readonly kind: "more-settings-problems"; readonly count: number }
  | {
      readonly kind: "source-problem"
      readonly file: string
      readonly key?: string
      readonly message: string
    }
  | {
      readonly kind: "store-trouble"
      readonly failure: StoreFailure
      readonly path: string
      /** Where the damaged file is now. */
      readonly backup?: string
      /** Nothing is kept beyond this process. */
      readonly inMemory?: boolean
    }

export interface NoticeText {
  /** The same for what is one event: it is shown once while it lasts. */
  readonly event: string
  readonly title: string
  readonly message: string
  readonly variant: "info" | "success" | "warning" | "error"
}

/** The wording of every notice. `command`: how the package's command is run here. */
export function describeNotice(notice: Notice, command: string): NoticeText {
  switch (notice.kind) {
    case "account-switched":
      return text(notice, "info", {
        about: `${notice.from} ${notice.to} ${notice.because}`,
        title: "Kiro account switched",
        message: `${notice.from} can't serve now (${notice.because}). Going on with ${notice.to}.`,
      })
    case "account-revoked": {
      const { account, reason } = notice
      const { title, sentence, remedy } = STATE_WORDS[reason]
      const name = accountName(account)
      return text(notice, isLockingReason(reason) ? "error" : "warning", {
        about: `${name} ${reason} ${endedAt(account)}`,
        title,
        message: `${capitalised(sentence(name, account))}. ${remedy({ account, command })}`,
      })
    }
    case "none-left": {
      const { accounts, now } = notice
      return text(notice, "warning", {
        about: groupedStates(accounts, now),
        title: "No Kiro account can serve",
        message: `${groupedStates(accounts, now)}. More: /kiro, or \`${command} accounts\`.`,
      })
    }
    case "quota-high":
      return text(notice, "warning", {
        about: `${notice.account} ${String(notice.resetAt)}`,
        title: "Kiro credits",
        message: `${notice.account} has used ${Math.floor(notice.usedShare * 100)} % of its credits${
          notice.resetAt === undefined ? "" : `; they start again ${startText(notice.resetAt, notice.now)}`
        }.`,
      })
    case "rule-missed":
      return text(notice, "warning", {
        about: `${notice.id} ${notice.to}`,
        title: "Kiro account rule",
        message:
          notice.wanted === undefined
            ? `A rule in kiro.json names the account ${notice.id}, which is not here. Going on with ${notice.to}.`
            : `Your rule names ${notice.wanted}, which can't serve now. Going on with ${notice.to}.`,
      })
    case "paid-credits":
      return text(notice, "warning", {
        about: notice.account,
        title: "Paid credits begin",
        message: `${notice.account} is beyond its limit: its overage is enabled, so further use costs money. "use_overage": false in kiro.json stops that.`,
      })
    case "conversation-shortened":
      return text(notice, "info", {
        about: notice.sessionId,
        title: "Conversation shortened",
        message: `It was too long for the model, so old parts were left out (${Math.round(notice.share * 100)} % kept). Nothing was deleted.`,
      })
    case "budget-near":
      return text(notice, "warning", {
        about: notice.day,
        title: "Kiro credits today",
        message: `${notice.used.toFixed(2)} of today's budget of ${notice.budget} credits are used. Beyond it new messages wait until midnight, or until you lift it: \`${command} budget lift\`.`,
      })
    case "parts-left-out":
      return text(notice, "warning", {
        about: `${notice.sessionId} ${notice.parts.join()}`,
        title: "Left out of the request",
        message: `Kiro refused ${listed(notice.parts)}; this session goes on without.`,
      })
    case "model-switched":
      return text(notice, "info", {
        about: notice.sessionId,
        title: "Kiro model switched",
        message: `${notice.from} is very busy. Going on with ${notice.to}, as fallback_models in kiro.json says.`,
      })
    case "region-mapped":
      return text(notice, "info", {
        about: notice.from,
        title: "Kiro region",
        message: `Kiro is not served from ${notice.from}; ${notice.to} is used.`,
      })
    case "profile-choice": {
      const { title, remedy } = STATE_WORDS["profile-choice"]
      const { account, profiles } = notice
      const name = accountName(account)
      return text(notice, "warning", {
        about: name,
        title,
        message: `${name} may use ${profiles.length} profiles. ${remedy({ account, command })}`,
      })
    }
    case "settings-problem":
      return text(notice, "warning", {
        about: describeSettingsProblem(notice.problem),
        title: "kiro.json",
        message: describeSettingsProblem(notice.problem),
      })
    case "more-settings-problems":
      return text(notice, "warning", {
        about: "",
        title: "kiro.json",
        message: `${notice.count} more ${notice.count === 1 ? "mistake" : "mistakes"} in kiro.json: /kiro, or \`${command} doctor\`.`,
      })
    case "source-problem":
      return text(notice, "warning", {
        about: `${notice.file} ${String(notice.key)}`,
        title: "A login could not be read",
        message: `${sourceTrouble(notice)}.`,
      })
    case "store-trouble":
      return text(notice, notice.inMemory ? "error" : "warning", {
        about: notice.backup === undefined ? notice.failure : `${notice.failure} ${notice.backup}`,
        title: "Kiro account database",
        message: storeMessage(notice),
      })
    default:
      return notice satisfies never
  }
}

/** When it was locked, or its logins ended: what its user has mended may come back, and is told of again. */
function endedAt({ health, logins }: Account): number {
  if (health.state === "revoked" && isLockingReason(health.reason)) return health.since
  return Math.max(0, ...logins.map(({ revoked }) => revoked?.at ?? 0))
}

/** What is wrong with a store of another program, or with one of its entries. */
export function sourceTrouble({
  file,
  key,
  message,
}: Omit<Extract<Notice, { kind: "source-problem" }>, "kind">): string {
  return `${file}${key === undefined ? "" : ` (${plainName(key)})`} ${message}`
}

function text(
  notice: Notice,
  variant: NoticeText["variant"],
  { about, ...words }: { readonly about: string; readonly title: string; readonly message: string },
): NoticeText {
  return { event: `${notice.kind} ${about}`, variant, ...words }
}

/** "a, b and c" */
function listed(parts: readonly string[]): string {
  return parts.length < 2 ? parts.join() : `${parts.slice(0, -1).join(", ")} and ${parts.at(-1)}`
}

function capitalised(sentence: string): string {
  return sentence.startsWith("the ") ? `T${sentence.slice(1)}` : sentence
}

function startText(at: number, now: number): string {
  const time = timeText(at, now)
  return /^\d/.test(time) ? `at ${time}` : `on ${time}`
}

function storeMessage({
  failure,
  path,
  backup,
  inMemory,
}: Extract<Notice, { kind: "store-trouble" }>): string {
  if (backup !== undefined)
    return `${path} was damaged and is kept as ${backup}. A new one was made; logins of kiro-cli come back by themselves, others by /connect or \`opencode auth login\`.`
  const end = inMemory
    ? " Until it can be used again, accounts are kept in memory only, and no token is renewed."
    : " What happened just now is not remembered."
  return `${path} ${STORE_TROUBLES[failure]}.${end}`
}
