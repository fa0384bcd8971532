import { once } from "node:events"
import { createServer, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"

export interface BenchServer extends AsyncDisposable {
  readonly url: string
}

/** A service on loopback: `answer` writes the body of each request's answer. */
export async function serve(answer: (response: ServerResponse, path: string) => void): Promise<BenchServer> {
  const server = createServer((request, response) => {
    response.writeHead(200, { "content-type": "application/vnd.amazon.eventstream" })
    response.flushHeaders()
    answer(response, request.url ?? "/")
  })
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, "close")
    },
  }
}
