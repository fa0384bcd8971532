import { existsSync, readFileSync } from "node:fs"
import { join, relative } from "node:path"
import { playTask } from "./demo/play-task.ts"
import { fakeStage, liveStage, type Stage } from "./demo/stage.ts"
import { heading, note, printer, quote, success } from "./demo/show.ts"
import type { MeteredTurn } from "../../src/accounts/index.ts"
import { readTurns } from "./demo/turns.ts"
import { readOptions } from "./options.ts"
import { startOpencodeServer } from "./opencode/index.ts"

/**
 * The real OpenCode with the built plugin on a small task, shown as it happens. Without arguments against the fake
 * Kiro; with `--live` the same against the real service, with the kiro-cli session of this machine.
 */

const TASK = "Write a haiku about rivers to haiku.txt, then tell me its first line."
const MODEL = "claude-sonnet-4-5"

async function demo(stage: Stage): Promise<void> {
  const { sandbox } = stage
  const startedAt = Date.now()
  note("OpenCode's whole configuration", oneLine(readFileSync(join(sandbox.config, "opencode.json"), "utf8")))
  await using server = await startOpencodeServer(sandbox)
  heading("you", TASK)
  const sessionId = await playTask({ server, task: TASK, model: MODEL, print: printer })
  const file = join(sandbox.project, "haiku.txt")
  if (!existsSync(file)) throw new Error("OpenCode wrote no haiku.txt")
  quote(relative(sandbox.project, file), readFileSync(file, "utf8"))
  const turns = await readTurns(sandbox, sessionId)
  for (const turn of turns) note("credits of a request", `${turn.credits.toFixed(4)}  ${titleOrNot(turn)}`)
  const credits = turns.reduce((sum, turn) => sum + turn.credits, 0)
  note("credits of the task", credits.toFixed(4))
  for (const line of stage.epilogue()) note("the service", line)
  success(`Done in ${((Date.now() - startedAt) / 1000).toFixed(1)} s.`)
}

/** OpenCode asks the small model for the session's title beside the first turn. */
const titleOrNot = ({ modelId = "" }: MeteredTurn): string =>
  modelId === MODEL ? modelId : `${modelId}  (the session's title)`

const oneLine = (json: string): string => JSON.stringify(JSON.parse(json))

const { values } = readOptions({ options: { live: { type: "boolean", default: false } } })
try {
  await using stage = values.live ? liveStage() : await fakeStage()
  // Not before: a live stage tells OpenCode of the proxy.
  await import("./no-proxy.ts")
  await demo(stage)
} catch (error) {
  console.error(`\n✗ ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 1
}
