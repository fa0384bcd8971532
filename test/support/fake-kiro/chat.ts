import { checkChatRequest } from "./check/index.ts"
import { failure } from "./failure.ts"
import type { ReceivedRequest } from "./received.ts"
import type { Reply } from "./reply.ts"
import { run } from "./script.ts"
import type { FakeService } from "./service.ts"

/** A chat: checked as the service would, then answered by the script. */
export async function chat(fake: FakeService, request: ReceivedRequest): Promise<Reply> {
  const { account } = request
  const models = account === undefined ? fake.models : fake.modelsOf(account)
  const refusal = checkChatRequest(request.body, { models, knowsSignature: fake.knowsSignature })
  if (refusal !== undefined) {
    const reply = failure(refusal)
    fake.refused.push({ request, reply })
    return reply
  }
  return run(fake.chatScriptFor(request), request)
}
