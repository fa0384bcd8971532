import { afterLoginRefused, type Login, loginHash, StoreError } from "../accounts/index.ts"
import type { ImportOutcome } from "../import/index.ts"
import type { KiroFailure } from "../kiro/index.ts"
import {
  type DeviceAuthorization,
  DeviceAuthorizationError,
  pollForIdcTokens,
  pollForSocialTokens,
  type RegistrationPlace,
  type RegistrationStore,
  startIdcDeviceAuthorization,
  startSocialDeviceAuthorization,
} from "../oauth/index.ts"
import type { Runtime } from "../runtime.ts"
import type { Secret } from "../secret.ts"
import {
  type Answers,
  BUILDER_ID_START_URL,
  LoginError,
  readApiKey,
  readLoginTarget,
  readSocialProvider,
  type SignInMethod,
} from "./input.ts"
import {
  type ApprovedLogin,
  askOwner,
  completeLogin,
  type Keeping,
  keepLogin,
  learnAbout,
  type LoginStore,
} from "./keep.ts"
import {
  bracketed,
  describeDevice,
  describeImport,
  describeLogin,
  describeLoginFailure,
  type Destination,
  type ImportedAccount,
  type LoginMessage,
} from "./texts.ts"
import { present } from "../json.ts"

export interface LoginParts extends Keeping {
  /** By the user's act: a removed account comes back. */
  importLogins(): Promise<ImportOutcome>
  openBrowser(url: string): void
}

/** A sign-in that has begun. */
export interface SignIn {
  /** Where the user approves it; empty where there is nothing to approve. It was opened in a browser already. */
  readonly url: string
  readonly instructions: string
  /** When the code ends, in epoch ms. */
  readonly expiresAt?: number
  /**
   * Waits for the approval and keeps the login. Rejects with a `LoginError`, or with the reason of the signal of the
   * parts.
   */
  complete(): Promise<SignedIn>
}

/** A sign-in that is kept, and what its user is told. */
export interface SignedIn extends LoginMessage {
  readonly accountId: string
}

/** A sign-in, by what its user typed or picked. */
export interface NewSignIn {
  readonly method: SignInMethod
  readonly answers: Answers
}

/** Signing in, for any front end. */
export interface Logins {
  /**
   * `again`: the account that the user wants signed in again. Rejects with a `LoginError`, or the reason of the signal.
   */
  begin(wanted: NewSignIn, again?: string): Promise<SignIn>
  /**
   * Keeps a key that a host has put among its own credentials, without asking anybody; the function returned then
   * asks Kiro about it and says what came of it.
   */
  keepApiKey(key: Secret): Promise<() => Promise<SignedIn>>
  /**
   * The account of a key that a host keeps for good: taken in once, and not where its user has removed it. Rejects only
   * with the reason of the signal, or a `StoreError`.
   */
  accountOfKey(key: Secret): Promise<string | undefined>
}

/** Nothing is opened or read by this call. */
export function openLogins(parts: LoginParts): Logins {
  const logins: Logins = {
    begin: ({ method, answers }, again) => FLOWS[method](parts, answers, again),
    async keepApiKey(key) {
      const kept = await keepLogin(parts, apiKeyLogin(parts.client.runtime, key))
      return async () => {
        const { store, client } = parts
        const owner = await askOwner(parts, kept.login)
        const report = await learnAbout(parts, kept, { owner })
        const accountId = report.account.id
        const message = { ...describeLogin(report), accountId }
        if (owner.outcome !== "failed" || owner.failure.kind !== "bearer-rejected") return message
        const refusal = {
          loginId: kept.login.id,
          reason: owner.failure.message,
          now: client.runtime.clock.now(),
        }
        await store.update(report.account.id, (current) => afterLoginRefused(current, refusal))
        return { message: KEY_FOUND_REFUSED, variant: "warning", accountId }
      }
    },
    async accountOfKey(key) {
      const { store, client } = parts
      const hash = loginHash(apiKeyLogin(client.runtime, key))
      const accounts = await store.listAll()
      const isKey = (login: Login): boolean => login.kind === "api-key" && login.key.equals(key)
      const known = accounts.find((account) => account.logins.some(isKey))
      if (known !== undefined) return known.id
      if (accounts.some(({ forgotten = [] }) => forgotten.some(({ record }) => record.hashes.includes(hash))))
        return undefined
      const { message, accountId } = await (await logins.keepApiKey(key))()
      client.runtime.log.info(message)
      return accountId
    },
  }
  return logins
}

