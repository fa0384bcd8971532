import type { TuiPluginApi } from "@opencode-ai/plugin/tui"
import type { JSX } from "@opentui/solid"
import { createComponent, For } from "solid-js"
import type { PanelLine } from "./panel-lines.ts"

type Theme = TuiPluginApi["theme"]

export interface PanelProps {
  readonly theme: Theme
  readonly lines: () => readonly PanelLine[]
}

/**
 * The sidebar block. It is compiled without the Solid compiler (OpenCode leaves installed packages as they are), so
 * the one prop that changes is a getter written by hand: Solid draws again when a signal that it read has changed.
 */
export function Panel({ theme, lines }: PanelProps): JSX.Element {
  const rows = createComponent(For<readonly PanelLine[], JSX.Element>, {
    get each() {
      return lines()
    },
    children: (line) => <Line theme={theme} line={line} />,
  })
  return <box>{rows}</box>
}

function Line({ theme, line }: { readonly theme: Theme; readonly line: PanelLine }): JSX.Element {
  const text = line.tone === "title" ? <b>{line.text}</b> : line.text
  return <text fg={colour(theme, line.tone)}>{text}</text>
}

function colour(theme: Theme, tone: PanelLine["tone"]): Theme["current"]["text"] {
  switch (tone) {
    case "title":
    case "text":
      return theme.current.text
    case "muted":
      return theme.current.textMuted
    case "warning":
      return theme.current.warning
    case "error":
      return theme.current.error
    default:
      return tone satisfies never
  }
}
