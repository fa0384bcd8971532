import { statSync } from "node:fs"
import type { Log } from "../../runtime.ts"
import { systemCode } from "../../settings/index.ts"

/**
 * A lock whose holder gave no sign of life for so long, in ms, may be taken. A holder that is merely starved of the
 * processor must not lose it: the next one would give the same refresh token to the service a second time.
 */
export const LOCK_STALE_MS = 15_000
const SIGN_OF_LIFE_MS = 1_000
/**
 * And only one that gave none over so many tries, however old its last sign is: behind a laptop's sleep, or where somebody
 * set the clock, every lock looks stale until its holder gets to run.
 */
export const WATCHED_TRIES = 25

export interface Held {
  readonly state: "held"
  readonly release: () => Promise<void>
}

/** Another process (or another instance in this one) refreshes this login now, or Windows holds the folder. */
interface Busy {
  readonly state: "busy"
}

/** Where no lock can be had: compare-and-swap alone has to do. */
export const NO_LOCK: Held = { state: "held", release: () => Promise.resolve() }

/**
 * Tries at the lock of a login, over all processes, one for each call. `proper-lockfile` patches `fs` and listens for signals
 * once it is imported, so it is imported only here; its default is to throw from a timer when another process took a lock
 * that had grown stale, so it is told to go on: the compare-and-swap on the old pair keeps the rows right then too.
 */
export function lockAt(path: string, log: Log): () => Promise<Held | Busy> {
  let sign: number | undefined
  let quietTries = 0
  return async () => {
    const lastSign = signOfLife(path)
    quietTries = lastSign === sign ? quietTries + 1 : 0
    sign = lastSign
    try {
      // An update or uninstalling may have taken it from an open window, which goes on without a lock.
      const { default: lockfile } = await import("proper-lockfile")
      const release = await lockfile.lock(path, {
        lockfilePath: path,
        realpath: false,
        stale: quietTries < WATCHED_TRIES ? Infinity : LOCK_STALE_MS,
        update: SIGN_OF_LIFE_MS,
        retries: 0,
        onCompromised: (error) =>
          log.warn("another process took over the refresh lock", { code: systemCode(error) }),
      })
      return {
        state: "held",
        release: () =>
          release().catch((error: unknown) =>
            log.debug("the refresh lock was gone", { code: systemCode(error) }),
          ),
      }
    } catch (error) {
      const code = systemCode(error)
      if (code === "ELOCKED" || isPending(code)) return { state: "busy" }
      log.warn("no refresh lock can be made", { path, code })
      return NO_LOCK
    }
  }
}

/** When the holder of a lock last said that it lives, by whatever clock it has. */
function signOfLife(path: string): number | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false })?.mtimeMs
  } catch {
    return undefined
  }
}

/** A lock folder that Windows is about to delete: another process has just given it back. */
function isPending(code: string): boolean {
  return code === "EBUSY" || code === "EPERM" || (code === "EACCES" && process.platform === "win32")
}
