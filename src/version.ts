/** Name and version of this package; a test holds them to package.json. */
export const PACKAGE = "opencode-kiro-auth"
export const VERSION = "0.1.0"

/** Who we are on the wire, everywhere the same: no machine id, no other program's agent string. */
export const USER_AGENT = `${PACKAGE}/${VERSION}`

/** The name of our provider in both hosts. */
export const PROVIDER_ID = "kiro"

/** Stands before the id of a model where OpenCode, or a user, names its provider too: `kiro/claude-opus-5`. */
export const QUALIFIER = `${PROVIDER_ID}/`

export function unqualified(modelId: string): string {
  return modelId.startsWith(QUALIFIER) ? modelId.slice(QUALIFIER.length) : modelId
}

/** Starts a file of this package where nothing else can: OpenCode's own program is a Bun when it is told to be one. */
export function opencodeAsBun(platform: string): string {
  return platform === "win32" ? "set BUN_BE_BUN=1&& opencode" : "BUN_BE_BUN=1 opencode"
}
