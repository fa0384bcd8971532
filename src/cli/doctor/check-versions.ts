import { release } from "node:os"
import { VERSION } from "../../version.ts"
import { type Check, good, note, problem } from "./finding.ts"

/** What runs here, and whether a newer plugin is published. The question goes through the user's own npm. */
export const versionsCheck: Check = {
  title: "versions",
  async look({ run, place }) {
    const bun = process.versions["bun"]
    const runtime = bun === undefined ? `Node ${process.versions.node}` : `Bun ${bun}`
    const [opencode, newest] = await Promise.all([
      run("opencode", ["--version"]),
      run("npm", ["view", "opencode-kiro-auth", "version"]),
    ])
    const host = opencode.code === 0 ? `OpenCode ${opencode.stdout.trim()}` : "OpenCode not on the PATH"
    const here = good(`opencode-kiro-auth ${VERSION}, ${host}, ${runtime}, ${place.platform} ${release()}`)
    if (newest.code !== 0) return [here, note("npm does not say which version is the newest")]
    const published = newest.stdout.trim()
    if (published.localeCompare(VERSION, "en", { numeric: true }) <= 0) return [here]
    return [
      here,
      problem(
        `${published} is published, this is ${VERSION}`,
        "Run `npx opencode-kiro-auth@latest doctor`, and delete OpenCode's copy where it says so.",
      ),
    ]
  },
}
