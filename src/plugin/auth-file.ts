import { realpath } from "node:fs/promises"
import { AUTH_MARKER } from "../host/index.ts"
import { isObject, type JsonObject, parseJson, stringField } from "../json.ts"
import { isApiKey } from "../login/input.ts"
import { Secret } from "../secret.ts"
import { readSmallFile, replaceFile } from "../settings/index.ts"
import { PROVIDER_ID } from "../version.ts"
import type { LoginDesk } from "./auth-hook.ts"

/** Takes a key out of auth.json: the key itself before this resolves, what Kiro says of it beside it. Never rejects. */
export async function adoptApiKey({ logins, log, authFile, tell }: LoginDesk): Promise<void> {
  const failed = (error: unknown): void => log.error("the API key in auth.json was not taken over", { error })
  try {
    const learn = await moveApiKey(authFile, (key) => logins.keepApiKey(key))
    if (learn !== undefined) learn().then(tell).catch(failed)
  } catch (error) {
    failed(error)
  }
}

/**
 * Moves a Kiro API key out of OpenCode's auth.json: `keep` gets it first, then the marker takes its place. A file
 * that is missing, malformed or holds no such key is left as it is.
 */
export async function moveApiKey<Kept>(
  authFile: string,
  keep: (key: Secret) => Promise<Kept>,
): Promise<Kept | undefined> {
  const key = apiKeyIn(readAuthFile(authFile))
  if (key === undefined) return undefined
  const kept = await keep(key)
  // Read again: OpenCode may have written other entries meanwhile.
  const document = readAuthFile(authFile)
  if (document === undefined || apiKeyIn(document)?.equals(key) !== true) return kept
  const entry = { type: "api", key: AUTH_MARKER }
  const text = `${JSON.stringify({ ...document, [PROVIDER_ID]: entry }, null, 2)}\n`
  // A link stays a link.
  await replaceFile({ path: await realpath(authFile), text, unique: crypto.randomUUID() })
  return kept
}

function readAuthFile(authFile: string): JsonObject | undefined {
  const file = readSmallFile(authFile)
  if (file.state === "missing") return undefined
  if (file.state === "failed") throw new Error(`${authFile} ${file.message}`)
  const document = parseJson(file.text)
  return isObject(document) ? document : undefined
}

function apiKeyIn(document: JsonObject | undefined): Secret | undefined {
  const entry = document?.[PROVIDER_ID]
  if (!isObject(entry) || entry["type"] !== "api") return undefined
  const key = stringField(entry, "key")
  return key !== undefined && isApiKey(key) ? new Secret(key) : undefined
}
