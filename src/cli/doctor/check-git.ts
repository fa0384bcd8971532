import { existsSync } from "node:fs"
import { basename } from "node:path"
import { type Check, good, problem } from "./finding.ts"

/**
 * Dotfiles are often kept in git: a pushed kiro.db would hand every login to whoever reads the repository. Git is asked
 * inside the folder by bare names, so that a folder which is a link into a repository counts as what it is.
 */
export const gitCheck: Check = {
  title: "Git",
  async look({ paths, run }) {
    const { configDirectory, database, spill } = paths
    if (!existsSync(database)) return []
    const git = (...args: readonly string[]) => run("git", ["-C", configDirectory, ...args])
    const inside = await git("rev-parse", "--is-inside-work-tree")
    if (inside.code !== 0 || inside.stdout.trim() !== "true") return []
    const name = basename(database)
    const secret = [name, `${name}-wal`, basename(spill)]
    const tracked = await git("ls-files", "--error-unmatch", name)
    if (tracked.code === 0)
      return [
        problem(
          `${database} is committed to git, with your tokens`,
          `Run: git -C "${configDirectory}" rm --cached ${name}; add the lines ${name}* and ${basename(spill)}* to ` +
            `its .gitignore; where it was pushed, log in again.`,
        ),
      ]
    const ignored = await git("check-ignore", "--no-index", ...secret)
    const lines = ignored.code === 0 ? ignored.stdout.split(/\r?\n/) : []
    if (secret.every((file) => lines.includes(file))) return [good("git ignores kiro.db")]
    return [
      problem(
        `${database} lies in a git work tree and is not ignored`,
        `Add the lines ${name}* and ${basename(spill)}* to ${configDirectory}/.gitignore.`,
      ),
    ]
  },
}
