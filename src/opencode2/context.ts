/**
 * OpenCode 2's plugin context, read part by part: what a version of it has not is done without, and said once. Nothing
 * of `@opencode/plugin` is imported, which some versions can't resolve at run time.
 */
import { isObject, present } from "../json.ts"
import type { Project } from "../settings/index.ts"

export type Call = (...values: readonly unknown[]) => unknown

/** What holds members: a host may give its parts as functions too. */
function isOwner(value: unknown): value is object {
  return (typeof value === "object" && value !== null) || typeof value === "function"
}

/** A member of something of the host's. One whose reading throws counts as not there. */
function memberOf(owner: unknown, name: string): unknown {
  try {
    return isOwner(owner) ? Reflect.get(owner, name) : undefined
  } catch {
    return undefined
  }
}

/** A method of something of the host's, by its path; `undefined` where there is none. */
export function methodOf(owner: unknown, ...path: readonly string[]): Call | undefined {
  let value = owner
  let last: unknown
  for (const name of path) {
    last = value
    value = memberOf(value, name)
  }
  return typeof value === "function" ? (...values) => Reflect.apply(value as Call, last, values) : undefined
}

/**
 * OpenCode 1 calls `setup` too, with a preview that has a catalog, but no session, no provider and no hook for models.
 * The first versions of OpenCode 2 have a catalog instead of a provider.
 */
export function kindOfContext(context: unknown): "opencode-2" | "too-old" | "preview" {
  if (!isOwner(memberOf(context, "session"))) return "preview"
  if (methodOf(context, "provider", "transform") !== undefined) return "opencode-2"
  const isOld = isOwner(memberOf(context, "catalog")) && methodOf(context, "aisdk", "hook") !== undefined
  return isOld ? "too-old" : "preview"
}

export interface Location {
  /** What tells it from every other one in this process. */
  readonly key: string
  readonly project: Project
}

export function locationOf(context: unknown): Location {
  const location = memberOf(context, "location")
  const directory = textIn(location, "directory") ?? ""
  const workspace = textIn(location, "workspaceID")
  const project = memberOf(location, "project")
  const worktree = textIn(project, "directory") ?? directory
  const mainWorktree = textIn(project, "canonical")
  return {
    key: workspace === undefined ? directory : `${directory}#${workspace}`,
    project: { directory, worktree, ...present({ mainWorktree }) },
  }
}

export function textIn(owner: unknown, name: string): string | undefined {
  const value = memberOf(owner, name)
  return typeof value === "string" && value !== "" ? value : undefined
}

/** The host's answers stand in `data`, or are the thing itself. */
export function answerOf(value: unknown): unknown {
  return isObject(value) && "data" in value ? value["data"] : value
}
