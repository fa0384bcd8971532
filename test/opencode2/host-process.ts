/** A server process of OpenCode 2 with the built package: asks once, and prints what it was answered. */
import { join } from "node:path"
import { FakeOpenCode2 } from "../support/fake-opencode2/index.ts"

const [, , folder = "", question = ""] = process.argv
const host = new FakeOpenCode2({ plugin: { directory: folder } })
const project = await host.open(join(process.env["HOME"] ?? "", "project"))
if (project.error !== undefined) throw project.error
const turn = await project.session({ model: "kiro/claude-sonnet-4-5" }).prompt(question)
console.log(JSON.stringify({ text: turn.text, failure: turn.failure?.message, waits: turn.waits }))
await host[Symbol.asyncDispose]()
