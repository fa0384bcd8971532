import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { createServer, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { fileURLToPath } from "node:url"

export interface BenchServer extends AsyncDisposable {
  readonly url: string
}

/** A service on loopback: `answer` writes the body of each request's answer. */
export async function serve(answer: (response: ServerResponse) => void): Promise<BenchServer> {
  const server = createServer((_request, response) => {
    response.writeHead(200, { "content-type": "application/vnd.amazon.eventstream" })
    response.flushHeaders()
    answer(response)
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

/** The service of `answer-server.ts`, in a process of its own: what it costs is no part of what is measured. */
export async function startService(): Promise<BenchServer> {
  const script = fileURLToPath(new URL("./answer-server.ts", import.meta.url))
  const child: ChildProcess = spawn(process.execPath, [script], { stdio: ["ignore", "pipe", "inherit"] })
  const [line]: Buffer[] = await once(child.stdout ?? child, "data")
  return {
    url: String(line).trim(),
    async [Symbol.asyncDispose]() {
      const gone = once(child, "exit")
      child.kill()
      await gone
    },
  }
}
