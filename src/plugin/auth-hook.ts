import type { AuthHook, AuthOAuthResult } from "@opencode-ai/plugin"
import { type AccountAct, type AccountLine, type Management, PROVIDER_ID } from "../host/index.ts"
import type { Logins, SignIn } from "../login/index.ts"
import {
  askedForAws,
  isApiKey,
  LoginError,
  type LoginDefaults,
  methodLabel,
  readApiKey,
  readProfileArn,
  readRegion,
  readStartUrl,
  SOCIAL_PROVIDERS,
} from "../login/input.ts"
import type { Log } from "../runtime.ts"
import { AUTH_MARKER, moveApiKey } from "./auth-file.ts"
import type { LoginToast } from "./toasts.ts"
import { present } from "../json.ts"

export interface AuthHookOptions {
  defaults(): LoginDefaults
  /** As far as they are known by now. */
  accounts(): readonly AccountLine[]
  /** Opened by the first use: a sign-in, or a key in auth.json. */
  desk(): Promise<LoginDesk>
}

/** What a sign-in needs of the instance. */
export interface LoginDesk {
  readonly logins: Logins
  readonly management: Management
  /** Where OpenCode works. */
  readonly directory: string
  readonly log: Log
  /** OpenCode's auth.json. */
  readonly authFile: string
  tell(toast: LoginToast): void
  /** Aborted when the plugin instance ends. */
  readonly signal: AbortSignal
  /** The accounts, or what is said of them, may be others now. */
  changed(): void
}

/**
 * OpenCode's `auth` hook: the ways to sign in, in the order in which they are offered. All are of type `oauth`, also
 * the API key: only such a method is given what was typed, in both front ends; with type `api` the key itself would
 * land in auth.json. Where one stands there all the same, it is taken out when OpenCode reads its credentials.
 */
export function authHook({ defaults, accounts, desk }: AuthHookOptions): AuthHook {
  const method = (
    label: string,
    start: (desk: LoginDesk, answers: Record<string, string>) => Promise<SignIn>,
    prompts?: Prompts,
  ): AuthHook["methods"][number] => ({
    type: "oauth",
    label,
    ...present({ prompts }),
    async authorize(answers = {}) {
      const at = await desk()
      return offer(at, () => start(at, answers))
    },
  })
  return {
    provider: PROVIDER_ID,
    async loader(credential) {
      const stored = await credential()
      if (stored.type === "api" && isApiKey(stored.key)) await adoptApiKey(await desk())
      return {}
    },
    get methods() {
      return [
        method(methodLabel("aws"), ({ logins }, answers) => logins.aws(answers), awsPrompts(defaults())),
        method(methodLabel("social"), ({ logins }, answers) => logins.social(answers), socialPrompts),
        method(methodLabel("import"), ({ logins }) => logins.imported()),
        method(methodLabel("api-key"), ({ logins }, answers) => logins.apiKey(answers), apiKeyPrompts),
        // Nothing to manage, nothing to choose from.
        ...(accounts().length === 0 ? [] : [method("Manage accounts", manage, managePrompts(accounts()))]),
      ]
    },
  }
}

/** What OpenCode stores of a finished sign-in. */
const SIGNED_IN = { type: "success", key: AUTH_MARKER } as const

/** A sign-in as both front ends show it: they print the page and the instructions, then wait for the callback. */
async function offer(desk: LoginDesk, start: () => Promise<SignIn>): Promise<AuthOAuthResult> {
  const signIn = await told(desk, start)
  const { url, instructions } = signIn
  return {
    method: "auto",
    url,
    instructions,
    callback: () =>
      told(desk, async () => {
        const { message, variant } = await signIn.complete()
        desk.tell({ message, variant, printed: message === instructions })
        desk.changed()
        return SIGNED_IN
      }),
  }
}

/** `opencode auth login` prints what is thrown; the terminal UI does not, so it is told as well. */
async function told<Result>({ tell, signal }: LoginDesk, step: () => Promise<Result>): Promise<Result> {
  try {
    return await step()
  } catch (error) {
    if (error instanceof LoginError && !signal.aborted) tell({ message: error.message, variant: "error" })
    throw error
  }
}

type Deed = "use-for-project" | "rename" | "enable" | "disable" | "sign-in" | "profile" | "remove"

/** In the form of a sign-in: what was done stands where that shows what to do. */
async function manage(
  { management, directory }: LoginDesk,
  answers: Record<string, string>,
): Promise<SignIn> {
  const { account = "", name = "", profile = "", sure = "" } = answers
  const deed = answers["deed"] as Deed | undefined
  const act = async (wanted: AccountAct): Promise<SignIn> => {
    const { outcome, message } = await management.act(wanted)
    if (outcome === "refused") throw new LoginError(message)
    return said(message, account)
  }
  switch (deed) {
    case "use-for-project":
      return act({ act: "use-for-project", account, project: directory })
    case "rename":
      return act({ act: "rename", account, name })
    case "enable":
    case "disable":
      return act({ act: deed, account })
    case "sign-in":
      return inWords(() => management.signInAgain(account))
    case "profile": {
      const profiles = await inWords(() => management.profiles(account))
      if (profiles.length === 0) return said("This account has no profiles, and needs none.", account)
      const chosen = profiles[Number(profile.trim()) - 1]
      if (chosen !== undefined) return act({ act: "choose-profile", account, profileArn: chosen.arn })
      const lines = profiles.map(({ name: title, region }, index) => `${index + 1}. ${title} in ${region}`)
      return said([...lines, "Choose one by its number."].join("\n"), account)
    }
    case "remove":
      if (!/^y(?:es)?$/i.test(sure.trim())) throw new LoginError("Nothing was removed.")
      return act({ act: "remove", account })
    case undefined:
      throw new LoginError("Choose what to do with the account.")
    default:
      deed satisfies never
      throw new LoginError("Choose what to do with the account.")
  }
}

