import type { AccountAct, AccountDeed, AccountLine } from "../host/index.ts"
import { numberedProfiles, type SignIn } from "../login/index.ts"
import { LoginError } from "../login/input.ts"
import { projectRoot } from "../settings/index.ts"
import type { Form, LoginDesk, Prompts } from "./auth-hook.ts"

/** "Manage accounts" in the menu of `opencode auth login`: nothing where there is none to choose from. */
export function managing(accounts: readonly AccountLine[]): Form | undefined {
  return accounts.length === 0 ? undefined : { prompts: managePrompts(accounts), start: manage }
}

const DEEDS = [
  { value: "use-for-project", label: "Use for this project" },
  { value: "rename", label: "Rename" },
  { value: "disable", label: "Switch off: kept, but not used" },
  { value: "enable", label: "Switch on" },
  { value: "sign-in", label: "Sign in again" },
  { value: "choose-profile", label: "Choose a profile" },
  { value: "remove", label: "Remove" },
] as const satisfies readonly { readonly value: AccountDeed; readonly label: string }[]

type Deed = (typeof DEEDS)[number]["value"]

/** In the form of a sign-in: what was done stands where that shows what to do. */
async function manage({ management, project }: LoginDesk, answers: Record<string, string>): Promise<SignIn> {
  const { account = "", name = "", profile = "", sure = "" } = answers
  const deed = DEEDS.find(({ value }) => value === answers["deed"])?.value
  const act = async (wanted: AccountAct): Promise<SignIn> => {
    const { outcome, message } = await management.act(wanted)
    if (outcome === "refused") throw new LoginError(message)
    return said(message, account)
  }
  switch (deed) {
    case "use-for-project":
      return act({ act: deed, account, project: projectRoot(project) })
    case "rename":
      return act({ act: deed, account, name })
    case "enable":
    case "disable":
      return act({ act: deed, account })
    case "sign-in":
      return inWords(() => management.signInAgain(account))
    case "choose-profile": {
      const profiles = await inWords(() => management.profiles(account))
      if (profiles.length === 0) return said("This account has no profiles, and needs none.", account)
      const chosen = profiles[Number(profile.trim()) - 1]
      if (chosen !== undefined) return act({ act: deed, account, profileArn: chosen.arn })
      return said([...numberedProfiles(profiles), "Choose one by its number."].join("\n"), account)
    }
    case "remove":
      if (!/^y(?:es)?$/i.test(sure.trim())) throw new LoginError("Nothing was removed.")
      return act({ act: deed, account })
    case undefined:
      throw new LoginError("Choose what to do with the account.")
    default:
      return deed satisfies never
  }
}

function said(message: string, accountId: string): SignIn {
  const complete: SignIn["complete"] = async () => ({ message, variant: "success", accountId })
  return { url: "", instructions: message, complete }
}

async function inWords<Result>(step: () => Promise<Result>): Promise<Result> {
  try {
    return await step()
  } catch (error) {
    throw error instanceof Error ? new LoginError(error.message, { cause: error }) : error
  }
}

function managePrompts(accounts: readonly AccountLine[]): Prompts {
  const whenDeed = (value: Deed) => ({ when: { key: "deed", op: "eq", value } }) as const
  return [
    {
      type: "select",
      key: "account",
      message: "Account",
      // The host shows a hint of the one row that is chosen: what is wrong with the others is seen in their labels.
      options: accounts.map(({ id, name, isReady, state, credits }) => ({
        label: isReady ? name : `${name}: ${state}`,
        value: id,
        hint: [...(isReady ? [state] : []), ...(credits === undefined ? [] : [credits])].join(" · "),
      })),
    },
    {
      type: "select",
      key: "deed",
      message: "What to do",
      options: [...DEEDS],
    },
    { type: "text", key: "name", message: "New name (blank: its own)", ...whenDeed("rename") },
    {
      type: "text",
      key: "profile",
      message: "Number of the profile (blank: list them)",
      ...whenDeed("choose-profile"),
    },
    {
      type: "text",
      key: "sure",
      message: 'What is stored of it here is deleted. Type "yes" to remove it',
      ...whenDeed("remove"),
    },
  ]
}
