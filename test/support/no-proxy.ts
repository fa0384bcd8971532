import { PROXY_VARIABLES } from "../../src/runtime.ts"

/**
 * Loaded before the tests, as `fixed-seed.ts` is, and by demo, bench and soak: what these ask is on this computer, which
 * the proxy that a shell names for `npm install` does not reach.
 */
for (const name of PROXY_VARIABLES) delete process.env[name]
