import { present } from "../json.ts"
import { Secret } from "../secret.ts"
import { readOverview, type StoreOverview } from "../accounts/index.ts"
import {
  accountRules,
  describeSettingsProblem,
  loadSettings,
  pathsFor,
  type Place,
  type Project,
  projectRoot,
} from "../settings/index.ts"

/** What may be shown of the accounts and of one session. Plain values without any secret: they may cross a process. */
export interface Board extends Omit<StoreOverview, "today"> {
  readonly today: StoreOverview["today"] & { readonly budget?: number }
  /** What a rule for this project names. */
  readonly project: string
  /** The rule that names the account of this project. */
  readonly rule?: { readonly account: string; readonly project: string }
  /** What is wrong with the settings, each in a sentence. */
  readonly problems: readonly string[]
}

export interface BoardQuestion {
  readonly place: Place
  readonly project: Project
  readonly sessionId?: string | undefined
  /** When the user's messages were sent, in epoch ms, the newest first. */
  readonly turnStarts?: readonly number[]
  readonly now: number
}

/** One look at kiro.json and kiro.db, for a screen that looks again soon. Makes nothing; rejects as `readOverview` does. */
export async function readBoard(question: BoardQuestion): Promise<Board> {
  const { place, project, sessionId, turnStarts = [], now } = question
  const { settings, problems } = await loadSettings({ ...place, project })
  const { useOverage, dailyCreditBudget } = settings
  const key = place.env["KIRO_API_KEY"]?.trim()
  const overview = await readOverview({
    path: pathsFor(place).database,
    turnStarts,
    now,
    useOverage,
    environmentKey: key ? new Secret(key) : undefined,
    ...present({ sessionId }),
  })
  const rule = accountRules(settings.accountRules, place).ofProject(project)
  const { accounts = [], session = { credits: 0 }, today = { credits: 0, lifted: false } } = overview ?? {}
  return {
    accounts,
    session,
    today: dailyCreditBudget === undefined ? today : { ...today, budget: dailyCreditBudget },
    problems: problems.map(describeSettingsProblem),
    project: projectRoot(project),
    ...(rule?.project === undefined
      ? {}
      : { rule: { account: idOf(rule.account, accounts), project: rule.project } }),
  }
}

/** The id of the account that a rule means. */
function idOf(wanted: string, accounts: Board["accounts"]): string {
  const meant = accounts.find(
    ({ id, name, joined }) =>
      id === wanted || joined?.includes(wanted) || name === wanted || name.endsWith(`··${wanted}`),
  )
  return meant?.id ?? wanted
}
