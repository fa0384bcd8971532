import { asObject, isObject, type JsonObject, numberField, present, stringField } from "../json.ts"
import type { AccountAct, ActDone, Board } from "../host/index.ts"
import type { SignedIn } from "../login/index.ts"
import type { Project } from "../settings/index.ts"
import { PROVIDER_ID } from "../version.ts"
import { localDesk, type LocalDesk } from "./desk.ts"
import type { Tone } from "./lines.ts"
import { type BegunSignIn, type Desk, type Dialogs, manageAccounts, type Profile } from "./manage.ts"
import { type Colour, Panel } from "./panel.tsx"

/** How long a server that did not answer is left alone. */
const ASK_AGAIN_MS = 60_000

/** How often the server is asked what came of a sign-in. */
const OUTCOME_MS = 1000

/** The event types with which a turn of OpenCode 2 ends. */
const TURN_ENDS = ["session.execution.succeeded", "session.execution.failed", "session.execution.interrupted"]

/**
 * As much of the context of OpenCode 2's terminal UI as is used, each part as it is documented; a host that lacks one
 * has the rest.
 */
export interface V2Context {
  readonly options?: JsonObject
  readonly location?: unknown
  readonly theme?: unknown
  readonly renderer?: { requestRender?(): void }
  readonly client?: {
    rpc?(definition: object): Record<string, (input: object, options?: object) => Promise<unknown>>
  }
  readonly data?: {
    on?(type: string, handler: () => void): () => void
    readonly session?: {
      get?(id: string): unknown
      readonly message?: { list?(id: string): readonly unknown[] }
    }
    readonly location?: { default?(): unknown }
  }
  readonly keymap?: { layer(input: () => object): void }
  readonly ui: {
    slot?(claim: { readonly append: string; readonly render: (input: JsonObject) => unknown }): unknown
    readonly dialog: {
      alert(options: object): Promise<void>
      confirm(options: object): Promise<boolean | undefined>
      prompt(options: object): Promise<string | undefined>
      select<Value>(options: {
        readonly title: string
        readonly options: readonly { readonly title: string; readonly value: Value }[]
      }): Promise<Value | undefined>
    }
    readonly toast: { show(options: object): void }
    readonly router?: { current?(): unknown }
  }
}

/** Never throws, nor does what the host is given: a part that it lacks is left out. What it returns ends what was opened. */
export function startInV2(context: V2Context): () => Promise<void> {
  const local = localDesk(() => projectOf(context))
  const desk = deskOf(context, local)
  const view = () => ({
    now: Date.now(),
    showEmail: ifItWorks(() => context.options?.["show_email"]) === true,
  })
  ifItWorks(() =>
    context.ui.slot?.({
      append: "sidebar.content",
      render: (input) => {
        const sessionId = (): string => stringField(input, "sessionID") ?? ""
        return Panel({
          sessionId,
          isKiro: () => ifItWorks(() => isKiroSession(context, input, sessionId())) === true,
          turnStarts: () => ifItWorks(() => askedAt(context, sessionId())) ?? [],
          onTurn: (ended) => ifItWorks(() => onTurnEnd(context, ended)) ?? (() => undefined),
          board: (id, turnStarts) => desk.board(id, turnStarts),
          view,
          colour: (tone) => ifItWorks(() => colourOf(context, tone)) ?? PLAIN,
          draw: () => ifItWorks(() => context.renderer?.requestRender?.()),
        })
      },
    }),
  )
  const run = (): void => {
    const sessionId = ifItWorks(() => openSession(context))
    const turnStarts = sessionId === undefined ? [] : (ifItWorks(() => askedAt(context, sessionId)) ?? [])
    void manageAccounts({ dialogs: dialogsOf(context), desk, where: { sessionId, turnStarts }, view })
  }
  // A layer belongs to a component: from `setup` itself the host refuses it, and the whole plugin with it.
  ifItWorks(() =>
    context.ui.slot?.({
      append: "app",
      render: () => {
        const command = { id: "kiro.accounts", title: "Kiro accounts and credits", group: "Kiro" }
        ifItWorks(() =>
          context.keymap?.layer(() => ({
            commands: [{ ...command, palette: true, slash: { name: "kiro" }, run }],
          })),
        )
        return null
      },
    }),
  )
  return () => local.close()
}