const KEY_FOUND_REFUSED =
  "Kiro refused the API key that was among OpenCode's credentials. Sign in with another, or in another way."

type Flow = (parts: LoginParts, answers: Answers, again: string | undefined) => Promise<SignIn>

const FLOWS: Readonly<Record<SignInMethod, Flow>> = {
  aws: signInAtAws,
  social: signInSocially,
  import: signInByImport,
  "api-key": signInByApiKey,
}

/** AWS Builder ID or IAM Identity Center: `start_url`, `login_region`, `profile_arn`. */
async function signInAtAws(parts: LoginParts, answers: Answers, again?: string): Promise<SignIn> {
  const { runtime } = parts.client
  const target = readLoginTarget(answers, parts.settings)
  const options = { ...flowOptions(parts), loginRegion: target.loginRegion }
  return inWords(parts, target, async () => {
    // Nobody approves in a browser what would be lost.
    await parts.store.mustKeep()
    const registrations = registrationsIn(parts.store)
    const flow = await startIdcDeviceAuthorization({ ...options, startUrl: target.startUrl, registrations })
    return deviceSignIn(parts, flow.authorization, () =>
      inWords(parts, target, async () => {
        const tokens = await pollForIdcTokens({ ...options, flow })
        const login: Login = {
          kind: "idc",
          id: runtime.randomUUID(),
          source: "own",
          tokens,
          client: flow.client,
          loginRegion: target.loginRegion,
          ...(target.kind === "identity-center" && { startUrl: target.startUrl }),
        }
        return finish(parts, { login, asked: target.profileArn, again })
      }),
    )
  })
}

/** Google or GitHub, by Kiro's own device flow: `provider`. */
async function signInSocially(parts: LoginParts, answers: Answers, again?: string): Promise<SignIn> {
  const { runtime } = parts.client
  const provider = readSocialProvider(answers["provider"])
  const destination = { kind: "social", provider: provider === "Github" ? "GitHub" : provider } as const
  return inWords(parts, destination, async () => {
    await parts.store.mustKeep()
    const authorization = await startSocialDeviceAuthorization({ ...flowOptions(parts), provider })
    return deviceSignIn(parts, authorization, () =>
      inWords(parts, destination, async () => {
        const { profileArn, identityProvider, ...tokens } = await pollForSocialTokens({
          ...flowOptions(parts),
          authorization,
        })
        const login: Login = {
          kind: "social",
          id: runtime.randomUUID(),
          source: "own",
          tokens,
          provider: (identityProvider ?? provider).toLowerCase(),
          ...present({ profileArn }),
        }
        return finish(parts, { login, again })
      }),
    )
  })
}

/** `api_key`; Kiro is asked whether it is good before anything is stored. */
async function signInByApiKey(parts: LoginParts, answers: Answers): Promise<SignIn> {
  const login = apiKeyLogin(parts.client.runtime, readApiKey(answers["api_key"]))
  return {
    url: "",
    instructions: "Asking Kiro whether this key may be used.",
    complete: () =>
      inWords(parts, undefined, async () => {
        const owner = await askOwner(parts, login)
        if (owner.outcome === "failed") expectNoRefusal(owner.failure)
        return finish(parts, { login, ...(owner.outcome === "known" && { owner }) })
      }),
  }
}

function apiKeyLogin({ randomUUID }: Runtime, key: Secret): Login {
  return { kind: "api-key", id: randomUUID(), source: "own", key }
}

/** Whether the failure says that the key is no good, or that nothing can be said of it. */
function expectNoRefusal({ kind, message }: KiroFailure): void {
  if (kind === "bearer-rejected" || kind === "not-authorized")
    throw new LoginError(
      "Kiro refused this API key. It may be revoked, its plan may not include API keys, or your administrator may " +
        "not allow them. Nothing was stored.",
    )
  if (kind === "unreachable" || kind === "network" || kind === "timeout")
    throw new LoginError(
      `Kiro could not be reached to check the key${bracketed(message)}. Nothing was stored.`,
    )
}

