import type { AuthOAuthResult } from "@opencode-ai/plugin"
import { signInAtAws } from "./aws.ts"
import type { LoginDependencies } from "./dependencies.ts"
import { signInByImport } from "./import.ts"
import { adoptApiKey, signInByApiKey, tellOfAdopted } from "./keep-api-key.ts"
import { signInSocially } from "./social.ts"
import type { Answers } from "./target.ts"

/** The ways to sign in. What they throw has a message fit for people. */
export interface LoginMethods {
  aws(answers: Answers): Promise<AuthOAuthResult>
  social(answers: Answers): Promise<AuthOAuthResult>
  import(): Promise<AuthOAuthResult>
  apiKey(answers: Answers): Promise<AuthOAuthResult>
  /** Takes a key out of auth.json: the key itself before this resolves, the rest beside it. Never rejects. */
  adoptApiKey(): Promise<void>
}

export function createLogin(dependencies: LoginDependencies): LoginMethods {
  return {
    aws: (answers) => signInAtAws(dependencies, answers),
    social: (answers) => signInSocially(dependencies, answers),
    import: () => signInByImport(dependencies),
    apiKey: (answers) => signInByApiKey(dependencies, answers),
    async adoptApiKey() {
      const { log } = dependencies.runtime
      const failed = (error: unknown): void =>
        log.error("the API key in auth.json was not taken over", { error })
      try {
        const adopted = await adoptApiKey(dependencies)
        if (adopted !== undefined) tellOfAdopted(dependencies, adopted).catch(failed)
      } catch (error) {
        failed(error)
      }
    },
  }
}
