/**
 * `host.ts <folder> <seed>`: one OpenCode process as the plugin sees it, for as long as it lives. It loads the plugin
 * as OpenCode does, holds two conversations beside each other, and prints a line of JSON for whatever happens.
 */
import plugin from "../../src/index.ts"
import { errorText, hear } from "../gateway/harness.ts"
import { secretsIn } from "../support/secrets.ts"
import { pick, seeded } from "./random.ts"

export type Report =
  | { readonly is: "end"; readonly end: "answered" | "cut" | "refused"; readonly words?: string }
  /** Something that must never be. */
  | { readonly is: "wrong"; readonly what: string }
  | { readonly is: "memory"; readonly bytes: number }

const LONGEST_CONVERSATION = 40
const MEMORY_EVERY_MS = 5_000
const TOOLS = [{ type: "function", function: { name: "read", parameters: { type: "object" } } }]

const [folder = "", seed = "1"] = process.argv.slice(2)
const random = seeded(Number(seed))
const report = (line: Report): void => console.log(JSON.stringify(line))
const wrong = (what: string): void => report({ is: "wrong", what })
process.on("unhandledRejection", (error) => wrong(`unhandled rejection: ${String(error)}`))
process.on("uncaughtException", (error) => wrong(`uncaught exception: ${String(error)}`))

const chat = await startPlugin()
setInterval(() => report({ is: "memory", bytes: process.memoryUsage.rss() }), MEMORY_EVERY_MS)
await Promise.all([converse(), converse()])

async function startPlugin(): Promise<(body: object, session: string) => Promise<Response>> {
  const showToast = async ({ body }: { readonly body: { readonly message: string } }): Promise<void> =>
    checkWords(body.message)
  const input = { client: { tui: { showToast } }, project: {}, directory: folder, worktree: folder }
  const hooks = await plugin.server(input as unknown as Parameters<typeof plugin.server>[0])
  const config: { provider?: unknown } = {}
  await hooks.config?.(config as Parameters<NonNullable<typeof hooks.config>>[0])
  const { kiro } = config.provider as { readonly kiro: { readonly options: ProviderOptions } }
  return (body, session) =>
    kiro.options.fetch(`${kiro.options.baseURL}/chat/completions`, {
      method: "POST",
      headers: { "x-session-id": session, "x-kiro-purpose": "main" },
      body: JSON.stringify(body),
    })
}

interface ProviderOptions {
  readonly baseURL: string
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>
}

/** Conversations without end: each grows to some length, then a new one begins. */
async function converse(): Promise<never> {
  while (true) {
    const session = `ses_${process.pid}_${Math.floor(random() * 1e9)}`
    let messages: readonly object[] = [{ role: "system", content: "You help." }]
    while (messages.length < LONGEST_CONVERSATION) messages = await turn(messages, session)
  }
}

/** One turn; a turn that failed is said again in other words. */
async function turn(messages: readonly object[], session: string): Promise<readonly object[]> {
  await new Promise((resolve) => setTimeout(resolve, 200 + random() * 1_500))
  const marker = `<m${session}-${messages.length}-${Math.floor(random() * 1e9)}>`
  const asked = [...messages, { role: "user", content: `Say ${marker}` }]
  const model = pick(random, ["claude-sonnet-4-5", "claude-sonnet-4-6", "claude-haiku-4-5"])
  const answer = await answerTo({ model, messages: asked, stream: true, tools: TOOLS }, session, marker)
  return answer === undefined ? messages : [...asked, answer]
}

async function answerTo(body: object, session: string, marker: string): Promise<object | undefined> {
  const response = await chat(body, session)
  if (response.status !== 200) {
    const words = await errorText(response)
    if (!/^Kiro: |^prompt is too long/.test(words)) wrong(`an error without its words: ${words}`)
    checkWords(words)
    report({ is: "end", end: "refused", words: `${response.status} ${words}` })
    return undefined
  }
  const heard = await hear(response)
  if (heard.text !== "" && !`${marker} heard`.startsWith(heard.text)) wrong(`${heard.text} answers ${marker}`)
  if (heard.error !== undefined) {
    checkWords(heard.error.message)
    report({ is: "end", end: "cut", words: heard.error.message })
    return undefined
  }
  if (heard.finishReason === undefined) wrong("an answer without a finish reason")
  report({ is: "end", end: "answered" })
  return { role: "assistant", content: heard.text || "…" }
}

function checkWords(words: string): void {
  const secrets = secretsIn(words)
  if (secrets.length > 0) wrong(`a secret in a text: ${secrets.join(", ")}`)
  if (/undefined|\[object|@example\.com/.test(words)) wrong(`words that nobody should read: ${words}`)
}
