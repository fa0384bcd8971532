import { homedir } from "node:os"
import plugin from "../../src/index.ts"
import { startInstance } from "../../src/plugin/instance.ts"
import { errorText, hear } from "../gateway/harness.ts"
import { chatThrough } from "../plugin/chat-through.ts"
import { FakeOpenCode2 } from "../support/fake-opencode2/index.ts"

/** How one message of the user came out. */
export interface Turn {
  readonly end: "answered" | "cut" | "refused"
  readonly text: string
  /** What the user was told in the place of an answer, or behind its begin. */
  readonly words?: string
}

/** One session of a host. */
interface Conversation {
  /** Messages that it holds. */
  readonly length: number
  say(message: Message): Promise<Turn>
}

interface Message {
  readonly model: string
  readonly text: string
  /** It comes with a picture, in base64. */
  readonly picture?: string
}

export type OpenConversation = (session: string, tools: readonly string[]) => Conversation

/** OpenCode 1 as the plugin sees it. Toasts are handed on. */
export async function openCode1(folder: string, onToast: (words: string) => void): Promise<OpenConversation> {
  const showToast = async ({ body }: { readonly body: { readonly message: string } }): Promise<void> =>
    onToast(body.message)
  const hooks = await startInstance({
    input: { client: { tui: { showToast } }, directory: folder, worktree: folder },
    place: { env: process.env, platform: process.platform, home: homedir() },
  })
  const chat = await chatThrough(hooks)
  return (session, tools) => {
    let messages: readonly object[] = [{ role: "system", content: "You help." }]
    return {
      get length() {
        return messages.length
      },
      /** A message that came to nothing is not kept: it is said again in other words. */
      async say({ model, text, picture }) {
        const asked = [...messages, { role: "user", content: contentOf(text, picture) }]
        const declared = tools.map((name) => ({
          type: "function",
          function: { name, parameters: { type: "object" } },
        }))
        const response = await chat(
          { model, messages: asked, stream: true, tools: declared },
          { "x-session-id": session, "x-kiro-purpose": "main" },
        )
        if (response.status !== 200)
          return { end: "refused", text: "", words: `${response.status} ${await errorText(response)}` }
        const heard = await hear(response)
        if (heard.error !== undefined) return { end: "cut", text: heard.text, words: heard.error.message }
        if (heard.finishReason === undefined) throw new Error("an answer without a finish reason")
        messages = [...asked, { role: "assistant", content: heard.text || "…" }]
        return { end: "answered", text: heard.text }
      },
    }
  }
}

function contentOf(text: string, picture: string | undefined): string | readonly object[] {
  if (picture === undefined) return text
  return [
    { type: "text", text },
    { type: "image_url", image_url: { url: `data:image/png;base64,${picture}` } },
  ]
}

/** The fake OpenCode 2, which repeats, goes on and compacts as the real one, without its waits. */
export async function openCode2(folder: string): Promise<OpenConversation> {
  const host = new FakeOpenCode2({ plugin: { module: { default: plugin } } })
  const location = await host.open(folder)
  if (location.state !== "active") throw location.error
  return (id, tools) => {
    const session = location.session({
      id,
      model: "kiro/auto",
      tools: Object.fromEntries(tools.map((name) => [name, { execute: () => "its text" }])),
    })
    return {
      get length() {
        return session.messages.length
      },
      async say({ model, text, picture }) {
        session.model = `kiro/${model}`
        const files = picture === undefined ? [] : [{ mime: "image/png", data: picture }]
        const turn = await session.prompt(text, { files })
        session.requests.length = 0
        if (turn.failure === undefined) return { end: "answered", text: turn.text }
        return { end: turn.text === "" ? "refused" : "cut", text: turn.text, words: turn.failure.message }
      },
    }
  }
}
