import assert from "node:assert/strict"
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterEach, before, describe, it } from "node:test"
import type { FakeKiro } from "../support/fake-kiro/index.ts"
import { createToken } from "../support/fake-kiro/oidc.ts"
import {
  hasTerminal,
  KEYS,
  type OpencodeServer,
  openTerminal,
  type Sandbox,
  type Terminal,
} from "../support/opencode/index.ts"
import { forgetAccounts, NOBODY, openServerStage } from "./setup.ts"
import { eventually } from "../support/clock.ts"

const START_URL = "https://d-9067642ac7.awsapps.com/start"
const FRANKFURT = "arn:aws:codewhisperer:eu-central-1:123456789012:profile/EUPROFILE"
const VIRGINIA = "arn:aws:codewhisperer:us-east-1:123456789012:profile/USPROFILE"
/** OpenCode takes seconds to start, on a busy machine many. */
const PATIENCE_MS = 90_000

describe(
  "opencode auth login",
  { skip: !hasTerminal() && "needs util-linux's script", concurrency: false },
  () => {
    let fake: FakeKiro
    let sandbox: Sandbox
    let server: OpencodeServer
    let terminal: Terminal | undefined

    before(async () => {
      ;({ fake, sandbox, server } = await openServerStage(NOBODY))
      fake.accounts.length = 0
    })
    afterEach(async () => {
      await terminal?.close()
      await forgetAccounts(join(sandbox.config, "kiro.db"))
      rmSync(join(sandbox.data, "auth.json"), { force: true })
      fake.accounts.length = 0
      fake.forget()
    })

    const login = (...method: string[]): void => {
      const chosen = method.flatMap((label) => ["-m", label])
      terminal = openTerminal(sandbox, ["auth", "login", "-p", "kiro", ...chosen])
    }
    const shown = async (words: RegExp): Promise<void> => {
      await terminal?.waitFor(words, PATIENCE_MS)
    }
    const answer = async (question: RegExp, text: string): Promise<void> => {
      await shown(question)
      terminal?.type(`${text}${KEYS.enter}`)
    }
    const ended = async (): Promise<number | null | undefined> => terminal?.ended(PATIENCE_MS)
    const authFile = (): unknown => JSON.parse(readFileSync(join(sandbox.data, "auth.json"), "utf8"))
    const secrets = (): string[] =>
      fake.accounts.flatMap(({ accessToken, refreshToken }) => [accessToken, refreshToken]).filter(Boolean)
    const assertOnlyTheMarker = (): void => {
      assert.deepEqual(authFile(), { kiro: { type: "api", key: "kept-by-opencode-kiro-auth" } })
      for (const secret of secrets()) assert.ok(!terminal?.screen.includes(secret.slice(0, 24)))
      assert.equal(statSync(join(sandbox.config, "kiro.db")).mode & 0o777, 0o600)
    }
    /** The OpenCode that was open all the while answers with the account that was added. */
    const chat = async (): Promise<void> => {
      const turn = await server.prompt(await server.newSession(), "hello")
      assert.match(JSON.stringify(turn.parts), /Hello from .*the fake Kiro/, JSON.stringify(turn.info))
    }

    it("asks again for a start URL that is none, and says what is wrong with one that AWS does not know", async () => {
      login("AWS Builder ID or IAM Identity Center")
      await answer(/start URL/, "my company")
      await shown(/is not a start URL/)
      terminal?.type(`\u0015${START_URL}${KEYS.enter}`)
      await answer(/Region of your IAM Identity Center/, "us-west-2")
      await answer(/profile ARN/, "")
      await shown(/Failed to authorize: AWS refused https:\/\/d-9067642ac7[^]*us-west-2/)
      assert.notEqual(await ended(), 0)
      assert.ok(!existsSync(join(sandbox.data, "auth.json")))
    })

    it("offers the four methods in their order, opens the page in the user's browser, and says who was added when it was approved there", async () => {
      const opened = join(sandbox.root, "opened")
      const browser = join(sandbox.root, "browser")
      writeFileSync(browser, `#!/bin/sh\nprintf %s "$1" > '${opened}'\n`, { mode: 0o755 })
      const person = fake.account()
      fake.deviceGrants.plan({
        account: person,
        polls: ["authorization_pending", "slow_down", "approved"],
        interval: 1,
      })
      // Nobody approves on a page that has not opened yet.
      fake.next("CreateToken", async (request) => {
        await eventually(() => existsSync(opened))
        return createToken(fake, request)
      })
      terminal = openTerminal(withBrowser(sandbox, browser), ["auth", "login", "-p", "kiro"])
      await answer(
        /AWS Builder ID or IAM Identity Center[^]*Google or GitHub[^]*Import from kiro-cli or Kiro IDE[^]*API key/,
        "",
      )
      await answer(/start URL/, "")
      await shown(/Go to: https:\/\/view\.awsapps\.com\/start\/#\/device\?user_code=[0-9A-F]{4}-[0-9A-F]{4}/)
      await shown(/Code: [0-9A-F]{4}-[0-9A-F]{4}/)
      await shown(/Signed in as Builder ID ··[0-9a-f]{4}/)
      await shown(/Login successful/)
      assert.equal(await ended(), 0)
      assert.match(
        readFileSync(opened, "utf8"),
        /^https:\/\/view\.awsapps\.com\/start\/#\/device\?user_code=/,
      )
      assertOnlyTheMarker()
      await chat()
      assert.deepEqual(
        fake.chats.map(({ account }) => account),
        [person],
      )
    })

    it("keeps a sign-in to an Identity Center with several profiles, and lists them", async () => {
      fake.account({
        kind: "identity-center",
        loginRegion: "eu-north-1",
        startUrl: START_URL,
        profileArns: [FRANKFURT, VIRGINIA],
      })
      login("AWS Builder ID or IAM Identity Center")
      await answer(/start URL/, "d-9067642ac7.awsapps.com/start/#/")
      await answer(/Region of your IAM Identity Center/, "eu-north-1")
      await answer(/profile ARN/, "")
      await shown(/1\. .* in us-east-1/)
      await shown(/accounts profile [0-9a-f]{4} 2/)
      await shown(/Login successful/)
      await ended()
      assertOnlyTheMarker()
    })

    it("signs in with Google, is listed by auth logout, which takes the marker alone", async () => {
      const person = fake.account({ kind: "social" })
      fake.deviceGrants.plan({ account: person, interval: 1 })
      login("Google or GitHub")
      await answer(/Sign in with/, "")
      await shown(/Code: [0-9A-F]{4}-[0-9A-F]{4}/)
      await shown(/Signed in as google ··[0-9a-f]{4}/i)
      await shown(/Login successful/)
      await ended()
      terminal = openTerminal(sandbox, ["auth", "logout"])
      await answer(/Select provider[^]*● kiro \(api\)/i, "")
      await shown(/Logout successful/)
      await ended()
      assert.deepEqual(authFile(), {})
      await chat()
    })

    it("takes no API key that Kiro refuses, before anything is stored", async () => {
      login("API key")
      await answer(/Enter your API key/, "ksk_0123456789abcdef")
      await shown(/Kiro refused this API key/)
      await ended()
      assert.ok(!existsSync(join(sandbox.data, "auth.json")))
    })
  },
)

/** The sandbox with a screen, and this program to open pages with: none that the machine has installed is known. */
function withBrowser(sandbox: Sandbox, browser: string): Sandbox {
  const own = { DISPLAY: ":99", BROWSER: browser, XDG_DATA_DIRS: sandbox.root }
  return { ...sandbox, environment: { ...sandbox.environment, ...own } }
}
