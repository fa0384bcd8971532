import { createHash } from "node:crypto"
import type { Account } from "../accounts/index.ts"
import { type Host, PROVIDER_ID } from "../host/index.ts"
import { isObject, stringField } from "../json.ts"
import type { Logins, SignIn } from "../login/index.ts"
import { isApiKey, type LoginDefaults } from "../login/input.ts"
import { Secret } from "../secret.ts"
import { answerOf, methodOf, textIn } from "./context.ts"

/**
 * What stands in OpenCode's credentials instead of a token: it names the account, and is good for nothing else. That
 * of OpenCode 1, which has no name behind it, may have been taken over from its auth.json.
 */
const MARKER = "kept-by-opencode-kiro-auth"

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
  const methods = [
    {
      id: "aws",
      label: "AWS Builder ID or IAM Identity Center",
      form: awsForm(host.settings()),
      start: (logins: Logins, answers: Answers) => logins.aws(answers),
    },
    {
      id: "social",
      label: "Google or GitHub",
      form: SOCIAL_FORM,
      start: (logins: Logins, answers: Answers) => logins.social(answers),
    },
    {
      id: "import",
      label: "Import from kiro-cli or Kiro IDE",
      start: (logins: Logins) => logins.imported(),
    },
    // Of type `oauth` too: a method of type `key` would leave the key itself with OpenCode.
    {
      id: "api-key",
      label: "API key",
      form: API_KEY_FORM,
      start: (logins: Logins, answers: Answers) => logins.apiKey(answers),
    },
  ]
  return (editor) => {
    methodOf(editor, "update")?.(PROVIDER_ID, (integration: unknown) => {
      if (isObject(integration)) Object.assign(integration, { name: "Kiro" })
    })
    for (const { id, label, form, start } of methods)
      methodOf(
        editor,
        "method",
        "update",
      )?.({
        integrationID: PROVIDER_ID,
        method: { id, type: "oauth", label, ...(form === undefined ? {} : { form }) },
        label: (credential: unknown) => names.get(textIn(credential, "access") ?? ""),
        async authorize(answer: unknown) {
          const { logins, accounts } = await host.services()
          const signIn = await start(logins, answersIn(answer))
          const callback = credentialOf(signIn, id, async (accountId) => {
            const account = await accounts.store.get(accountId)
            const { accountName } = await import("./account-words.ts")
            if (account !== undefined) names.set(markerOf(account), accountName(account))
            signedIn()
            return account
          })
          // The host drops a sign-in that its user leaves: then nobody hears how it ended.
          callback.catch((error: unknown) => host.log.info("a sign-in was not finished", { error }))
          const { url, instructions, expiresAt } = signIn
          return {
            url,
            instructions,
            ...(expiresAt === undefined ? {} : { expiresAt }),
            device: true,
            mode: "auto",
            callback,
          }
        },
      })
  }
}

async function credentialOf(
  signIn: SignIn,
  methodID: string,
  find: (accountId: string) => Promise<Account | undefined>,
): Promise<object> {
  const { accountId } = await signIn.complete()
  const account = await find(accountId)
  const marker = account === undefined ? MARKER : markerOf(account)
  return { type: "oauth", methodID, refresh: marker, access: marker, expires: NEVER }
}

/** A hash, because an id of another program may hold what nobody should read. */
function markerOf({ id }: Pick<Account, "id">): string {
  return `${MARKER}:${createHash("sha256").update(id).digest("hex").slice(0, 16)}`
}

type Answers = Readonly<Record<string, string>>

function answersIn(answer: unknown): Answers {
  const fields = isObject(answer) ? Object.entries(answer) : []
  return Object.fromEntries(
    fields.flatMap(([key, value]) => (typeof value === "string" ? [[key, value]] : [])),
  )
}

/**
 * `when` is left out of the forms: versions of the host spell it differently. A pattern takes whatever the reader
 * behind it takes, blank included where the field may be.
 */
