import assert from "node:assert/strict"
import { execFile } from "node:child_process"
import { createServer as createHttpServer } from "node:http"
import { type AddressInfo, createServer } from "node:net"
import { extname, join } from "node:path"
import { describe, it } from "node:test"
import { promisify } from "node:util"
import { systemFetch } from "../../src/runtime.ts"
import { startFakeKiro } from "../support/fake-kiro/index.ts"
import { hasOpenssl, startTlsFace } from "../support/tls/index.ts"

const TLS = hasOpenssl() ? {} : { skip: "no openssl program" }

describe("the system's fetch", () => {
  for (const [how, change] of Object.entries({
    HTTPS_PROXY: {},
    "HTTPS_PROXY, whatever Node does by itself": { NODE_USE_ENV_PROXY: "1" },
    "an HTTPS_PROXY without a scheme": { isBare: true },
  }))
    it(`goes through ${how}, and trusts NODE_EXTRA_CA_CERTS, on both runtimes`, TLS, async () => {
      const { isBare = false, ...environment } = { NODE_USE_ENV_PROXY: "", ...change }
      const fake = await startFakeKiro()
      const face = await startTlsFace(fake)
      const { HTTPS_PROXY = "" } = face.environment
      const stated = isBare ? HTTPS_PROXY.replace("http://", "") : HTTPS_PROXY
      try {
        const script = join(import.meta.dirname, `fetch-process${extname(import.meta.filename)}`)
        const { stdout } = await promisify(execFile)(
          process.execPath,
          [script, "https://q.us-east-1.amazonaws.com/getUsageLimits"],
          { env: { ...process.env, ...face.environment, ...environment, HTTPS_PROXY: stated } },
        )
        assert.equal(stdout.trim(), "403")
        assert.deepEqual(face.connects, ["q.us-east-1.amazonaws.com:443"])
      } finally {
        await face.close()
        await fake.close()
      }
    })

  it("gives up on a proxy that hangs up instead of opening a tunnel, on both runtimes", async () => {
    let calls = 0
    const proxy = createServer((socket) => {
      calls += 1
      socket.on("error", () => undefined).once("data", () => socket.destroy())
    })
    await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve))
    const script = join(import.meta.dirname, `fetch-process${extname(import.meta.filename)}`)
    const HTTPS_PROXY = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`
    const asked = promisify(execFile)(process.execPath, [script, "https://q.us-east-1.amazonaws.com/"], {
      env: { ...process.env, HTTPS_PROXY },
      timeout: 10_000,
    })
    await assert.rejects(asked, { killed: false, code: 1 })
    proxy.close()
    assert.ok(calls >= 1 && calls <= 2, `${calls} calls`)
  })

  it("takes a 407 for an answer, which Node's own hides", async () => {
    const server = createHttpServer((_, response) =>
      response.writeHead(407).end("<title>Who are you?</title>"),
    )
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const { status } = await systemFetch({})(url, { method: "POST", body: "{}" })
    await new Promise((resolve) => server.close(resolve))
    assert.equal(status, 407)
    // A host that is not there fails as it did.
    await assert.rejects(systemFetch({})(url, { method: "POST" }))
  })
})
