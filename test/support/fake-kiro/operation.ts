/** Which operation a request asks for: by REST path, by `X-Amz-Target`, and only on a host that has it. */

export type Operation =
  | "GenerateAssistantResponse"
  | "SendMessage"
  | "InvokeMCP"
  | "GetUsageLimits"
  | "ListAvailableModels"
  | "ListAvailableProfiles"
  | "GetProfile"
  | "RegisterClient"
  | "StartDeviceAuthorization"
  | "CreateToken"
  | "SocialDeviceAuthorization"
  | "SocialDevicePoll"
  | "SocialRefresh"
  | "ExternalIdpToken"

type Plane = "inference" | "control" | "management" | "oidc" | "social" | "external-idp"

interface Route {
  readonly operation: Operation
  readonly planes: readonly Plane[]
}

const INFERENCE: readonly Plane[] = ["inference"]
const Q_CONTROL: readonly Plane[] = ["control"]
const MANAGEMENT: readonly Plane[] = ["management"]

/** Paths of the service are case-insensitive: the keys are in lower case. */
const REST: Readonly<Record<string, Route>> = {
  "POST /generateassistantresponse": { operation: "GenerateAssistantResponse", planes: INFERENCE },
  "POST /sendmessagestreaming": { operation: "SendMessage", planes: INFERENCE },
  "POST /mcp": { operation: "InvokeMCP", planes: INFERENCE },
  "GET /getusagelimits": { operation: "GetUsageLimits", planes: ["control", "management"] },
  "GET /get-usage-limits": { operation: "GetUsageLimits", planes: MANAGEMENT },
  "GET /listavailablemodels": { operation: "ListAvailableModels", planes: Q_CONTROL },
  "GET /list-available-models": { operation: "ListAvailableModels", planes: MANAGEMENT },
  "POST /listavailableprofiles": { operation: "ListAvailableProfiles", planes: Q_CONTROL },
  "POST /list-available-profiles": { operation: "ListAvailableProfiles", planes: MANAGEMENT },
  "POST /client/register": { operation: "RegisterClient", planes: ["oidc"] },
  "POST /device_authorization": { operation: "StartDeviceAuthorization", planes: ["oidc"] },
  "POST /token": { operation: "CreateToken", planes: ["oidc"] },
  "POST /oauth/device/authorization": { operation: "SocialDeviceAuthorization", planes: ["social"] },
  "POST /oauth/device/poll": { operation: "SocialDevicePoll", planes: ["social"] },
  "POST /refreshtoken": { operation: "SocialRefresh", planes: ["social"] },
}

const STREAMING = "AmazonCodeWhispererStreamingService"
const CONTROL = "AmazonCodeWhispererService"
const KIRO_CONTROL = "KiroControlPlaneBearerService"

const RPC: Readonly<Record<string, Route>> = {
  [`${STREAMING}.GenerateAssistantResponse`]: { operation: "GenerateAssistantResponse", planes: INFERENCE },
  [`${STREAMING}.SendMessage`]: { operation: "SendMessage", planes: INFERENCE },
  [`${STREAMING}.InvokeMCP`]: { operation: "InvokeMCP", planes: INFERENCE },
  "AmazonQDeveloperStreamingService.SendMessage": { operation: "SendMessage", planes: INFERENCE },
  [`${CONTROL}.GetUsageLimits`]: { operation: "GetUsageLimits", planes: Q_CONTROL },
  [`${CONTROL}.ListAvailableModels`]: { operation: "ListAvailableModels", planes: Q_CONTROL },
  [`${CONTROL}.ListAvailableProfiles`]: { operation: "ListAvailableProfiles", planes: Q_CONTROL },
  [`${CONTROL}.GetProfile`]: { operation: "GetProfile", planes: Q_CONTROL },
  [`${KIRO_CONTROL}.GetUsageLimits`]: { operation: "GetUsageLimits", planes: MANAGEMENT },
  [`${KIRO_CONTROL}.ListAvailableModels`]: { operation: "ListAvailableModels", planes: MANAGEMENT },
  [`${KIRO_CONTROL}.ListAvailableProfiles`]: { operation: "ListAvailableProfiles", planes: MANAGEMENT },
}

/** Which planes a host serves; a host that is none of the real ones (a loopback address) serves all. */
const HOSTS: readonly (readonly [RegExp, readonly Plane[]])[] = [
  [/^q(-fips)?\.[a-z0-9-]+\.amazonaws\.com$/, ["inference", "control"]],
  [/^codewhisperer\.us-east-1\.amazonaws\.com$/, ["inference", "control"]],
  [/^runtime\.[a-z0-9-]+\.kiro\.dev$/, ["inference"]],
  [/^management\.[a-z0-9-]+\.kiro\.dev$/, ["management"]],
  [/^oidc\.[a-z0-9-]+\.amazonaws\.com$/, ["oidc"]],
  [/^prod\.[a-z0-9-]+\.auth\.desktop\.kiro\.dev$/, ["social"]],
]

export function operationOf(request: {
  readonly method: string
  readonly host: string
  readonly path: string
  readonly target: string | undefined
}): Operation | undefined {
  const route = routeOf(request)
  if (route === undefined) return undefined
  const host = request.host.replace(/:\d+$/, "")
  const planes = HOSTS.find(([pattern]) => pattern.test(host))?.[1]
  if (planes !== undefined && !route.planes.some((plane) => planes.includes(plane))) return undefined
  return route.operation
}

/** The region in a service host's name; `undefined` for hosts that have none. */
export function regionOfHost(host: string): string | undefined {
  return /^(?:q|q-fips|codewhisperer|runtime|management|oidc)\.([a-z0-9-]+)\./.exec(host)?.[1]
}

function routeOf(request: {
  readonly method: string
  readonly path: string
  readonly target: string | undefined
}): Route | undefined {
  if (request.target !== undefined && request.method === "POST" && request.path === "/")
    return RPC[request.target]
  const rest = REST[`${request.method} ${request.path.toLowerCase()}`]
  if (rest !== undefined) return rest
  const external = request.method === "POST" && /\/(oauth2\/)?v[\d.]+\/token$/.test(request.path)
  return external ? { operation: "ExternalIdpToken", planes: ["external-idp"] } : undefined
}
