import { mkdtempSync, rmSync } from "node:fs"
import { createServer } from "node:https"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { serve, type FakeKiro } from "../fake-kiro/index.ts"
import { makeCertificates } from "./certificates.ts"
import { startConnectProxy } from "./connect-proxy.ts"

export { hasOpenssl, REAL_HOSTS } from "./certificates.ts"

/** The same fake, over TLS and under the real host names. */
export interface TlsFace {
  readonly port: number
  /** What a client needs to come here: the proxy that leads to it, and the authority to trust. */
  readonly environment: Readonly<Record<string, string>>
  /** `host:port` of every tunnel that was opened. */
  readonly connects: readonly string[]
  close(): Promise<void>
}

/** `port`: 443 where the host names themselves are made to lead here. */
export async function startTlsFace(
  fake: FakeKiro,
  options: { readonly port?: number } = {},
): Promise<TlsFace> {
  const folder = mkdtempSync(join(tmpdir(), "kiro-tls-"))
  const { caFile, key, certificate } = makeCertificates(folder)
  const server = createServer(
    { key, cert: certificate },
    (request, response) => void serve(fake, request, response),
  )
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject)
    server.listen(options.port ?? 0, "127.0.0.1", resolve)
  })
  const { port } = server.address() as AddressInfo
  const proxy = await startConnectProxy(port)
  return {
    port,
    environment: { HTTPS_PROXY: proxy.url, NODE_EXTRA_CA_CERTS: caFile },
    connects: proxy.connects,
    close: async () => {
      server.closeAllConnections()
      await Promise.all([proxy.close(), new Promise((resolve) => server.close(resolve))])
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
