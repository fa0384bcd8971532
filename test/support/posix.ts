/** Given as a test's options: why it is skipped on Windows. */
export const needsModes = onPosix("Windows has no mode bits")
export const needsNoHold = onPosix("Windows removes no file that is open")
export const needsLinks = onPosix("Windows lets no plain user make links")

function onPosix(reason: string): { readonly skip?: string } {
  return process.platform === "win32" ? { skip: reason } : {}
}
