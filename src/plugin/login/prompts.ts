import type { AuthHook } from "@opencode-ai/plugin"
import { readApiKey } from "./api-key.ts"
import { readStartUrl } from "./start-url.ts"
import { LoginInputError, readProfileArn, readRegion, type LoginDefaults } from "./target.ts"

type Prompts = NonNullable<AuthHook["methods"][number]["prompts"]>

/**
 * Asked by both front ends. Only `when` is used, which both honour; a blank start URL takes its region and profile
 * from the settings, so the other two are then asked only where the settings leave something open.
 */
export function awsPrompts(defaults: LoginDefaults): Prompts {
  const typed = { key: "start_url", op: "neq", value: "" } as const
  const open = defaults.idcStartUrl !== undefined && defaults.idcRegion === undefined
  const condition = open ? {} : { when: typed }
  return [
    {
      type: "text",
      key: "start_url",
      message:
        defaults.idcStartUrl === undefined
          ? "IAM Identity Center start URL (leave blank for AWS Builder ID)"
          : `Start URL (leave blank for ${defaults.idcStartUrl}, or type builder-id)`,
      placeholder: defaults.idcStartUrl ?? "https://d-1234567890.awsapps.com/start",
      validate: (text) => (text.trim() === "" ? undefined : refusalOf(() => refuse(readStartUrl(text)))),
    },
    {
      type: "text",
      key: "login_region",
      message: "Region of your IAM Identity Center",
      placeholder: defaults.idcRegion ?? defaults.defaultRegion,
      ...condition,
      validate: (text) => (text.trim() === "" ? undefined : refusalOf(() => readRegion(text))),
    },
    {
      type: "text",
      key: "profile_arn",
      message: "Kiro profile ARN (blank: look it up)",
      placeholder: defaults.idcProfileArn ?? "arn:aws:codewhisperer:…:profile/…",
      ...condition,
      validate: (text) => refusalOf(() => readProfileArn(text)),
    },
  ]
}

export const socialPrompts: Prompts = [
  {
    type: "select",
    key: "provider",
    message: "Sign in with",
    options: [
      { label: "Google", value: "Google" },
      { label: "GitHub", value: "Github" },
    ],
  },
]

export const apiKeyPrompts: Prompts = [
  {
    type: "text",
    key: "api_key",
    message: "Enter your API key (ksk_…)",
    placeholder: "ksk_…",
    validate: (text) => refusalOf(() => readApiKey(text)),
  },
]

function refuse(address: ReturnType<typeof readStartUrl>): void {
  if (address.kind === "refused") throw new LoginInputError(address.message)
}

function refusalOf(read: () => unknown): string | undefined {
  try {
    read()
    return undefined
  } catch (error) {
    if (error instanceof LoginInputError) return error.message
    throw error
  }
}
