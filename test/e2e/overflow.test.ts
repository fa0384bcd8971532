import assert from "node:assert/strict"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, it } from "node:test"
import {
  FAILURES,
  type FakeKiro,
  finish,
  type ReceivedRequest,
  text,
  toolUse,
} from "../support/fake-kiro/index.ts"
import type { OpencodeServer } from "../support/opencode/index.ts"
import { type ServerStage, sharedServerStage, stageForTests } from "./setup.ts"

/** Three of these are more than the 200,000 tokens of the model. */
const CHAPTER = "All work and no play makes a dull chapter. ".repeat(7_000)
const MODEL = { providerID: "kiro", modelID: "claude-sonnet-4-5" }

describe("a session in OpenCode that grows past the model's window", () => {
  const lab = stageForTests(sharedServerStage)

  it("answers and compacts by itself", () => growsPastTheWindow(lab.stage))
  it("compacts after many calls when asked to", () => compactsAfterManyCalls(lab.stage))
  it("cuts what is to be summarised where the service finds it too long", () => cutsItsSummary(lab.stage))
  it("never goes round, and lives on", () => endsAndLivesAgain(lab.stage))
})

async function growsPastTheWindow({ fake, server }: ServerStage): Promise<void> {
  const session = await server.newSession()
  for (let chapter = 0; chapter < 3; chapter++) await server.prompt(session, `${chapter}: ${CHAPTER}`)
  const turn = await server.prompt(session, "What was it all about?")
  assert.equal(turn.info["error"], undefined)
  assert.equal(turn.info["finish"], "stop")
  const refusals = fake.refused.map(({ reply }) => reply.body)
  assert.ok(refusals.length > 0)
  for (const body of refusals) assert.match(body, /CONTENT_LENGTH_EXCEEDS_THRESHOLD/)
  await compacted(server, session)
  const before = fake.chats.length
  const after = await server.prompt(session, "And now?")
  assert.equal(after.info["finish"], "stop")
  assert.equal(fake.chats.length, before + 1)
  assert.ok(lastSize(fake) < 200_000)
}

async function compactsAfterManyCalls({ fake, server, sandbox }: ServerStage): Promise<void> {
  const session = await server.newSession()
  const refused = fake.refused.length
  const file = join(sandbox.project, "long.txt")
  writeFileSync(file, "a line of a long file\n".repeat(1_500))
  for (let call = 0; call < 4; call++)
    fake.answer(toolUse({ name: "read", input: { filePath: file } }), finish({ stopReason: "TOOL_USE" }))
  fake.answer(text("I have read it four times."), finish())
  await server.prompt(session, "Read the file four times.")
  fake.answer(text("A summary."), finish())
  await server.post(`/session/${session}/summarize`, MODEL)
  await compacted(server, session)
  fake.answer(text("Going on."), finish())
  assert.equal((await server.prompt(session, "Go on.")).info["finish"], "stop")
  assert.equal(fake.refused.length, refused)
  assert.match(String(fake.chats.at(-1)?.text), /A summary\./)
}

async function cutsItsSummary({ fake, server }: ServerStage): Promise<void> {
  const session = await server.newSession()
  await server.prompt(session, CHAPTER)
  fake.fail(FAILURES.inputTooLong)
  fake.answer(text("A summary of a part."), finish())
  await server.post(`/session/${session}/summarize`, MODEL)
  await compacted(server, session)
  const [whole = 0, cut = 0] = fake.chats.slice(-2).map((chat) => chat.text.length)
  assert.ok(cut > 0 && cut < whole * 0.85, `${whole} ${cut}`)
  assert.equal((await server.prompt(session, "Go on.")).info["finish"], "stop")
}

/** Where no form of it fits, one clear error within bounds. */
async function endsAndLivesAgain({ fake, server }: ServerStage): Promise<void> {
  const session = await server.newSession()
  await server.prompt(session, "hello")
  let refuse = true
  fake.when((request) => refuse && isMain(request), FAILURES.inputTooLong)
  const before = fake.chats.length
  const turn = await server.prompt(session, "This is too much.")
  assert.match(JSON.stringify(turn.info["error"]), /does not fit into kiro\/claude-sonnet-4-5/)
  assert.ok(fake.chats.length - before <= 16, String(fake.chats.length - before))
  refuse = false
  assert.equal((await server.prompt(session, "And now?")).info["finish"], "stop")
}

async function compacted(server: OpencodeServer, session: string): Promise<void> {
  await server.event(
    ({ type, properties }) => type === "session.compacted" && properties["sessionID"] === session,
    60_000,
  )
}

function isMain({ operation, text: body }: ReceivedRequest): boolean {
  return operation === "GenerateAssistantResponse" && body.includes('"tools":[')
}

function lastSize(fake: FakeKiro): number {
  return fake.chats.at(-1)?.text.length ?? 0
}
