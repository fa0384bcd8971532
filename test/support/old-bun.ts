const [major = 0, minor = 0] = (process.versions["bun"] ?? "99.0").split(".").map(Number)

/**
 * Bun before 1.4, which is in OpenCode 1.18: its HTTP server is not told of a client that left, and its `fetch` reads
 * on where nobody takes what it read. A test that needs either is skipped there.
 */
export const OLD_BUN: boolean = major < 1 || (major === 1 && minor < 4)
