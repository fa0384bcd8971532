import { chmodSync, existsSync, readdirSync, readFileSync, realpathSync, statfsSync } from "node:fs"
import { tmpdir } from "node:os"
import { temporaryFolder } from "../temporary-folder.ts"

const MEMORY = "/dev/shm"
/** Far more than all suites at once have in their folders, in bytes. */
const ROOM = 2 ** 30

/**
 * Where the suites make their folders, gone with this process: in memory where there is room, because hundreds of small
 * databases wait for the disk with each write. What they leave there is searched for secrets. By the name that a program
 * started in there sees: macOS has a link on the way to its folder, Windows a short name.
 */
export function scratchFolder(): string {
  const folder = temporaryFolder(hasMemory() ? MEMORY : realpathSync.native(tmpdir()))
  // A test that becomes another user has its own folder in here.
  chmodSync(folder, 0o711)
  process.once("exit", () => endStrays(folder))
  return folder
}

/** Tests also start programs that they wrote. */
function hasMemory(): boolean {
  if (process.platform !== "linux" || !existsSync(MEMORY)) return false
  const { bavail, bsize } = statfsSync(MEMORY)
  const mount = readFileSync("/proc/mounts", "utf8")
    .split("\n")
    .find((line) => line.split(" ")[1] === MEMORY)
  return bavail * bsize > ROOM && mount?.includes("noexec") === false
}

/**
 * Ends whatever still runs with the folder in its environment, as the place of its home or of its temporary files: a
 * child that made a session of its own is in no suite's group. Gives what each of them was called with.
 */
export function endStrays(folder: string): readonly string[] {
  if (process.platform !== "linux") return []
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name) && name !== String(process.pid))
  return pids.flatMap((pid) => {
    if (!read(`/proc/${pid}/environ`).includes(`=${folder}`)) return []
    const called = read(`/proc/${pid}/cmdline`).replaceAll("\0", " ").trim()
    try {
      process.kill(Number(pid), "SIGKILL")
    } catch {
      // It has just ended.
    }
    return [called]
  })
}

/** Nothing of a process that is another user's, or gone. */
function read(file: string): string {
  try {
    return readFileSync(file, "latin1")
  } catch {
    return ""
  }
}
