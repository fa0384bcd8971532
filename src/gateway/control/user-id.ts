import { accessOf, type Login, loginRegionOf } from "../../accounts/index.ts"
import type { ControlClient } from "./call.ts"
import { fetchUsage } from "./usage.ts"
import { serviceRegionOf } from "../../kiro/index.ts"

/** Who a login is, by one usage call; `undefined` where the service does not say. */
export async function userIdOf({
  client,
  login,
  defaultRegion,
}: {
  readonly client: ControlClient
  readonly login: Login
  readonly defaultRegion: string
}): Promise<string | undefined> {
  if (login.kind === "api-key") return undefined
  const loginRegion = loginRegionOf(login)
  const { profileArn } = login
  const service = serviceRegionOf({ profileArn, loginRegion, defaultRegion })
  if ("unsupported" in service) return undefined
  const answer = await fetchUsage(client, {
    serviceRegion: service.region,
    access: { ...accessOf(login), profileArn },
  })
  return answer.outcome === "known" ? answer.limits.userId : undefined
}
