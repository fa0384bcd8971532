import { modelIdOf } from "./chat-body.ts"
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { deliver } from "./deliver.ts"
import { answerRequest } from "./handlers.ts"
import { receive } from "./received.ts"
import { resetBeforeHeaders } from "./reply.ts"
import { FakeService, type FakeServiceOptions } from "./service.ts"

export interface FakeKiroOptions extends FakeServiceOptions {
  /** 0, the default: any free one. */
  readonly port?: number
}

/** A running fake: the service's state and script, behind a real HTTP server on loopback. */
export class FakeKiro extends FakeService {
  readonly url: string
  readonly server: Server

  constructor(server: Server, service: FakeServiceOptions) {
    super(service)
    this.server = server
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  /** Cuts what is still open and frees the port. */
  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve))
    this.server.closeAllConnections()
    await closed
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

export async function startFakeKiro(options: FakeKiroOptions = {}): Promise<FakeKiro> {
  const server = createServer()
  server.keepAliveTimeout = 60_000
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject)
    server.listen(options.port ?? 0, "127.0.0.1", resolve)
  })
  const fake = new FakeKiro(server, options)
  server.on("request", (request, response) => void serve(fake, request, response))
  return fake
}

/** One exchange. A script that throws is the test's own mistake: it is kept and the connection is cut. */
export async function serve(
  fake: FakeService,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const received = await receive(request, response)
  if (received === undefined) return
  fake.requests.push(received)
  const reply = await answerRequest(fake, received).catch((error: unknown) => {
    fake.scriptErrors.push(error)
    return resetBeforeHeaders
  })
  if (reply.kind === "document") received.status = reply.status
  if (reply.kind === "stream") received.status = 200
  fake.onRequest(received)
  await deliver({
    response,
    reply,
    headers: fake.responseHeaders(received),
    onSigned: (signed) => fake.reasoning.remember(signed, modelIdOf(received.body)),
  })
}
