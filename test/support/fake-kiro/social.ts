import { asObject, isObject, stringField } from "../../../src/json.ts"
import { SOCIAL_PROFILE_ARN, type FakeAccount } from "./account.ts"
import { json, type DocumentReply } from "./reply.ts"
import type { Handler } from "./service.ts"
import { newUserCode } from "./sign-in.ts"

/** Kiro's own sign-in service for Google and GitHub: times in milliseconds, no client secret. */

const CLIENT_ID = "kiro-cli"
const PROVIDERS = ["Google", "Github"]
const badRequest: DocumentReply = json({ message: "Bad request" }, { status: 400 })

export const socialDeviceAuthorization: Handler = (fake, { body }) => {
  const { clientId, loginProvider } = asObject(body)
  if (clientId !== CLIENT_ID || !PROVIDERS.includes(String(loginProvider))) return badRequest
  const signIn = fake.deviceGrants.take(({ kind }) => kind === "social", fake.accounts)
  if (signIn === undefined) return badRequest
  const userCode = newUserCode()
  return json({
    deviceCode: fake.deviceGrants.open(signIn, { clientId: CLIENT_ID, now: fake.now() }),
    userCode,
    verificationUri: "https://app.kiro.dev/account/device",
    verificationUriComplete: `https://app.kiro.dev/account/device?user_code=${userCode}`,
    intervalInMilliseconds: (signIn.interval ?? 5) * 1000,
    expiresInMilliseconds: (signIn.expiresIn ?? 600) * 1000,
  })
}

export const socialDevicePoll: Handler = (fake, { body }) => {
  if (!isObject(body) || body["clientId"] !== CLIENT_ID) return badRequest
  const deviceCode = stringField(body, "deviceCode") ?? ""
  const answer = fake.deviceGrants.poll(deviceCode, { clientId: CLIENT_ID, now: fake.now() })
  if (answer === undefined) return badRequest
  if (answer.poll !== "approved") return json({ status: answer.poll })
  const { account } = answer.grant
  return json({ ...account.signIn(), ...lifetime(account), identityProvider: "Google" })
}

/** A dead refresh token is 401; nothing is known of the body. */
export const socialRefresh: Handler = (fake, { body }) => {
  const used = stringField(asObject(body), "refreshToken") ?? ""
  const issued = fake.tokens.asked(used)
  if (issued?.account.kind !== "social") return json({ message: "Unauthorized" }, { status: 401 })
  return json({ ...issued.account.refresh(used), ...lifetime(issued.account) })
}

function lifetime(account: FakeAccount): object {
  return {
    expiresIn: account.tokenLifetimeSeconds,
    profileArn: account.profileArns[0] ?? SOCIAL_PROFILE_ARN,
  }
}
