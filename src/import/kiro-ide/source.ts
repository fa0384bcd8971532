import { join } from "node:path"
import {
  judgeReread,
  type LoginSource,
  type SourceProblem,
  type SourceReading,
  type SourceStore,
  type WriteBack,
} from "../../accounts/index.ts"
import { isObject, parseJson, stringField } from "../../json.ts"
import { readSmallFile } from "../../settings/index.ts"
import { type Effects, fingerprintOf } from "../foreign-database.ts"
import { isWhole, replaceText } from "../foreign-file.ts"
import { readRegistration, type StoredRegistration } from "../registration.ts"
import { rewriteTokenDocument, samePair } from "../token-document.ts"
import { type IdeLogin, readIdeLogin } from "./read-login.ts"

/** How long a file that is only half there is given to become whole, in ms. */
const HALF_WRITTEN_MS = 100

/** A token file of the Kiro IDE (or, beside it, of newer kiro-cli versions). It holds one login. */
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

  const readNow = (): IdeLogin => {
    const stored = readSmallFile(file)
    if (stored.state === "missing") return { state: "logged-out" }
    if (stored.state === "failed") return { state: "strange", message: stored.message }
    return readIdeLogin({
      source,
      file,
      text: stored.text,
      surroundings: { registration, profileArn: readProfile(profileFile) },
    })
  }

  const read = async (): Promise<IdeLogin> => {
    const stored = readSmallFile(file)
    if (stored.state === "text" && !isWhole(stored.text)) await effects.clock.sleep(HALF_WRITTEN_MS)
    return readNow()
  }

  return {
    source,
    owns: (login) => login.source === source && login.sourceKey === file,
    fingerprint: () => fingerprintOf([file]),

    async read(): Promise<SourceReading> {
      const found = await read()
      switch (found.state) {
        case "login":
          return { logins: [{ login: found.login }], problems: [] }
        case "logged-out":
          return { logins: [], problems: [] }
        case "strange": {
          const problem: SourceProblem = { source, file, message: found.message }
          return {
            logins: [],
            problems: [found.key === undefined ? problem : { ...problem, key: found.key }],
          }
        }
      }
    },

    async reread(login) {
      const found = await read()
      if (found.state === "strange") return { state: "unreadable", message: `${file} ${found.message}` }
      return judgeReread(login, found.state === "login" ? [found.login] : [])
    },

    async writeBack({ before, after }): Promise<WriteBack> {
      const found = readNow()
      if (found.state === "strange") return "unavailable"
      if (found.state === "logged-out" || !samePair(found.login.tokens, before)) return "changed"
      try {
        replaceText(file, rewriteTokenDocument(found.fields, after))
        return "written"
      } catch {
        return "unavailable"
      }
    },
  }
}

function readProfile(file: string): string | undefined {
  const stored = readSmallFile(file)
  const profile = stored.state === "text" ? parseJson(stored.text) : undefined
  return isObject(profile) ? stringField(profile, "arn") : undefined
}
