import type { TuiPluginApi } from "@opencode-ai/plugin/tui"
import { createEffect, createSignal, onCleanup } from "solid-js"
import type { StoreOverview } from "../accounts/index.ts"
import { type PanelLine, panelLines } from "./panel-lines.ts"

export interface SessionLinesInput {
  readonly api: TuiPluginApi
  readonly sessionId: () => string
  /** Reads the store, with the credits of the session and of its last turn; `undefined` where there is none. */
  readonly read: (sessionId: string, turnStarts: readonly number[]) => Promise<StoreOverview | undefined>
  readonly showEmail: boolean
}

const PROVIDER = "kiro"
/** Usage is looked up in the background after a turn: the panel looks again at this pace to show it. */
const LOOK_AGAIN_MS = 5000

/** The lines of one session's panel as a signal: read again after each turn; none outside Kiro sessions. */
export function sessionLines({
  api,
  sessionId,
  read,
  showEmail,
}: SessionLinesInput): () => readonly PanelLine[] {
  const [overview, setOverview] = createSignal<StoreOverview | undefined>()
  const look = async (id: string): Promise<void> => {
    const found = await read(id, askedAt(api, id))
    if (id === sessionId()) setOverview(found)
  }
  createEffect(() => void look(sessionId()))
  const stopListening = api.event.on("session.idle", () => void look(sessionId()))
  const timer = setInterval(() => void look(sessionId()), LOOK_AGAIN_MS)
  onCleanup(() => {
    stopListening()
    clearInterval(timer)
  })
  return () => {
    const current = overview()
    if (current === undefined || !isKiroSession(api, sessionId())) return []
    const account = current.accounts.find(({ id }) => id === current.session.accountId)
    if (account === undefined) return []
    return panelLines({ account, session: current.session, now: Date.now(), showEmail })
  }
}

/** Whether the latest message of the session went to, or came from, a model of ours. */
function isKiroSession(api: TuiPluginApi, sessionId: string): boolean {
  const latest = api.state.session.messages(sessionId).at(-1)
  if (latest === undefined) return false
  return (latest.role === "assistant" ? latest.providerID : latest.model.providerID) === PROVIDER
}

/** When the user said something, in epoch ms, the newest first: a turn is all that came of it. */
function askedAt(api: TuiPluginApi, sessionId: string): readonly number[] {
  return api.state.session
    .messages(sessionId)
    .filter(({ role }) => role === "user")
    .map(({ time }) => time.created)
    .toReversed()
}
