import type { PluginInput } from "@opencode-ai/plugin"
import type { Clock, Log } from "../runtime.ts"

/** OpenCode 1.18 loses toasts that come before its UI listens, about three seconds after the plugin's start. */
const UI_LISTENS_AFTER_MS = 3000
const SHOWN_MS = 8000

export interface Toast {
  readonly title?: string
  readonly message: string
  readonly variant: "info" | "success" | "warning" | "error"
}

export interface ToasterOptions {
  readonly client: PluginInput["client"]
  readonly clock: Clock
  readonly log: Log
  /** When the plugin instance started. */
  readonly startedAt: number
  /** Aborted when it ends. */
  readonly signal: AbortSignal
}

/** Shows a toast as soon as the UI can; never waits, never fails. */
export function createToaster({
  client,
  clock,
  log,
  startedAt,
  signal,
}: ToasterOptions): (toast: Toast) => void {
  const show = async (toast: Toast): Promise<void> => {
    const wait = startedAt + UI_LISTENS_AFTER_MS - clock.now()
    if (wait > 0) await clock.sleep(wait, signal)
    await client.tui.showToast({ body: { ...toast, duration: SHOWN_MS } })
  }
  return (toast) => {
    show(toast).catch((error: unknown) => {
      if (!signal.aborted) log.info("a toast was not shown", { message: toast.message, error })
    })
  }
}
