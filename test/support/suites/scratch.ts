import { chmodSync, existsSync, readFileSync, statfsSync } from "node:fs"
import { tmpdir } from "node:os"
import { temporaryFolder } from "../temporary-folder.ts"

const MEMORY = "/dev/shm"
/** Far more than all suites at once have in their folders, in bytes. */
const ROOM = 2 ** 30

/**
 * Where the suites make their folders, gone with this process: in memory where there is room, because hundreds of small
 * databases wait for the disk with each write. What they leave there is searched for secrets.
 */
export function scratchFolder(): string {
  const folder = temporaryFolder(hasMemory() ? MEMORY : tmpdir())
  // A test that becomes another user has its own folder in here.
  chmodSync(folder, 0o711)
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
