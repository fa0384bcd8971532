import type { DocumentReply } from "./reply.ts"
import type { Script } from "./script.ts"
import { Scripts } from "./script.ts"
import { stream, type Steps } from "./steps.ts"
import type { Rotation, TokenBook } from "./tokens.ts"
import type { FakeModel } from "./models.ts"
import { freePlan, type Usage } from "./usage.ts"

export type AccountKind = "builder-id" | "identity-center" | "social" | "external-idp" | "api-key"

export interface AccountOptions {
  readonly kind?: AccountKind
  readonly userId?: string
  readonly email?: string | null
  /** The profiles it may use; a Builder ID has none by default, the others have one. */
  readonly profileArns?: readonly string[]
  /** Region of the sign-in, never of the service. */
  readonly loginRegion?: string
  readonly startUrl?: string
  readonly usage?: Partial<Usage>
  /** What ListAvailableModels answers; absent: the list of the fake. */
  readonly models?: readonly FakeModel[]
  readonly rotation?: Rotation
  readonly tokenLifetimeSeconds?: number
}

const BUILDER_ID_START_URL = "https://view.awsapps.com/start"
export const SOCIAL_PROFILE_ARN = "arn:aws:codewhisperer:us-east-1:699475941385:profile/EHGA3GRVQMUK"
const IDENTITY_CENTER_PROFILE_ARN = "arn:aws:codewhisperer:us-east-1:123456789012:profile/ABCDEF123456"

/** A person at the service: what they may use, what they have used, and the tokens that are theirs. */
export class FakeAccount {
  readonly kind: AccountKind
  readonly userId: string
  readonly email: string | null
  readonly profileArns: readonly string[]
  readonly loginRegion: string
  readonly startUrl: string
  readonly client: { readonly clientId: string; readonly clientSecret: string }
  readonly tokenLifetimeSeconds: number
  /** The pair that was given out last. An API key stands in `accessToken`. */
  accessToken: string
  refreshToken: string
  /** May be changed between requests, as everything below. */
  usage: Usage
  models: readonly FakeModel[] | undefined
  rotation: Rotation
  suspended = false
  /** Requests with a refresh token of theirs, granted or not. */
  refreshCount = 0
  readonly scripts: Scripts = new Scripts()
  readonly #book: TokenBook

  constructor(book: TokenBook, options: AccountOptions = {}) {
    this.#book = book
    this.kind = options.kind ?? "builder-id"
    this.userId = options.userId ?? `d-9067642ac7.${crypto.randomUUID()}`
    this.email = options.email === undefined ? `${this.userId.slice(13, 19)}@example.com` : options.email
    this.profileArns = options.profileArns ?? defaultProfiles(this.kind)
    this.loginRegion = options.loginRegion ?? "us-east-1"
    this.startUrl = options.startUrl ?? defaultStartUrl(this.kind)
    this.client = { clientId: crypto.randomUUID(), clientSecret: `eyJraWQi${crypto.randomUUID()}` }
    this.tokenLifetimeSeconds = options.tokenLifetimeSeconds ?? 3600
    this.usage = { ...freePlan(book.now()), ...options.usage }
    this.models = options.models
    this.rotation = options.rotation ?? "single-use"
    this.accessToken = this.kind === "api-key" ? `ksk_${crypto.randomUUID()}` : this.issueAccess()
    this.refreshToken = this.kind === "api-key" ? "" : book.issueRefresh(this, this.client.clientId)
    if (this.kind === "api-key")
      book.access.set(this.accessToken, { account: this, expiresAt: Number.POSITIVE_INFINITY })
  }

  /** Every access token given out so far is refused from now on; a refresh still works. */
  expire(): void {
    for (const token of this.#book.access.values()) if (token.account === this) token.expiresAt = 0
  }

  /** No token of this account works any more, and none can be refreshed. */
  revoke(): void {
    this.expire()
    for (const [token, issued] of this.#book.refresh)
      if (issued.account === this) this.#book.refresh.delete(token)
  }

  /** The next chats of this account, before what the fake itself has in its queue. */
  script(...scripts: readonly Script[]): void {
    this.scripts.next("GenerateAssistantResponse", scripts)
  }

  answer(...steps: readonly Steps[]): void {
    this.script(stream(...steps))
  }

  fail(reply: DocumentReply): void {
    this.script(reply)
  }

  /** A new access token, as a refresh gives it. */
  issueAccess(): string {
    this.accessToken = this.#book.issueAccess(this, this.tokenLifetimeSeconds)
    return this.accessToken
  }

  /** A new pair, as a sign-in gives it to this client. */
  signIn(clientId: string = this.client.clientId): {
    readonly accessToken: string
    readonly refreshToken: string
  } {
    this.issueAccess()
    this.refreshToken = this.#book.issueRefresh(this, clientId)
    return { accessToken: this.accessToken, refreshToken: this.refreshToken }
  }

  /** What a refresh with this token answers; whether the token is good has been checked. */
  refresh(used: string): { readonly accessToken: string; readonly refreshToken?: string } {
    const accessToken = this.issueAccess()
    const refreshToken = this.#book.rotate(this, used)
    if (refreshToken === undefined) return { accessToken }
    this.refreshToken = refreshToken
    return { accessToken, refreshToken }
  }
}

function defaultProfiles(kind: AccountKind): readonly string[] {
  if (kind === "social") return [SOCIAL_PROFILE_ARN]
  return kind === "builder-id" ? [] : [IDENTITY_CENTER_PROFILE_ARN]
}

function defaultStartUrl(kind: AccountKind): string {
  return kind === "identity-center" ? "https://d-9067642ac7.awsapps.com/start" : BUILDER_ID_START_URL
}
