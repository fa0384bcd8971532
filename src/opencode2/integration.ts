import { createHash } from "node:crypto"
import { AUTH_MARKER, type Host } from "../host/index.ts"
import { asObject, isObject, messageOf, present } from "../json.ts"
import type { NewSignIn, SignIn } from "../login/index.ts"
import {
  askedForAws,
  isApiKey,
  type LoginDefaults,
  methodLabel,
  SIGN_IN_METHODS,
  type SignInMethod,
  SOCIAL_PROVIDERS,
} from "../login/input.ts"
import { atMost } from "../runtime.ts"
import { Secret } from "../secret.ts"
import { PROVIDER_ID } from "../version.ts"
import { answerOf, methodOf, textIn } from "./context.ts"
import { change, isHostDraft } from "./models.ts"

/** No refresh is ever asked for. */
const NEVER = Date.UTC(2100, 0, 1) - 1

interface Field {
  readonly key: string
  readonly type: "string"
  readonly title: string
  readonly description?: string
  readonly placeholder?: string
  readonly pattern?: string
  readonly required?: boolean
  readonly default?: string
  readonly options?: readonly { readonly value: string; readonly label: string }[]
}

/** For an integration transform: the ways to sign in, in the order in which they are offered. */
export function offerLogins(host: Host, signedIn: () => void): (editor: unknown) => void {
  const names = new Map<string, string>()
  const forms: Partial<Record<SignInMethod, readonly Field[]>> = {
    aws: awsForm(host.settings()),
    social: SOCIAL_FORM,
    "api-key": API_KEY_FORM,
  }
  return (editor) => {
    methodOf(editor, "update")?.(PROVIDER_ID, (integration: unknown) => {
      return isHostDraft(integration) ? change(integration, { name: "Kiro" }) : undefined
    })
    for (const id of SIGN_IN_METHODS)
      methodOf(
        editor,
        "method",
        "update",
      )?.({
        integrationID: PROVIDER_ID,
        // The API key's too: a method of type `key` would leave the key itself with OpenCode.
        method: { id, type: "oauth", label: methodLabel(id), ...present({ form: forms[id] }) },
        label: (credential: unknown) => names.get(textIn(credential, "access") ?? ""),
        async authorize(answer: unknown) {
          const wanted = { method: id, answers: answersIn(answer) }
          const signIn = await begin(host, wanted).catch(neverBegun)
          const callback = credentialOf(signIn, id, async (accountId) => {
            const { management } = await host.services()
            const account = (await management.list()).find((each) => each.id === accountId)
            if (account !== undefined) names.set(markerOf(accountId), account.name)
            signedIn()
          })
          // The host drops a sign-in that its user leaves: then nobody hears how it ended.
          callback.catch((error: unknown) => host.log.info("a sign-in was not finished", { error }))
          const { url, instructions, expiresAt } = signIn
          return {
            url,
            instructions,
            ...present({ expiresAt }),
            device: true,
            mode: "auto",
            callback,
          }
        },
      })
  }
}

async function begin(host: Host, wanted: NewSignIn): Promise<SignIn> {
  return (await host.services()).logins.begin(wanted)
}

/** Of an `authorize` that rejects, OpenCode 2.0.20 shows no word: what can't begin is a sign-in that ends at once. */
function neverBegun(error: unknown): SignIn {
  const complete = async (): Promise<never> => {
    throw error
  }
  return { url: "", instructions: messageOf(error), complete }
}

async function credentialOf(
  signIn: SignIn,
  methodID: string,
  done: (accountId: string) => Promise<void>,
): Promise<object> {
  const { accountId } = await signIn.complete()
  await done(accountId)
  const marker = markerOf(accountId)
  return { type: "oauth", methodID, refresh: marker, access: marker, expires: NEVER }
}

/**
 * The marker names the account, by a hash, because an id of another program may hold what nobody should read. One without
 * a name may have been taken over from the auth.json of OpenCode 1.
 */
function markerOf(id: string): string {
  return `${AUTH_MARKER}:${createHash("sha256").update(id).digest("hex").slice(0, 16)}`
}

function answersIn(answer: unknown): NewSignIn["answers"] {
  const fields = Object.entries(asObject(answer))
  return Object.fromEntries(
    fields.flatMap(([key, value]) => (typeof value === "string" ? [[key, value]] : [])),
  )
}

/**
 * `when` is left out of the forms: versions of the host spell it differently. A pattern takes whatever the reader
 * behind it takes, blank included where the field may be.
 */
function awsForm(defaults: LoginDefaults): readonly Field[] {
  const { start_url, login_region, profile_arn } = askedForAws(defaults)
  return [
    {
      key: "start_url",
      type: "string",
      ...start_url,
      pattern: String.raw`^\s*$|^\s*[<"'\x60]?(?:https?:\/\/)?[^\s\/]+\.[^\s]+\s*$|^\s*[dD]-[0-9a-zA-Z]{6,}\s*$|^\s*(?:[aA][wW][sS][\s_\-]*)?[bB]uilder[\s_\-]*[iI][dD]\s*$`,
    },
    {
      key: "login_region",
      type: "string",
      ...login_region,
      title: `${login_region.title} (blank for AWS Builder ID)`,
      pattern: String.raw`^\s*$|^\s*[a-zA-Z]{2,4}(?:[\s_\-]+[a-zA-Z]+){1,3}[\s_\-]+[0-9]{1,2}\s*$`,
    },
    {
      key: "profile_arn",
      type: "string",
      ...profile_arn,
      pattern: String.raw`^\s*$|^\s*arn:aws[a-z\-]*:codewhisperer:[a-z0-9\-]+:[0-9]{12}:profile\/[A-Za-z0-9._\-]+\s*$`,
    },
  ]
}

