import type { AuthOAuthResult } from "@opencode-ai/plugin"
import { type Account, accountName, type Login } from "../../accounts/index.ts"
import { learnAbout } from "./complete.ts"
import type { LoginDependencies } from "./dependencies.ts"
import { readably } from "./finish.ts"
import { SIGNED_IN } from "./marker.ts"
import { LoginInputError } from "./target.ts"

const NOTHING_FOUND =
  "No login of kiro-cli or the Kiro IDE was found on this machine. Run `kiro-cli login` (it can also sign in with the " +
  "identity provider of a company), or sign in to the Kiro IDE, and choose the import again."
const SYNC_IS_OFF = "kiro-cli was left out: auto_sync_kiro_cli is false in kiro.json."

/** An account that other programs have logins of, and what the import did with it. */
interface Found {
  readonly account: Account
  readonly done: "added" | "brought up to date" | "already here"
}

/** Takes over the logins of kiro-cli and the Kiro IDE, and shows what was found and done. Throws readable errors. */
export async function signInByImport(dependencies: LoginDependencies): Promise<AuthOAuthResult> {
  return readably(dependencies, async () => {
    const outcome = await dependencies.importLogins()
    const { problems } = outcome
    const found = [
      ...outcome.added.map((account) => ({ account, done: "added" }) as const),
      ...outcome.updated.map((account) => ({ account, done: "brought up to date" }) as const),
      ...outcome.unchanged.map((account) => ({ account, done: "already here" }) as const),
    ]
    const report = (accounts: readonly Found[]): string =>
      [
        ...accounts.map(describeFound),
        ...problems.map(({ file, message }) => `Not readable: ${file}: ${message}`),
        ...(dependencies.settings.autoSyncKiroCli ? [] : [SYNC_IS_OFF]),
      ].join("\n")
    if (found.length === 0) throw new LoginInputError(`${NOTHING_FOUND}\n${report([])}`.trim())
    return {
      method: "auto",
      url: "",
      instructions: report(found),
      async callback() {
        const message = report(await learnAboutAll(dependencies, found))
        const variant = problems.length === 0 ? "success" : "warning"
        dependencies.tell({ message, variant, printed: message === report(found) })
        return SIGNED_IN
      },
    }
  })
}

/** As far as their tokens are good just now: an expired one is renewed by the first message. */
async function learnAboutAll(
  dependencies: LoginDependencies,
  found: readonly Found[],
): Promise<readonly Found[]> {
  const now = dependencies.runtime.clock.now()
  const learnt: Found[] = []
  for (const { account, done } of found) {
    const login = account.logins.find((each) => each.source !== "own" && isUsable(each, now))
    if (login === undefined) learnt.push({ account, done })
    else {
      const kept = await learnAbout(dependencies, { account, known: done !== "added", login })
      learnt.push({
        account: kept.account,
        done: kept.known && done === "added" ? "brought up to date" : done,
      })
    }
  }
  return learnt
}

function isUsable(login: Login, now: number): boolean {
  return login.kind === "api-key" || login.tokens.expiresAt > now
}

const SOURCE_NAMES = {
  "kiro-cli": "kiro-cli",
  "kiro-ide": "Kiro IDE",
  "older-plugin": "an older plugin",
  own: "your own sign-in",
  environment: "KIRO_API_KEY",
} as const

function describeFound({ account, done }: Found): string {
  const sources = new Set(account.logins.map(({ source }) => SOURCE_NAMES[source]))
  return `${accountName(account)} (${[...sources].join(", ")}): ${done}`
}
