import { derivedLoginId, type LoginSource, type TokenLogin } from "../../accounts/index.ts"
import { type JsonObject, stringField } from "../../json.ts"
import { readExternalClient } from "../external-idp.ts"
import type { FileLogin } from "../login-file.ts"
import { BUILDER_ID_REGION, identityCenterUrl } from "../region.ts"
import { registrationOf, type StoredRegistration } from "../registration.ts"
import { readTokenDocument } from "../token-document.ts"

/** What lies beside a token file. */
export interface IdeSurroundings {
  /** The registration file that `clientIdHash` names. */
  registration(clientIdHash: string): StoredRegistration | undefined
  readonly profileArn: string | undefined
}

/** The one login of a Kiro IDE token file. The case of `authMethod` varies. */
export function readIdeLogin({
  source,
  file,
  text,
  surroundings,
}: {
  readonly source: LoginSource
  readonly file: string
  readonly text: string
  readonly surroundings: IdeSurroundings
}): FileLogin {
  const document = readTokenDocument(text)
  if (document.state === "empty") return { state: "logged-out" }
  if (document.state === "strange") return document
  const { tokens, fields } = document
  const profileArn = stringField(fields, "profileArn", "profile_arn") ?? surroundings.profileArn
  const base = {
    id: derivedLoginId(source, file, tokens.refreshToken ?? tokens.accessToken),
    source,
    sourceKey: file,
    tokens,
    ...(profileArn === undefined ? {} : { profileArn }),
  }
  const login = (value: TokenLogin): FileLogin => ({ state: "login", login: value, fields })
  switch (kindOf(fields)) {
    case "social": {
      const provider = stringField(fields, "provider")
      return login({ ...base, kind: "social", ...(provider === undefined ? {} : { provider }) })
    }
    case "external-idp": {
      const client = readExternalClient(fields)
      return "message" in client
        ? { state: "strange", ...client }
        : login({ ...base, kind: "external-idp", ...client })
    }
    case "idc": {
      const registration = registrationFor(fields, surroundings)
      if ("message" in registration) return { state: "strange", ...registration }
      const startUrl = identityCenterUrl(stringField(fields, "startUrl", "start_url"))
      return login({
        ...base,
        kind: "idc",
        client: registration.client,
        loginRegion: stringField(fields, "region") ?? registration.region ?? BUILDER_ID_REGION,
        ...(startUrl === undefined ? {} : { startUrl }),
      })
    }
    case undefined:
      return { state: "strange", key: "authMethod", message: "names a kind of login that is not known" }
  }
}

function kindOf(fields: JsonObject): "idc" | "social" | "external-idp" | undefined {
  const provider = stringField(fields, "provider")?.toLowerCase()
  switch (stringField(fields, "authMethod", "auth_method")?.toLowerCase().replaceAll(/[-_ ]/g, "")) {
    case "social":
      return "social"
    case "idc":
    case "builderid":
      return "idc"
    case "externalidp":
      return "external-idp"
    case undefined:
      if (provider === "externalidp") return "external-idp"
      return "clientIdHash" in fields || "clientId" in fields ? "idc" : "social"
    default:
      return undefined
  }
}

/** The hash becomes a file name: nothing but hex digits may. */
const CLIENT_ID_HASH = /^[0-9a-f]{16,128}$/i

function registrationFor(
  fields: JsonObject,
  surroundings: IdeSurroundings,
): StoredRegistration | { readonly message: string; readonly key: string } {
  const own = registrationOf(fields)
  if (own !== undefined)
    return { client: { clientId: own.client.clientId, clientSecret: own.client.clientSecret } }
  const hash = stringField(fields, "clientIdHash")
  if (hash === undefined || !CLIENT_ID_HASH.test(hash))
    return { key: "clientIdHash", message: "names no registration file" }
  return (
    surroundings.registration(hash) ?? {
      key: "clientIdHash",
      message: `names ${hash}.json, which holds no registration`,
    }
  )
}
