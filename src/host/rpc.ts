import { asObject, type JsonObject, messageOf, numberField, stringField } from "../json.ts"
import type { NewSignIn, SignedIn, SignIn } from "../login/index.ts"
import { SIGN_IN_METHODS } from "../login/input.ts"
import type { Place, Project } from "../settings/index.ts"
import { PACKAGE } from "../version.ts"
import { type Board, readBoard } from "./board.ts"
import type { Host } from "./host.ts"
import type { AccountAct, ActDone, Management } from "./manage.ts"

const ANYTHING = { type: "object" } as const
const METHOD = { input: ANYTHING, output: ANYTHING } as const

/**
 * What the terminal UI of OpenCode 2 asks its server, which may run elsewhere: whoever has the server's password may call
 * it, so what it gives is what a screen shows.
 */
export const ACCOUNTS_RPC = {
  id: PACKAGE,
  methods: {
    board: METHOD,
    act: METHOD,
    profiles: METHOD,
    signIn: METHOD,
    signInAgain: METHOD,
    signInOutcome: METHOD,
  },
} as const

/** Why what was asked for can't be given, in words for the one who asked. */
interface Refused {
  readonly refused: string
}

async function orRefused<Answer>(answer: () => Promise<Answer>): Promise<Answer | Refused> {
  try {
    return await answer()
  } catch (error) {
    return { refused: messageOf(error) }
  }
}

/** What came of a sign-in. `unknown`: begun before this server was. */
export type SignInOutcome =
  | { readonly state: "pending" | "unknown" }
  | ({ readonly state: "signed-in" } & SignedIn)
  | { readonly state: "failed"; readonly message: string }

/** So many sign-ins are remembered: nobody waits for the end of an older one any more. */
const MOST_OUTCOMES = 20

/** Handlers of `ACCOUNTS_RPC`, for the server's part. What a caller sends is read as anything from elsewhere is. */
export function accountsRpcHandlers(options: {
  readonly host: Host
  readonly place: Place
  readonly project: Project
  /** Called when an account was signed in to, or something was done with one. */
  changed(): void
}) {
  const { host, place, project, changed } = options
  const account = (input: unknown): string => stringField(asObject(input), "account") ?? ""
  const outcomes = new Map<string, SignInOutcome>()
  const complete = async (signIn: SignIn, attempt: string): Promise<void> => {
    outcomes.set(attempt, { state: "pending" })
    for (const oldest of [...outcomes.keys()].slice(0, -MOST_OUTCOMES)) outcomes.delete(oldest)
    try {
      const signedIn = await signIn.complete()
      host.log.info(signedIn.message)
      outcomes.set(attempt, { state: "signed-in", ...signedIn })
      changed()
    } catch (error) {
      outcomes.set(attempt, { state: "failed", message: messageOf(error) })
      throw error
    }
  }
  /** A caller asks what came of it by an `attempt` of its own; who names none can't ask, and gets a rejection. */
  const begin = async (input: JsonObject, start: (management: Management) => Promise<SignIn>) => {
    const attempt = stringField(input, "attempt")
    const begun = async () => {
      const signIn = await start((await host.services()).management)
      host.inBackground(() => complete(signIn, attempt ?? ""), "a sign-in was not completed")
      const { url, instructions } = signIn
      return { url, instructions }
    }
    return attempt === undefined ? begun() : orRefused(begun)
  }
  return {
    async board(input: unknown): Promise<Board | Refused> {
      const fields = asObject(input)
      const starts = fields["turnStarts"]
      return orRefused(() =>
        readBoard({
          place,
          project,
          sessionId: stringField(fields, "sessionId"),
          turnStarts: Array.isArray(starts) ? starts.filter((at) => typeof at === "number") : [],
          now: numberField(fields, "now") ?? host.clock.now(),
        }),
      )
    },
    async act(input: unknown): Promise<ActDone> {
      const act = readAct(asObject(input))
      if (act === undefined) return { outcome: "refused", message: "The server knows no such command." }
      const done = await (await host.services()).management.act(act)
      changed()
      return done
    },
    profiles: async (input: unknown) =>
      orRefused(async () => ({
        profiles: await (await host.services()).management.profiles(account(input)),
      })),
    async signIn(input: unknown) {
      const fields = asObject(input)
      return begin(fields, async (management) => management.signIn(readNewSignIn(fields)))
    },
    signInAgain: async (input: unknown) =>
      begin(asObject(input), (management) => management.signInAgain(account(input))),
    async signInOutcome(input: unknown): Promise<SignInOutcome> {
      return outcomes.get(stringField(asObject(input), "attempt") ?? "") ?? { state: "unknown" }
    },
  }
}

function readNewSignIn(input: JsonObject): NewSignIn {
  const method = SIGN_IN_METHODS.find((known) => known === input["method"])
  if (method === undefined) throw new Error("The server knows no such way to sign in.")
  const answers = Object.entries(asObject(input["answers"])).filter(
    (answer): answer is [string, string] => typeof answer[1] === "string",
  )
  return { method, answers: Object.fromEntries(answers) }
}

function readAct(input: JsonObject): AccountAct | undefined {
  const act = input["act"]
  if (act === "lift-budget") return { act }
  const account = stringField(input, "account")
  if (account === undefined) return undefined
  const [sessionId, project] = [stringField(input, "sessionId"), stringField(input, "project")]
  const profileArn = stringField(input, "profileArn")
  switch (act) {
    case "use-for-session":
      return sessionId === undefined ? undefined : { act, account, sessionId }
    case "use-for-project":
      return project === undefined ? undefined : { act, account, project }
    case "rename":
      return { act, account, name: stringField(input, "name") ?? "" }
    case "choose-profile":
      return profileArn === undefined ? undefined : { act, account, profileArn }
    case "enable":
    case "disable":
    case "remove":
      return { act, account }
    default:
      return undefined
  }
}
