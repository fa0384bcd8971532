import { parseArgs, type ParseArgsConfig } from "node:util"

/** What a script of ours was called with. A word that it does not know ends it as one of a user's commands would. */
export function readOptions<const Config extends ParseArgsConfig>(
  config: Config,
): ReturnType<typeof parseArgs<Config>> {
  try {
    return parseArgs(config)
  } catch (error) {
    return wrongCall(error instanceof Error ? error.message : String(error))
  }
}

/** An option's number, at least 0. */
export function numberOf(name: string, text: string): number {
  const number = Number(text)
  return text.trim() !== "" && number >= 0 ? number : wrongCall(`--${name} takes a number, not "${text}".`)
}

export function wrongCall(sentence: string): never {
  console.error(sentence)
  process.exit(2)
}
