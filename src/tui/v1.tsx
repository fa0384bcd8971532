import type { TuiPluginApi } from "@opencode-ai/plugin/tui"
import type { JSX } from "@opentui/solid"
import { PROVIDER_ID } from "../version.ts"
import { localDesk } from "./desk.ts"
import type { Tone } from "./lines.ts"
import { type Dialogs, manageAccounts } from "./manage.ts"
import { type Colour, Panel } from "./panel.tsx"

/** The part of OpenCode 1's terminal UI. Option `show_email` shows e-mail addresses. */
export function startInV1(
  api: TuiPluginApi,
  options: { readonly [name: string]: unknown } | undefined,
): void {
  const showEmail = options?.["show_email"] === true
  const view = () => ({ now: Date.now(), showEmail })
  const desk = localDesk(() => api.state.path)
  api.lifecycle.onDispose(() => desk.close())
  api.slots.register({
    order: 150,
    slots: {
      sidebar_content(_context, props) {
        const sessionId = (): string => props.session_id
        return Panel({
          sessionId,
          isKiro: () => isKiroSession(api, sessionId()),
          turnStarts: () => askedAt(api, sessionId()),
          onTurn: (ended) => api.event.on("session.idle", ended),
          board: (id, turnStarts) => desk.board(id, turnStarts),
          view,
          colour: (tone) => colourOf(api, tone),
        })
      },
    },
  })
  const run = (): void => {
    const { current } = api.route
    const named = "params" in current ? current.params?.["sessionID"] : undefined
    const sessionId = current.name === "session" && typeof named === "string" ? named : undefined
    const turnStarts = sessionId === undefined ? [] : askedAt(api, sessionId)
    void manageAccounts({ dialogs: dialogsOf(api), desk, where: { sessionId, turnStarts }, view })
  }
  const command = { name: "kiro.accounts", title: "Kiro accounts and credits", slashName: "kiro" }
  api.keymap.registerLayer({ commands: [{ ...command, category: "Kiro", namespace: "palette", run }] })
}

/** Whether the latest message of the session went to, or came from, a model of ours. */
function isKiroSession(api: TuiPluginApi, sessionId: string): boolean {
  const latest = api.state.session.messages(sessionId).at(-1)
  if (latest === undefined) return false
  return (latest.role === "assistant" ? latest.providerID : latest.model.providerID) === PROVIDER_ID
}

/** When the user said something, in epoch ms, the newest first: a turn is all that came of it. */
function askedAt(api: TuiPluginApi, sessionId: string): readonly number[] {
  return api.state.session
    .messages(sessionId)
    .filter(({ role }) => role === "user")
    .map(({ time }) => time.created)
    .toReversed()
}

function colourOf({ theme: { current } }: TuiPluginApi, tone: Tone): Colour {
  switch (tone) {
    case "title":
    case "text":
      return current.text
    case "muted":
      return current.textMuted
    case "warning":
      return current.warning
    case "error":
      return current.error
    default:
      return tone satisfies never
  }
}

/** OpenCode 1's dialogs are components with callbacks. */
function dialogsOf({ ui }: TuiPluginApi): Dialogs {
  const ask = <Value,>(render: (answer: (value: Value) => void) => JSX.Element): Promise<Value | undefined> =>
    new Promise((resolve) => {
      const answer = (value: Value): void => {
        resolve(value)
        ui.dialog.clear()
      }
      ui.dialog.replace(
        () => render(answer),
        () => resolve(undefined),
      )
      // A row of the list is longer than a command's name.
      ui.dialog.setSize("large")
    })
  return {
    select: ({ title, options }) =>
      ask((answer) =>
        ui.DialogSelect({
          title,
          options: options.map((option) => ({ ...option })),
          onSelect: ({ value }) => answer(value),
        }),
      ),
    prompt: (question) => ask((answer) => ui.DialogPrompt({ ...question, onConfirm: answer })),
    confirm: async ({ title, message }) =>
      (await ask<boolean>((answer) =>
        ui.DialogConfirm({ title, message, onConfirm: () => answer(true), onCancel: () => answer(false) }),
      )) ?? false,
    alert: async ({ title, message }) => {
      await ask<true>((answer) => ui.DialogAlert({ title, message, onConfirm: () => answer(true) }))
    },
    toast: (message, variant) => ui.toast({ title: "Kiro", message, variant }),
  }
}
