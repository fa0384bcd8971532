import type { DocumentBlock, ImageBlock } from "@aws/codewhisperer-streaming-client"
import { currentOf, userMessagesOf, type ChatRequestBody } from "./conversation.ts"
import { imageFacts } from "./image-size.ts"
import { improperlyFormed, refuse, type CheckContext, type Refusal, type Rule } from "./rule.ts"

const LARGEST_IMAGE_BASE64 = 5_242_880
const MOST_MEDIA = 100
const MOST_DOCUMENTS = 5
/** With more images than this in a request, each side is limited. */
const MANY_IMAGES = 20
const LONGEST_SIDE_OF_MANY = 2_000
/** Amazon Bedrock's Converse API: letters, digits, single whitespace, hyphens, parentheses, brackets. */
const DOCUMENT_NAME = /^(?!.*\s\s)[A-Za-z0-9\s\-()[\]]{1,200}$/

export const checkImages: Rule = (body, context) => {
  const images = imagesOf(body)
  if (images.length > 0 && modelOf(body, context)?.images === false)
    return refuse("This model does not take images.", "IMAGE_FORMAT_UNSUPPORTED")
  for (const image of images) {
    const refusal = imageRefusal(image, images.length > MANY_IMAGES)
    if (refusal !== undefined) return refusal
  }
  const [imageCount, documentCount] = [images.length, documentsOf(body).length]
  if (imageCount + documentCount <= MOST_MEDIA) return undefined
  return refuse(
    `too many images and documents: ${imageCount} + ${documentCount} > ${MOST_MEDIA}`,
    imageCount > 0 ? "IMAGE_COUNT_EXCEEDED" : "DOCUMENT_COUNT_EXCEEDED",
  )
}

export const checkDocuments: Rule = (body, context) => {
  const documents = documentsOf(body)
  if (documents.length > 0 && modelOf(body, context)?.documents === false)
    return refuse("This model does not take documents.", "DOCUMENT_MODEL_NOT_SUPPORTED")
  if (!documents.every(({ name }) => DOCUMENT_NAME.test(name ?? ""))) return improperlyFormed
  if (documents.length > MOST_DOCUMENTS)
    return refuse(
      `Too many documents attached (${documents.length}). Maximum is ${MOST_DOCUMENTS} per conversation.`,
      "DOCUMENT_COUNT_EXCEEDED",
    )
  const names = new Set(documents.map(({ name }) => name))
  return names.size === documents.length
    ? undefined
    : refuse("Two documents have the same name.", "DOCUMENT_DUPLICATE_NAME")
}

/** Once there is a history, media without a word are no message; beside tool results they are. */
export const checkMediaHaveWords: Rule = (body) => {
  const { content, images = [], documents = [], userInputMessageContext } = currentOf(body)
  if ((body.conversationState.history ?? []).length === 0 || (content ?? "").trim() !== "") return undefined
  const answers = (userInputMessageContext?.toolResults ?? []).length > 0
  const media = (images?.length ?? 0) + (documents?.length ?? 0)
  return media > 0 && !answers ? refuse("Invalid request body.", "REQUEST_BODY_INVALID") : undefined
}

function imageRefusal(image: ImageBlock, many: boolean): Refusal | undefined {
  // As received: base64 where the client's type has bytes.
  const base64 = String(image.source?.bytes)
  if (base64.length > LARGEST_IMAGE_BASE64)
    return refuse(
      `image exceeds 5 MB maximum: ${base64.length} bytes > ${LARGEST_IMAGE_BASE64} bytes`,
      "IMAGE_SIZE_EXCEEDED",
    )
  const facts = imageFacts(Buffer.from(base64, "base64"))
  if (facts === undefined) return refuse("Could not process image", "IMAGE_FORMAT_UNSUPPORTED")
  if (facts.format !== image.format)
    return refuse(`Image does not match the provided media type image/${image.format}`, "IMAGE_MIME_MISMATCH")
  const longest = Math.max(facts.width ?? 0, facts.height ?? 0)
  return many && longest > LONGEST_SIDE_OF_MANY
    ? refuse(
        `At least one of the image dimensions exceed max allowed size for many-image requests: ${LONGEST_SIDE_OF_MANY} pixels`,
        "IMAGE_DIMENSION_EXCEEDED",
      )
    : undefined
}

function imagesOf(body: ChatRequestBody): ImageBlock[] {
  return userMessagesOf(body).flatMap(({ images }) => images ?? [])
}

function documentsOf(body: ChatRequestBody): DocumentBlock[] {
  return userMessagesOf(body).flatMap(({ documents }) => documents ?? [])
}

function modelOf(
  body: ChatRequestBody,
  { models }: CheckContext,
): CheckContext["models"][number] | undefined {
  return models.find(({ modelId }) => modelId === currentOf(body).modelId)
}
