import { type AsyncHook, createHook } from "node:async_hooks"
import { beforeEach } from "node:test"

/**
 * Loaded before Node's test runner (`suites/files.ts`), which follows every promise from one to the next, to name the
 * test that an error nobody caught came from: an eighth of all that the suites take. It needs that itself while files
 * say which tests they have, and no longer. From then on such an error has no name, and fails the run all the same.
 */
const prototype: AsyncHook = Object.getPrototypeOf(createHook({}))
const { enable } = prototype
// The first hook is the runner's own.
prototype.enable = function (this: AsyncHook) {
  prototype.enable = enable
  beforeEach(() => void this.disable())
  return enable.call(this)
}
