import { type Account, accountName, chooseProfile, loginRegionOf } from "../accounts/index.ts"
import { fetchProfiles } from "../gateway/index.ts"
import type { KiroProfile } from "../kiro/index.ts"
import { report } from "./change-account.ts"
import type { Command } from "./command-line.ts"
import type { Context } from "./context.ts"
import { findAccount } from "./find-account.ts"
import { table } from "./table.ts"

/** Lists the profiles that the account's login has in all service regions, or chooses one of them. */
export async function accountProfile(
  context: Context,
  command: Extract<Command, { name: "profile" }>,
): Promise<void> {
  const { store, terminal } = context
  const account = findAccount(await store.list(), command.account)
  const profiles = await terminal.progress("Asking Kiro for the profiles", () => profilesOf(context, account))
  const { arn } = command
  if (arn === undefined) {
    const used =
      account.profileArn ?? account.logins.find((login) => login.profileArn !== undefined)?.profileArn
    return listProfiles(context, { account, profiles, used, json: command.json })
  }
  if (!profiles.some((profile) => profile.arn === arn))
    throw new Error(
      `${accountName(account)} has no profile ${arn}; without an ARN the command lists those it has`,
    )
  const changed = await store.update(account.id, (current) => chooseProfile(current, arn))
  report(context, { command, account: changed, done: `uses ${arn}` })
}

async function profilesOf({ client, tokens }: Context, account: Account): Promise<readonly KiroProfile[]> {
  const credential = await tokens.fresh({ account })
  if ("unavailable" in credential) throw new Error(`${accountName(account)}: ${credential.message}`)
  const { login } = credential
  const loginRegion = loginRegionOf(login)
  const { profiles, failures } = await fetchProfiles(client, { access: credential, loginRegion })
  const [failed] = failures
  if (profiles.length === 0 && failed !== undefined)
    throw new Error(
      `the profiles in ${failed.serviceRegion} could not be asked for: ${failed.failure.message}`,
    )
  return profiles
}

function listProfiles(
  { terminal }: Context,
  listed: {
    readonly account: Account
    readonly profiles: readonly KiroProfile[]
    readonly used: string | undefined
    readonly json: boolean
  },
): void {
  const { account, profiles, used, json } = listed
  if (json) return terminal.out(JSON.stringify({ account: accountName(account), profiles, used }, null, 2))
  if (profiles.length === 0) return terminal.out(`${accountName(account)} has no profiles, and needs none.`)
  const rows = profiles.map((profile) => [
    profile.arn === used ? "used" : "",
    profile.name,
    profile.region,
    profile.arn,
  ])
  terminal.out(
    table([["", "Profile", "Region", "ARN"].map((head) => terminal.paint("muted", head)), ...rows]),
  )
}
