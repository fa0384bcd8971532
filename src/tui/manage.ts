import { type AccountOverview, cutTo, STATE_WORDS } from "../accounts/index.ts"
import type { AccountAct, AccountDeed, ActDone, Board } from "../host/index.ts"
import { messageOf } from "../json.ts"
import type { KiroProfile } from "../kiro/index.ts"
import type { NewSignIn, SignedIn } from "../login/index.ts"
import { START_URL_EXAMPLE, WAYS_TO_SIGN_IN, type WayToSignIn } from "../login/input.ts"
import { accountDetails, accountRow, type AccountRow, panelLines, type View } from "./lines.ts"

/** The dialogs of a host. What a person leaves without an answer gives `undefined`. */
export interface Dialogs {
  select<Value>(question: {
    readonly title: string
    readonly options: readonly Option<Value>[]
  }): Promise<Value | undefined>
  prompt(question: {
    readonly title: string
    readonly value: string
    readonly placeholder: string
  }): Promise<string | undefined>
  confirm(question: { readonly title: string; readonly message: string }): Promise<boolean>
  alert(words: { readonly title: string; readonly message: string }): Promise<void>
  toast(message: string, variant: "success" | "warning"): void
}

interface Option<Value> extends Partial<Omit<AccountRow, "title">> {
  readonly title: string
  readonly value: Value
}

/** Where the accounts are: in this process, or at a server elsewhere. */
export interface Desk {
  board(sessionId: string | undefined, turnStarts: readonly number[]): Promise<Board>
  act(act: AccountAct): Promise<ActDone>
  profiles(account: string): Promise<readonly Profile[]>
  signIn(wanted: NewSignIn): Promise<BegunSignIn>
  signInAgain(account: string): Promise<BegunSignIn>
}

export type Profile = Pick<KiroProfile, "arn" | "name" | "region">

export interface BegunSignIn {
  readonly url: string
  readonly instructions: string
  /** What came of it, where this process waits for it. */
  readonly done?: Promise<SignedIn>
}

/** Where the user is. */
export interface Where {
  readonly sessionId: string | undefined
  /** When the messages of that session were sent, in epoch ms, the newest first. */
  readonly turnStarts: readonly number[]
}

type Choice =
  | { readonly kind: "account"; readonly account: AccountOverview }
  | { readonly kind: "add" | "lift-budget" | "session" }
  | { readonly kind: "problem"; readonly message: string }

const TITLE = "Kiro accounts"
const THIS_SESSION = "This session"
/** A longer name would run into what the host draws beside a title at 80 columns. */
const NAME_CELLS = 40

/** `/kiro`: a list of the accounts, and what can be done with the one that is chosen. Never rejects. */
export async function manageAccounts(tools: {
  readonly dialogs: Dialogs
  readonly desk: Desk
  readonly where: Where
  readonly view: () => View
}): Promise<void> {
  const { dialogs, desk, where, view } = tools
  try {
    const board = await desk.board(where.sessionId, where.turnStarts)
    const choice = await dialogs.select({ title: TITLE, options: choices(board, where, view()) })
    switch (choice?.kind) {
      case undefined:
        return
      case "account":
        return await manageOne(tools, { board, overview: choice.account })
      case "add":
        return await signIn(dialogs, desk)
      case "session":
        return await dialogs.alert({ title: THIS_SESSION, message: textOf(board, view()) })
      case "problem":
        return await dialogs.alert({ title: "kiro.json", message: choice.message })
      case "lift-budget":
        return tell(dialogs, await desk.act({ act: "lift-budget" }))
      default:
        return choice satisfies never
    }
  } catch (error) {
    dialogs.toast(messageOf(error), "warning")
  }
}

/** The rows of the first list. */
function choices(board: Board, { sessionId }: Where, view: View): readonly Option<Choice>[] {
  const { budget, lifted } = board.today
  return [
    ...board.accounts.map((account) => ({
      ...accountRow(account, board, view),
      value: { kind: "account", account } as const,
    })),
    { title: "Sign in to another account", value: { kind: "add" } },
    // A narrow terminal has no sidebar.
    ...(sessionId === undefined
      ? []
      : [
          { title: THIS_SESSION, description: "what the sidebar shows", value: { kind: "session" } as const },
        ]),
    ...(budget !== undefined && !lifted
      ? [{ title: "Lift the credit budget for today", value: { kind: "lift-budget" } as const }]
      : []),
    ...board.problems.map((message) => ({
      title: "A problem in kiro.json",
      description: message,
      value: { kind: "problem", message } as const,
    })),
  ]
}

function textOf(board: Board, view: View): string {
  return panelLines(board, view)
    .map(({ text }) => text)
    .join("\n")
}

type Deed = AccountDeed | "details"

/** What is offered for one account. */
function deeds(
  account: AccountOverview,
  { sessionId, project }: Pick<Where, "sessionId"> & Pick<Board, "project">,
): readonly Option<Deed>[] {
  const { enabling } = STATE_WORDS[account.state.reason]
  return [
    ...(sessionId === undefined
      ? []
      : [{ title: "Use for this session", value: "use-for-session" as const }]),
    { title: "Use for this project", description: project, value: "use-for-project" },
    { title: "Details", description: account.remedy === undefined ? "" : "and what helps", value: "details" },
    { title: "Rename", value: "rename" },
    ...(enabling === undefined
      ? []
      : [{ title: "Switch on", description: enabling, value: "enable" as const }]),
    ...(account.enabled
      ? [{ title: "Switch off", description: "kept, but not used", value: "disable" as const }]
      : []),
    { title: "Sign in again", value: "sign-in" },
    { title: "Choose a profile", value: "choose-profile" },
    {
      title: "Remove",
      description: "forgotten here; other programs stay signed in",
      value: "remove",
    },
  ]
}

