/** The request body of GenerateAssistantResponse, names as on the wire. */

export interface GenerateAssistantResponseRequest {
  readonly conversationState: ConversationState
  readonly profileArn?: string
  /** Validated by the service against the model's own schema: an unknown field is refused. */
  readonly additionalModelRequestFields?: { readonly [field: string]: unknown }
}

export interface ConversationState {
  readonly chatTriggerType: "MANUAL"
  readonly conversationId: string
  readonly agentContinuationId?: string
  readonly agentTaskType?: "vibe"
  readonly history: readonly ChatMessage[]
  readonly currentMessage: { readonly userInputMessage: UserInputMessage }
}

export type ChatMessage =
  | { readonly userInputMessage: UserInputMessage }
  | { readonly assistantResponseMessage: AssistantResponseMessage }

export interface UserInputMessage {
  readonly content: string
  readonly modelId: string
  readonly origin: string
  readonly images?: readonly ImageBlock[]
  readonly documents?: readonly DocumentBlock[]
  readonly cachePoint?: CachePoint
  readonly userInputMessageContext?: {
    readonly toolResults?: readonly ToolResult[]
    readonly tools?: readonly Tool[]
  }
}

export interface AssistantResponseMessage {
  readonly content: string
  readonly toolUses?: readonly ToolUse[]
  readonly reasoningContent?: ReasoningContent
  readonly cachePoint?: CachePoint
}

export interface CachePoint {
  readonly type: "default"
}

interface ToolUse {
  readonly toolUseId: string
  readonly name: string
  readonly input: { readonly [name: string]: unknown }
}

interface ToolResult {
  readonly toolUseId: string
  readonly status: "success" | "error"
  readonly content: readonly { readonly text: string }[]
}

export interface Tool {
  readonly toolSpecification: {
    readonly name: string
    readonly description: string
    readonly inputSchema: { readonly json: { readonly [keyword: string]: unknown } }
  }
}

export type ReasoningContent =
  | { readonly reasoningText: { readonly text: string; readonly signature?: string } }
  | { readonly redactedContent: string }

export type ImageFormat = "png" | "jpeg" | "gif" | "webp"

/** `bytes` is base64. */
interface ImageBlock {
  readonly format: ImageFormat
  readonly source: { readonly bytes: string }
}

export type DocumentFormat = "csv" | "doc" | "docx" | "html" | "md" | "pdf" | "txt" | "xls" | "xlsx"

/** `name` is unique in a request; `bytes` is base64. */
interface DocumentBlock {
  readonly name: string
  readonly format: DocumentFormat
  readonly source: { readonly bytes: string }
}
