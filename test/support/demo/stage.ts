import { existsSync } from "node:fs"
import { homedir } from "node:os"
import { kiroCliDatabases } from "../../../src/import/index.ts"
import { PROXY_VARIABLES } from "../../../src/runtime.ts"
import { finish, pause, startFakeKiro, text, toolUse, type FakeKiro, type Steps } from "../fake-kiro/index.ts"
import { seedKiroCliStore } from "../kiro-cli-store.ts"
import { createSandbox, type Sandbox } from "../opencode/index.ts"
import { note } from "./show.ts"

/** Where the demo plays: a home of its own, and the service that it speaks to. */
export interface Stage {
  readonly sandbox: Sandbox
  /** What the service can say afterwards. */
  epilogue(): readonly string[]
  [Symbol.asyncDispose](): Promise<void>
}

/** The task needs files, and nothing else is allowed: with `--live` a real model decides. */
const PERMISSIONS = {
  OPENCODE_PERMISSION: JSON.stringify({ "*": "deny", read: "allow", edit: "allow", list: "allow" }),
}

export async function fakeStage(): Promise<Stage> {
  const fake = await startFakeKiro()
  const sandbox = createSandbox({ endpoint: fake.url, environment: PERMISSIONS })
  const account = fake.account()
  account.expire()
  await seedKiroCliStore({
    path: sandbox.kiroCliStore,
    accounts: [account],
    expiresAt: Date.now() - 3_600_000,
  })
  playHaiku(fake)
  note("fake Kiro", fake.url)
  note("kiro-cli session", `a Builder ID, its access token expired an hour ago (${sandbox.kiroCliStore})`)
  return {
    sandbox,
    epilogue: () => [
      `${fake.chats.length} chats beside the title's, ${fake.refused.length} refused by the strict checks`,
      `${account.refreshCount} token refresh on the way`,
    ],
    [Symbol.asyncDispose]: async () => {
      await fake.close()
      sandbox.remove()
    },
  }
}

/** The same with the real hosts and the kiro-cli session of this machine, which stays in step. */
export function liveStage(): Stage {
  const candidates = kiroCliDatabases({ env: process.env, platform: process.platform, home: homedir() })
  const store = candidates.find((path) => existsSync(path))
  if (store === undefined)
    throw new Error(`no kiro-cli session here: run \`kiro-cli login\` (looked at ${candidates.join(", ")})`)
  note("kiro-cli session", store)
  const sandbox = createSandbox({ environment: { ...wayOut(), ...PERMISSIONS, KIROCLI_DB_PATH: store } })
  return {
    sandbox,
    epilogue: () => ["the real one"],
    [Symbol.asyncDispose]: async () => sandbox.remove(),
  }
}

/** How this machine reaches the world: OpenCode's home is its own, its network is not. */
function wayOut(): Record<string, string> {
  const names = [...PROXY_VARIABLES, "NO_PROXY", "no_proxy", "NODE_EXTRA_CA_CERTS"]
  return Object.fromEntries(names.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])))
}

const HAIKU = "Snowmelt finds the stones,\nargues softly with each one,\narrives as the sea.\n"

function playHaiku(fake: FakeKiro): void {
  const call = toolUse({ name: "write", input: { filePath: "haiku.txt", content: HAIKU }, pieces: 12 })
  fake.answer(
    slowly("I'll write a haiku about rivers to haiku.txt."),
    paced(call),
    finish({ stopReason: "TOOL_USE", credits: 0.0421 }),
  )
  fake.answer(
    slowly('It is written. The first line is "Snowmelt finds the stones,".'),
    finish({ credits: 0.0187 }),
  )
}

/** Word by word, as a model speaks. */
const slowly = (words: string): Steps => paced(text(...words.split(/(?<= )/)))

const paced = (steps: readonly Steps[]): Steps => steps.flatMap((step) => [step, pause(60)])
