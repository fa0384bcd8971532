import { describeSettingsProblem } from "../settings/index.ts"
import type { Notice } from "./notice.ts"
import { REVOKED_WORDS } from "./revoked-words.ts"
import type { StoreFailure } from "./store/failure.ts"

export interface NoticeText {
  /** The same for what is one event: it is shown once while it lasts. */
  readonly event: string
  readonly title: string
  readonly message: string
  readonly variant: "info" | "success" | "warning" | "error"
}

/** The wording of every notice. */
export function describeNotice(notice: Notice): NoticeText {
  switch (notice.kind) {
    case "account-switched":
      return text(notice, "info", {
        about: `${notice.from} ${notice.to} ${notice.because}`,
        title: "Kiro account switched",
        message: `${notice.from} can't serve now (${notice.because}). Going on with ${notice.to}.`,
      })
    case "account-revoked": {
      const { title, variant, sentence } = REVOKED_WORDS[notice.reason]
      return text(notice, variant, {
        about: `${notice.account} ${notice.reason}`,
        title,
        message: sentence(notice.account, notice.because),
      })
    }
    case "all-parked":
      return text(notice, "warning", {
        about: notice.until === undefined ? undefined : String(notice.until),
        title: "No Kiro account can serve",
        message:
          notice.until === undefined
            ? "Every account needs you."
            : `The first returns ${when(notice.until)}.`,
      })
    case "quota-high":
      return text(notice, "warning", {
        about: `${notice.account} ${String(notice.resetAt)}`,
        title: "Kiro credits",
        message: `${notice.account} has used ${Math.floor(notice.usedShare * 100)} % of its credits${
          notice.resetAt === undefined ? "" : `; they start again ${when(notice.resetAt)}`
        }.`,
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
    case "region-mapped":
      return text(notice, "info", {
        about: notice.from,
        title: "Kiro region",
        message: `Kiro is not served from ${notice.from}; ${notice.to} is used.`,
      })
    case "profile-choice":
      return text(notice, "warning", {
        about: notice.account,
        title: "Several Kiro profiles",
        message: `${notice.account} may use ${notice.profiles.join(", ")}. Choose one by "idc_profile_arn" in kiro.json or with \`opencode-kiro-auth accounts\`.`,
      })
    case "settings-problem":
      return text(notice, "warning", {
        about: describeSettingsProblem(notice.problem),
        title: "kiro.json",
        message: describeSettingsProblem(notice.problem),
      })
    case "source-problem": {
      const place = notice.key === undefined ? notice.file : `${notice.file}, ${notice.key}`
      return text(notice, "warning", {
        about: place,
        title: "A login could not be read",
        message: `${place}: ${notice.message}`,
      })
    }
    case "store-trouble":
      return text(notice, notice.inMemory ? "error" : "warning", {
        about: notice.failure,
        title: "Kiro account database",
        message: storeMessage(notice),
      })
    default: {
      const never: never = notice
      return never
    }
  }
}

function text(
  notice: Notice,
  variant: NoticeText["variant"],
  words: { readonly about?: string | undefined; readonly title: string; readonly message: string },
): NoticeText {
  const { about, title, message } = words
  return { event: about === undefined ? notice.kind : `${notice.kind} ${about}`, title, message, variant }
}

function storeMessage({
  failure,
  path,
  backup,
  inMemory,
}: Extract<Notice, { kind: "store-trouble" }>): string {
  if (backup !== undefined)
    return `${path} was damaged and is kept as ${backup}. A new one was made; logins of kiro-cli come back by themselves, others by \`opencode auth login\`.`
  const end = inMemory
    ? " Until OpenCode is restarted, accounts are kept in memory only."
    : " What happened just now is not remembered."
  return `${path} ${TROUBLES[failure]}.${end}`
}

const TROUBLES: Readonly<Record<StoreFailure, string>> = {
  busy: "was locked by another program for more than five seconds",
  corrupt: "is damaged and could not be moved out of the way",
  readonly: "can't be written to: check who owns it and its permissions",
  full: "can't be written to: the disk is full",
  unavailable: "can't be opened: check its folder and permissions",
  failed: "could not be used",
}

/** In UTC, without seconds: `2026-12-01 00:00 UTC`. */
function when(at: number): string {
  return `${new Date(at).toISOString().slice(0, 16).replace("T", " ")} UTC`
}
