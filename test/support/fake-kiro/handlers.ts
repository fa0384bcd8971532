import { authorize } from "./auth.ts"
import { chat } from "./chat.ts"
import { FAILURES } from "./failure.ts"
import type { Operation } from "./operation.ts"
import type { ReceivedRequest } from "./received.ts"
import type { Reply } from "./reply.ts"
import { run } from "./script.ts"
import type { FakeService, Handler } from "./service.ts"

type SignedInHandler = Handler

const SIGNED_IN: Partial<Readonly<Record<Operation, SignedInHandler>>> = {
  GenerateAssistantResponse: chat,
  SendMessage: chat,
}

const OPEN: Partial<Readonly<Record<Operation, Handler>>> = {}

export async function answerRequest(fake: FakeService, request: ReceivedRequest): Promise<Reply> {
  const interceptor = fake.interceptorFor(request)
  if (interceptor !== undefined) return run(interceptor, request)
  const { operation } = request
  if (operation === undefined) return FAILURES.unknownOperation
  const open = OPEN[operation]
  if (open !== undefined) return open(fake, request)
  const authorized = authorize(fake, request)
  if ("refusal" in authorized) return authorized.refusal
  return SIGNED_IN[operation]?.(fake, request) ?? FAILURES.unknownOperation
}
