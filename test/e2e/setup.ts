import assert from "node:assert/strict"
import { after, before, beforeEach } from "node:test"
import { setTimeout as sleep } from "node:timers/promises"
import {
  FAKE_MODELS,
  startFakeKiro,
  type AccountOptions,
  type FakeAccount,
  type FakeKiro,
} from "../support/fake-kiro/index.ts"
import { seedKiroCliStore } from "../support/kiro-cli-store.ts"
import {
  createSandbox,
  type OpencodeServer,
  type Sandbox,
  type SandboxOptions,
  startOpencodeServer,
} from "../support/opencode/index.ts"

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
  close(): Promise<void>
}

/** The same with a running server and the account signed in, for tests that look at a session while it goes. */
export async function openServerStage(options: StageOptions = {}): Promise<ServerStage> {
  const fake = await startFakeKiro()
  const sandbox = createSandbox({ endpoint: fake.url, ...options })
  const account = fake.account(options.account)
  await seedKiroCliStore({ path: sandbox.kiroCliStore, accounts: [account] })
  const server = await startOpencodeServer(sandbox)
  return {
    fake,
    account,
    sandbox,
    server,
    close: async () => {
      await server.close()
      await fake.close()
      sandbox.remove()
    },
  }
}

/** A model of the shared server's account, whose window OpenCode's own prompt and tools fill to a third, in tokens. */
export const NARROW_MODEL = "claude-opus-4-5"
const NARROW_WINDOW = 24_000
const WITH_A_NARROW_ONE = FAKE_MODELS.map((model) =>
  model.modelId === "claude-opus-4.5" ? { ...model, maxInputTokens: NARROW_WINDOW } : model,
)

let shared: Promise<ServerStage> | undefined

/**
 * One server for all files of this process that need nothing special: OpenCode's start costs more than most tests. It
 * is gone when the process ends.
 */
export function sharedServerStage(): Promise<ServerStage> {
  return (shared ??= openShared())
}

async function openShared(): Promise<ServerStage> {
  const stage = await openServerStage({ account: { models: WITH_A_NARROW_ONE } })
  process.once("exit", () => {
    stage.server.kill()
    stage.sandbox.remove()
  })
  return { ...stage, close: () => Promise.resolve() }
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

/** OpenCode has asked for whatever it still wants by then, in ms. */
const LATE_MS = 1500

/** One server for the tests of a `describe`. What a test was answered is forgotten before the next. */
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
    await sleep(LATE_MS)
    opened?.late.none()
    await opened?.stage.close()
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
