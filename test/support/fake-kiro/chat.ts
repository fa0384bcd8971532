import { isObject, stringField } from "../../../src/json.ts"
import { checkChatRequest } from "./check/index.ts"
import { failure, FAILURES } from "./failure.ts"
import { profileRefusal } from "./profiles.ts"
import type { DocumentReply } from "./reply.ts"
import { run } from "./script.ts"
import type { SignedInHandler } from "./service.ts"
import { isExhausted } from "./usage.ts"

/** A chat: checked as the service would, then answered by the script. */
export const chat: SignedInHandler = async (fake, request, account) => {
  const models = fake.modelsOf(account)
  const refusal = checkChatRequest(request.body, {
    models,
    knowsSignature: (reasoning, modelId) => fake.reasoning.knows(reasoning, modelId),
  })
  const profileArn = isObject(request.body) ? stringField(request.body, "profileArn") : undefined
  const refused: DocumentReply | undefined =
    (refusal && failure(refusal)) ?? profileRefusal(account, request, profileArn)
  if (refused !== undefined) {
    fake.refused.push({ request, reply: refused })
    return refused
  }
  if (isExhausted(account.usage, fake.now())) return FAILURES.monthlyLimit
  return run(fake.chatScriptFor(request), request)
}
