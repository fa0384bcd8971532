import { createServer } from "node:http"
import type { AddressInfo } from "node:net"

/** A provider that is not ours: it answers in two words, and keeps what it is asked. */
export interface OtherProvider extends AsyncDisposable {
  /** As it stands in OpenCode's configuration: its one model is `other/model`. */
  readonly provider: object
  readonly bodies: readonly string[]
}

export async function startOtherProvider(): Promise<OtherProvider> {
  const bodies: string[] = []
  const server = createServer((request, response) => {
    let body = ""
    request.setEncoding("utf8").on("data", (part: string) => (body += part))
    request.once("end", () => {
      bodies.push(body)
      response.writeHead(200, { "content-type": "text/event-stream" })
      const choice = (delta: object, reason: string | null): string =>
        `data: ${JSON.stringify({ id: "1", choices: [{ index: 0, delta, finish_reason: reason }] })}\n\n`
      response.end(
        `${choice({ content: "Hello from elsewhere" }, null)}${choice({}, "stop")}data: [DONE]\n\n`,
      )
    })
  })
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve))
  const baseURL = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`
  const models = { model: { name: "Model", limit: { context: 100_000, output: 1000 } } }
  return {
    provider: { other: { npm: "@ai-sdk/openai-compatible", options: { baseURL, apiKey: "x" }, models } },
    bodies,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
    },
  }
}