const SOCIAL_FORM: readonly Field[] = [
  {
    key: "provider",
    type: "string",
    title: "Sign in with",
    required: true,
    default: "Google",
    options: SOCIAL_PROVIDERS,
  },
]

const API_KEY_FORM: readonly Field[] = [
  {
    key: "api_key",
    type: "string",
    title: "API key",
    required: true,
    placeholder: "ksk_…",
    pattern: String.raw`^\s*(?:KIRO_API_KEY=)?["']?ksk_[A-Za-z0-9_\-]{8,}["']?\s*$`,
  },
]

/** What OpenCode's credentials say of our accounts. */
export interface Connections {
  /** Reads them again, takes in a key that stands there, and says of the one in use whether its account wants a login. */
  look(): Promise<void>
  /**
   * The account that was chosen with `opencode auth switch`, for new conversations. Waits for a look that is under
   * way: the message behind a switch, or behind the start, may be as quick.
   */
  chosen(): Promise<string | undefined>
}

/** A key that is taken in, or a host that does not answer, holds no message for longer. */
const LOOKED_WITHIN_MS = 1000

export function readConnections(host: Host, context: unknown): Connections {
  const active = methodOf(context, "integration", "connection", "active")
  const tell = methodOf(context, "integration", "connection", "status")
  let chosen: string | undefined
  /** What each connection says. One that was never told anything may still say what was told before a reload. */
  const told = new Map<string, string | undefined>()

  const lookOnce = async (): Promise<void> => {
    if (active === undefined) return
    const connection = answerOf(await active(PROVIDER_ID))
    if (!isObject(connection)) return void (chosen = undefined)
    const own = await ownOf(context, connection)
    const meant = await accountOf(host, own)
    chosen = meant.state === "known" && (await hasOther(context, own)) ? meant.accountId : undefined
    if (meant.state === "unknown") return
    const accounts = await (await host.services()).management.list()
    const message =
      meant.state === "removed" ? REMOVED : accounts.find(({ id }) => id === meant.accountId)?.need
    const name = textIn(connection, "id") ?? ""
    if (told.has(name) && told.get(name) === message) return
    await tell?.({
      integrationID: PROVIDER_ID,
      connection,
      status: message === undefined ? undefined : { status: "needs_auth", message },
    })
    told.set(name, message)
  }
  let last: Promise<void> = Promise.resolve()
  let looked: Promise<unknown> = last
  return {
    look() {
      // One after the other: the last that began says what counts.
      last = last.then(lookOnce, lookOnce)
      looked = atMost(LOOKED_WITHIN_MS, last, host.clock).catch(() => undefined)
      return last
    },
    async chosen() {
      await looked
      return chosen
    },
  }
}

/** What a credential of OpenCode's is to us. `removed`: its user has taken it away here, and it is used no more. */
type Meant =
  | { readonly state: "known"; readonly accountId: string }
  | { readonly state: "removed" }
  /** Of another plugin or version. */
  | { readonly state: "unknown" }

const REMOVED =
  "This Kiro sign-in was removed. Sign in again, or take it out of this list with `opencode auth logout`."

/**
 * What is ours behind a connection of the host's. What it finds in a variable of the environment is not: `KIRO_API_KEY` is
 * read by ourselves, and no key that stands there is kept.
 */
async function ownOf(context: unknown, connection: unknown): Promise<string | undefined> {
  if (textIn(connection, "type") === "env") return undefined
  const resolve = methodOf(context, "integration", "connection", "resolve")
  return ownIn(answerOf(await resolve?.(connection)))
}

/** What is ours in a credential of the host's: an API key, or the marker of a sign-in. */
function ownIn(credential: unknown): string | undefined {
  const texts = [textIn(credential, "key"), textIn(credential, "access")]
  return texts.find((text) => text !== undefined && (isApiKey(text) || text.startsWith(`${AUTH_MARKER}:`)))
}

async function accountOf(host: Host, own: string | undefined): Promise<Meant> {
  if (own === undefined) return { state: "unknown" }
  if (isApiKey(own)) {
    const accountId = await (await host.services()).logins.accountOfKey(new Secret(own))
    return accountId === undefined ? { state: "removed" } : { state: "known", accountId }
  }
  const { store } = (await host.services()).accounts
  // An account that joined another one is found by its marker too.
  const account = (await store.listAll()).find(({ id, record }) =>
    [id, ...(record?.joined ?? [])].some((each) => markerOf(each) === own),
  )
  if (account === undefined) return { state: "unknown" }
  return account.removedAt === undefined ? { state: "known", accountId: account.id } : { state: "removed" }
}

/** Whether the host also has a sign-in to another account: else there is nothing that could have been chosen. */
async function hasOther(context: unknown, own: string | undefined): Promise<boolean> {
  const got = await methodOf(context, "integration", "get")?.({ integrationID: PROVIDER_ID })
  const { connections } = asObject(answerOf(got))
  const names = (Array.isArray(connections) ? connections : []).map((each) => ownOf(context, each))
  // One of another plugin may be refused where it is renewed.
  const known = await Promise.allSettled(names)
  return known.some((name) => name.status === "fulfilled" && name.value !== undefined && name.value !== own)
}
