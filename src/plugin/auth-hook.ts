import type { AuthHook, AuthOAuthResult } from "@opencode-ai/plugin"
import { AUTH_MARKER, type Management } from "../host/index.ts"
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
  SIGN_IN_METHODS,
  type SignInMethod,
  SOCIAL_PROVIDERS,
} from "../login/input.ts"
import type { Log } from "../runtime.ts"
import type { Project } from "../settings/index.ts"
import { PROVIDER_ID } from "../version.ts"
import type { LoginToast } from "./toasts.ts"
import { present } from "../json.ts"

export type Prompts = NonNullable<AuthHook["methods"][number]["prompts"]>

/** One of the hook's methods: what is asked, and what is done with the answers. */
export interface Form {
  readonly prompts?: Prompts
  start(desk: LoginDesk, answers: Record<string, string>): Promise<SignIn>
}

export interface AuthHookOptions {
  defaults(): LoginDefaults
  /** To manage the accounts, as far as they are known by now; absent where there is none. */
  managing(): Form | undefined
  /** Takes the key out of OpenCode's auth.json. */
  adoptApiKey(desk: LoginDesk): Promise<void>
  /** Opened by the first use: a sign-in, or a key in auth.json. */
  desk(): Promise<LoginDesk>
}

/** What a sign-in needs of the instance. */
export interface LoginDesk {
  readonly logins: Logins
  readonly management: Management
  readonly project: Project
  readonly log: Log
  /** OpenCode's auth.json. */
  readonly authFile: string
  tell(toast: LoginToast): void
  /** Breaks what the host prints as it is. */
  fit(text: string): string
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
export function authHook({ defaults, managing, adoptApiKey, desk }: AuthHookOptions): AuthHook {
  const method = (label: string, { prompts, start }: Form): AuthHook["methods"][number] => ({
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
      const manage = managing()
      const prompts: Partial<Record<SignInMethod, Prompts>> = {
        aws: awsPrompts(defaults()),
        social: socialPrompts,
        "api-key": apiKeyPrompts,
      }
      return [
        ...SIGN_IN_METHODS.map((way) =>
          method(methodLabel(way), {
            ...present({ prompts: prompts[way] }),
            start: ({ logins }, answers) => logins.begin({ method: way, answers }),
          }),
        ),
        ...(manage === undefined ? [] : [method("Manage accounts", manage)]),
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
    instructions: desk.fit(instructions),
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
