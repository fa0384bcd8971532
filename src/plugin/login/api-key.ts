import { Secret } from "../../secret.ts"
import { LoginInputError } from "./target.ts"

const API_KEY = /^ksk_[A-Za-z0-9_-]{8,}$/

/** Whether a text is a Kiro API key. Everything else that may stand in auth.json is no key of ours. */
export function isApiKey(text: string): boolean {
  return API_KEY.test(text)
}

/** Throws `LoginInputError`, which never quotes what was typed. */
export function readApiKey(text: string | undefined): Secret {
  const key = (text ?? "").replaceAll(/\s+/g, "").replaceAll(/^(?:KIRO_API_KEY=)?["']?|["']$/g, "")
  if (!isApiKey(key)) throw new LoginInputError("That is not a Kiro API key: those begin with ksk_.")
  return new Secret(key)
}
