import { type AsyncHook, createHook } from "node:async_hooks"
import { beforeEach } from "node:test"

/**
 * Loaded before Node's test runner (`suites/files.ts`), which follows every promise from one to the next, to name the
 * test that an error nobody caught came from: an eighth of all that the suites take. It needs that itself while files
 * say which tests they have, and no longer. From then on such an error has no name, and fails the run all the same.
 *
 * The runner's hook is known by who enables it: that of an `AsyncLocalStorage`, or of anybody else, stays as it is. Where
 * a newer Node has none, or enables it elsewhere, the suites take a little longer.
 */
const prototype: AsyncHook = Object.getPrototypeOf(createHook({}))
const { enable } = prototype
prototype.enable = function (this: AsyncHook) {
  const [, , caller = ""] = new Error().stack?.split("\n") ?? []
  if (caller.includes("node:internal/test_runner/")) beforeEach(() => void this.disable())
  return enable.call(this)
}
