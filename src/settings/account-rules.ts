import { realpathSync } from "node:fs"
import { posix, win32 } from "node:path"
import type { ParseError } from "jsonc-parser"
import { isObject, stringField, repeatedName } from "../json.ts"
import { unqualified } from "../version.ts"
import { readSmallFile, replaceFile, systemCode } from "./files.ts"
import { comparablePath, fromHome, type Place, type Project } from "./paths.ts"
import type { Settings } from "./schema.ts"

export type AccountRule = Settings["accountRules"][number]

/** What a new conversation is begun with. */
export interface RuleQuestion {
  /** What the host works in. */
  readonly project?: Project | undefined
  readonly agent?: string | undefined
  /** The model, under each of its names. */
  readonly models?: readonly string[]
}

/** The user's rules. Of several that hold the first in the list decides. */
export interface AccountRules {
  /** The rule for every request in this project: one that names nothing else. */
  ofProject(project: Project | undefined): AccountRule | undefined
  /** The rule for a new conversation: one that names an agent, a model or nothing at all. */
  ofNew(question: RuleQuestion): AccountRule | undefined
  /** Whether there is any rule for new conversations. */
  readonly hasNew: boolean
}

export function accountRules(
  rules: readonly AccountRule[],
  place: Pick<Place, "home" | "platform">,
): AccountRules {
  const ofNew = rules.filter((rule) => !isOfProject(rule))
  return {
    ofProject: (project) => rules.find((rule) => isOfProject(rule) && isMeant(rule.project, project, place)),
    ofNew: ({ project, agent, models = [] }) =>
      ofNew.find(
        (rule) =>
          (rule.agent === undefined || rule.agent === agent) &&
          (rule.model === undefined || isAmong(rule.model, models)) &&
          (rule.project === undefined || isMeant(rule.project, project, place)),
      ),
    hasNew: ofNew.length > 0,
  }
}

function isOfProject(rule: AccountRule): rule is AccountRule & { readonly project: string } {
  return rule.project !== undefined && rule.agent === undefined && rule.model === undefined
}

function isAmong(pattern: string, models: readonly string[]): boolean {
  return models.some((model) => globOf(unqualified(pattern)).test(unqualified(model)))
}

/** By where it is worked in, or by the same place in the main checkout: a worktree is made where the host likes. */
function isMeant(
  pattern: string,
  project: Project | undefined,
  place: Pick<Place, "home" | "platform">,
): boolean {
  if (project === undefined) return false
  const { directory, worktree, mainWorktree } = project
  if (isIn(pattern, directory, place)) return true
  if (mainWorktree === undefined) return false
  const { join, relative } = place.platform === "win32" ? win32 : posix
  const inside = relative(realFolder(worktree), realFolder(directory))
  return isIn(pattern, join(mainWorktree, inside), place)
}

/**
 * Whether a folder is the one that is named, in it, or in one that the glob means; also where either is named by a link.
 * `~` is the user's home.
 */
function isIn(
  pattern: string,
  folder: string,
  { home, platform }: Pick<Place, "home" | "platform">,
): boolean {
  const { normalize, isAbsolute } = platform === "win32" ? win32 : posix
  const plain = (path: string): string => comparablePath(normalize(path), platform).replace(/(?<=.)\/+$/, "")
  const absolute = fromHome(pattern, home)
  const holds = (named: string, at: string): boolean => globOf(plain(named), "(?:/.*)?").test(plain(at))
  if (holds(absolute, folder)) return true
  const real = realFolder(folder)
  return holds(absolute, real) || (isAbsolute(absolute) && holds(realFolder(absolute), real))
}

/** Behind all links; a glob, and what can't be looked at, stays as it is. */
function realFolder(path: string): string {
  try {
    return realpathSync.native(path)
  } catch {
    return path
  }
}

/** `**` is any text, `*` any without a slash, `?` one letter. */
function globOf(pattern: string, rest = ""): RegExp {
  const source = pattern.replaceAll(/\*\*|[*?]|[.+^${}()|[\]\\]/g, (part) => {
    if (part === "**") return ".*"
    if (part === "*") return "[^/]*"
    return part === "?" ? "[^/]" : `\\${part}`
  })
  return new RegExp(`^${source}${source.endsWith("/") ? ".*" : rest}$`)
}

/** Whether it is kept, or why the file stays as it is. */
export type RuleSaved =
  | { readonly outcome: "saved" }
  | { readonly outcome: "refused"; readonly message: string }

/**
 * Lets one account serve a project: a rule in the user's kiro.json, before all others, or the account of the rule that
 * names this very project, where no other decides before it. Comments and everything else in the file stay.
 */
export async function saveProjectRule({
  file,
  project,
  account,
  unique,
  place,
}: {
  readonly file: string
  readonly project: string
  readonly account: string
  readonly unique: string
  readonly place: Pick<Place, "home" | "platform">
}): Promise<RuleSaved> {
  const found = readSmallFile(file)
  if (found.state === "failed") return refused(`${file} ${found.message}`)
  const { applyEdits, modify, parse, parseTree } = await import("jsonc-parser")
  const text = found.state === "missing" ? "{}\n" : found.text
  const errors: ParseError[] = []
  const document: unknown = parse(text, errors, { allowTrailingComma: true })
  if (errors.length > 0 || !isObject(document)) return refused(`${file} is broken: repair it first`)
  if (repeatedName(parseTree(text), ["account_rules"]) !== undefined)
    return refused(`${file} names account_rules more than once: make one of them first`)
  const stated = document["account_rules"] ?? undefined
  if (stated !== undefined && !Array.isArray(stated))
    return refused(`account_rules in ${file} is no list: repair it first`)
  const formattingOptions = { insertSpaces: true, tabSize: 2 }
  const edit = (path: (string | number)[], value: unknown, isArrayInsertion: boolean): string =>
    applyEdits(text, modify(text, path, value, { formattingOptions, isArrayInsertion }))
  const rules: readonly unknown[] = stated ?? []
  const deciding = rules.findIndex((each) => mayDecide(each, project, place))
  const rule = { ...rules.filter(isObject).find((each) => isRuleOf(each, project)), project, account }
  const next =
    stated === undefined
      ? edit(["account_rules"], [rule], false)
      : isRuleOf(rules[deciding], project)
        ? edit(["account_rules", deciding, "account"], account, false)
        : edit(["account_rules", 0], rule, true)
  try {
    // Through a link to the real file: people keep theirs in a repository of dot files.
    const path = found.state === "missing" ? file : realpathSync(file)
    await replaceFile({ path, text: next, unique })
    return { outcome: "saved" }
  } catch (error) {
    return refused(`${file} can't be written (${systemCode(error)})`)
  }
}

function refused(message: string): RuleSaved {
  return { outcome: "refused", message }
}

/** Whether it is a rule for every request in this folder. */
function mayDecide(rule: unknown, project: string, place: Pick<Place, "home" | "platform">): boolean {
  if (!isObject(rule) || rule["agent"] !== undefined || rule["model"] !== undefined) return false
  const pattern = stringField(rule, "project")?.trim()
  return pattern !== undefined && isIn(pattern, project, place)
}

function isRuleOf(rule: unknown, project: string): boolean {
  return (
    isObject(rule) &&
    rule["project"] === project &&
    Object.keys(rule).every((key) => ["project", "account", "fallback"].includes(key))
  )
}
