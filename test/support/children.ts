import type { ChildProcess } from "node:child_process"

const running = new Set<ChildProcess>()
process.once("exit", endChildren)

/** A process that a test started and may leave behind where it fails. */
export function track<Child extends ChildProcess>(child: Child): Child {
  running.add(child)
  child.once("exit", () => running.delete(child))
  return child
}

/** For `afterEach`: no test meets the processes of the one before it. */
export function endChildren(): void {
  for (const child of running) child.kill("SIGKILL")
  running.clear()
}
