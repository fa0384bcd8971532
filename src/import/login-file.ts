import {
  judgeReread,
  type LoginSource,
  type SourceProblem,
  type SourceReading,
  type SourceStore,
  type TokenLogin,
  type WriteBack,
} from "../accounts/index.ts"
import type { JsonObject } from "../json.ts"
import { readSmallFile, type SmallFile } from "../settings/index.ts"
import { type Effects, fingerprintOf } from "./foreign-database.ts"
import { isWhole, replaceText } from "./foreign-file.ts"
import { rewriteTokenDocument, samePair } from "./token-document.ts"

/** How long a file that is only half there is given to become whole, in ms. */
const HALF_WRITTEN_MS = 100

export type FileLogin =
  | { readonly state: "login"; readonly login: TokenLogin; readonly fields: JsonObject }
  | { readonly state: "logged-out" }
  | { readonly state: "strange"; readonly message: string; readonly key?: string }

/** A file of another program that holds one login, as a token document, for a source of logins. */
export function openLoginFile({
  source,
  file,
  effects,
  readLogin,
}: {
  readonly source: LoginSource
  readonly file: string
  readonly effects: Effects
  readonly readLogin: (text: string) => FileLogin
}): SourceStore {
  const judge = (stored: SmallFile): FileLogin => {
    if (stored.state === "missing") return { state: "logged-out" }
    if (stored.state === "failed") return { state: "strange", message: stored.message }
    return readLogin(stored.text)
  }

  const read = async (): Promise<FileLogin> => {
    const stored = readSmallFile(file)
    if (stored.state !== "text" || isWhole(stored.text)) return judge(stored)
    await effects.clock.sleep(HALF_WRITTEN_MS)
    return judge(readSmallFile(file))
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
      const found = judge(readSmallFile(file))
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
