import type { Fetch } from "./runtime.ts"

type Environment = { readonly [name: string]: string | undefined }

const PROXY_VARIABLES = ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"]

/**
 * The runtime's own fetch. Bun's honours HTTPS_PROXY and NO_PROXY by itself; Node's only in newer versions that were
 * started with NODE_USE_ENV_PROXY, so under Node a proxy is served by undici, loaded with the first request. Nothing
 * global changes.
 */
export function systemFetch(env: Environment): Fetch {
  const own: Fetch = (url, init) => globalThis.fetch(url, init)
  if ("Bun" in globalThis || PROXY_VARIABLES.every((name) => (env[name] ?? "") === "")) return own
  let proxied: Promise<Fetch> | undefined
  return async (url, init) => (await (proxied ??= proxyFetch()))(url, init)
}

async function proxyFetch(): Promise<Fetch> {
  const { EnvHttpProxyAgent, fetch } = await import("undici")
  const dispatcher = new EnvHttpProxyAgent()
  // undici's types name their own Request, Response and body: the same standard, declared once more.
  const fetchThrough: unknown = (url: string, init: object) => fetch(url, { ...init, dispatcher })
  return fetchThrough as Fetch
}
