import { createHash } from "node:crypto"
import { plainName, plainText } from "../json.ts"
import type { Account } from "./account.ts"
import { isIdentityCenter } from "./login.ts"

/** How every text names an account: the user's own label, or the kind of its login and a short id. */
export function accountName(account: Account): string {
  return shownLabel(account) ?? ownName(account)
}

/** The same with its user's label as it is, for machines, and to know it by. */
export function fullName(account: Account): string {
  return labelOf(account) ?? ownName(account)
}

/** Its name where its user gave it none. */
export function ownName(account: Account): string {
  return `${kindName(account)} ··${shortId(account)}`
}

/** Where many are named, and the kind goes without saying. */
export function briefName(account: Account): string {
  return shownLabel(account) ?? `··${shortId(account)}`
}

/** What every keyboard has, no shell reads anything else from within quotes, and the command takes for no option. */
const TYPED = /^\w[\w @.,:+=/()-]*$/

/** What a person types for an account: its label where that is typed as it stands, else its short id. */
export function typedName(account: Account): string {
  const label = labelOf(account) ?? ""
  if (!TYPED.test(label) || label !== shownLabel(account)) return shortId(account)
  return /^[\w-]+$/.test(label) ? label : `"${label}"`
}

/** What OpenCode takes for a fault of the moment where it stands in an error, so that it must be torn apart there. */
const STATUS = /429|50[0234]|524/

/** Four hex digits of a hash: an id of another program may hold what nobody should read. They are typed as they stand. */
export function shortId({ id }: Pick<Account, "id">): string {
  const hash = createHash("sha256").update(id).digest("hex")
  return hash.match(/.{4}/g)?.find((digits) => !STATUS.test(digits)) ?? hash.slice(0, 4)
}

/** Never any part of an e-mail address, also where somebody made one the label. */
export function labelOf({ label }: Account): string | undefined {
  const text = label?.trim() ?? ""
  return text === "" || text.includes("@") ? undefined : text
}

/** One that an older version, or another program, wrote may do anything to a screen. */
function shownLabel(account: Account): string | undefined {
  const label = plainName(labelOf(account) ?? "")
  return label === "" ? undefined : label
}

export type ReadLabel =
  /** An empty one gives the account its own name back. */
  | { readonly outcome: "label"; readonly label: string }
  | { readonly outcome: "refused"; readonly message: string }

/** A name that a user gives an account, as it is kept. Names are shown in toasts and errors, where no e-mail address ever stands. */
export function readLabel(typed: string): ReadLabel {
  const label = plainText(typed)
  if (!label.includes("@")) return { outcome: "label", label }
  return { outcome: "refused", message: "A name can't hold an e-mail address: leave the @ out." }
}

export function kindName({ logins: [login] }: Account): string {
  if (login === undefined) return "Kiro"
  switch (login.kind) {
    case "idc":
      return isIdentityCenter(login) ? "Identity Center" : "Builder ID"
    case "social":
      return login.provider === undefined ? "Google or GitHub" : providerName(login.provider)
    case "external-idp":
      return "External IdP"
    case "api-key":
      return "API key"
    default:
      return login satisfies never
  }
}

/** Stores spell it in their own ways: `google`, `Google`, `GITHUB`. */
function providerName(provider: string): string {
  const names = ["Google", "GitHub"]
  return names.find((name) => name.toLowerCase() === provider.toLowerCase()) ?? plainName(provider)
}

/** Whether a person's word means the account: its id, its name, or the short id that stands in it. */
export function isMeant(account: Account, wanted: string | undefined): boolean {
  if (wanted === undefined || isCalled(account, wanted)) return wanted !== undefined
  return (
    fullName(account) === wanted || accountName(account) === wanted || briefName(account) === `··${wanted}`
  )
}

/** Also by the id of an account that turned out to be the same person's. */
export function isCalled({ id, record }: Account, wanted: string | undefined): boolean {
  return wanted !== undefined && (id === wanted || record?.joined?.includes(wanted) === true)
}

export function findCalled(accounts: readonly Account[], wanted: string): Account | undefined {
  return accounts.find(({ id }) => id === wanted) ?? accounts.find((account) => isCalled(account, wanted))
}

/** Characters that a terminal draws in two cells: of East Asian scripts, in their own width, and emoji. */
const WIDE =
  /[\p{Script=Han}\p{Script=Hangul}\p{Script=Hiragana}\p{Script=Katakana}\u3000-\u303E\uFF01-\uFF60\uFFE0-\uFFE6\p{Emoji_Presentation}\uFE0F]/u

/** How many cells of a terminal a text takes. */
export function cellsOf(text: string): number {
  if (/^[ -~]*$/.test(text)) return text.length
  return charactersOf(text).reduce((sum, character) => sum + (WIDE.test(character) ? 2 : 1), 0)
}

/** A text in at most so many cells, cut at one side; the short id at the end of a name, by which it is typed, stays. */
export function cutTo(text: string, cells: number, side: "left" | "right" = "right"): string {
  if (cellsOf(text) <= cells) return text
  const [id = ""] = /··\w+$/.exec(text) ?? []
  let kept = charactersOf(text.slice(0, text.length - id.length))
  while (kept.length > 0 && cellsOf(kept.join("")) > cells - 1 - id.length)
    kept = side === "right" ? kept.slice(0, -1) : kept.slice(1)
  const rest = kept.join("").trim()
  return side === "right" ? `${rest}…${id}` : `…${rest}${id}`
}

/** As a person counts them. */
function charactersOf(text: string): readonly string[] {
  return Array.from(new Intl.Segmenter("en").segment(text), ({ segment }) => segment)
}
