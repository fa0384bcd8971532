import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { finish, reset, startFakeKiro, text } from "../support/fake-kiro/index.ts"
import { seedKiroCliStore } from "../support/kiro-cli-store.ts"
import { canBindHosts, createSandbox, runOpencode, type SandboxOptions } from "../support/opencode/index.ts"
import { hasOpenssl, REAL_HOSTS, startTlsFace } from "../support/tls/index.ts"

const NO_OPENSSL = hasOpenssl() ? {} : { skip: "no openssl program" }
const NO_HOSTS =
  hasOpenssl() && canBindHosts() ? {} : { skip: "an /etc/hosts of its own takes root on Linux" }
const FRANKFURT = "arn:aws:codewhisperer:eu-central-1:123456789012:profile/FRANKFURT"

describe("OpenCode with nothing overridden, the real host names over TLS", () => {
  it(
    "is led through the user's proxy: login region for the refresh, service region for the chat",
    NO_OPENSSL,
    async () => {
      const asked = await chatOverTls({ port: 0, options: ({ environment }) => ({ environment }) })
      assert.ok(asked.includes("oidc.eu-north-1.amazonaws.com"), asked.join())
      assert.ok(
        asked.some((host) => /^(q|runtime)\.eu-central-1\./.test(host)),
        asked.join(),
      )
      assert.ok(
        asked.every((host) => REAL_HOSTS.includes(host)),
        asked.join(),
      )
    },
  )

  it("finds the service by its name", NO_HOSTS, async () => {
    const options = (face: { environment: Readonly<Record<string, string>> }): SandboxOptions => ({
      environment: { NODE_EXTRA_CA_CERTS: face.environment["NODE_EXTRA_CA_CERTS"] ?? "" },
      hosts: REAL_HOSTS,
    })
    const asked = await chatOverTls({ port: 443, options })
    assert.ok(
      asked.some((host) => /^(q|runtime)\.eu-central-1\./.test(host)),
      asked.join(),
    )
  })
})

/** One chat of an Identity Center account with an expired token, answered after a cut; the hosts that it asked. */
async function chatOverTls(way: {
  readonly port: number
  readonly options: (face: { readonly environment: Readonly<Record<string, string>> }) => SandboxOptions
}): Promise<string[]> {
  const fake = await startFakeKiro()
  const face = await startTlsFace(fake, { port: way.port })
  const sandbox = createSandbox(way.options(face))
  try {
    const account = fake.account({
      kind: "identity-center",
      loginRegion: "eu-north-1",
      profileArns: [FRANKFURT],
    })
    account.expire()
    const expiresAt = Date.now() - 60_000
    await seedKiroCliStore({ path: sandbox.kiroCliStore, accounts: [account], expiresAt })
    fake.answer(reset)
    fake.answer(text("from the real name"), finish())
    const run = await runOpencode(sandbox, ["run", "-m", "kiro/claude-sonnet-4-5", "hello"])
    assert.match(run.stdout, /from the real name/, run.text)
    assert.deepEqual(fake.refused, [])
    return fake.requests.map(({ host }) => host)
  } finally {
    await face.close()
    await fake.close()
    sandbox.remove()
  }
}
