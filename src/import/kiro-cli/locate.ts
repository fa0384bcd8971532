import { posix, win32 } from "node:path"
import type { Place } from "../../settings/index.ts"

/**
 * Where kiro-cli keeps its store, and where the Amazon Q CLI before it kept the same one: the first wins where both
 * hold a login. `KIROCLI_DB_PATH` names the only one to read.
 */
export function kiroCliDatabases({ env, platform, home }: Place): readonly string[] {
  const named = env["KIROCLI_DB_PATH"]?.trim()
  if (named !== undefined && named !== "") return [named]
  const file = "data.sqlite3"
  switch (platform) {
    case "win32": {
      const local = env["LOCALAPPDATA"] ?? win32.join(home, "AppData", "Local")
      const roaming = env["APPDATA"] ?? win32.join(home, "AppData", "Roaming")
      return [
        win32.join(local, "Kiro-Cli", file),
        win32.join(roaming, "kiro-cli", file),
        win32.join(local, "amazon-q", file),
      ]
    }
    case "darwin": {
      const support = posix.join(home, "Library", "Application Support")
      return [posix.join(support, "kiro-cli", file), posix.join(support, "amazon-q", file)]
    }
    default: {
      const data = env["XDG_DATA_HOME"]?.trim() || posix.join(home, ".local", "share")
      return [posix.join(data, "kiro-cli", file), posix.join(data, "amazon-q", file)]
    }
  }
}
