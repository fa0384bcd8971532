import type { ReceivedRequest } from "./received.ts"
import type { Reply } from "./reply.ts"
import { run } from "./script.ts"
import type { FakeService } from "./service.ts"

export async function chat(fake: FakeService, request: ReceivedRequest): Promise<Reply> {
  return run(fake.chatScriptFor(request), request)
}
