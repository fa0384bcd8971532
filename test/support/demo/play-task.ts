import { basename } from "node:path"
import { asObject, isObject, stringField, type JsonObject } from "../../../src/json.ts"
import type { HostEvent, OpencodeServer } from "../opencode/index.ts"
import type { Print } from "./show.ts"

export interface PlayOptions {
  readonly server: OpencodeServer
  readonly task: string
  readonly model: string
  readonly print: Print
}

/** Gives OpenCode the task and prints what it does until it is done. Returns the session's id. */
export async function playTask({ server, task, model, print }: PlayOptions): Promise<string> {
  const sessionId = await server.newSession()
  const done = server.event(
    (event) =>
      ofSession(event, sessionId) && (event.type === "session.idle" || event.type === "session.error"),
    100_000,
  )
  const stop = server.onEvent((event) => {
    if (ofSession(event, sessionId)) show(event, print)
  })
  await server.promptAsync(sessionId, task, { model })
  const last = await done
  stop()
  if (last.type === "session.error") throw new Error(JSON.stringify(last.properties["error"]))
  return sessionId
}

const ofSession = ({ properties }: HostEvent, sessionId: string): boolean =>
  properties["sessionID"] === sessionId

function show({ type, properties }: HostEvent, print: Print): void {
  if (type === "message.part.delta" && properties["field"] === "text")
    print.words(stringField(properties, "delta") ?? "")
  const part = properties["part"]
  if (type === "message.part.updated" && isObject(part) && part["type"] === "tool") showTool(part, print)
}

function showTool(part: JsonObject, print: Print): void {
  const state = asObject(part["state"])
  const tool = stringField(part, "tool") ?? "tool"
  if (state["status"] === "completed") print.tool(`${tool} ${basename(stringField(state, "title") ?? "")} ✓`)
  if (state["status"] === "error") print.tool(`${tool} ✗ ${stringField(state, "error") ?? ""}`)
}
