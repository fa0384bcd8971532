import { asObject, stringField } from "../../../src/json.ts"
import type { ChatRequestBody } from "./check/conversation.ts"
import { checkChatRequest } from "./check/index.ts"
import { failure, FAILURES } from "./failure.ts"
import { profileRefusal } from "./profiles.ts"
import type { CacheUse } from "./prompt-cache.ts"
import type { DocumentReply, Step } from "./reply.ts"
import { run } from "./script.ts"
import type { SignedInHandler } from "./service.ts"
import { metadata, stream } from "./steps.ts"
import { isExhausted } from "./usage.ts"

/** A chat: checked as the service would, then answered by the script. */
export const chat: SignedInHandler = async (fake, request, account) => {
  const models = fake.modelsOf(account)
  const refusal = checkChatRequest(request.body, {
    models,
    knowsSignature: (reasoning, modelId) => fake.reasoning.knows(reasoning, modelId),
  })
  const profileArn = stringField(asObject(request.body), "profileArn")
  const refused: DocumentReply | undefined =
    (refusal && failure(refusal)) ?? profileRefusal(account, request, profileArn)
  if (refused !== undefined) {
    fake.refused.push({ request, reply: refused })
    return refused
  }
  if (isExhausted(account.usage, fake.now())) return FAILURES.monthlyLimit
  const reply = await run(fake.chatScriptFor(request), request)
  if (fake.promptCache === undefined || reply.kind !== "stream") return reply
  return stream(reply.steps, countsOf(fake.promptCache.use(request.body as ChatRequestBody, account.userId)))
}

/** What was written is not counted. */
function countsOf(use: CacheUse): Step {
  const totalTokens = use.uncachedInputTokens + use.cacheReadInputTokens + use.cacheWriteInputTokens
  return metadata({ tokenUsage: { ...use, outputTokens: 0, totalTokens } })
}