function awsForm({ idcStartUrl, idcRegion, defaultRegion }: LoginDefaults): readonly Field[] {
  return [
    {
      key: "start_url",
      type: "string",
      title:
        idcStartUrl === undefined
          ? "IAM Identity Center start URL (leave blank for AWS Builder ID)"
          : `Start URL (leave blank for ${idcStartUrl}, or type builder-id)`,
      placeholder: idcStartUrl ?? "https://d-1234567890.awsapps.com/start",
      pattern: String.raw`^\s*$|^\s*[<"'\x60]?(?:https?:\/\/)?[^\s\/]+\.[^\s]+\s*$|^\s*[dD]-[0-9a-zA-Z]{6,}\s*$|^\s*(?:[aA][wW][sS][\s_\-]*)?[bB]uilder[\s_\-]*[iI][dD]\s*$`,
    },
    {
      key: "login_region",
      type: "string",
      title: "Region of your IAM Identity Center (blank for AWS Builder ID)",
      placeholder: idcRegion ?? defaultRegion,
      pattern: String.raw`^\s*$|^\s*[a-zA-Z]{2,4}(?:[\s_\-]+[a-zA-Z]+){1,3}[\s_\-]+[0-9]{1,2}\s*$`,
    },
    {
      key: "profile_arn",
      type: "string",
      title: "Kiro profile ARN (blank: look it up)",
      placeholder: "arn:aws:codewhisperer:…:profile/…",
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
    options: [
      { value: "Google", label: "Google" },
      { value: "Github", label: "GitHub" },
    ],
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
   * The account that was chosen with `opencode auth switch`, for new conversations. With one sign-in there is nothing
   * that could have been chosen.
   */
  chosen(): string | undefined
}

export function readConnections(host: Host, context: unknown): Connections {
  const active = methodOf(context, "integration", "connection", "active")
  const resolve = methodOf(context, "integration", "connection", "resolve")
  const tell = methodOf(context, "integration", "connection", "status")
  let chosen: string | undefined
  let told: string | undefined

  const lookOnce = async (): Promise<void> => {
    if (active === undefined || resolve === undefined) return
    const connection = answerOf(await active(PROVIDER_ID))
    if (!isObject(connection)) return void (chosen = undefined)
    const credential = answerOf(await resolve(connection))
    const key = isObject(credential) ? stringField(credential, "key") : undefined
    const marker = textIn(credential, "access")
    let account: Account | undefined
    if (key !== undefined && isApiKey(key)) account = await accountOfKey(host, new Secret(key))
    else if (marker?.startsWith(`${MARKER}:`) === true) account = await accountOfMarker(host, marker)
    else return void (chosen = undefined)
    chosen = (await signIns(context)) > 1 ? account?.id : undefined
    const { needOf } = await import("./account-words.ts")
    const message = account === undefined ? undefined : needOf(account, host.clock.now())
    if (message === told) return
    told = message
    await tell?.({
      integrationID: PROVIDER_ID,
      connection,
      status: message === undefined ? undefined : { status: "needs_auth", message },
    })
  }
  let last: Promise<void> = Promise.resolve()
  return {
    // One after the other: two at once would take a key in twice.
    look: () => (last = last.then(lookOnce, lookOnce)),
    chosen: () => chosen,
  }
}

async function accountOfMarker(host: Host, marker: string): Promise<Account | undefined> {
  const { store } = (await host.services()).accounts
  return (await store.list()).find(({ id, record }) =>
    [id, ...(record?.joined ?? [])].some((each) => markerOf({ id: each }) === marker),
  )
}

/**
 * A key that was given to OpenCode itself is taken in once. It stays there, which offers no way to take it out: so it
 * does not bring an account back that the user has removed.
 */
async function accountOfKey(host: Host, key: Secret): Promise<Account | undefined> {
  const { accounts, logins } = await host.services()
  const { loginHash } = await import("./account-words.ts")
  const hash = loginHash({ kind: "api-key", id: "", source: "own", key })
  for (const account of await accounts.store.listAll()) {
    if (account.logins.some((login) => login.kind === "api-key" && login.key.equals(key))) return account
    if (account.forgotten?.some(({ fingerprint }) => fingerprint === hash) === true) return undefined
  }
  const learn = await logins.keepApiKey(key)
  const { message, accountId } = await learn()
  host.log.info(message)
  return accounts.store.get(accountId)
}

async function signIns(context: unknown): Promise<number> {
  const got = await methodOf(context, "integration", "get")?.({ integrationID: PROVIDER_ID })
  const integration = answerOf(got)
  const connections = isObject(integration) ? integration["connections"] : undefined
  return Array.isArray(connections) ? connections.length : 0
}
