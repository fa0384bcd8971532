import type { AuthHook } from "@opencode-ai/plugin"
import { isApiKey } from "./api-key.ts"
import { signInAtAws } from "./aws.ts"
import type { LoginDependencies } from "./dependencies.ts"
import { signInByImport } from "./import.ts"
import { adoptApiKey, signInByApiKey } from "./keep-api-key.ts"
import { PROVIDER_ID } from "../config/provider.ts"
import { apiKeyPrompts, awsPrompts, socialPrompts } from "./prompts.ts"
import { signInSocially } from "./social.ts"

/**
 * OpenCode's `auth` hook: the ways to sign in, in the order in which they are offered. All are of type `oauth`, also
 * the API key: only such a method is given what was typed, in both front ends; with type `api` the key itself would
 * land in auth.json. Where one stands there all the same, it is taken out when OpenCode reads its credentials.
 */
export function authHook(dependencies: LoginDependencies): AuthHook {
  return {
    provider: PROVIDER_ID,
    async loader(credential) {
      const stored = await credential()
      if (stored.type === "api" && isApiKey(stored.key)) await takeOver(dependencies)
      return {}
    },
    get methods() {
      return [
        {
          type: "oauth",
          label: "AWS Builder ID or IAM Identity Center",
          prompts: awsPrompts(dependencies.settings()),
          authorize: (answers = {}) => signInAtAws(dependencies, answers),
        },
        {
          type: "oauth",
          label: "Google or GitHub",
          prompts: socialPrompts,
          authorize: (answers = {}) => signInSocially(dependencies, answers),
        },
        {
          type: "oauth",
          label: "Import from kiro-cli or Kiro IDE",
          authorize: () => signInByImport(dependencies),
        },
        {
          type: "oauth",
          label: "API key",
          prompts: apiKeyPrompts,
          authorize: (answers = {}) => signInByApiKey(dependencies, answers),
        },
      ] satisfies AuthHook["methods"]
    },
  }
}

/** The key itself before the first message, the rest beside it. Never rejects: that would end every provider. */
async function takeOver(dependencies: LoginDependencies): Promise<void> {
  const { log } = dependencies.runtime
  const failed = (error: unknown): void => log.error("the API key in auth.json was not taken over", { error })
  try {
    const adopted = await adoptApiKey(dependencies)
    adopted?.learn().catch(failed)
  } catch (error) {
    failed(error)
  }
}
