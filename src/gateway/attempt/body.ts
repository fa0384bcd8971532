import { present } from "../../json.ts"
import {
  asksToThink,
  chooseThinking,
  type GenerateAssistantResponseRequest,
  type KiroFailure,
  type KiroModel,
  refusedFields,
  requestFields,
  type RequestFields,
  type ThinkingPlan,
} from "../../kiro/index.ts"
import {
  allTools,
  type Conversation,
  conversationIdOf,
  estimateTokens,
  type BlockPlace,
  refusedMedia,
  refusedTools,
  toConversationState,
  toolsOfServer,
  toSendable,
  withoutDocuments,
  withoutImages,
  withoutMedia,
  withoutSignatures,
  withoutTools,
} from "../../translate/index.ts"
import type { Chat } from "../chat.ts"
import {
  isOfTheModel,
  isOfTheSession,
  LAST_STEP,
  type Omission,
  type Progress,
  type ShortenStep,
} from "./progress.ts"

/** The body of one attempt, and what is known of it without looking at it again. */
export interface Body {
  readonly document: GenerateAssistantResponseRequest
  /** Counted when somebody asks: as a rule while the request is on its way. */
  readonly estimatedTokens: number
  readonly plan: ThinkingPlan
  /** By a field of the request: its thinking may be long in coming. */
  readonly thinksNatively: boolean
  readonly fields: RequestFields | undefined
  /** As it is sent. */
  readonly conversation: Conversation
}

/** What the chat says, in the form that this attempt may still have, for this account's model. */
export function buildBody(wanted: {
  readonly chat: Chat
  readonly progress: Progress
  readonly model: KiroModel
  readonly profileArn: string | undefined
}): Body {
  const { chat, progress, model, profileArn } = wanted
  const { request, purpose, sessionId } = chat
  const { step, shortenedSize = Infinity, tokenRatio = 1 } = progress
  const { serviceWindow } = model
  const wish = { ...request, purpose }
  const plan = chooseThinking(model, wish)
  const fields = requestFields({ model, plan, maxTokens: request.maxTokens })
  const isConversation = purpose === "main" || purpose === "generate"
  const generation = chat.session.generation + (progress.newConversation ? 1 : 0)
  // With the words that stood there in the request that was refused.
  const left = without(chat.conversation, [...chat.refused.filter(isOfTheSession), ...progress.omitted])
  const conversation = toSendable(left, {
    serviceWindow,
    isWhole: left === chat.conversation,
    ...(plan.mode === "tags" && { systemPrefix: plan.systemPrefix }),
    ...(step !== undefined && {
      isLastTry: step === LAST_STEP,
      shortenTo: (size) =>
        shortenTarget({ step, size: Math.min(size, shortenedSize), window: serviceWindow / tokenRatio }),
    }),
  })
  const conversationState = toConversationState(conversation, {
    wireModelId: model.wireId,
    conversationId: conversationIdOf({ sessionId, purpose: isConversation ? "main" : purpose, generation }),
    // A title or a compaction is asked once: nobody reads what it would write to the cache.
    cachePoints: isConversation ? model.cachePoints : 0,
  })
  let estimatedTokens: number | undefined
  return {
    document: { conversationState, ...present({ profileArn, additionalModelRequestFields: fields }) },
    get estimatedTokens() {
      return (estimatedTokens ??= estimateTokens(conversation))
    },
    plan,
    thinksNatively: plan.mode === "native" && asksToThink(model, wish),
    fields,
    conversation,
  }
}

/**
 * Estimated tokens to shorten to, of a request of this size, in a window of so many estimated tokens. The next requests
 * of the session are measured by the size of this one: by their own the border would move with each of them.
 */
export function shortenTarget(wanted: {
  readonly step: ShortenStep
  readonly size: number
  readonly window: number
}): number {
  return Math.floor(wanted.step * Math.min(wanted.size, wanted.window))
}

function without(conversation: Conversation, omitted: readonly Omission[]): Conversation {
  if (omitted.length === 0) return conversation
  const steps: readonly (readonly [boolean, (conversation: Conversation) => Conversation])[] = [
    [true, (whole) => withoutTools(whole, new Set(namesOf("tool", omitted)))],
    [true, (whole) => withoutMedia(whole, new Set(namesOf("medium", omitted)))],
    [omitted.includes("reasoning"), withoutSignatures],
    [omitted.includes("documents"), withoutDocuments],
    [omitted.includes("images"), withoutImages],
    // Fields of the request are left out with the model's own: see `modelFor`.
  ]
  return steps.reduce((left, [isAsked, leaveOut]) => (isAsked ? leaveOut(left) : left), conversation)
}

/** What a user is told of it, beside what they were told before: tools and media, of which they would wonder what became. */
export function partsInWords(
  omitted: readonly Omission[],
  before: readonly string[] = [],
): readonly string[] {
  const news = omitted.filter((omission) => !before.includes(omission))
  const tools = namesOf("tool", news).map((name) => `the tool ${name}`)
  return [...tools, ...mediaInWords(news, namesOf("medium", omitted).length)]
}

