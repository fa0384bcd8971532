import { authorize } from "./auth.ts"
import { chat } from "./chat.ts"
import { getProfile, getUsageLimits, listAvailableModels, listAvailableProfiles } from "./control.ts"
import { externalIdpToken } from "./external-idp.ts"
import { FAILURES } from "./failure.ts"
import { invokeMcp } from "./mcp.ts"
import { createToken, registerClient, startDeviceAuthorization } from "./oidc.ts"
import type { Operation } from "./operation.ts"
import type { ReceivedRequest } from "./received.ts"
import type { Reply } from "./reply.ts"
import { run } from "./script.ts"
import type { FakeService, Handler, SignedInHandler } from "./service.ts"
import { socialDeviceAuthorization, socialDevicePoll, socialRefresh } from "./social.ts"

const OPEN: { readonly [operation in Operation]?: Handler } = {
  RegisterClient: registerClient,
  StartDeviceAuthorization: startDeviceAuthorization,
  CreateToken: createToken,
  SocialDeviceAuthorization: socialDeviceAuthorization,
  SocialDevicePoll: socialDevicePoll,
  SocialRefresh: socialRefresh,
  ExternalIdpToken: externalIdpToken,
}

const SIGNED_IN: { readonly [operation in Operation]?: SignedInHandler } = {
  GenerateAssistantResponse: chat,
  SendMessage: chat,
  InvokeMCP: invokeMcp,
  GetUsageLimits: getUsageLimits,
  ListAvailableModels: listAvailableModels,
  ListAvailableProfiles: listAvailableProfiles,
  GetProfile: getProfile,
}

/** Broken hosts first, then the path, then the token, then what is scripted, then what the service would say. */
export async function answerRequest(fake: FakeService, request: ReceivedRequest): Promise<Reply> {
  const interceptor = fake.interceptorFor(request)
  if (interceptor !== undefined) return run(interceptor, request)
  const { operation } = request
  if (operation === undefined) return FAILURES.unknownOperation
  const open = OPEN[operation]
  if (open !== undefined) return scripted(fake, request, operation) ?? open(fake, request)
  const authorized = authorize(fake, request)
  if ("refusal" in authorized) return authorized.refusal
  const { account } = authorized
  const handler = SIGNED_IN[operation]
  if (handler === chat || handler === undefined) return chat(fake, request, account)
  return scripted(fake, request, operation) ?? handler(fake, request, account)
}

function scripted(
  fake: FakeService,
  request: ReceivedRequest,
  operation: Operation,
): Promise<Reply> | undefined {
  const script = request.account?.scripts.take(operation) ?? fake.scripts.take(operation)
  return script && run(script, request)
}
