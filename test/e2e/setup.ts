import assert from "node:assert/strict"
import { existsSync, rmSync } from "node:fs"
import { dirname, join } from "node:path"
import { after, before, beforeEach } from "node:test"
import { openDatabase } from "../../src/accounts/index.ts"
import {
  FAKE_MODELS,
  startFakeKiro,
  type AccountOptions,
  type FakeAccount,
  type FakeKiro,
} from "../support/fake-kiro/index.ts"
import { seedKiroCliStore } from "../support/kiro-cli-store.ts"
import { removeAtExit, temporaryFolder } from "../support/temporary-folder.ts"
import {
  createSandbox,
  type OpencodeServer,
  type Sandbox,
  type SandboxOptions,
  startOpencodeServer,
  writeJson,
} from "../support/opencode/index.ts"
import { openStore } from "../accounts/open-for-test.ts"

export interface Stage {
  readonly fake: FakeKiro
  readonly account: FakeAccount
  readonly sandbox: Sandbox
}

export interface StageOptions extends SandboxOptions {
  readonly account?: AccountOptions
}

/** A fake with one account and an OpenCode whose plugin speaks to it; both are gone afterwards. */
export async function withFakeAndSandbox(
  test: (stage: Stage) => Promise<void>,
  options: StageOptions = {},
): Promise<void> {
  const fake = await startFakeKiro()
  const sandbox = createSandbox({ endpoint: fake.url, ...options })
  try {
    await test({ fake, account: fake.account(options.account), sandbox })
    if (fake.scriptErrors.length > 0) throw fake.scriptErrors[0]
  } finally {
    await fake.close()
    sandbox.remove()
  }
}

export interface ServerStage extends Stage {
  readonly server: OpencodeServer
}

export interface ServerStageOptions {
  readonly account?: AccountOptions
  /** Further keys of kiro.json. */
  readonly settings?: Readonly<Record<string, unknown>>
  /** The project's opencode.json. */
  readonly project?: Readonly<Record<string, unknown>>
  /** What is in the home before OpenCode begins there; by default the account, by kiro-cli. */
  readonly signIn?: (stage: Stage) => Promise<void>
}

/** For a stage with nobody signed in. */
export const NOBODY: ServerStageOptions = { signIn: () => Promise.resolve() }

/** The stage of this process. OpenCode's start costs more than most tests: all stages have one, gone with the process. */
let last: ServerStage | undefined

/**
 * A running OpenCode, one account of it signed in by default, for tests that look at a session while it goes. It ends the stage
 * before it in this process: the home is as new, and OpenCode begins there anew.
 */
export async function openServerStage(options: ServerStageOptions = {}): Promise<ServerStage> {
  shared = undefined
  const fake = await startFakeKiro()
  const account = fake.account(options.account)
  const sandbox = last === undefined ? createSandbox() : inAnotherProject(last.sandbox)
  await last?.server.post("/instance/dispose")
  await last?.fake.close()
  await emptyDatabase(join(sandbox.config, "kiro.db"))
  for (const left of [
    dirname(sandbox.kiroCliStore),
    join(sandbox.config, "kiro-models.json"),
    join(sandbox.data, "auth.json"),
  ])
    rmSync(left, { recursive: true, force: true })
  writeJson(join(sandbox.config, "kiro.json"), { endpoint_override: fake.url, ...options.settings })
  writeJson(join(sandbox.project, "opencode.json"), options.project ?? {})
  await (options.signIn ?? signInWithKiroCli)({ fake, account, sandbox })
  const server = last?.server ?? (await startUntilTheEnd(sandbox))
  server.directory = sandbox.project
  if (last !== undefined) await server.listen()
  return (last = { fake, account, sandbox, server })
}

/** What was at work in an instance when it ended, such as a title, begins it anew, with whatever settings it finds. */
function inAnotherProject(sandbox: Sandbox): Sandbox {
  return { ...sandbox, project: temporaryFolder(sandbox.root) }
}

function signInWithKiroCli({ account, sandbox }: Stage): Promise<void> {
  return seedKiroCliStore({ path: sandbox.kiroCliStore, accounts: [account] })
}

async function startUntilTheEnd(sandbox: Sandbox): Promise<OpencodeServer> {
  const server = await startOpencodeServer(sandbox, "many")
  process.once("exit", () => {
    server.kill()
    removeAtExit(sandbox.root)
  })
  return server
}

/** Nothing is left in a kiro.db but its tables. No OpenCode has an instance open but for what it still writes down. */
export async function emptyDatabase(path: string): Promise<void> {
  if (!existsSync(path)) return
  const database = await openDatabase(path)
  database.get("PRAGMA busy_timeout = 5000")
  for (const { name } of database.all("SELECT name FROM sqlite_master WHERE type = 'table'"))
    database.run(`DELETE FROM ${String(name)}`)
  database.close()
}

/** Takes away all accounts, by our own store, so that the next is the only one. */
export async function forgetAccounts(path: string): Promise<void> {
  if (!existsSync(path)) return
  const { store } = await openStore({ path })
  for (const { id } of await store.list()) await store.remove(id)
  await store.close()
}

/** A model of the shared server's account, whose window OpenCode's own prompt and tools fill to a third, in tokens. */
export const NARROW_MODEL = "claude-opus-4-5"
const NARROW_WINDOW = 24_000
const WITH_A_NARROW_ONE = FAKE_MODELS.map((model) =>
  model.modelId === "claude-opus-4.5" ? { ...model, maxInputTokens: NARROW_WINDOW } : model,
)

let shared: Promise<ServerStage> | undefined

/** One stage for all files of this process that need nothing special. */
export async function sharedServerStage(): Promise<ServerStage> {
  const stage = shared ?? openServerStage({ account: { models: WITH_A_NARROW_ONE } })
  shared = stage
  return stage
}

/** Holds the numbers of chats that tests ended with, and sees at the end that none came later. */
class LateChats {
  readonly #fake: FakeKiro
  #allowed = 0

  constructor(fake: FakeKiro) {
    this.#fake = fake
  }

  /** The test that ends now made so many chats, all accepted. OpenCode is idle: whatever else comes is too much. */
  settled(chats: number): void {
    assert.equal(this.#fake.chats.length, chats)
    assert.deepEqual(this.#fake.refused, [])
    this.#allowed = chats
  }

  /** Before the fake forgets them. */
  none(): void {
    if (this.#allowed > 0) assert.equal(this.#fake.chats.length, this.#allowed, "a chat came after its turn")
    this.#allowed = 0
  }
}

/** One stage for the tests of a `describe`. What a test was answered is forgotten before the next. */
export function stageForTests(open: () => Promise<ServerStage>): {
  readonly stage: ServerStage
  readonly late: LateChats
} {
  let opened: { readonly stage: ServerStage; readonly late: LateChats } | undefined
  const current = () => {
    assert.ok(opened, "it is open while tests run")
    return opened
  }
  before(async () => {
    const stage = await open()
    opened = { stage, late: new LateChats(stage.fake) }
  })
  beforeEach(() => {
    current().late.none()
    current().stage.fake.forget()
  })
  after(async () => {
    await opened?.stage.server.idle()
    opened?.late.none()
  })
  return {
    get stage() {
      return current().stage
    },
    get late() {
      return current().late
    },
  }
}
