import { describeNotice, type Notice } from "../accounts/index.ts"
import type { Log } from "../runtime.ts"
import type { Toast } from "./toaster.ts"

export interface NotifyOptions {
  readonly toast: (toast: Toast) => void
  readonly log: Log
  /** The off switch, `toasts`. */
  readonly enabled: boolean
}

/** Tells the user of an event once; the log has it in any case. */
export function createNotify({ toast, log, enabled }: NotifyOptions): (notice: Notice) => void {
  const told = new Set<string>()
  return (notice) => {
    const { event, ...text } = describeNotice(notice)
    if (told.has(event)) return
    told.add(event)
    log.info(text.message, { notice: notice.kind })
    if (enabled) toast(text)
  }
}