/** Of a kind that is left out as a whole the single ones are not counted. The same words are told once. */
function mediaInWords(omitted: readonly Omission[], inAll: number): readonly string[] {
  const kinds = [
    ...(omitted.includes("images") ? ["all pictures"] : []),
    ...(omitted.includes("documents") ? ["all documents"] : []),
  ]
  const media = namesOf("medium", omitted).length
  if (kinds.length > 0 || media === 0) return kinds
  const words = media === 1 ? "a picture or document" : `${media} pictures or documents`
  return [media === inAll ? words : `${words} (${inAll} in all)`]
}

/** The tools or the media among them. */
function namesOf(part: "tool" | "medium", omitted: readonly Omission[]): readonly string[] {
  const prefix = `${part} `
  return omitted.flatMap((omission) => (omission.startsWith(prefix) ? [omission.slice(prefix.length)] : []))
}

/** So often one part is left out after the other; then all of its kind, of tools first those of its server. */
const MOST_SINGLE_PARTS = 8
/** A tool whose name tells no server is one of its own: of so many, then without any tools. */
const MOST_SERVERS = 4

const REACHES = ["part", "server", "kind"] as const
type Reach = (typeof REACHES)[number]

function reachOf({ omissions }: Progress): Reach {
  if (omissions < MOST_SINGLE_PARTS) return "part"
  return omissions < MOST_SINGLE_PARTS + MOST_SERVERS ? "server" : "kind"
}

/**
 * What of a refused request the next one does without: the part that the refusal names, else the likeliest one. Where
 * that is left out already, as of a tool that the conversation has used, what goes with it. Empty where the refusal
 * names nothing that was sent.
 */
export function omissionsFor(failure: KiroFailure, body: Body, progress: Progress): readonly Omission[] {
  const further = REACHES.slice(REACHES.indexOf(reachOf(progress)))
  const parts = further.map((reach) =>
    refusedParts(failure, body, reach).filter((part) => !progress.omitted.includes(part)),
  )
  return parts.find(({ length }) => length > 0) ?? []
}

function refusedParts(failure: KiroFailure, body: Body, reach: Reach): readonly Omission[] {
  const { conversation, fields } = body
  const { message } = failure
  switch (failure.kind) {
    case "tool-refused": {
      const tools = refusedTools(conversation, message).flatMap((name) =>
        toolsBeside(conversation, name, reach),
      )
      return [...new Set(tools)].map((name): Omission => `tool ${name}`)
    }
    case "signature-invalid": {
      const isSigned = conversation.turns.some(
        (turn) => turn.role === "assistant" && turn.reasoning !== undefined,
      )
      return isSigned ? ["reasoning"] : []
    }
    case "document-refused":
      return refusedMediaOf("document", { failure, conversation, reach })
    case "image-refused":
      return refusedMediaOf("image", { failure, conversation, reach })
    case "field-refused":
      return refusedFields(fields, message)
    default:
      return []
  }
}

function toolsBeside(conversation: Conversation, name: string, reach: Reach): readonly string[] {
  switch (reach) {
    case "part":
      return [name]
    case "server":
      return toolsOfServer(conversation, name)
    case "kind":
      return allTools(conversation)
    default:
      return reach satisfies never
  }
}

function refusedMediaOf(
  type: "image" | "document",
  refused: {
    readonly failure: KiroFailure
    readonly conversation: Conversation
    readonly reach: Reach
  },
): readonly Omission[] {
  const { failure, conversation, reach } = refused
  const carries = (turn: Conversation["turns"][number]): boolean =>
    turn.role === "user" && turn.parts.some((part) => part.type === type)
  if (!conversation.turns.some(carries)) return []
  if (reach !== "part" || isOfTheModel(failure)) return [`${type}s`]
  const places = isTooMany(failure)
    ? // Those that were asked about longest ago.
      [{ message: conversation.turns.findIndex(carries) }]
    : placesIn(failure.message)
  return refusedMedia(conversation, { type, places }).map((hash): Omission => `medium ${hash}`)
}

function isTooMany({ reason = "", message }: KiroFailure): boolean {
  return reason.endsWith("_COUNT_EXCEEDED") || /too many (?:documents|images)/i.test(message)
}

const PLACES = /\b(?:messages|history)[.[](\d+)\b\]?(\.member)?(?:\.content[.[](\d+)\b)?/g

/** In the paths of AWS' own checks, `messages.1.member.content.2.member`, the first is 1. */
function placesIn(message: string): readonly BlockPlace[] {
  return [...message.matchAll(PLACES)].map(([, index, fromOne, block]) => {
    const first = fromOne === undefined ? 0 : 1
    return { message: Number(index) - first, block: Number(block) - first }
  })
}
