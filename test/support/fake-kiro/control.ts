import { asObject, stringField } from "../../../src/json.ts"
import type { FakeAccount } from "./account.ts"
import { failure, FAILURES } from "./failure.ts"
import { modelDocument } from "./models.ts"
import { profileDocument, profileRefusal, profilesIn } from "./profiles.ts"
import type { ReceivedRequest } from "./received.ts"
import { json, type Reply } from "./reply.ts"
import type { FakeService, SignedInHandler } from "./service.ts"
import { usageDocument } from "./usage.ts"

/** The control plane: usage, models, profiles. REST has its parameters in the query, RPC there and in the body. */

const ORIGINS = ["CLI", "KIRO_CLI", "AI_EDITOR", "IDE"]
const missingOrigin = failure({
  status: 400,
  type: "ValidationException",
  body: { message: "Invalid origin." },
})

export const getUsageLimits: SignedInHandler = (_fake, request, account) => {
  const refusal = profileRefusal(account, request, parameter(request, "profileArn"))
  if (refusal !== undefined) return refusal
  return json(usageDocument(account, { withEmail: parameter(request, "isEmailRequired") === "true" }))
}

export const listAvailableModels: SignedInHandler = (fake, request, account) => {
  if (!ORIGINS.includes(parameter(request, "origin") ?? "")) return missingOrigin
  const refusal = profileRefusal(account, request, parameter(request, "profileArn"))
  return refusal ?? modelPage(fake, request, account)
}

export const listAvailableProfiles: SignedInHandler = (fake, request, account) => {
  const page = pageOf(profilesIn(account, request.host), request, fake.pageSize)
  return json({ profiles: page.items.map(profileDocument), nextToken: page.nextToken })
}

export const getProfile: SignedInHandler = (_fake, request, account) => {
  const [arn] = profilesIn(account, request.host)
  return arn === undefined ? FAILURES.notAuthorized : json({ profile: profileDocument(arn) })
}

function modelPage(fake: FakeService, request: ReceivedRequest, account: FakeAccount): Reply {
  const models = fake.modelsOf(account)
  const page = pageOf(models, request, fake.pageSize)
  const [first] = models
  const defaults = request.host.startsWith("management.")
    ? { defaultModelId: first?.modelId }
    : { defaultModel: first && modelDocument(first) }
  return json({ ...defaults, models: page.items.map(modelDocument), nextToken: page.nextToken })
}

interface Page<Item> {
  readonly items: readonly Item[]
  readonly nextToken: string | null
}

function pageOf<Item>(all: readonly Item[], request: ReceivedRequest, pageSize: number): Page<Item> {
  const start = Number(parameter(request, "nextToken")?.replace("page-", "") ?? 0)
  const asked = Number(parameter(request, "maxResults") ?? pageSize)
  const end = start + Math.min(asked, pageSize)
  return { items: all.slice(start, end), nextToken: end < all.length ? `page-${end}` : null }
}

function parameter(request: ReceivedRequest, name: string): string | undefined {
  const inQuery = request.query.get(name)
  if (inQuery !== null) return inQuery
  const body = asObject(request.body)
  return stringField(body, name) ?? asText(body[name])
}

const asText = (value: unknown): string | undefined =>
  typeof value === "number" || typeof value === "boolean" ? String(value) : undefined
