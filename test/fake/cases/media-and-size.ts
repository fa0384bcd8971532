import { assistant, contextOf, GIF, toolLoop, toolResult, user } from "../known-good.ts"
import { PNG } from "../../support/pixel.ts"
import {
  SIGNED,
  IMPROPER,
  BODY_INVALID,
  current,
  opus,
  lastAssistant,
  image,
  document,
  pngOf,
  type Broken,
} from "./case.ts"

export const BROKEN_MEDIA_AND_SIZE: readonly Broken[] = [
  // Media.
  {
    name: "an image over 5 MiB of base64",
    reason: "IMAGE_SIZE_EXCEEDED",
    change: (body) =>
      (current(body).images = [image("png", PNG.replace(/=*$/, "").slice(0, 92) + "A".repeat(5_242_880))]),
  },
  {
    name: "a GIF that is called PNG",
    reason: "IMAGE_MIME_MISMATCH",
    change: (body) => (current(body).images = [image("png", GIF)]),
  },
  {
    name: "bytes that are no image",
    reason: "IMAGE_FORMAT_UNSUPPORTED",
    change: (body) => (current(body).images = [image("png", "AAAA")]),
  },
  {
    name: "an image for a model that takes text",
    reason: "IMAGE_FORMAT_UNSUPPORTED",
    change: (body) => Object.assign(current(body), { modelId: "glm-5", images: [image()] }),
  },
  {
    name: "101 images",
    reason: "IMAGE_COUNT_EXCEEDED",
    change: (body) => (current(body).images = Array.from({ length: 101 }, () => image())),
  },
  {
    name: "a side over 2 000 pixels among 21 images",
    reason: "IMAGE_DIMENSION_EXCEEDED",
    change: (body) =>
      (current(body).images = [image("png", pngOf(2001)), ...Array.from({ length: 20 }, () => image())]),
  },
  {
    name: "a sixth document, wherever the others stand",
    reason: "DOCUMENT_COUNT_EXCEEDED",
    words: /^Too many documents attached \(6\)\. Maximum is 5 per conversation\.$/,
    change: (body) => {
      const old = Array.from({ length: 3 }, (_, index) => document(`old ${index}`))
      body.conversationState.history = [user("u", { documents: old }), assistant("a")]
      current(body).documents = Array.from({ length: 3 }, (_, index) => document(`new ${index}`))
    },
  },
  {
    name: "an image without a word behind a history",
    reason: BODY_INVALID,
    change: (body) => {
      body.conversationState.history = [user("u"), assistant("a")]
      Object.assign(current(body), { content: " ", images: [image()] })
    },
  },
  {
    name: "101 documents",
    reason: "DOCUMENT_COUNT_EXCEEDED",
    change: (body) =>
      (current(body).documents = Array.from({ length: 101 }, (_, index) => document(`d${index}`))),
  },
  {
    name: "two documents of one name",
    reason: "DOCUMENT_DUPLICATE_NAME",
    change: (body) => (current(body).documents = [document("a"), document("a")]),
  },
  {
    name: "a document name with a dot",
    reason: IMPROPER,
    change: (body) => (current(body).documents = [document("a.pdf")]),
  },
  {
    name: "a document for a model that takes none",
    reason: "DOCUMENT_MODEL_NOT_SUPPORTED",
    change: (body) =>
      Object.assign(current(body), { modelId: "claude-haiku-4.5", documents: [document("a")] }),
  },
  // Size.
  {
    name: "a prompt over the window",
    reason: "CONTENT_LENGTH_EXCEEDS_THRESHOLD",
    change: (body) =>
      (body.conversationState.history = [user("x".repeat(500_000)), assistant("x".repeat(400_000))]),
  },
  {
    name: "a user message over 600 000 characters",
    reason: "CONTENT_LENGTH_EXCEEDS_THRESHOLD",
    change: (body) => (current(body).content = "x".repeat(600_001)),
  },
  {
    name: "a tool result over 800 000 characters",
    from: toolLoop,
    reason: "CONTENT_LENGTH_EXCEEDS_THRESHOLD",
    change: (body) =>
      Object.assign(contextOf(body)["toolResults"] as object[], {
        0: { ...toolResult("tooluse_9xYpQ2kLRr6"), content: [{ text: "x".repeat(800_000) }] },
      }),
  },
  // Fields of the model.
  {
    name: "native fields for a model that takes none",
    reason: BODY_INVALID,
    change: (body) => (body["additionalModelRequestFields"] = { thinking: { type: "adaptive" } }),
  },
  {
    name: "the fields of another family",
    reason: BODY_INVALID,
    change: (body) => {
      opus(body)
      body["additionalModelRequestFields"] = { reasoning: { effort: "high" } }
    },
  },
  {
    name: "an effort that the model lacks",
    reason: BODY_INVALID,
    change: (body) => {
      opus(body)
      body["additionalModelRequestFields"] = { output_config: { effort: "xhigh" } }
    },
  },
  {
    name: "thinking without its type",
    reason: BODY_INVALID,
    change: (body) => {
      opus(body)
      body["additionalModelRequestFields"] = { thinking: { display: "summarized" } }
    },
  },
  {
    name: "too many output tokens",
    reason: BODY_INVALID,
    change: (body) => {
      opus(body)
      body["additionalModelRequestFields"] = { max_tokens: 64_001 }
    },
  },
  // Reasoning.
  {
    name: "a signature that nobody gave",
    from: toolLoop,
    reason: "THINKING_SIGNATURE_INVALID",
    change: (body) => {
      opus(body)
      lastAssistant(body)["reasoningContent"] = { reasoningText: { ...SIGNED, signature: "Eq" } }
    },
  },
  {
    name: "reasoning whose text was changed",
    from: toolLoop,
    reason: "THINKING_SIGNATURE_INVALID",
    change: (body) => {
      opus(body)
      lastAssistant(body)["reasoningContent"] = { reasoningText: { ...SIGNED, text: "I need" } }
    },
  },
  {
    name: "reasoning without a signature",
    from: toolLoop,
    reason: "THINKING_SIGNATURE_INVALID",
    change: (body) => {
      opus(body)
      lastAssistant(body)["reasoningContent"] = { reasoningText: { text: SIGNED.text } }
    },
  },
  {
    name: "the signature of another model",
    from: toolLoop,
    reason: "THINKING_SIGNATURE_INVALID",
    change: (body) => (lastAssistant(body)["reasoningContent"] = { reasoningText: SIGNED }),
  },
  {
    name: "a redacted blob that nobody gave",
    from: toolLoop,
    reason: "THINKING_SIGNATURE_INVALID",
    change: (body) => {
      opus(body)
      lastAssistant(body)["reasoningContent"] = { redactedContent: "AAAA" }
    },
  },
]
