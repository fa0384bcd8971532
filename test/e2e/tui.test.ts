import assert from "node:assert/strict"
import { execFileSync } from "node:child_process"
import { mkdirSync, readFileSync, symlinkSync } from "node:fs"
import { dirname, join } from "node:path"
import { after, before, describe, it } from "node:test"
import {
  type FakeAccount,
  type FakeKiro,
  finish,
  startFakeKiro,
  stream,
  text,
} from "../support/fake-kiro/index.ts"
import { npm } from "../support/npm.ts"
import { seedKiroCliStore } from "../support/kiro-cli-store.ts"
import {
  createSandbox,
  hasTmux,
  packageFolder,
  runOpencode,
  type Sandbox,
  Screen,
} from "../support/opencode/index.ts"
import { type OtherProvider, startOtherProvider } from "./other-provider.ts"

/** Wide enough for the sidebar, which OpenCode shows beside the session from 121 columns on. */
const WIDE = 160
const NARROW = 80
/** The column where the sidebar begins. */
const SIDEBAR_AT = 116
const BLOCK = /^.*Kiro (?:Pro|Free).*$/m
const CREDITS = /(\d+\.\d\d) \/ (\d+)\.00 credits/

describe("the terminal UI", { skip: !hasTmux() && "needs tmux", concurrency: false }, () => {
  let fake: FakeKiro
  let other: OtherProvider
  let sandbox: Sandbox
  let screen: Screen

  before(async () => {
    fake = await startFakeKiro()
    other = await startOtherProvider()
    sandbox = createSandbox({
      endpoint: fake.url,
      settings: { account_selection_strategy: "round-robin" },
      config: {
        model: "kiro/claude-sonnet-4-5",
        small_model: "kiro/claude-haiku-4-5",
        provider: other.provider,
      },
    })
    installFromTarball(sandbox)
    const builder = fake.account({ usage: { plan: "PRO+", used: 100, limit: 2000 } })
    const social = fake.account({ kind: "social", usage: { plan: "PRO", used: 10, limit: 1000 } })
    await seedKiroCliStore({ path: sandbox.kiroCliStore, accounts: [builder, social] })
    spendWithEachChat(fake)
    titled(fake, "first", "Alpha session")
    titled(fake, "third", "Omega session")
  })
  after(async () => {
    screen?.close()
    sandbox.remove()
    await other[Symbol.asyncDispose]()
    await fake.close()
  })

  const say = async (words: string, answer: RegExp): Promise<string> => {
    screen.type(words)
    await screen.shows(new RegExp(words))
    screen.press("Enter")
    return screen.shows(answer)
  }
  const openSession = async (title: string): Promise<void> => {
    screen.type("/sessions")
    await screen.shows(/Switch session/)
    screen.press("Enter")
    await screen.shows(/Search/)
    screen.type(title)
    await screen.until((shown) => titlesIn(shown).join() === `${title},${title}`, `${title} alone`)
    screen.press("Enter")
    await screen.hides(/Search/)
  }

  it("gets both parts by OpenCode's own command", async () => {
    const { text: printed } = await runOpencode(sandbox, ["plugin", "opencode-kiro-auth", "-g"])
    assert.match(printed, /Detected server \+ tui targets/)
    for (const name of ["opencode.json", "tui.json"]) {
      const document: unknown = JSON.parse(readFileSync(join(sandbox.config, name), "utf8"))
      assert.deepEqual((document as { plugin: unknown }).plugin, ["opencode-kiro-auth"], name)
    }
  })

  it("shows the account of the session with its credits, and changes after each turn", async () => {
    await runOpencode(sandbox, ["run", "-m", "other/model", "--title", "Elsewhere", "hello"])
    screen = new Screen(sandbox, WIDE)
    await screen.shows(/Ask anything/)
    await say("the first question", /Answer 1\b/)
    // A message that is sent while the answer still ends would begin its turn before the credits of this one came.
    const first = await screen.shows(/Last turn 0\.10, session 0\.10/)
    assert.match(first, BLOCK)
    assert.match(first, /(?:Builder ID|Google) ··[0-9a-f]{4}/)
    assert.match(first, /Resets /)
    const before = CREDITS.exec(await screen.shows(CREDITS))?.[1]
    await say("the second question", /Answer 2\b/)
    await screen.until(
      (shown) => /Last turn 0\.20, session 0\.3/.test(shown),
      "the credits of the second turn",
    )
    await screen.until((shown) => CREDITS.exec(shown)?.[1] !== before, "the usage after the second turn")
  })

  it("shows to each session its own account, and none to a session of another provider", async () => {
    const name = /(?:Builder ID|Google) ··[0-9a-f]{4}/
    const one = name.exec(await screen.shows(name))?.[0] ?? ""
    screen.type("/new")
    await screen.shows(/New session/)
    screen.press("Enter")
    await screen.shows(/Ask anything/)
    await say("the third question", /Answer 3\b/)
    const shown = await screen.shows(/Last turn 0\.30, session 0\.30/)
    const two = name.exec(shown)?.[0] ?? ""
    assert.notEqual(one, two)
    await openSession("Alpha session")
    await screen.shows(/Answer 2/)
    await screen.shows(new RegExp(`${one}[^]*Last turn 0\\.20`))
    await openSession("Elsewhere")
    await screen.shows(/Hello from elsewhere/)
    await screen.hides(name)
    assert.doesNotMatch(screen.lines().join("\n"), CREDITS)
    await openSession("Omega session")
    await screen.shows(new RegExp(`${two}[^]*${CREDITS.source}`))
  })

  it("lists all accounts by /kiro, and renames one there", async () => {
    const openList = async (): Promise<string> => {
      screen.type("/kiro")
      await screen.shows(/Kiro accounts and credits/)
      screen.press("Enter")
      return screen.shows(/Sign in to another account/)
    }
    const shown = await openList()
    for (const line of [
      /Builder ID ··[0-9a-f]{4}/,
      /Google ··[0-9a-f]{4}/,
      /Kiro Pro\+/,
      /\/ 2000\.00/,
      /[█░]{8} \d+ %/,
    ])
      assert.match(shown, line)
    screen.press("Enter")
    await screen.shows(/Use for this session[^]*Use for this project[^]*Rename[^]*Switch off[^]*Remove/)
    screen.type("Rename")
    await screen.hides(/Switch off/)
    screen.press("Enter")
    await screen.shows(/A name for /)
    screen.type("Mine")
    await screen.shows(/Mine/)
    screen.press("Enter")
    await screen.shows(/is called Mine now/)
    assert.match(await openList(), /Mine/)
    screen.press("Escape")
    await screen.hides(/Sign in to another account/)
  })

  it("leaves a narrow terminal to the conversation", async () => {
    screen.resize(NARROW)
    const narrow = await screen.hides(CREDITS)
    assert.match(narrow, /Answer 3\b/)
    screen.resize(WIDE)
    await screen.shows(CREDITS)
  })
})

