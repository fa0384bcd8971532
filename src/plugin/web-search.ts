import type { Hooks, ToolDefinition } from "@opencode-ai/plugin"
import type { FoundPage, SearchOutcome, WebSearch } from "../gateway/index.ts"
import { PROVIDER_ID } from "../version.ts"

const TOOL = "kiro_web_search"

/**
 * Web search through Kiro as a tool of OpenCode 1, which gives a plugin's tool to every model: in a message to a model of
 * another provider it is switched off.
 */
export function webSearchHooks(
  search: (asked: WebSearch) => Promise<SearchOutcome>,
): Required<Pick<Hooks, "tool" | "chat.message">> {
  const tool: ToolDefinition = {
    description:
      "Searches the web through Kiro, which costs credits. Give it a query of at most 200 characters; it answers with titles, addresses, dates and excerpts.",
    // OpenCode takes JSON schema where an argument is none of its own zod's, which alone its types name.
    args: { query: { type: "string", description: "What to search for" } as never },
    async execute({ query }, { abort, sessionID, ask }) {
      // OpenCode 1.18 holds no call to that schema, and a model may leave the query out.
      const words = typeof query === "string" ? query : ""
      await ask({ permission: "websearch", patterns: [words], always: ["*"], metadata: { query: words } })
      const outcome = await search({ query: words, sessionId: sessionID, signal: abort })
      // OpenCode takes a rejection for a fault of its own: the model is told in words.
      if (outcome.outcome === "refused") return { title: words, output: outcome.message }
      return { title: words, output: pagesText(outcome.pages) }
    },
  }
  return {
    tool: { [TOOL]: tool },
    async "chat.message"(_input, { message }) {
      if (message.model.providerID !== PROVIDER_ID) message.tools = { ...message.tools, [TOOL]: false }
    },
  }
}

function pagesText(pages: readonly FoundPage[]): string {
  if (pages.length === 0) return "Nothing was found."
  return pages
    .map(({ title, url, excerpt, publishedOn }, index) => {
      const date = publishedOn === undefined ? "" : `\n${publishedOn}`
      return `${index + 1}. ${title}\n${url}${date}\n${excerpt}`.trimEnd()
    })
    .join("\n\n")
}
