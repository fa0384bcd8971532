import type { AuthOAuthResult } from "@opencode-ai/plugin"
import { accountName, type Account } from "../../accounts/index.ts"
import type { ImportOutcome, LoginDependencies } from "./dependencies.ts"
import { learnAbout } from "./complete.ts"
import { readably } from "./finish.ts"
import { SIGNED_IN } from "./marker.ts"
import { LoginInputError } from "./target.ts"

const NOTHING_FOUND =
  "No login of kiro-cli or the Kiro IDE was found on this machine. Run `kiro-cli login` (it can also sign in with the " +
  "identity provider of a company), or sign in to the Kiro IDE, and choose the import again."

/** Takes over the logins of kiro-cli and the Kiro IDE, and shows what was found and done. Throws readable errors. */
export async function importByHand(dependencies: LoginDependencies): Promise<AuthOAuthResult> {
  return readably(dependencies, async () => {
    const outcome = await dependencies.importLogins()
    const found = [...outcome.added, ...outcome.updated, ...outcome.unchanged]
    if (found.length === 0) throw new LoginInputError([NOTHING_FOUND, ...problemLines(outcome)].join("\n"))
    const message = describeImport(outcome)
    return {
      method: "auto",
      url: "",
      instructions: message,
      callback: async () => {
        await learnAboutAll(dependencies, found)
        dependencies.tell({ message, variant: outcome.problems.length === 0 ? "success" : "warning" })
        return SIGNED_IN
      },
    }
  })
}

/** As far as their tokens are good just now: an expired one is renewed by the first message. */
async function learnAboutAll(dependencies: LoginDependencies, found: readonly Account[]): Promise<void> {
  const store = await dependencies.openStore()
  const now = dependencies.runtime.clock.now()
  for (const account of found) {
    const login = account.logins.find((each) => each.kind === "api-key" || each.tokens.expiresAt > now)
    if (login !== undefined) await learnAbout(dependencies, store, { account, known: true, login })
  }
}

function describeImport(outcome: ImportOutcome): string {
  const lines = (accounts: readonly Account[], done: string): string[] =>
    accounts.map((account) => `${accountName(account)} (${sourcesOf(account)}): ${done}`)
  return [
    ...lines(outcome.added, "added"),
    ...lines(outcome.updated, "brought up to date"),
    ...lines(outcome.unchanged, "already here"),
    ...problemLines(outcome),
  ].join("\n")
}

function sourcesOf(account: Account): string {
  const names = {
    "kiro-cli": "kiro-cli",
    "kiro-ide": "Kiro IDE",
    "older-plugin": "older plugin",
    own: "",
    environment: "",
  }
  return [...new Set(account.logins.map((login) => names[login.source]))]
    .filter((name) => name !== "")
    .join(", ")
}

function problemLines(outcome: ImportOutcome): readonly string[] {
  return outcome.problems.map((problem) => `Could not be read: ${problem}`)
}
