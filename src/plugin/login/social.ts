import type { AuthOAuthResult } from "@opencode-ai/plugin"
import type { Login } from "../../accounts/index.ts"
import { userAgent } from "../../kiro/index.ts"
import {
  type DeviceTokens,
  pollForSocialTokens,
  type SocialProvider,
  startSocialDeviceAuthorization,
} from "../../oauth/index.ts"
import type { LoginDependencies } from "./dependencies.ts"
import { deviceResult } from "./device-result.ts"
import { finish, readably } from "./finish.ts"
import { type Answers, LoginInputError } from "./target.ts"

/** Google or GitHub, by Kiro's own device flow. Throws readable errors. */
export async function signInSocially(
  dependencies: LoginDependencies,
  answers: Answers,
): Promise<AuthOAuthResult> {
  const { runtime, signal } = dependencies
  return readably(dependencies, async (goingTo) => {
    const provider = readProvider(answers["provider"])
    const destination = { kind: "social", provider: provider === "Github" ? "GitHub" : provider } as const
    goingTo(destination)
    const options = {
      runtime,
      userAgent: userAgent(dependencies.version),
      endpointOverride: dependencies.settings.endpointOverride,
      signal,
    }
    const authorization = await startSocialDeviceAuthorization({ ...options, provider })
    dependencies.openBrowser(authorization.verificationUriComplete ?? authorization.verificationUri)
    return deviceResult(authorization, () =>
      readably(dependencies, async (again) => {
        again(destination)
        const tokens = await pollForSocialTokens({ ...options, authorization })
        const login = socialLogin(runtime.randomUUID(), provider, tokens)
        return finish(dependencies, { login, identityCenter: false })
      }),
    )
  })
}

function readProvider(answer: string | undefined): SocialProvider {
  switch (answer?.trim().toLowerCase()) {
    case "google":
      return "Google"
    case "github":
      return "Github"
    default:
      throw new LoginInputError("Choose Google or GitHub.")
  }
}

function socialLogin(id: string, provider: SocialProvider, tokens: DeviceTokens): Login {
  const { profileArn, identityProvider, ...pair } = tokens
  return {
    kind: "social",
    id,
    source: "own",
    tokens: pair,
    provider: (identityProvider ?? provider).toLowerCase(),
    ...(profileArn === undefined ? {} : { profileArn }),
  }
}
