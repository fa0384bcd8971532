import type { AuthOAuthResult } from "@opencode-ai/plugin"
import { learnAbout } from "./complete.ts"
import type { LoginDependencies } from "./dependencies.ts"
import { readably } from "./finish.ts"
import { describeImport, type FoundLogin, importLogins, type ImportOutcome } from "./import-logins.ts"
import { SIGNED_IN } from "./marker.ts"
import { LoginInputError } from "./target.ts"

const NOTHING_FOUND =
  "No login of kiro-cli or the Kiro IDE was found on this machine. Run `kiro-cli login` (it can also sign in with the " +
  "identity provider of a company), or sign in to the Kiro IDE, and choose the import again."
const SYNC_IS_OFF = "kiro-cli was left out: auto_sync_kiro_cli is false in kiro.json."

/** Takes over the logins of kiro-cli and the Kiro IDE, and shows what was found and done. Throws readable errors. */
export async function signInByImport(dependencies: LoginDependencies): Promise<AuthOAuthResult> {
  return readably(dependencies, async () => {
    const outcome = await importLogins(dependencies)
    if (outcome.found.length === 0)
      throw new LoginInputError(`${NOTHING_FOUND}\n${describe(dependencies, outcome)}`.trim())
    return {
      method: "auto",
      url: "",
      instructions: describe(dependencies, outcome),
      callback: async () => {
        const found = await learnAboutAll(dependencies, outcome.found)
        const message = describe(dependencies, { ...outcome, found })
        dependencies.tell({ message, variant: outcome.problems.length === 0 ? "success" : "warning" })
        return SIGNED_IN
      },
    }
  })
}

/** As far as their tokens are good just now: an expired one is renewed by the first message. */
async function learnAboutAll(
  dependencies: LoginDependencies,
  found: readonly FoundLogin[],
): Promise<readonly FoundLogin[]> {
  const store = await dependencies.openStore()
  const now = dependencies.runtime.clock.now()
  const learnt: FoundLogin[] = []
  for (const each of found) {
    const { account, login, done } = each
    const usable = login.kind === "api-key" || login.tokens.expiresAt > now
    const after = usable
      ? await learnAbout(dependencies, store, { account, known: done !== "added", login })
      : undefined
    const joined = done === "added" && after?.known === true
    learnt.push({
      login,
      account: after?.account ?? account,
      done: joined ? "added to the account that was here" : done,
    })
  }
  return learnt
}

function describe({ settings }: LoginDependencies, outcome: ImportOutcome): string {
  return [describeImport(outcome), settings().autoSyncKiroCli ? "" : SYNC_IS_OFF].filter(Boolean).join("\n")
}
