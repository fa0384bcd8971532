import type { AuthOAuthResult } from "@opencode-ai/plugin"
import { accountName, afterLoginRefused, type Login } from "../../accounts/index.ts"
import type { KiroFailure } from "../../kiro/index.ts"
import type { Secret } from "../../secret.ts"
import { readApiKey } from "./api-key.ts"
import { moveApiKey } from "./auth-file.ts"
import { learnAbout } from "./complete.ts"
import type { LoginDependencies } from "./dependencies.ts"
import { finish, readably } from "./finish.ts"
import { keepLogin, type KeptLogin } from "./keep.ts"
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

/**
 * Takes a key that OpenCode put into auth.json out of it again: it is kept first, then the marker takes its place.
 * Local and quick; `undefined` where there was none.
 */
export function adoptApiKey(dependencies: LoginDependencies): Promise<KeptLogin | undefined> {
  return moveApiKey(dependencies.authFile, (key) => keepLogin(dependencies, apiKeyLogin(dependencies, key)))
}

/** Asks Kiro about a key that was taken over, and says what came of it. */
export async function tellOfAdopted(dependencies: LoginDependencies, kept: KeptLogin): Promise<void> {
  const { store, runtime, tell } = dependencies
  const learnt = await learnAbout(dependencies, kept)
  if (learnt.failure?.kind !== "bearer-rejected") {
    const report = { ...learnt, profile: { notNeeded: true }, profiles: [] } as const
    return tell(describeLogin(report, accountName))
  }
  const refusal = { loginId: kept.login.id, reason: learnt.failure.message, now: runtime.clock.now() }
  await store.update(learnt.account.id, (current) => afterLoginRefused(current, refusal))
  const name = accountName(learnt.account)
  tell({
    message: `${name}: Kiro refused the key that was in auth.json. Sign in with another.`,
    variant: "warning",
  })
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
