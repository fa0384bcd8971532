import assert from "node:assert/strict"
import { execFile } from "node:child_process"
import { extname, join } from "node:path"
import { describe, it } from "node:test"
import { promisify } from "node:util"
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
})
