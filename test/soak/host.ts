/**
 * `host.ts <folder> <seed> <1|2>`: one process of OpenCode 1 or 2 as the plugin sees it, for as long as it lives. It
 * loads the plugin as OpenCode does, holds two conversations beside each other, and prints a line of JSON for whatever
 * happens.
 */
import { secretsIn } from "../support/secrets.ts"
import { openCode1, openCode2, type Turn } from "./fronts.ts"
import { pick, seeded } from "./random.ts"
import { PNG } from "../support/pixel.ts"

export type Report =
  | { readonly is: "end"; readonly end: Turn["end"]; readonly words?: string }
  /** Something that must never be. */
  | { readonly is: "wrong"; readonly what: string }
  | { readonly is: "memory"; readonly bytes: number }

const LONGEST_CONVERSATION = 40
const MEMORY_EVERY_MS = 5_000
/** So many conversations have a tool that the service refuses. */
const WITH_REFUSED_TOOL = 0.4
const WITH_PICTURE = 0.15

const [folder = "", seed = "1", version = "1"] = process.argv.slice(2)
const random = seeded(Number(seed))
const report = (line: Report): void => console.log(JSON.stringify(line))
const wrong = (what: string): void => report({ is: "wrong", what: `OpenCode ${version}: ${what}` })
process.on("unhandledRejection", (error) => wrong(`unhandled rejection: ${String(error)}`))
process.on("uncaughtException", (error) => wrong(`uncaught exception: ${String(error)}`))

const open = version === "2" ? await openCode2(folder) : await openCode1(folder, checkWords)
setInterval(() => report({ is: "memory", bytes: process.memoryUsage.rss() }), MEMORY_EVERY_MS)
await Promise.all([converse(), converse()])

/** Conversations without end: each grows to some length, then a new one begins. */
async function converse(): Promise<never> {
  while (true) {
    const session = `ses_${process.pid}_${Math.floor(random() * 1e9)}`
    const tools = ["read", ...(random() < WITH_REFUSED_TOOL ? ["refused_post"] : []), "write"]
    const conversation = open(session, tools)
    while (conversation.length < LONGEST_CONVERSATION) {
      await new Promise((resolve) => setTimeout(resolve, 200 + random() * 1_500))
      const marker = `<m${session}-${conversation.length}-${Math.floor(random() * 1e9)}>`
      const turn = await conversation.say({
        model: pick(random, ["claude-sonnet-4-5", "claude-sonnet-4-6", "claude-haiku-4-5"]),
        text: `Say ${marker}`,
        ...(random() < WITH_PICTURE && { picture: PNG }),
      })
      judge(turn, marker)
    }
  }
}

function judge({ end, text, words }: Turn, marker: string): void {
  // OpenCode 2 goes on behind a cut: then the words come again.
  const rest = text.replaceAll(marker, "").replaceAll(" heard", "")
  if (!`${marker} heard`.startsWith(rest)) wrong(`${text} answers ${marker}`)
  report({ is: "end", end, ...(words !== undefined && { words }) })
  if (words === undefined) return
  checkWords(words)
  if (end === "refused" && !/^(\d+ )?(Kiro: |prompt is too long)/.test(words))
    wrong(`an error without its words: ${words}`)
}

function checkWords(words: string): void {
  const secrets = secretsIn(words)
  if (secrets.length > 0) wrong(`a secret in a text: ${secrets.join(", ")}`)
  if (/undefined|\[object|@example\.com/.test(words)) wrong(`words that nobody should read: ${words}`)
}