function said(message: string, accountId: string): SignIn {
  const complete: SignIn["complete"] = async () => ({ message, variant: "success", accountId })
  return { url: "", instructions: message, complete }
}

async function inWords<Result>(step: () => Promise<Result>): Promise<Result> {
  try {
    return await step()
  } catch (error) {
    throw error instanceof Error ? new LoginError(error.message, { cause: error }) : error
  }
}

function managePrompts(accounts: readonly AccountLine[]): Prompts {
  const deeds: readonly (readonly [Deed, string])[] = [
    ["use-for-project", "Use for this project"],
    ["rename", "Rename"],
    ["disable", "Switch off: kept, but not used"],
    ["enable", "Switch on"],
    ["sign-in", "Sign in again"],
    ["profile", "Choose a profile"],
    ["remove", "Remove"],
  ]
  const whenDeed = (value: Deed) => ({ when: { key: "deed", op: "eq", value } }) as const
  return [
    {
      type: "select",
      key: "account",
      message: "Account",
      // The host shows a hint of the one row that is chosen: what is wrong with the others is seen in their labels.
      options: accounts.map(({ id, name, state, hindrance }) => ({
        label: hindrance === undefined ? name : `${name}: ${hindrance}`,
        value: id,
        hint: state,
      })),
    },
    {
      type: "select",
      key: "deed",
      message: "What to do",
      options: deeds.map(([value, label]) => ({ label, value })),
    },
    { type: "text", key: "name", message: "New name (blank: its own)", ...whenDeed("rename") },
    {
      type: "text",
      key: "profile",
      message: "Number of the profile (blank: list them)",
      ...whenDeed("profile"),
    },
    {
      type: "text",
      key: "sure",
      message: 'What is stored of it here is deleted. Type "yes" to remove it',
      ...whenDeed("remove"),
    },
  ]
}

/** Takes a key out of auth.json: the key itself before this resolves, what Kiro says of it beside it. Never rejects. */
async function adoptApiKey({ logins, log, authFile, tell }: LoginDesk): Promise<void> {
  const failed = (error: unknown): void => log.error("the API key in auth.json was not taken over", { error })
  try {
    const learn = await moveApiKey(authFile, (key) => logins.keepApiKey(key))
    if (learn !== undefined) learn().then(tell).catch(failed)
  } catch (error) {
    failed(error)
  }
}

type Prompts = NonNullable<AuthHook["methods"][number]["prompts"]>

/**
 * Asked by both front ends. Only `when` is used, which both honour; a blank start URL takes its region and profile
 * from the settings, so the other two are then asked only where the settings leave something open.
 */
function awsPrompts(defaults: LoginDefaults): Prompts {
  const typed = { key: "start_url", op: "neq", value: "" } as const
  const open = defaults.idcStartUrl !== undefined && defaults.idcRegion === undefined
  const condition = open ? {} : { when: typed }
  const { start_url, login_region, profile_arn } = askedForAws(defaults)
  return [
    {
      type: "text",
      key: "start_url",
      message: start_url.title,
      placeholder: start_url.placeholder,
      validate: (text) => (text.trim() === "" ? undefined : refusalOf(() => expectStartUrl(text))),
    },
    {
      type: "text",
      key: "login_region",
      message: login_region.title,
      placeholder: login_region.placeholder,
      ...condition,
      validate: (text) => (text.trim() === "" ? undefined : refusalOf(() => readRegion(text))),
    },
    {
      type: "text",
      key: "profile_arn",
      message: profile_arn.title,
      placeholder: profile_arn.placeholder,
      ...condition,
      validate: (text) => refusalOf(() => readProfileArn(text)),
    },
  ]
}

const socialPrompts: Prompts = [
  {
    type: "select",
    key: "provider",
    message: "Sign in with",
    options: [...SOCIAL_PROVIDERS],
  },
]

const apiKeyPrompts: Prompts = [
  {
    type: "text",
    key: "api_key",
    message: "Enter your API key (ksk_…)",
    placeholder: "ksk_…",
    validate: (text) => refusalOf(() => readApiKey(text)),
  },
]

function expectStartUrl(text: string): void {
  const address = readStartUrl(text)
  if (address.kind === "refused") throw new LoginError(address.message)
}

function refusalOf(read: () => unknown): string | undefined {
  try {
    read()
    return undefined
  } catch (error) {
    if (error instanceof LoginError) return error.message
    throw error
  }
}
