/**
 * What stands in OpenCode's auth.json instead of a token: it lists Kiro among the credentials and says nothing.
 * The accounts are in kiro.db.
 */
export const AUTH_MARKER = "kept-by-opencode-kiro-auth"

/** A finished sign-in as OpenCode stores it, in both front ends the same. */
export interface SignedIn {
  readonly type: "success"
  readonly key: string
}

export const SIGNED_IN: SignedIn = { type: "success", key: AUTH_MARKER }
