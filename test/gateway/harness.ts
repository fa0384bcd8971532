import assert from "node:assert/strict"
import { join } from "node:path"
import {
  type Account,
  type AccountStore,
  TokenKeeper,
  type Login,
  newAccount,
  type Notice,
} from "../../src/accounts/index.ts"
import { createGateway, type Gateway, type LookUps } from "../../src/gateway/index.ts"
import { asObject } from "../../src/json.ts"
import { createFront } from "../../src/plugin/front.ts"
import { type Fetch, type Log, type Runtime, silentLog, systemClock } from "../../src/runtime.ts"
import { Secret } from "../../src/secret.ts"
import { accountRules, DEFAULT_SETTINGS, type Settings } from "../../src/settings/index.ts"
import { type FakeClock, fakeClock } from "../support/clock.ts"
import { type FakeAccount, type FakeKiro, startFakeKiro } from "../support/fake-kiro/index.ts"
import { openStore } from "../accounts/open-for-test.ts"
import { loginOf } from "../tokens/setup.ts"
import { temporaryFolder } from "../support/temporary-folder.ts"

export const BASE_URL = "https://kiro.invalid/v1"

export interface HarnessOptions {
  /** Labels of those that are signed in from the start. */
  readonly accounts?: readonly string[]
  readonly settings?: Partial<Settings>
  readonly lookUps?: Partial<LookUps>
  readonly importLogins?: (harness: Harness) => Promise<unknown>
  /** What could not be opened of other programs' stores. */
  readonly unopened?: string
  /** Between the gateway and the network. */
  readonly fetch?: Fetch
  readonly log?: Log
  readonly clock?: FakeClock
  readonly random?: () => number
}

/** A gateway over a real store and a real HTTP fake, on a clock that the test holds. */
export interface Harness extends AsyncDisposable {
  readonly fake: FakeKiro
  readonly clock: FakeClock
  readonly store: AccountStore
  /** The path of the store's file. */
  readonly database: string
  readonly gateway: Gateway
  /** OpenCode 1's way in. */
  readonly fetch: Fetch
  readonly notices: readonly Notice[]
  readonly usageAsked: readonly string[]
  readonly profilesAsked: readonly string[]
  readonly answered: readonly string[]
  /** Adds an account of the fake, signed in. Its name in texts is its label. */
  add(label: string, options?: Parameters<FakeKiro["account"]>[0]): Promise<FakeAccount>
  account(label: string): Promise<Account>
  ask(body?: object, init?: AskOptions): Promise<Response>
  /** The same with the body as a text. */
  askWith(body: string, init?: AskOptions): Promise<Response>
  /** The chats that the fake received, as labels of the accounts in order. */
  sent(): string[]
}

interface AskOptions {
  readonly purpose?: "main" | "title" | "compaction"
  readonly session?: string
  /** Of a subagent. */
  readonly parent?: string
  readonly signal?: AbortSignal
}

