import type { Clock } from "../../runtime.ts"
import type { LoginMessage } from "./dependencies.ts"

/** The terminal UI shows its own opaque error when a sign-in throws: ours comes after it, so as to stay. */
const AFTER_HOST_MS = 600

/** Whether this process is `opencode auth login`, whose terminal we may write to. */
function isLoginCommand(argv: readonly string[]): boolean {
  return argv.some((word, index) => /^(?:auth|providers)$/.test(word) && argv[index + 1] === "login")
}

/**
 * Tells by lines in the terminal of `opencode auth login`, which prints errors itself, and by toasts everywhere else.
 */
export function createTell(surfaces: {
  readonly argv: readonly string[]
  readonly output: { readonly isTTY?: boolean; write(text: string): unknown }
  readonly clock: Clock
  readonly signal: AbortSignal
  toast(message: LoginMessage): void
}): (message: LoginMessage) => void {
  const { output, clock, signal, toast } = surfaces
  if (isLoginCommand(surfaces.argv))
    return (message) => {
      if (message.variant !== "error" && message.printed !== true)
        output.write(terminalLines(message.message, output.isTTY === true))
    }
  return (message) => {
    if (message.variant !== "error") return toast(message)
    clock.sleep(AFTER_HOST_MS, signal).then(
      () => toast(message),
      () => signal.aborted,
    )
  }
}

/** Takes the place of the spinner's line, which the host then draws anew below. */
function terminalLines(message: string, isTerminal: boolean): string {
  const lines = message.split("\n").map((line) => `│  ${line}\n`)
  return `${isTerminal ? "\r\u001B[J" : ""}${lines.join("")}`
}
