import { readOverview, type StoreOverview } from "../accounts/index.ts"
import { describeSettingsProblem, loadSettings, pathsFor, type Place, ruleFor } from "../settings/index.ts"

/** What may be shown of the accounts and of one session. Plain values without any secret: they may cross a process. */
export interface Board extends Omit<StoreOverview, "today"> {
  readonly today: StoreOverview["today"] & { readonly budget?: number }
  /** Whether paid credits may be used. */
  readonly useOverage: boolean
  /** The rule that names the account of this project. */
  readonly rule?: { readonly account: string; readonly project: string }
  /** What is wrong with the settings, each in a sentence. */
  readonly problems: readonly string[]
}

export interface BoardQuestion {
  readonly place: Place
  /** Where the host works. */
  readonly project: { readonly directory: string; readonly worktree: string }
  readonly sessionId?: string | undefined
  /** When the user's messages were sent, in epoch ms, the newest first. */
  readonly turnStarts?: readonly number[]
  readonly now: number
}

/** One look at kiro.json and kiro.db, for a screen that looks again soon. Makes nothing and never rejects. */
export async function readBoard(question: BoardQuestion): Promise<Board> {
  const { place, project, sessionId, turnStarts = [], now } = question
  const { settings, problems } = await loadSettings({ ...place, project })
  const path = pathsFor(place).database
  const overview = await readOverview({
    path,
    turnStarts,
    now,
    ...(sessionId === undefined ? {} : { sessionId }),
  })
  const rule = ruleFor("project", { project: project.directory }, { rules: settings.accountRules, place })
  const { dailyCreditBudget } = settings
  const { accounts = [], session = { credits: 0 }, today = { credits: 0, lifted: false } } = overview ?? {}
  return {
    accounts,
    session,
    today: dailyCreditBudget === undefined ? today : { ...today, budget: dailyCreditBudget },
    useOverage: settings.useOverage,
    problems: problems.map(describeSettingsProblem),
    ...(rule?.project === undefined ? {} : { rule: { account: rule.account, project: rule.project } }),
  }
}
