import type { AuthOAuthResult } from "@opencode-ai/plugin"
import { accountName, type Login } from "../../accounts/index.ts"
import type { KiroFailure } from "../../kiro/index.ts"
import type { Secret } from "../../secret.ts"
import { readApiKey } from "./api-key.ts"
import { moveApiKey } from "./auth-file.ts"
import { learnAbout } from "./complete.ts"
import type { LoginDependencies } from "./dependencies.ts"
import { finish, readably } from "./finish.ts"
import { keepLogin } from "./keep.ts"
import { describeLogin } from "./report-text.ts"
import { type Answers, LoginInputError } from "./target.ts"

/**
 * An API key typed at the login: Kiro is asked whether it is good before anything is stored. Throws readable errors.
 */
export async function signInByApiKey(
  dependencies: LoginDependencies,
  answers: Answers,
): Promise<AuthOAuthResult> {
  return readably(dependencies, async () => {
    const key = readApiKey(answers["api_key"])
    return {
      method: "auto",
      url: "",
      instructions: "Asking Kiro whether this key may be used.",
      callback: () =>
        readably(dependencies, async () => {
          const login = apiKeyLogin(dependencies, key)
          const identity = await dependencies.control.identity(login, dependencies.signal)
          if (!("failure" in identity))
            return finish(dependencies, { login, identityCenter: false, identity })
          const refusal = refusalOf(identity.failure)
          if (refusal !== undefined) throw new LoginInputError(refusal)
          return finish(dependencies, { login, identityCenter: false })
        }),
    }
  })
}

/** A key that was taken out of auth.json, and what is left to do: ask Kiro about it, and say so. */
export interface AdoptedKey {
  learn(): Promise<void>
}

/**
 * Takes a key that OpenCode put into auth.json out of it again: it is kept first, then the marker takes its place.
 * Local and quick; `undefined` where there was none.
 */
export async function adoptApiKey(dependencies: LoginDependencies): Promise<AdoptedKey | undefined> {
  let adopted: AdoptedKey | undefined
  await moveApiKey(dependencies.authFile, async (key) => {
    const kept = await keepLogin(dependencies, apiKeyLogin(dependencies, key))
    adopted = {
      learn: async () => {
        const learnt = await learnAbout(dependencies, kept)
        const report = { ...learnt, profile: { notNeeded: true }, profiles: [] } as const
        dependencies.tell(describeLogin(report, accountName))
      },
    }
  })
  return adopted
}

function apiKeyLogin({ runtime }: LoginDependencies, key: Secret): Login {
  return { kind: "api-key", id: runtime.randomUUID(), source: "own", key }
}

/** Whether the failure says that the key is no good, or that nothing can be said of it. */
function refusalOf(failure: KiroFailure): string | undefined {
  switch (failure.kind) {
    case "bearer-rejected":
    case "not-authorized":
      return (
        "Kiro refused this API key. It may be revoked, its plan may not include API keys, or your administrator may " +
        "not allow them. Nothing was stored."
      )
    case "unreachable":
    case "network":
    case "timeout":
      return `Kiro could not be reached to check the key (${failure.message}). Nothing was stored.`
    default:
      return undefined
  }
}
