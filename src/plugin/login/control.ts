import { accessOf, type Account, type Login, loginRegionOf } from "../../accounts/index.ts"
import {
  type ControlClient,
  type ControlTarget,
  fetchModels,
  fetchProfiles,
  fetchUsage,
} from "../../gateway/index.ts"
import {
  type AccountModelList,
  type KiroFailure,
  type KiroProfile,
  serviceRegionOf,
  type UsageLimits,
} from "../../kiro/index.ts"

export interface Failed {
  readonly failure: KiroFailure
}

/**
 * Questions to the service with the tokens of one login. What went wrong is part of the answer; only the reason of the
 * signal is thrown.
 */
export interface LoginControl {
  /** The active ones of every service region together; `failure` where a region gave no answer. */
  profiles(
    login: Login,
    signal: AbortSignal,
  ): Promise<{
    readonly profiles: readonly KiroProfile[]
    readonly failure?: KiroFailure
  }>
  /** Empty where the service has no usage for such an account. */
  identity(login: Login, signal: AbortSignal): Promise<UsageLimits | Failed>
  /** Fetches and keeps the account's live model list; the number of its models. */
  models(account: Account, login: Login, signal: AbortSignal): Promise<number | Failed>
}

export function createLoginControl(options: {
  readonly client: ControlClient
  readonly defaultRegion: string
  keepModels(list: AccountModelList): Promise<void>
}): LoginControl {
  const { client, defaultRegion } = options
  const targetOf = (login: Login, profileArn = login.profileArn): ControlTarget | Failed => {
    const loginRegion = loginRegionOf(login)
    const service = serviceRegionOf({ profileArn, loginRegion, defaultRegion })
    if ("unsupported" in service) return { failure: notServed(service.unsupported) }
    return { serviceRegion: service.region, access: { ...accessOf(login), profileArn } }
  }
  return {
    async profiles(login, signal) {
      const loginRegion = loginRegionOf(login)
      const found = await fetchProfiles(client, { access: accessOf(login), loginRegion }, signal)
      const profiles = found.profiles.filter(({ active }) => active)
      const [failed] = found.failures
      return failed === undefined ? { profiles } : { profiles, failure: failed.failure }
    },
    async identity(login, signal) {
      const target = targetOf(login)
      if ("failure" in target) return target
      const answer = await fetchUsage(client, target, signal)
      if (answer.outcome === "known") return answer.limits
      return answer.outcome === "unsupported" ? {} : { failure: answer.failure }
    },
    async models(account, login, signal) {
      const target = targetOf(login, account.profileArn ?? login.profileArn)
      if ("failure" in target) return target
      const list = await fetchModels(client, target, signal)
      if ("failure" in list) return list
      const { serviceRegion } = target
      const fetchedAt = client.runtime.clock.now()
      await options.keepModels({ accountId: account.id, serviceRegion, models: list.items, fetchedAt })
      return list.items.length
    },
  }
}

function notServed(region: string): KiroFailure {
  return { kind: "not-authorized", status: 0, message: `Kiro is not served from ${region}` }
}
