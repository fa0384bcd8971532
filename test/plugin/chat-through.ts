import type { Hooks } from "@opencode-ai/plugin"

/** Sends a chat as OpenCode 1 does: to the address, and by the `fetch`, that the plugin put into its configuration. */
export type SendChat = (body: object, headers?: Readonly<Record<string, string>>) => Promise<Response>

export async function chatThrough(hooks: Hooks): Promise<SendChat> {
  const config: Parameters<NonNullable<Hooks["config"]>>[0] = {}
  await hooks.config?.(config)
  const options = config.provider?.["kiro"]?.options
  const fetch = options?.["fetch"] as typeof globalThis.fetch
  const url = `${String(options?.["baseURL"])}/chat/completions`
  return (body, headers = {}) => fetch(url, { method: "POST", headers, body: JSON.stringify(body) })
}
