import { existsSync, statSync } from "node:fs"
import { type Database, openDatabase, type StoreFailure, storeFailure } from "../../accounts/index.ts"
import type { Context } from "../context.ts"
import { type Check, type Finding, good, note, problem } from "./finding.ts"

/** A lock is held for milliseconds; one that is still there after this is stuck. */
const LOCK_PATIENCE_MS = 3000
const LOOK_AGAIN_MS = 100

/** Whether kiro.db can be read and written. Opening it has made it 0600 again where it was not. */
export const databaseCheck: Check = {
  title: "Account database",
  async look({ paths, hasLost, databaseTrouble: trouble }) {
    const path = paths.database
    if (trouble !== undefined) return [troubleOf(trouble, path)]
    if (hasLost())
      return [
        problem(
          `${path} can't be written, so nothing new is kept`,
          `Make its folder yours (chown "$USER" "${paths.configDirectory}"), and make room on its disk.`,
        ),
      ]
    if (!existsSync(path)) return [note("no kiro.db yet: the first login or message makes it")]
    return [good("kiro.db can be read and written")]
  },
}

/** Why kiro.db can't be used; nothing where it can, or where there is none yet. A lock is waited for. */
export async function databaseTrouble({
  paths,
  runtime,
}: Pick<Context, "paths" | "runtime">): Promise<StoreFailure | undefined> {
  const path = paths.database
  if (!existsSync(path)) return undefined
  const { clock } = runtime
  const deadline = clock.now() + LOCK_PATIENCE_MS
  let failure = await tryWrite(path)
  while (failure === "busy" && clock.now() < deadline) {
    await clock.sleep(LOOK_AGAIN_MS)
    failure = await tryWrite(path)
  }
  return failure
}

/** Takes the write lock and gives it back: nothing is changed. */
async function tryWrite(path: string): Promise<StoreFailure | undefined> {
  let database: Database | undefined
  try {
    database = await openDatabase(path)
    const [row] = database.all("PRAGMA quick_check(1)")
    if (row?.["quick_check"] !== "ok") return "corrupt"
    database.run("BEGIN IMMEDIATE")
    database.run("ROLLBACK")
    return undefined
  } catch (error) {
    return storeFailure(error)
  } finally {
    database?.close()
  }
}

function troubleOf(failure: StoreFailure, path: string): Finding {
  const away = `Move it away (mv "${path}" "${path}.damaged"); logins of other programs come back by themselves.`
  switch (failure) {
    case "busy":
      return problem(
        `${path} stays locked by another program`,
        "Close the program that holds it, such as a database browser or an OpenCode that hangs.",
      )
    case "corrupt":
      return problem(`${path} is damaged, or no SQLite database`, away)
    case "full":
      return problem(`the disk of ${path} is full`, "Make room on it.")
    case "readonly":
    case "unavailable":
    case "failed":
      if (!statSync(path).isFile()) return problem(`${path} is not a file`, away)
      return problem(
        `${path} can't be read and written`,
        `Make it yours: chown "$USER" "${path}" && chmod 600 "${path}"; its folder must be writable too.`,
      )
    default:
      return failure satisfies never
  }
}