function ifItWorks<Value>(work: () => Value): Value | undefined {
  try {
    return work()
  } catch {
    // The rest of the plugin goes on without this part; there is no log to write to here.
    return undefined
  }
}

/** The server's accounts, asked for over its own connection; those of this computer where it offers no such thing. */
function deskOf(context: V2Context, local: LocalDesk): Desk {
  const call = async (method: string, input: object, location: JsonObject | undefined): Promise<unknown> => {
    const { loadAccountsRpc } = await import("../host/index.ts")
    const { ACCOUNTS_RPC } = await loadAccountsRpc()
    // Never awaited itself: a host's client may take every name for a method, `then` too.
    return context.client?.rpc?.(ACCOUNTS_RPC)[method]?.(input, present({ location }))
  }
  let silentUntil = 0
  // A location's part answers there alone, and a call that names none goes to where the server was started.
  const ask = async (
    method: string,
    input: object,
    location = locationOf(context),
  ): Promise<JsonObject | undefined> => {
    if (Date.now() < silentUntil) return undefined
    try {
      const answer = await call(method, input, location)
      return isObject(answer) ? answer : undefined
    } catch {
      // The server's part is not there (yet), or failed: the files of this computer may tell.
      silentUntil = Date.now() + ASK_AGAIN_MS
      return undefined
    }
  }
  const outcomeOf = async (attempt: string, location: JsonObject | undefined): Promise<SignedIn> => {
    for (;;) {
      await new Promise((resolve) => void setTimeout(resolve, OUTCOME_MS))
      const outcome = readOutcome((await ask("signInOutcome", { attempt }, location)) ?? {})
      if (outcome !== undefined) return outcome
    }
  }
  /** Rejects where the server refused it in words; nothing where there is none to ask. */
  const askInWords: typeof ask = async (...question) => {
    const answer = await ask(...question)
    const refused = answer && stringField(answer, "refused")
    if (refused !== undefined) throw new Error(refused)
    return answer
  }
  const begin = async (method: string, input: object): Promise<BegunSignIn | undefined> => {
    const attempt = crypto.randomUUID()
    // What came of it is known where it was begun, wherever its user goes meanwhile.
    const location = locationOf(context)
    const answer = await askInWords(method, { ...input, attempt }, location)
    const signIn = answer && readSignIn(answer)
    return signIn && { ...signIn, done: outcomeOf(attempt, location) }
  }
  return {
    board: async (sessionId, turnStarts) =>
      readBoardAnswer((await askInWords("board", { sessionId, turnStarts, now: Date.now() })) ?? {}) ??
      local.board(sessionId, turnStarts),
    act: async (act: AccountAct) => readActDone((await ask("act", act)) ?? {}) ?? local.act(act),
    profiles: async (account) =>
      readProfiles((await askInWords("profiles", { account })) ?? {}) ?? local.profiles(account),
    signIn: async (wanted) => (await begin("signIn", wanted)) ?? local.signIn(wanted),
    signInAgain: async (account) => (await begin("signInAgain", { account })) ?? local.signInAgain(account),
  }
}

/** Our own server's part wrote it, perhaps of another version: what the lines can't do without is looked at. */
function readBoardAnswer(answer: JsonObject): Board | undefined {
  return isBoard(answer) ? answer : undefined
}

function isBoard(answer: JsonObject): answer is JsonObject & Board {
  const { accounts, session, today, problems, project } = answer
  const areLists = Array.isArray(accounts) && Array.isArray(problems)
  return areLists && isObject(session) && isObject(today) && typeof project === "string"
}

function readActDone(answer: JsonObject): ActDone | undefined {
  const message = stringField(answer, "message")
  const outcome = answer["outcome"]
  return message === undefined || (outcome !== "done" && outcome !== "refused")
    ? undefined
    : { outcome, message }
}

function readProfiles({ profiles }: JsonObject): readonly Profile[] | undefined {
  if (!Array.isArray(profiles)) return undefined
  return profiles.filter(isObject).flatMap((profile) => {
    const arn = stringField(profile, "arn")
    const [name = arn, region = ""] = [stringField(profile, "name"), stringField(profile, "region")]
    return arn === undefined || name === undefined ? [] : [{ arn, name, region }]
  })
}

