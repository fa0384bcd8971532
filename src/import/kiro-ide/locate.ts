import { posix, win32 } from "node:path"
import type { Place } from "../../settings/index.ts"

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
