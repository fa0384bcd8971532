import assert from "node:assert/strict"
import { execFile } from "node:child_process"
import { describe, it } from "node:test"
import { promisify } from "node:util"
import { startFakeKiro } from "../support/fake-kiro/index.ts"
import { hasOpenssl, startTlsFace } from "../support/tls/index.ts"
import { chatBody } from "./requests.ts"

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number)
/** Node's own fetch knows NODE_USE_ENV_PROXY since 22.21 and 24.0. */
const knowsProxies = "Bun" in globalThis || major >= 24 || (major === 22 && minor >= 21)
const TLS = hasOpenssl() && knowsProxies ? {} : { skip: "no openssl program, or a fetch without proxies" }

describe("the fake over TLS", () => {
  it(
    "is reached under a real host name through the proxy, by a client that trusts its authority",
    TLS,
    async () => {
      const fake = await startFakeKiro()
      const account = fake.account()
      const face = await startTlsFace(fake)
      const program = `
      const response = await fetch("https://q.us-east-1.amazonaws.com/generateAssistantResponse", {
        method: "POST",
        headers: { authorization: "Bearer ${account.accessToken}", "content-type": "application/json" },
        body: ${JSON.stringify(JSON.stringify(chatBody()))},
      })
      console.log(response.status, (await response.text()).includes("Hello from "))`
      try {
        const { stdout } = await promisify(execFile)(process.execPath, ["-e", program], {
          env: { ...process.env, ...face.environment, NODE_USE_ENV_PROXY: "1" },
        })
        assert.equal(stdout.trim(), "200 true")
        assert.deepEqual(face.connects, ["q.us-east-1.amazonaws.com:443"])
        assert.equal(fake.chats[0]?.host, "q.us-east-1.amazonaws.com")
      } finally {
        await face.close()
        await fake.close()
      }
    },
  )
})