const NOTHING_FOUND =
  "No login of kiro-cli or the Kiro IDE was found on this machine. Run `kiro-cli login` (it can also sign in with the " +
  "identity provider of a company), or sign in to the Kiro IDE, and choose the import again."

/** Takes over the logins of kiro-cli and the Kiro IDE. */
async function signInByImport(parts: LoginParts): Promise<SignIn> {
  return inWords(parts, undefined, async () => {
    const { added, updated, unchanged, problems } = await parts.importLogins()
    const found = [
      ...added.map((account): ImportedAccount => ({ account, done: "added" })),
      ...updated.map((account): ImportedAccount => ({ account, done: "brought up to date" })),
      ...unchanged.map((account): ImportedAccount => ({ account, done: "already here" })),
    ]
    const { autoSyncKiroCli: autoSync } = parts.settings
    const report = (accounts: readonly ImportedAccount[]): string =>
      describeImport(accounts, { problems, autoSync })
    const [first] = found
    if (first === undefined) throw new LoginError(`${NOTHING_FOUND}\n${report([])}`.trim())
    // Where nothing was found, no file is made.
    await parts.store.mustKeep()
    return {
      url: "",
      instructions: report(found),
      async complete() {
        const learnt: ImportedAccount[] = []
        for (const each of found) learnt.push(await learnImported(parts, each))
        return {
          message: report(learnt),
          variant: problems.length === 0 ? "success" : "warning",
          accountId: (learnt[0] ?? first).account.id,
        }
      },
    }
  })
}

/** As far as its tokens are good just now: an expired one is renewed by the first message. */
async function learnImported(parts: LoginParts, found: ImportedAccount): Promise<ImportedAccount> {
  const now = parts.client.runtime.clock.now()
  const login = found.account.logins.find(
    (each) => each.source !== "own" && (each.kind === "api-key" || each.tokens.expiresAt > now),
  )
  if (login === undefined) return found
  const kept = { account: found.account, login, known: found.done !== "added", first: false }
  const { account, known } = await learnAbout(parts, kept, { owner: await askOwner(parts, login) })
  return { account, done: known && found.done === "added" ? "brought up to date" : found.done }
}

function deviceSignIn(
  parts: LoginParts,
  authorization: DeviceAuthorization,
  complete: () => Promise<SignedIn>,
): SignIn {
  const url = authorization.verificationUriComplete ?? authorization.verificationUri
  parts.openBrowser(url)
  return { url, instructions: describeDevice(authorization), expiresAt: authorization.expiresAt, complete }
}

async function finish(parts: LoginParts, approved: ApprovedLogin): Promise<SignedIn> {
  const report = await completeLogin(parts, approved)
  return { ...describeLogin(report), accountId: report.account.id }
}

/** Runs one step of a sign-in; what it rejects with is fit for people. */
async function inWords<Result>(
  { client, signal }: LoginParts,
  destination: Destination | undefined,
  step: () => Promise<Result>,
): Promise<Result> {
  try {
    return await step()
  } catch (error) {
    if (error instanceof LoginError) throw error
    // What ends with its instance is no sign-in that failed.
    signal.throwIfAborted()
    const message = readableMessage(error, destination)
    if (message === undefined) throw error
    client.runtime.log.warn("a sign-in failed", { error, destination: destination?.kind })
    throw new LoginError(message, { cause: error })
  }
}

function readableMessage(error: unknown, destination: Destination | undefined): string | undefined {
  if (error instanceof DeviceAuthorizationError && destination !== undefined)
    return describeLoginFailure(error, destination)
  if (error instanceof StoreError)
    return `The sign-in could not be stored, because ${error.message}. Sign in again once that is mended.`
  return undefined
}

function flowOptions({ client, settings, signal }: LoginParts) {
  return {
    runtime: client.runtime,
    endpointOverride: settings.endpointOverride,
    signal,
  }
}

/** The client registrations of the account store, which names no start URL for Builder ID. */
function registrationsIn(store: LoginStore): RegistrationStore {
  const placeOf = ({ loginRegion, startUrl }: RegistrationPlace): RegistrationPlace => ({
    loginRegion,
    startUrl: startUrl === BUILDER_ID_START_URL ? "" : startUrl,
  })
  return {
    find: (place) => store.registration(placeOf(place)),
    save: (place, client) => store.saveRegistration(placeOf(place), client),
  }
}
