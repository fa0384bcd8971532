import { mergeModelLists, resolveModel, withRefusals } from "../kiro/index.ts"
import { estimateTokens, toConversation } from "../translate/index.ts"
import type { Chat } from "./chat.ts"
import type { GatewayContext } from "./dependencies.ts"
import type { ChatCall } from "./door.ts"
import { askedModel } from "./models.ts"

/** What of a call stays the same for all its attempts. */
export async function openChat(context: GatewayContext, call: ChatCall): Promise<Chat> {
  const { store, runtime, background } = context
  const { request, sessionId, purpose, signal } = call
  await background.settled(sessionId)
  const [session, remembered, refusedFields, lists] = await Promise.all([
    store.session(sessionId),
    store.reasoningOf(sessionId),
    store.refusedFields(),
    store.modelLists(),
  ])
  const known = resolveModel(request.model, mergeModelLists(lists))
  const refused = refusedFields.filter(({ modelId }) => modelId === known.wireId).map(({ field }) => field)
  const { input } = withRefusals(known, refused)
  const conversation = toConversation(request, {
    accepts: { images: input.includes("image"), documents: input.includes("pdf") },
    ...(!refused.includes("signatures") && { reasoning: remembered }),
  })
  return {
    request,
    purpose,
    sessionId,
    session,
    conversation,
    size: estimateTokens(conversation),
    window: known.serviceWindow,
    model: askedModel(request.model, lists),
    refused,
    invocationId: runtime.randomUUID(),
    signal,
  }
}
