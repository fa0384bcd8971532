import { join } from "node:path"
import type { LoginSource, SourceStore } from "../../accounts/index.ts"
import { isObject, parseJson, stringField } from "../../json.ts"
import { readSmallFile } from "../../settings/index.ts"
import type { Effects } from "../foreign-database.ts"
import { openLoginFile } from "../login-file.ts"
import { readRegistration, type StoredRegistration } from "../registration.ts"
import { readIdeLogin } from "./read-login.ts"

/** A token file of the Kiro IDE (or, beside it, of newer kiro-cli versions). */
export function openIdeSource({
  source,
  file,
  cacheFolder,
  profileFile,
  effects,
}: {
  readonly source: LoginSource
  readonly file: string
  readonly cacheFolder: string
  readonly profileFile: string
  readonly effects: Effects
}): SourceStore {
  const registration = (hash: string): StoredRegistration | undefined => {
    const stored = readSmallFile(join(cacheFolder, `${hash}.json`))
    return stored.state === "text" ? readRegistration(stored.text) : undefined
  }
  return openLoginFile({
    source,
    file,
    effects,
    readLogin(text) {
      const surroundings = { registration, profileArn: readProfile(profileFile) }
      return readIdeLogin({ source, file, text, surroundings })
    },
  })
}

function readProfile(file: string): string | undefined {
  const stored = readSmallFile(file)
  const profile = stored.state === "text" ? parseJson(stored.text) : undefined
  return isObject(profile) ? stringField(profile, "arn") : undefined
}
