import { isObject, type JsonObject, numberField, stringField } from "../json.ts"
import type { SignIn } from "../login/index.ts"
import type { Place } from "../settings/index.ts"
import { type Board, readBoard } from "./board.ts"
import type { Host } from "./host.ts"
import type { AccountAct, ActDone, NewSignIn } from "./manage.ts"

const ANYTHING = { type: "object" } as const

/**
 * What the terminal UI of OpenCode 2 asks its server, which may run elsewhere: whoever has the server's password may call
 * it, so what it gives is what a screen shows.
 */
export const ACCOUNTS_RPC = {
  id: "opencode-kiro-auth",
  methods: {
    board: { input: ANYTHING, output: ANYTHING },
    act: { input: ANYTHING, output: ANYTHING },
    profiles: { input: ANYTHING, output: ANYTHING },
    signIn: { input: ANYTHING, output: ANYTHING },
    signInAgain: { input: ANYTHING, output: ANYTHING },
  },
} as const

export interface BegunSignIn {
  readonly url: string
  readonly instructions: string
}

/** Handlers of `ACCOUNTS_RPC`, for the server's part. What a caller sends is read as anything from elsewhere is. */
export function accountsRpcHandlers(options: {
  readonly host: Host
  readonly place: Place
  readonly project: { readonly directory: string; readonly worktree: string }
}) {
  const { host, place, project } = options
  const account = (input: unknown): string => stringField(asObject(input), "account") ?? ""
  const begun = ({ url, instructions, complete }: SignIn): BegunSignIn => {
    host.inBackground(async () => host.log.info((await complete()).message), "a sign-in was not completed")
    return { url, instructions }
  }
  return {
    async board(input: unknown): Promise<Board> {
      const fields = asObject(input)
      const starts = fields["turnStarts"]
      return readBoard({
        place,
        project,
        sessionId: stringField(fields, "sessionId"),
        turnStarts: Array.isArray(starts) ? starts.filter((at) => typeof at === "number") : [],
        now: numberField(fields, "now") ?? host.clock.now(),
      })
    },
    async act(input: unknown): Promise<ActDone> {
      const act = readAct(asObject(input))
      if (act === undefined) return { outcome: "refused", message: "The server knows no such command." }
      return (await host.services()).management.act(act)
    },
    async profiles(input: unknown) {
      return { profiles: await (await host.services()).management.profiles(account(input)) }
    },
    async signIn(input: unknown): Promise<BegunSignIn> {
      const wanted = readNewSignIn(asObject(input))
      return begun(await (await host.services()).management.signIn(wanted))
    },
    async signInAgain(input: unknown): Promise<BegunSignIn> {
      return begun(await (await host.services()).management.signInAgain(account(input)))
    },
  }
}

function asObject(input: unknown): JsonObject {
  return isObject(input) ? input : {}
}

const METHODS: readonly NewSignIn["method"][] = ["aws", "social", "import", "api-key"]

function readNewSignIn(input: JsonObject): NewSignIn {
  const method = METHODS.find((known) => known === input["method"])
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
