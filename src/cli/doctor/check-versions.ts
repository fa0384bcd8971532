import { release } from "node:os"
import { VERSION } from "../../version.ts"
import { type Check, type DoctorContext, good, note, problem } from "./finding.ts"
import { isOlder } from "./version-order.ts"

/** What runs here, and whether a newer plugin is published. */
export const versionsCheck: Check = {
  title: "Versions",
  async look({ run, place }) {
    const bun = process.versions["bun"]
    const runtime = bun === undefined ? `Node ${process.versions.node}` : `Bun ${bun}`
    const [opencode, newest] = await Promise.all([run("opencode", ["--version"]), publishedVersion(run)])
    const host = opencode.code === 0 ? `OpenCode ${opencode.stdout.trim()}` : "OpenCode is not on the PATH"
    const here = good(`opencode-kiro-auth ${VERSION}, ${host}, ${runtime}, ${place.platform} ${release()}`)
    if (newest === undefined) return [here, note("npm does not say which version is the newest")]
    if (!isOlder(VERSION, newest)) return [here]
    return [
      here,
      problem(
        `${newest} is published, this command is ${VERSION}`,
        `Run the newest: npx opencode-kiro-auth@${newest} doctor. It says how to renew the plugin in OpenCode.`,
      ),
    ]
  },
}

/** The question goes through the user's own npm, and so to the registry and the proxy that are set there. */
async function publishedVersion(run: DoctorContext["run"]): Promise<string | undefined> {
  const answer = await run("npm", ["view", "opencode-kiro-auth", "version", "--fetch-retries=0"])
  const version = answer.code === 0 ? answer.stdout.trim() : ""
  return /^\d+\.\d+\.\d+/.test(version) ? version : undefined
}
