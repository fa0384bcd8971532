import type { JSX } from "@opentui/solid"
import { createComponent, createEffect, createSignal, For, onCleanup } from "solid-js"
import type { Board } from "../host/index.ts"
import { messageOf } from "../json.ts"
import { type PanelLine, panelLines, type Tone, unreadLines, type View } from "./lines.ts"

/** One session as its host shows it. Each function is read inside Solid, so it may be reactive. */
export interface SessionView {
  readonly sessionId: () => string
  /** Whether the session is one of ours. */
  readonly isKiro: () => boolean
  /** When the user's messages were sent, in epoch ms, the newest first. */
  readonly turnStarts: () => readonly number[]
  /** Calls back after each turn, until the function returned is called. */
  readonly onTurn: (ended: () => void) => () => void
  readonly board: (sessionId: string, turnStarts: readonly number[]) => Promise<Board>
  readonly view: () => View
  readonly colour: (tone: Tone) => Colour
  /** Asks the host to draw, after something changed that it does not watch. */
  readonly draw?: () => void
}

export type Colour = NonNullable<JSX.IntrinsicElements["text"]["fg"]>

/** Usage is looked up in the background after a turn: the panel looks again at this pace to show it. */
const LOOK_AGAIN_MS = 5000

/**
 * The sidebar block: read again after each turn; nothing outside Kiro sessions. It is compiled without the Solid compiler
 * (OpenCode leaves installed packages as they are), so the one prop that changes is a getter written by hand: Solid
 * draws again when a signal that it read has changed.
 */
export function Panel(session: SessionView): JSX.Element {
  const lines = sessionLines(session)
  const rows = createComponent(For<readonly PanelLine[], JSX.Element>, {
    get each() {
      return lines()
    },
    children: ({ text, tone }) => (
      <text fg={session.colour(tone)}>{tone === "title" ? <b>{text}</b> : text}</text>
    ),
  })
  return <box>{rows}</box>
}

/** What the last look at a session gave. */
type Seen = { readonly id: string } & (
  | { readonly state: "board"; readonly board: Board }
  | { readonly state: "failed"; readonly message: string }
)

function sessionLines(session: SessionView): () => readonly PanelLine[] {
  const [seen, setSeen] = createSignal<Seen | undefined>()
  const look = async (): Promise<void> => {
    const id = session.sessionId()
    if (!session.isKiro()) return
    const found = await lookAt(session, id)
    if (id !== session.sessionId()) return
    // What can't be read just now stays as it was.
    if (found.state === "failed" && seen()?.id === id) return
    setSeen(found)
    session.draw?.()
  }
  createEffect(() => void look())
  const stopListening = session.onTurn(() => void look())
  const timer = setInterval(() => void look(), LOOK_AGAIN_MS)
  onCleanup(() => {
    stopListening()
    clearInterval(timer)
  })
  return () => {
    const current = seen()
    // Until the first look at another session there is nothing to say of it.
    if (current?.id !== session.sessionId() || !session.isKiro()) return []
    return current.state === "board"
      ? panelLines(current.board, session.view())
      : unreadLines(current.message)
  }
}

async function lookAt({ board, turnStarts }: SessionView, id: string): Promise<Seen> {
  try {
    return { id, state: "board", board: await board(id, turnStarts()) }
  } catch (error) {
    return { id, state: "failed", message: messageOf(error) }
  }
}