async function manageOne(
  { dialogs, desk, where, view }: Parameters<typeof manageAccounts>[0],
  { board, overview }: { readonly board: Board; readonly overview: AccountOverview },
): Promise<void> {
  const { id: account } = overview
  const { sessionId } = where
  const { project } = board
  const name = cutTo(overview.name, NAME_CELLS)
  const deed = await dialogs.select({ title: name, options: deeds(overview, { sessionId, project }) })
  const act = async (wanted: AccountAct): Promise<void> => tell(dialogs, await desk.act(wanted))
  switch (deed) {
    case undefined:
      return
    case "use-for-session":
      return sessionId === undefined ? undefined : act({ act: deed, account, sessionId })
    case "use-for-project":
      return act({ act: deed, account, project })
    case "details":
      return dialogs.alert({ title: name, message: accountDetails(overview, view()) })
    case "rename": {
      const title = `A name for ${name}`
      const named = await dialogs.prompt({ title, value: "", placeholder: "empty: its own name" })
      return named === undefined ? undefined : act({ act: deed, account, name: named })
    }
    case "enable":
    case "disable":
      return act({ act: deed, account })
    case "sign-in":
      return signInAgain(dialogs, desk, overview)
    case "choose-profile":
      return offerProfiles(dialogs, desk, overview)
    case "remove": {
      const message = `Remove ${name}? What is stored of it here is deleted.`
      return (await dialogs.confirm({ title: "Remove", message })) ? act({ act: deed, account }) : undefined
    }
    default:
      return deed satisfies never
  }
}

async function signIn(dialogs: Dialogs, desk: Desk): Promise<void> {
  const title = "Sign in to another account"
  const options = WAYS_TO_SIGN_IN.map(({ way, label }) => ({ title: label, value: way }))
  const way = await dialogs.select({ title, options })
  const wanted = way === undefined ? undefined : await askFor(way, dialogs)
  if (wanted !== undefined) await showSignIn(dialogs, desk, { title, begun: await desk.signIn(wanted) })
}

/** What a way to sign in wants to know; nothing where its user leaves it. */
async function askFor(way: WayToSignIn, { prompt }: Dialogs): Promise<NewSignIn | undefined> {
  switch (way) {
    case "builder-id":
      return { method: "aws", answers: { start_url: "builder-id" } }
    case "identity-center": {
      const title = "Start URL of your Identity Center"
      const start_url = await prompt({ title, value: "", placeholder: START_URL_EXAMPLE })
      if (start_url === undefined) return undefined
      const login_region = await prompt({ title: "Its region", value: "", placeholder: "such as eu-north-1" })
      return login_region === undefined ? undefined : { method: "aws", answers: { start_url, login_region } }
    }
    case "Google":
    case "Github":
      return { method: "social", answers: { provider: way } }
    case "import":
      return { method: "import", answers: {} }
    case "api-key": {
      const api_key = await prompt({ title: "API key", value: "", placeholder: "ksk_…" })
      return api_key === undefined ? undefined : { method: "api-key", answers: { api_key } }
    }
    default:
      return way satisfies never
  }
}

async function signInAgain(dialogs: Dialogs, desk: Desk, { id, name }: AccountOverview): Promise<void> {
  const title = `Sign in again: ${cutTo(name, NAME_CELLS)}`
  await showSignIn(dialogs, desk, { title, begun: await desk.signInAgain(id) })
}

/** What came of a sign-in replaces its own dialog, which would hide a toast; a toast is for who has left that. */
async function showSignIn(
  dialogs: Dialogs,
  desk: Desk,
  { title, begun: { url, instructions, done } }: { readonly title: string; readonly begun: BegunSignIn },
): Promise<void> {
  const message = [instructions, url].filter((part) => part !== "").join("\n\n")
  if (done === undefined) return dialogs.alert({ title, message })
  let isLeft = false
  // Where there is nothing to approve, what came of it says it all.
  const shown = url === "" ? [] : [dialogs.alert({ title, message })]
  const tellEnd = async (): Promise<void> => {
    try {
      const { message: result, variant, accountId } = await done
      if (isLeft) return dialogs.toast(result, variant)
      await dialogs.alert({ title, message: result })
      const { accounts } = await desk.board(undefined, [])
      const account = accounts.find(({ id }) => id === accountId)
      if (account?.state.reason === "profile-choice") await offerProfiles(dialogs, desk, account)
    } catch (error) {
      const result = messageOf(error)
      if (isLeft) return dialogs.toast(result, "warning")
      await dialogs.alert({ title, message: result })
    }
  }
  const told = tellEnd()
  await Promise.race([told, ...shown])
  isLeft = true
  await told
}

async function offerProfiles(dialogs: Dialogs, desk: Desk, { id, name }: AccountOverview): Promise<void> {
  const profiles = await desk.profiles(id)
  if (profiles.length === 0) return dialogs.toast(`${name} has no profiles, and needs none.`, "success")
  const profileArn = await dialogs.select({
    title: `Profile of ${cutTo(name, NAME_CELLS)}`,
    options: profiles.map(({ arn, name: title, region }) => ({
      title,
      description: `${region} ··${arn.slice(-4)}`,
      value: arn,
    })),
  })
  if (profileArn === undefined) return
  tell(dialogs, await desk.act({ act: "choose-profile", account: id, profileArn }))
}

function tell(dialogs: Dialogs, { outcome, message }: ActDone): void {
  dialogs.toast(message, outcome === "done" ? "success" : "warning")
}
