import type { Clock, Log } from "../runtime.ts"
import { present } from "../json.ts"

/** OpenCode 1.18 loses toasts that come before its UI listens, about three seconds after the plugin's start. */
const UI_LISTENS_AFTER_MS = 3000
const SHOWN_MS = 8000

export interface Toast {
  readonly title?: string
  readonly message: string
  readonly variant: "info" | "success" | "warning" | "error"
}

/** What is used of OpenCode's client. */
export interface ToastClient {
  readonly tui: {
    showToast(options: { readonly body: Toast & { readonly duration: number } }): PromiseLike<unknown>
  }
}

export interface ToasterOptions {
  readonly client: ToastClient
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
  const show = async ({ title, message, variant }: Toast): Promise<void> => {
    const wait = startedAt + UI_LISTENS_AFTER_MS - clock.now()
    if (wait > 0) await clock.sleep(wait, signal)
    const body = { message, variant, duration: SHOWN_MS, ...present({ title }) }
    await client.tui.showToast({ body })
  }
  return (toast) => {
    show(toast).catch((error: unknown) => {
      if (!signal.aborted) log.info("a toast was not shown", { message: toast.message, error })
    })
  }
}

/** What the user is told of a sign-in. */
export interface LoginToast {
  readonly message: string
  readonly variant: "success" | "warning" | "error"
  /** `opencode auth login` has it on the screen already. */
  readonly printed?: boolean
}

export interface LoginSurfaces {
  readonly argv: readonly string[]
  readonly output: { readonly isTTY?: boolean; readonly columns?: number; write(text: string): unknown }
  readonly clock: Clock
  readonly signal: AbortSignal
  toast(toast: LoginToast): void
}

/** The terminal UI shows its own opaque error when a sign-in throws: ours comes after it, so as to stay. */
const AFTER_HOST_MS = 600

/**
 * Tells of a sign-in by lines in the terminal of `opencode auth login`, which prints errors itself, and by toasts
 * everywhere else.
 */
export function createTell({
  argv,
  output,
  clock,
  signal,
  toast,
}: LoginSurfaces): (toast: LoginToast) => void {
  if (isLoginCommand(argv))
    return ({ message, variant, printed }) => {
      if (variant !== "error" && printed !== true) output.write(terminalLines(message, output))
    }
  return ({ message, variant }) => {
    if (variant !== "error") return toast({ message, variant })
    clock.sleep(AFTER_HOST_MS, signal).then(
      () => toast({ message, variant }),
      () => signal.aborted,
    )
  }
}

/** Whether this process is `opencode auth login`, whose terminal we may write to. */
export function isLoginCommand(argv: readonly string[]): boolean {
  return argv.some((word, index) => /^(?:auth|providers)$/.test(word) && argv[index + 1] === "login")
}

/** What `opencode auth login` prints by itself, behind the same bar: it breaks no line, and its terminal does so anywhere. */
export function createFit({
  argv,
  output,
}: Pick<LoginSurfaces, "argv" | "output">): (text: string) => string {
  return (text) => (isLoginCommand(argv) ? linesOf(text, output).join("\n") : text)
}

/** Takes the place of the spinner's line, which the host then draws anew below. */
function terminalLines(message: string, output: LoginSurfaces["output"]): string {
  const lines = linesOf(message, output).map((line) => `${BAR}${line}\n`)
  return `${output.isTTY === true ? "\r\u001B[J" : ""}${lines.join("")}`
}

const BAR = "│  "

function linesOf(text: string, { isTTY = false, columns = 80 }: LoginSurfaces["output"]): readonly string[] {
  const room = isTTY ? columns - BAR.length : Infinity
  return text.split("\n").flatMap((line) => broken(line, room))
}

/** Between words, where the terminal would break it anywhere. */
function broken(line: string, room: number): readonly string[] {
  const end = line.length <= room ? -1 : line.lastIndexOf(" ", room)
  return end <= 0 ? [line] : [line.slice(0, end), ...broken(line.slice(end + 1), room)]
}
