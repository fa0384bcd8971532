import type { JSX } from "@opentui/solid"
import { createComponent, createEffect, createSignal, For, onCleanup } from "solid-js"
import type { Board } from "../host/index.ts"
import { type PanelLine, panelLines, type Tone, type View } from "./lines.ts"

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

function sessionLines(session: SessionView): () => readonly PanelLine[] {
  const [seen, setSeen] = createSignal<{ readonly id: string; readonly board: Board } | undefined>()
  const look = async (): Promise<void> => {
    const id = session.sessionId()
    if (!session.isKiro()) return
    const found = await session.board(id, session.turnStarts()).catch(() => undefined)
    // What can't be read just now stays as it was.
    if (found === undefined || id !== session.sessionId()) return
    setSeen({ id, board: found })
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
    return panelLines(current.board, session.view())
  }
}
