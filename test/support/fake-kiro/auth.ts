import type { FakeAccount } from "./account.ts"
import { FAILURES } from "./failure.ts"
import type { ReceivedRequest } from "./received.ts"
import type { DocumentReply } from "./reply.ts"
import type { FakeService } from "./service.ts"

export type Authorized = { readonly account: FakeAccount } | { readonly refusal: DocumentReply }

/** The bearer token, its kind's `tokentype` header, and whether the person is suspended. */
export function authorize(fake: FakeService, request: ReceivedRequest): Authorized {
  const management = request.host.startsWith("management.")
  const bearer = /^Bearer (.+)$/.exec(request.headers["authorization"] ?? "")?.[1]
  const token = bearer === undefined ? undefined : fake.tokens.access.get(bearer)
  const refused = management ? FAILURES.invalidTokenOnManagement : FAILURES.invalidBearer
  if (token === undefined) return { refusal: refused }
  const { account } = token
  request.account = account
  if (token.expiresAt <= fake.now())
    return { refusal: management ? FAILURES.tokenExpiredOnManagement : refused }
  if (request.headers["tokentype"] !== tokenTypeOf(account)) return { refusal: refused }
  if (account.suspended) return { refusal: FAILURES.suspended }
  return { account }
}

function tokenTypeOf(account: FakeAccount): string | undefined {
  if (account.kind === "api-key") return "API_KEY"
  return account.kind === "external-idp" ? "EXTERNAL_IDP" : undefined
}
