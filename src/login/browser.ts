import type { Log } from "../runtime.ts"

export interface BrowserPlace {
  readonly env: { readonly [name: string]: string | undefined }
  readonly platform: string
  readonly log: Log
}

/**
 * Shows a page in the user's browser, as a favour: the address is printed anyway. Never throws and never waits. Not
 * tried where there is no screen to show it on (SSH, a console), where `xdg-open` may start a text browser over the
 * terminal; nor for an address that would start anything but a browser.
 */
export function openInBrowser(url: string, { env, platform, log }: BrowserPlace): void {
  if (!hasScreen(env, platform) || !isWebPage(url)) return
  launch(url).catch((error: unknown) => log.info("no browser could be opened", { error: String(error) }))
}

export function isWebPage(url: string): boolean {
  return URL.canParse(url) && new URL(url).protocol === "https:"
}

async function launch(url: string): Promise<void> {
  const { default: open } = await import("open")
  const child = await open(url)
  // Without a listener a late failure of the launcher would end the whole process.
  child.on("error", () => child.unref())
}

function hasScreen(env: BrowserPlace["env"], platform: string): boolean {
  if (env["SSH_CONNECTION"] || env["SSH_TTY"] || env["CI"]) return false
  if (platform === "win32" || platform === "darwin") return true
  return Boolean(env["DISPLAY"] || env["WAYLAND_DISPLAY"] || env["WSL_DISTRO_NAME"] || env["WSL_INTEROP"])
}