/** The titles in the dialog of sessions, top down; what was typed to search for one is there too. */
function titlesIn(shown: string): readonly string[] {
  const left = shown.split("\n").map((line) => line.slice(0, SIDEBAR_AT).replace(/^[ ┃│●•]+/, ""))
  const titles = ["Alpha session", "Elsewhere", "Omega session"]
  return left.flatMap((line) => titles.filter((title) => line.startsWith(title)))
}

/** Each chat is answered with its number and costs a tenth of a credit more than the last. */
function spendWithEachChat(fake: FakeKiro): void {
  for (const turn of [1, 2, 3]) fake.answer(text(`Answer ${turn}`), finish({ credits: turn / 10 }))
  fake.onRequest = ({ operation, account }) => {
    if (operation === "GenerateAssistantResponse" && account !== undefined) spend(account)
  }
}

function spend(account: FakeAccount): void {
  account.usage = { ...account.usage, used: account.usage.used + 1.25 }
}

function titled(fake: FakeKiro, word: string, title: string): void {
  fake.when(
    (request) => request.text.includes("Generate a title") && request.text.includes(word),
    stream(text(title), finish({ credits: 0.001 })),
  )
}

/** What `opencode plugin` leaves in OpenCode's cache, from the packed package, without a registry. */
function installFromTarball({ root, environment }: Sandbox): void {
  const modules = join(
    environment["XDG_CACHE_HOME"] ?? root,
    "opencode/packages/opencode-kiro-auth@latest/node_modules",
  )
  const installed = join(modules, "opencode-kiro-auth")
  mkdirSync(installed, { recursive: true })
  const pack = ["pack", "--silent", "--ignore-scripts", "--pack-destination", root]
  const tarball = npm(pack, { cwd: packageFolder() })
  execFileSync("tar", ["-xzf", join(root, tarball), "-C", installed, "--strip-components=1"])
  const manifest = JSON.parse(readFileSync(join(installed, "package.json"), "utf8")) as {
    readonly dependencies: Readonly<Record<string, string>>
  }
  for (const name of Object.keys(manifest.dependencies)) {
    mkdirSync(dirname(join(modules, name)), { recursive: true })
    symlinkSync(join(packageFolder(), "node_modules", name), join(modules, name))
  }
}