export async function startHarness(options: HarnessOptions = {}): Promise<Harness> {
  const clock = options.clock ?? fakeClock()
  const fake = await startFakeKiro({ now: () => clock.now() })
  const folder = temporaryFolder()
  let count = 0
  const runtime: Runtime = {
    fetch: options.fetch ?? ((url, init) => fetch(url, init)),
    clock,
    log: options.log ?? silentLog,
    random: options.random ?? (() => 0),
    randomUUID: () => `00000000-0000-4000-8000-${String(++count).padStart(12, "0")}`,
  }
  const { store, path: database } = await openStore({ path: join(folder, "kiro.db"), clock })
  const settings = { ...DEFAULT_SETTINGS, endpointOverride: fake.url, ...options.settings }
  const tokens = new TokenKeeper({
    // It limits a refresh by sleeping beside it: that has to take its time, and is no wait of the gateway's.
    runtime: { ...runtime, clock: { ...clock, sleep: systemClock.sleep } },
    store,
    sources: [],
    settings,
    lockPath: join(folder, "lock"),
    spillPath: join(folder, "spill"),
  })
  const labels = new Map<FakeAccount, string>()
  const notices: Notice[] = []
  const usageAsked: string[] = []
  const profilesAsked: string[] = []
  const answered: string[] = []
  const gateway = createGateway({
    runtime,
    settings,
    project: { directory: "/home/me/project", worktree: "/home/me/project" },
    currentSettings: async () => ({
      accountRules: accountRules(settings.accountRules, { home: "/home/me", platform: "linux" }),
      dailyCreditBudget: settings.dailyCreditBudget,
    }),
    store,
    tokens,
    importLogins: async () => {
      await options.importLogins?.(harness)
      return options.unopened
    },
    notify: (notice) => notices.push(notice),
    lookUps: {
      usage: async (accountId, signal) => {
        usageAsked.push(accountId)
        await options.lookUps?.usage?.(accountId, signal)
      },
      profile: async (accountId, asked) => {
        profilesAsked.push(accountId)
        return (await options.lookUps?.profile?.(accountId, asked)) ?? false
      },
      afterAnswer: (accountId) => void answered.push(accountId),
      afterThrottle: (accountId) => void usageAsked.push(accountId),
    },
  })
  const front = createFront({ gateway, runtime, baseUrl: BASE_URL })
  const harness: Harness = {
    fake,
    clock,
    store,
    database,
    gateway,
    fetch: front,
    notices,
    usageAsked,
    profilesAsked,
    answered,
    async add(label, accountOptions) {
      const account = fake.account(accountOptions)
      labels.set(account, label)
      const login = signInOf(account, `login of ${label}`)
      await store.add({ ...newAccount({ id: label, now: clock.now(), logins: [login] }), label })
      return account
    },
    async account(label) {
      const account = await store.get(label)
      if (account === undefined) throw new Error(`no account ${label}`)
      return account
    },
    ask: (body = {}, init) => harness.askWith(JSON.stringify({ ...HELLO, ...body }), init),
    askWith: (body, { purpose = "main", session = "ses_1", parent, signal } = {}) =>
      front(`${BASE_URL}/chat/completions`, {
        method: "POST",
        headers: {
          "x-session-id": session,
          "x-kiro-purpose": purpose,
          ...(parent !== undefined && { "x-parent-session-id": parent }),
        },
        body,
        ...(signal !== undefined && { signal }),
      }),
    sent: () =>
      fake.received("GenerateAssistantResponse").map(({ account, headers }) => {
        const owner = account ?? fake.accounts.find((one) => isTokenOf(one, headers["authorization"]))
        return (owner && labels.get(owner)) ?? "?"
      }),
    async [Symbol.asyncDispose]() {
      await gateway.close()
      await tokens.close()
      await store.close()
      await fake.close()
    },
  }
  for (const label of options.accounts ?? []) await harness.add(label)
  return harness
}

const HELLO = {
  model: "claude-sonnet-4-5",
  messages: [
    { role: "system", content: "You help." },
    { role: "user", content: "Hello" },
  ],
  stream: true,
}

function isTokenOf(account: FakeAccount, authorization: string | undefined): boolean {
  return authorization === `Bearer ${account.accessToken}`
}

function signInOf(account: FakeAccount, id: string): Login {
  if (account.kind === "api-key")
    return { id, source: "own", kind: "api-key", key: new Secret(account.accessToken) }
  const [profileArn] = account.profileArns
  return loginOf(account, Date.UTC(2099, 0), { id, ...(profileArn !== undefined && { profileArn }) })
}

export interface Heard {
  readonly text: string
  readonly finishReason?: string
  readonly totalTokens?: number
  readonly usage?: UsageOnWire
  readonly error?: Error
}

/** Reads a streamed answer as the host does. */
export async function hear(response: Response): Promise<Heard> {
  let raw = ""
  let error: Error | undefined
  try {
    for await (const part of response.body?.pipeThrough(new TextDecoderStream()) ?? []) raw += part
  } catch (thrown) {
    error = thrown as Error
  }
  const chunks = raw
    .split("\n\n")
    .filter((line) => line.startsWith("data: {"))
    .map((line) => JSON.parse(line.slice(6)) as ChunkOnWire)
  const finishReason = chunks.map(({ choices }) => choices[0]?.finish_reason).find((reason) => reason)
  const usage = chunks.at(-1)?.usage
  return {
    text: chunks.map(({ choices }) => choices[0]?.delta.content ?? "").join(""),
    ...(finishReason && { finishReason }),
    ...(usage !== undefined && { usage, totalTokens: usage.total_tokens }),
    ...(error !== undefined && { error }),
  }
}

/** The answer came, and came to its end. */
export async function assertAnswered(asked: Promise<Response>): Promise<void> {
  assert.equal((await hear(await asked)).finishReason, "stop")
}

interface ChunkOnWire {
  readonly choices: readonly {
    readonly delta: { readonly content?: string }
    readonly finish_reason?: string | null
  }[]
  readonly usage?: UsageOnWire
}

interface UsageOnWire {
  readonly prompt_tokens: number
  readonly total_tokens: number
  readonly prompt_tokens_details: { readonly cached_tokens: number; readonly cache_write_tokens?: number }
}

/** The message of an error answer. */
export async function errorText(response: Response): Promise<string> {
  const body: unknown = await response.json()
  return String(asObject(asObject(body)["error"])["message"])
}
