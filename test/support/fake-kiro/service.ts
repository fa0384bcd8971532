import { conversationIdOf } from "./chat-body.ts"
import { ReasoningMemory } from "./reasoning-memory.ts"
import { FakeAccount, type AccountOptions } from "./account.ts"
import { FAKE_MODELS, type FakeModel } from "./models.ts"
import type { Operation } from "./operation.ts"
import type { ReceivedRequest } from "./received.ts"
import type { DocumentReply, Reply } from "./reply.ts"
import { Scripts, type Script } from "./script.ts"
import type { OidcClient } from "./oidc.ts"
import type { PromptCache } from "./prompt-cache.ts"
import { DeviceGrants, type SignIn } from "./sign-in.ts"
import { finish, stream, text, type Steps } from "./steps.ts"
import { TokenBook } from "./tokens.ts"

export interface FakeServiceOptions {
  readonly models?: readonly FakeModel[]
  /** Epoch milliseconds; rules over the life of tokens and codes. */
  readonly now?: () => number
}

export type Matches = (request: ReceivedRequest) => boolean

interface StandingRule {
  readonly matches: Matches
  readonly script: Script
}

/** A refused chat: which request, and what the strict checks said of it. */
export interface Refused {
  readonly request: ReceivedRequest
  readonly reply: DocumentReply
}

const TITLE_PROMPT = "Generate a title for this conversation"

/** The service behind the socket: accounts, models, what comes next, and what has come so far. */
export class FakeService {
  /** Everything that was received, oldest first. */
  readonly requests: ReceivedRequest[] = []
  /** The chats that the strict checks refused. A test of a good client ends with none. */
  readonly refused: Refused[] = []
  /** What scripts threw. */
  readonly scriptErrors: unknown[] = []
  readonly tokens: TokenBook
  readonly accounts: FakeAccount[] = []
  readonly scripts: Scripts = new Scripts()
  /** Registrations with SSO OIDC, by client id. */
  readonly clients: Map<string, OidcClient> = new Map()
  readonly reasoning: ReasoningMemory = new ReasoningMemory()
  readonly deviceGrants: DeviceGrants = new DeviceGrants()
  /** Where one is set, the answers' token counts are its opinion. */
  promptCache: PromptCache | undefined
  /** The longest page of models and profiles. */
  pageSize = 8
  readonly now: () => number
  /** May be changed between requests. */
  models: readonly FakeModel[]
  /** What a chat gets when nothing is scripted. */
  otherwise: Script = stream(text("Hello from ", "the fake Kiro."), finish())
  /** Called when an answer begins. */
  onRequest: (request: ReceivedRequest) => void = () => {}
  readonly #interceptors: StandingRule[] = []
  readonly #rules: StandingRule[] = []

  constructor(options: FakeServiceOptions = {}) {
    this.now = options.now ?? (() => Date.now())
    this.models = options.models ?? FAKE_MODELS
    this.tokens = new TokenBook(this.now)
    this.when(isTitleRequest, stream(text("A short title"), finish({ credits: 0.001 })))
  }

  account(options: AccountOptions = {}): FakeAccount {
    const account = new FakeAccount(this.tokens, options)
    this.accounts.push(account)
    return account
  }

  /** The next chat is answered with these steps. */
  answer(...steps: readonly Steps[]): void {
    this.script(stream(...steps))
  }

  /** The next chat is refused: `fake.fail(FAILURES.throttled)`. */
  fail(reply: DocumentReply): void {
    this.script(reply)
  }

  /** The next chats, one script each. */
  script(...scripts: readonly Script[]): void {
    this.next("GenerateAssistantResponse", ...scripts)
  }

  /** The next requests of any operation, one script each. */
  next(operation: Operation, ...scripts: readonly Script[]): void {
    this.scripts.next(operation, scripts)
  }

  /** How the next device authorization goes; without a plan the first account that fits approves at once. */
  signIn(signIn: SignIn): void {
    this.deviceGrants.plan(signIn)
  }

  /** For good: chats that match get this, after all checks, and use nothing up. The newest rule wins. */
  when(matches: Matches, script: Script): void {
    this.#rules.unshift({ matches, script })
  }

  /** For good: requests that match get this before any check, as from a host that is broken. */
  intercept(matches: Matches, script: Script): void {
    this.#interceptors.unshift({ matches, script })
  }

  /** Begins a new page: what was received and what is scripted is gone, accounts and tokens stay. */
  forget(): void {
    this.requests.length = 0
    this.refused.length = 0
    this.scripts.clear()
    for (const account of this.accounts) account.scripts.clear()
  }

  /** The requests of one operation. */
  received(operation: Operation): ReceivedRequest[] {
    return this.requests.filter((request) => request.operation === operation)
  }

  /** The chats, titles left out. */
  get chats(): ReceivedRequest[] {
    return this.received("GenerateAssistantResponse").filter((request) => !isTitleRequest(request))
  }

  interceptorFor(request: ReceivedRequest): Script | undefined {
    return this.#interceptors.find((rule) => rule.matches(request))?.script
  }

  /** What a chat that passed all checks gets. */
  chatScriptFor(request: ReceivedRequest): Script {
    const rule = this.#rules.find(({ matches }) => matches(request))
    return (
      rule?.script ??
      request.account?.scripts.take("GenerateAssistantResponse") ??
      this.scripts.take("GenerateAssistantResponse") ??
      this.otherwise
    )
  }

  modelsOf(account: FakeAccount): readonly FakeModel[] {
    return account.models ?? this.models
  }

  responseHeaders(request: ReceivedRequest): Record<string, string> {
    const chat = request.operation === "GenerateAssistantResponse"
    const conversationId = chat ? conversationIdOf(request.body) : undefined
    return {
      "x-amzn-requestid": crypto.randomUUID(),
      ...(conversationId && { "x-amzn-codewhisperer-conversation-id": conversationId }),
    }
  }
}

export type Handler = (fake: FakeService, request: ReceivedRequest) => Reply | Promise<Reply>

/** Of an operation that needs a bearer token, which has been checked. */
export type SignedInHandler = (
  fake: FakeService,
  request: ReceivedRequest,
  account: FakeAccount,
) => Reply | Promise<Reply>

/** OpenCode asks for a title beside the first turn: such a request must not use up the script of the turn. */
function isTitleRequest(request: ReceivedRequest): boolean {
  return request.operation === "GenerateAssistantResponse" && request.text.includes(TITLE_PROMPT)
}
