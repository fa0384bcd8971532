import { setDefaultTimeout } from "bun:test"

// Bun's own limit of five seconds ends tests that start processes on a busy machine. It holds for the first file of a
// run, and there also against `--timeout`; a run of several says its limit itself.
setDefaultTimeout(180_000)
