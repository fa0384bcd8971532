import type { RevokedReason } from "./account.ts"

interface RevokedWords {
  /** For a line of a list. */
  readonly short: string
  /** For a notice: its title, and the sentence that follows the account's name. */
  readonly title: string
  readonly variant: "warning" | "error"
  readonly sentence: (name: string, because: string) => string
}

const SIGN_IN = "Run `opencode auth login` and choose Kiro, or log in with kiro-cli."

/** What the user is told of an account that needs a person, wherever it is not the answer to a message. */
export const REVOKED_WORDS: Readonly<Record<RevokedReason, RevokedWords>> = {
  suspended: {
    short: "suspended by AWS",
    title: "Kiro account suspended",
    variant: "error",
    sentence: (name) =>
      `AWS has suspended ${name}. Contact AWS support; it is not used until you enable it again.`,
  },
  "login-expired": {
    short: "login needed",
    title: "Kiro login needed",
    variant: "warning",
    sentence: (name, because) => `${name}: ${because}. ${SIGN_IN}`,
  },
  "api-key-refused": {
    short: "API key refused",
    title: "Kiro login needed",
    variant: "warning",
    sentence: (name, because) => `${name}: ${because}. ${SIGN_IN}`,
  },
}
