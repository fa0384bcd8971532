import { readdirSync } from "node:fs"
import { join } from "node:path"
import { readSmallFile } from "../settings/index.ts"

/** Variables that say where logins are read from and where they are sent, and who is trusted on the way. */
const SAYS_WHERE =
  /^(?:KIRO_(?!API_KEY$)\w+|KIROCLI_\w+|XDG_(?:CONFIG|DATA)_HOME|HOME|USERPROFILE|(?:LOCAL)?APPDATA|HTTPS?_PROXY|NODE_TLS_REJECT_UNAUTHORIZED|NODE_EXTRA_CA_CERTS|SSL_CERT_\w+)$/i

/**
 * Bun puts the variables of the .env files of the folder it is started in into the environment, before any code runs:
 * a repository could send our tokens where it likes. Names the file and the variable that would do so, if any.
 */
export function redirectingDotenv(
  folder: string,
  env: { readonly [name: string]: string | undefined },
): string | undefined {
  const names = Object.keys(env).filter((name) => SAYS_WHERE.test(name))
  for (const file of readdirSync(folder).filter((name) => name.startsWith(".env"))) {
    const read = readSmallFile(join(folder, file))
    const text = read.state === "text" ? read.text : ""
    const set = names.find((name) => new RegExp(`(?:^|\\W)${name}\\s*=|^\\s*${name}\\s*:`, "m").test(text))
    if (set !== undefined)
      return `${join(folder, file)} sets ${set}, which may not say where your logins go. Run it in another folder, or by npx: Node reads no such file.`
  }
  return undefined
}
