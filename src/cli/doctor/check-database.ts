import { existsSync, statSync } from "node:fs"
import { type Database, openDatabase, storeFailure } from "../../accounts/index.ts"
import { type Check, type Finding, good, note, problem } from "./finding.ts"

/** A lock is held for milliseconds; one that is still there after this is stuck. */
const LOCK_PATIENCE_MS = 3000
const LOOK_AGAIN_MS = 100

/** Whether kiro.db can be read and written, and by nobody else. */
export const databaseCheck: Check = {
  title: "the account database",
  async look({ paths, place, runtime }) {
    const path = paths.database
    if (!existsSync(path)) return [note(`no ${path} yet: the first login or message makes it`)]
    const { clock } = runtime
    const deadline = clock.now() + LOCK_PATIENCE_MS
    let failure = await tryWrite(path)
    while (failure === "busy" && clock.now() < deadline) {
      await clock.sleep(LOOK_AGAIN_MS)
      failure = await tryWrite(path)
    }
    if (failure !== undefined) return [troubleOf(failure, path)]
    return [good(`${path} can be read and written`), ...modeFindings(path, place.platform)]
  },
}

type Failure = ReturnType<typeof storeFailure>

/** Takes the write lock and gives it back: nothing is changed. */
async function tryWrite(path: string): Promise<Failure | undefined> {
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

function troubleOf(failure: Failure, path: string): Finding {
  switch (failure) {
    case "busy":
      return problem(
        `${path} stays locked by another program`,
        "Close the program that holds it, such as a database browser.",
      )
    case "corrupt":
      return problem(`${path} is damaged`, `Move it away (mv "${path}" "${path}.damaged") and log in again.`)
    case "full":
      return problem(`the disk of ${path} is full`, "Make room on it.")
    default:
      return problem(
        `${path} can't be written`,
        "Give yourself the right to read and write it and its folder.",
      )
  }
}

function modeFindings(path: string, platform: string): Finding[] {
  if (platform === "win32") return []
  const others = [path, `${path}-wal`, `${path}-shm`].filter(
    (file) => existsSync(file) && (statSync(file).mode & 0o077) !== 0,
  )
  return others.map((file) => problem(`${file} can be read by others`, `Run: chmod 600 "${file}"`))
}