function readSignIn(answer: JsonObject): BegunSignIn | undefined {
  const { url, instructions } = answer
  return typeof url === "string" && typeof instructions === "string" ? { url, instructions } : undefined
}

/** Nothing while it is on its way; rejects where it failed, or where the server no longer knows of it. */
function readOutcome(answer: JsonObject): SignedIn | undefined {
  const message = stringField(answer, "message")
  switch (answer["state"]) {
    case "pending":
      return undefined
    case "signed-in": {
      const variant = answer["variant"] === "warning" ? "warning" : "success"
      return { message: message ?? "Signed in.", variant, accountId: stringField(answer, "accountId") ?? "" }
    }
    case "failed":
      throw new Error(message ?? "The sign-in failed.")
    default:
      throw new Error("What came of the sign-in is not known: /kiro lists the accounts.")
  }
}

/** Where the open session lives, which may be elsewhere than where its screen was started. */
function locationOf(context: V2Context): JsonObject | undefined {
  const session = (): unknown => context.data?.session?.get?.(openSession(context) ?? "")
  const location = asObject(ifItWorks(session))["location"]
  return isObject(location) ? location : startedAt(context)
}

function startedAt(context: V2Context): JsonObject | undefined {
  return [() => context.location, () => context.data?.location?.default?.()].map(ifItWorks).find(isObject)
}

/** What the files of this computer are read for; a server knows its own. */
export function projectOf(context: V2Context): Project {
  const found = startedAt(context)
  const directory = (found && stringField(found, "directory")) ?? process.cwd()
  const project = asObject(found?.["project"])
  const worktree = stringField(project, "directory") ?? directory
  return { directory, worktree, ...present({ mainWorktree: stringField(project, "canonical") }) }
}

function openSession({ ui }: V2Context): string | undefined {
  const route = asObject(ui.router?.current?.())
  return route["type"] === "session" ? stringField(route, "sessionID") : undefined
}

/** By the session's model; before its first message, by the one that the prompt has chosen. */
function isKiroSession({ data }: V2Context, input: JsonObject, sessionId: string): boolean {
  const model = asObject(data?.session?.get?.(sessionId))["model"] ?? input["model"]
  return asObject(model)["providerID"] === PROVIDER_ID
}

/** Messages of OpenCode 2 name their kind as `type`, some versions as `role`. */
function askedAt({ data }: V2Context, sessionId: string): readonly number[] {
  const messages = data?.session?.message?.list?.(sessionId) ?? []
  return messages
    .filter(isObject)
    .filter((message) => message["type"] === "user" || message["role"] === "user")
    .flatMap(({ time }) => numberField(asObject(time), "created") ?? [])
    .toSorted((left, right) => right - left)
}

function onTurnEnd({ data }: V2Context, ended: () => void): () => void {
  const stops = TURN_ENDS.map((type) => data?.on?.(type, ended))
  return () => {
    for (const stop of stops) stop?.()
  }
}

/** The tokens of the theme, the newest names first. */
const TOKENS: Readonly<Record<Tone, readonly string[]>> = {
  title: ["text.base", "text.default"],
  text: ["text.base", "text.default"],
  muted: ["text.muted", "text.subdued"],
  warning: ["text.feedback.warning.base", "text.feedback.warning.default", "text.feedback.warning"],
  error: ["text.feedback.error.base", "text.feedback.error.default", "text.feedback.error"],
}

const PLAIN = "#c0c0c0"

export function colourOf({ theme }: Pick<V2Context, "theme">, tone: Tone): Colour {
  for (const token of [...TOKENS[tone], ...TOKENS.text]) {
    const found = token.split(".").reduce<unknown>((part, name) => asObject(part)[name], theme)
    if (isColour(found)) return found
  }
  return PLAIN
}

/** A text, or OpenTUI's own object, which holds its four channels. */
function isColour(value: unknown): value is Colour {
  return typeof value === "string" || (isObject(value) && "toInts" in value)
}

function dialogsOf({ ui: { dialog, toast } }: V2Context): Dialogs {
  return {
    select: (question) => dialog.select(question),
    prompt: (question) => dialog.prompt(question),
    confirm: async (question) => (await dialog.confirm(question)) === true,
    alert: (words) => dialog.alert(words),
    toast: (message, variant) => toast.show({ title: "Kiro", message, variant }),
  }
}
