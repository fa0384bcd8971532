import { execFileSync } from "node:child_process"

/** npm is a script on Windows, which only a shell starts. */
export const npmNeedsShell = process.platform === "win32"

export interface NpmOptions {
  readonly cwd?: string
  readonly timeout?: number
}

/** `npm …` to its end: what it printed. Anything but success is an error. */
export function npm(args: readonly string[], options: NpmOptions = {}): string {
  return execFileSync("npm", npmNeedsShell ? args.map((arg) => `"${arg}"`) : args, {
    ...options,
    stdio: ["ignore", "pipe", "inherit"],
    encoding: "utf8",
    shell: npmNeedsShell,
  }).trim()
}
