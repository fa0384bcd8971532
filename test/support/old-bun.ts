const [major = 0, minor = 0] = (process.versions["bun"] ?? "99.0").split(".").map(Number)

/**
 * Bun before 1.4, which is in OpenCode 1.18: its HTTP server is not told of a client that left, its `fetch` reads on
 * where nobody takes what it read, and goes by the proxy that the shell named at its start; and it begins in no folder that
 * is gone. A test that needs any of these to be otherwise is skipped there.
 */
export const OLD_BUN: boolean = major < 1 || (major === 1 && minor < 4)
