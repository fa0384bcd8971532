import { parseJson } from "../json.ts"
import { mergeModelLists, resolveModel, withRefusals } from "../kiro/index.ts"
import { type ChatRequest, readChatRequest } from "../openai/index.ts"
import { estimateTokens, type Purpose, toConversation } from "../translate/index.ts"
import type { Chat } from "./chat.ts"
import type { GatewayContext } from "./dependencies.ts"
import { askedModel } from "./models.ts"

/** The session of a chat request, as OpenCode names it. */
const SESSION_HEADER = "x-session-id"

/** Reads one request of the host into what stays the same for all its attempts. Throws `ChatRequestError`. */
export async function openChat(context: GatewayContext, init: RequestInit): Promise<Chat> {
  const { store, runtime, background } = context
  const headers = new Headers(init.headers)
  const request = readChatRequest(parseBody(init.body))
  const sessionId = headers.get(SESSION_HEADER) ?? runtime.randomUUID()
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
    purpose: purposeOf(headers.get(context.purposeHeader), request),
    sessionId,
    session,
    conversation,
    size: estimateTokens(conversation),
    window: known.serviceWindow,
    model: askedModel(request.model, lists),
    refused,
    invocationId: runtime.randomUUID(),
    signal: init.signal ?? new AbortController().signal,
  }
}

function parseBody(body: RequestInit["body"]): unknown {
  return typeof body === "string" ? parseJson(body) : undefined
}

/** Our own chat hook says what a request is for; without it a title is known by its form (OpenCode 1.18). */
function purposeOf(stated: string | null, request: ChatRequest): Purpose {
  if (stated === "main" || stated === "title" || stated === "compaction") return stated
  return looksLikeTitle(request) ? "title" : "main"
}

const TITLE_REQUEST = "Generate a title for this conversation:"

function looksLikeTitle({ tools, messages }: ChatRequest): boolean {
  if (tools.length > 0) return false
  const first = messages.find(({ role }) => role === "user")
  const part = first?.content[0]
  return part?.type === "text" && part.text.startsWith(TITLE_REQUEST)
}
