import type { AuthHook } from "@opencode-ai/plugin"
import { PROVIDER_ID } from "../config/provider.ts"
import { isApiKey } from "./api-key.ts"
import type { LoginMethods } from "./methods.ts"
import { apiKeyPrompts, awsPrompts, socialPrompts } from "./prompts.ts"
import type { LoginDefaults } from "./target.ts"

export interface AuthHookOptions {
  defaults(): LoginDefaults
  /** Opened by the first use: a sign-in, or a key in auth.json. */
  methods(): Promise<LoginMethods>
}

/**
 * OpenCode's `auth` hook: the ways to sign in, in the order in which they are offered. All are of type `oauth`, also
 * the API key: only such a method is given what was typed, in both front ends; with type `api` the key itself would
 * land in auth.json. Where one stands there all the same, it is taken out when OpenCode reads its credentials.
 */
export function authHook({ defaults, methods }: AuthHookOptions): AuthHook {
  return {
    provider: PROVIDER_ID,
    async loader(credential) {
      const stored = await credential()
      if (stored.type === "api" && isApiKey(stored.key)) await (await methods()).adoptApiKey()
      return {}
    },
    get methods() {
      return [
        {
          type: "oauth",
          label: "AWS Builder ID or IAM Identity Center",
          prompts: awsPrompts(defaults()),
          authorize: async (answers = {}) => (await methods()).aws(answers),
        },
        {
          type: "oauth",
          label: "Google or GitHub",
          prompts: socialPrompts,
          authorize: async (answers = {}) => (await methods()).social(answers),
        },
        {
          type: "oauth",
          label: "Import from kiro-cli or Kiro IDE",
          authorize: async () => (await methods()).import(),
        },
        {
          type: "oauth",
          label: "API key",
          prompts: apiKeyPrompts,
          authorize: async (answers = {}) => (await methods()).apiKey(answers),
        },
      ] satisfies AuthHook["methods"]
    },
  }
}
