import type { AuthOAuthResult } from "@opencode-ai/plugin"
import type { Login } from "../../accounts/index.ts"
import { userAgent } from "../../kiro/index.ts"
import {
  type DeviceTokens,
  type IdcFlow,
  pollForIdcTokens,
  startIdcDeviceAuthorization,
} from "../../oauth/index.ts"
import type { LoginDependencies } from "./dependencies.ts"
import { deviceResult } from "./device-result.ts"
import { finish, readably } from "./finish.ts"
import { registrationsIn } from "./registrations.ts"
import { type Answers, type LoginTarget, readLoginTarget } from "./target.ts"

/** AWS Builder ID or IAM Identity Center. Throws readable errors. */
export async function signInAtAws(
  dependencies: LoginDependencies,
  answers: Answers,
): Promise<AuthOAuthResult> {
  const { runtime, signal } = dependencies
  return readably(dependencies, async (goingTo) => {
    const { settings, store } = dependencies
    const target = goingTo(readLoginTarget(answers, settings))
    const options = {
      runtime,
      loginRegion: target.loginRegion,
      userAgent: userAgent(dependencies.version),
      endpointOverride: settings.endpointOverride,
      signal,
    }
    const { startUrl } = target
    const flow = await startIdcDeviceAuthorization({
      ...options,
      startUrl,
      registrations: registrationsIn(store),
    })
    const { authorization } = flow
    dependencies.openBrowser(authorization.verificationUriComplete ?? authorization.verificationUri)
    return deviceResult(authorization, () =>
      readably(dependencies, async (again) => {
        again(target)
        const tokens = await pollForIdcTokens({ ...options, flow })
        const login = idcLogin({ id: runtime.randomUUID(), target, flow, tokens })
        const identityCenter = target.kind === "identity-center"
        return finish(dependencies, { login, identityCenter, asked: target.profileArn })
      }),
    )
  })
}

function idcLogin(made: {
  readonly id: string
  readonly target: LoginTarget
  readonly flow: IdcFlow
  readonly tokens: DeviceTokens
}): Login {
  const { target, flow, tokens } = made
  return {
    kind: "idc",
    id: made.id,
    source: "own",
    tokens,
    client: flow.client,
    loginRegion: target.loginRegion,
    ...(target.kind === "identity-center" ? { startUrl: target.startUrl } : {}),
  }
}
