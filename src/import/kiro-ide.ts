import { randomUUID } from "node:crypto"
import { realpathSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs"
import { posix, win32 } from "node:path"
import { BUILDER_ID_REGION, type LoginSource, type SourceStore, type WriteBack } from "../accounts/index.ts"
import { isObject, type JsonObject, parseJson, present, stringField } from "../json.ts"
import { fileStamp, type Place, readSmallFile, setMode, type SmallFile } from "../settings/index.ts"
import type { Effects } from "./databases.ts"
import {
  readStartUrl,
  type LoggedOut,
  isWhole,
  nothingOf,
  externalLogin,
  readingOf,
  socialLogin,
  readRegistration,
  type ReadLogin,
  readTokenDocument,
  type Registration,
  registrationIn,
  replacePair,
  type Strange,
} from "./documents.ts"

/** How long a file that is only half there is given to become whole, in ms. */
const HALF_WRITTEN_MS = 100

export interface IdeFiles {
  /** The shared cache folder of AWS sign-ins, with the token file and the registrations. */
  readonly cacheFolder: string
  readonly token: string
  /** Written by newer kiro-cli versions beside the IDE's own. */
  readonly cliToken: string
  /** The profile chosen in the IDE. */
  readonly profile: string
}

export function kiroIdeFiles({ env, platform, home }: Place): IdeFiles {
  const { join } = platform === "win32" ? win32 : posix
  const cacheFolder = join(home, ".aws", "sso", "cache")
  return {
    cacheFolder,
    token: join(cacheFolder, "kiro-auth-token.json"),
    cliToken: join(cacheFolder, "kiro-auth-token-cli.json"),
    profile: join(userFolder({ env, platform, home }), "globalStorage", "kiro.kiroagent", "profile.json"),
  }
}

function userFolder({ env, platform, home }: Place): string {
  switch (platform) {
    case "win32":
      return win32.join(env["APPDATA"] ?? win32.join(home, "AppData", "Roaming"), "Kiro", "User")
    case "darwin":
      return posix.join(home, "Library", "Application Support", "Kiro", "User")
    default:
      return posix.join(env["XDG_CONFIG_HOME"]?.trim() || posix.join(home, ".config"), "Kiro", "User")
  }
}

type FileLogin = ReadLogin | LoggedOut | { readonly state: "absent" }

/** A token file of the Kiro IDE (or, beside it, of newer kiro-cli versions): one login. */
export function openIdeSource({
  source,
  file,
  beside,
  effects,
}: {
  readonly source: LoginSource
  readonly file: string
  readonly beside: Pick<IdeFiles, "cacheFolder" | "profile">
  readonly effects: Effects
}): SourceStore {
  const surroundings: Surroundings = {
    registration(hash) {
      const stored = readSmallFile(`${beside.cacheFolder}/${hash}.json`)
      return stored.state === "text" ? readRegistration(stored.text) : undefined
    },
    get profileArn() {
      const stored = readSmallFile(beside.profile)
      const profile = stored.state === "text" ? parseJson(stored.text) : undefined
      return isObject(profile) ? stringField(profile, "arn") : undefined
    },
  }
  const judge = (stored: SmallFile): FileLogin => {
    if (stored.state === "missing") return { state: "absent" }
    if (stored.state === "failed") return { state: "strange", message: stored.message }
    return readIdeLogin(source, stored.text, surroundings)
  }
  const read = async (): Promise<FileLogin> => {
    const stored = readSmallFile(file)
    if (stored.state !== "text" || isWhole(stored.text)) return judge(stored)
    await effects.clock.sleep(HALF_WRITTEN_MS)
    return judge(readSmallFile(file))
  }

  return {
    source,
    has: (place) => place.source === source && place.key === file,
    fingerprint: () => fileStamp(file),

    async read() {
      const found = await read()
      return found.state === "absent"
        ? nothingOf(file)
        : readingOf(file, [{ place: { source, key: file }, found }])
    },

    async writeBack(change): Promise<WriteBack> {
      const stored = readSmallFile(file)
      if (stored.state !== "text") return "unavailable"
      try {
        return replacePair(stored.text, change, (text) => replaceText(file, text))
      } catch {
        return "unavailable"
      }
    },
  }
}

/**
 * Replaces the file whole, with its own mode, where it really is: a reader sees the old text or the new one. Throws
 * what the disk says, and what Windows says of a file that another program has open.
 */
function replaceText(path: string, text: string): void {
  const file = realpathSync(path)
  const temporary = `${file}.${randomUUID()}.tmp`
  try {
    const { mode } = statSync(file)
    writeFileSync(temporary, text, { mode: 0o600, flush: true })
    setMode(temporary, mode & 0o777)
    renameSync(temporary, file)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  }
}

/** What lies beside a token file. */
interface Surroundings {
  /** The registration file that `clientIdHash` names. */
  registration(clientIdHash: string): Registration | undefined
  readonly profileArn: string | undefined
}

/** The one login of a Kiro IDE token file. The case of `authMethod` varies. */
function readIdeLogin(source: LoginSource, text: string, surroundings: Surroundings): FileLogin {
  const document = readTokenDocument(text)
  if (document.state !== "tokens") return document
  const { tokens, fields } = document
  const profileArn = stringField(fields, "profileArn", "profile_arn") ?? surroundings.profileArn
  const base = { id: "", source, tokens, ...present({ profileArn }) }
  switch (kindOf(fields)) {
    case "social":
      return socialLogin(base, fields)
    case "external-idp":
      return externalLogin(base, fields)
    case "idc": {
      const found = registrationFor(fields, surroundings)
      if (found.state === "strange") return found
      const { client, region } = found
      const startUrl = readStartUrl(stringField(fields, "startUrl", "start_url"))
      return {
        state: "login",
        login: {
          ...base,
          kind: "idc",
          client,
          loginRegion: stringField(fields, "region") ?? region ?? BUILDER_ID_REGION,
          ...present({ startUrl }),
        },
      }
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
      return Object.hasOwn(fields, "clientIdHash") || Object.hasOwn(fields, "clientId") ? "idc" : "social"
    default:
      return undefined
  }
}

/** The hash becomes a file name: nothing but hex digits may. */
const CLIENT_ID_HASH = /^[0-9a-f]{16,128}$/i

function registrationFor(fields: JsonObject, surroundings: Surroundings): Registration | Strange {
  const own = registrationIn(fields)
  if (own !== undefined) {
    const { clientId, clientSecret } = own.client
    return { state: "registration", client: { clientId, clientSecret } }
  }
  const hash = stringField(fields, "clientIdHash")
  if (hash === undefined || !CLIENT_ID_HASH.test(hash))
    return { state: "strange", key: "clientIdHash", message: "names no registration file" }
  const message = `names ${hash}.json, which holds no registration`
  return surroundings.registration(hash) ?? { state: "strange", key: "clientIdHash", message }
}
