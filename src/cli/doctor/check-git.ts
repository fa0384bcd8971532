import { existsSync } from "node:fs"
import { basename } from "node:path"
import { type Check, good, problem } from "./finding.ts"

/** Dotfiles are often kept in git: a pushed kiro.db would hand every login to whoever reads the repository. */
export const gitCheck: Check = {
  title: "whether git would take the logins",
  async look({ paths, run }) {
    const { configDirectory, database } = paths
    if (!existsSync(database)) return []
    const inside = await run("git", ["-C", configDirectory, "rev-parse", "--is-inside-work-tree"])
    if (inside.code !== 0 || inside.stdout.trim() !== "true") return []
    const ignored = await run("git", [
      "-C",
      configDirectory,
      "check-ignore",
      "--quiet",
      "--no-index",
      database,
    ])
    const tracked = await run("git", ["-C", configDirectory, "ls-files", "--error-unmatch", database])
    if (tracked.code === 0)
      return [
        problem(
          `${database} is committed to git, with your tokens`,
          `Run: git rm --cached ${basename(database)}, add ${basename(database)}* to .gitignore, and log in again.`,
        ),
      ]
    if (ignored.code === 0) return [good(`git ignores ${database}`)]
    return [
      problem(
        `${database} lies in a git work tree and is not ignored`,
        `Add a line "kiro.db*" to its .gitignore.`,
      ),
    ]
  },
}
