import { setDefaultTimeout } from "bun:test"

// Bun's own limit of five seconds ends tests that start processes on a busy machine.
setDefaultTimeout(60_000)
