import type { Account, ClientRegistration } from "../account.ts"
import type { Choice, ChoiceState } from "../selection.ts"
import type { AccountModelList } from "../../kiro/index.ts"
import type { RegistrationPlace } from "../../oauth/index.ts"
import { parseJson, present } from "../../json.ts"
import { isThere } from "./account-rows.ts"
import type { Connection } from "./connection.ts"
import { type Database, type Row, untilWritten } from "./database.ts"
import { MODEL_LISTS, NOTES, REASONING, REFUSED_FIELDS, REGISTRATIONS, SESSIONS, TURNS } from "./schema.ts"

const HOUR_MS = 60 * 60_000
const BUDGET_LIFT = "budget-lift"

/** What is remembered of one session of the host. */
export type SessionMemory = Omit<ReturnType<typeof SESSIONS.read>, "sessionId">

/** The signature, or the redacted blob, of one piece of reasoning; base64 stays as it came. */
export interface ReasoningEntry extends Omit<
  ReturnType<typeof REASONING.read>,
  "sessionId" | "toolUseId" | "at"
> {
  /** The tool uses that the reasoning led to. */
  readonly toolUseIds: readonly string[]
}

/** What the service metered for one attempt: of an answer, or of one that failed. */
export type MeteredTurn = Omit<ReturnType<typeof TURNS.read>, "id" | "day">

/** A turn as it is kept, for 90 days. */
export interface StoredTurn extends MeteredTurn {
  /** The local day on which it was written down: `2026-11-29`. */
  readonly day: string
}

/** All accounts' credits of a local day, and whether the user lifted its budget. */
export interface DaySpent {
  readonly credits: number
  readonly lifted: boolean
}

export const NOTHING_SPENT: DaySpent = { credits: 0, lifted: false }

export type RefusedField = ReturnType<typeof REFUSED_FIELDS.read>

/** What is remembered of a session's reasoning, and what is known of all models. */
export interface Opening {
  /** One entry for each tool use. */
  readonly reasoning: readonly ReasoningEntry[]
  readonly refusedFields: readonly RefusedField[]
  readonly modelLists: readonly AccountModelList[]
}

/** Finds an account also by the id of one that turned out to be the same person's. */
type FindAccount = (id: string) => Account | undefined

/** What one answer, or the choice of an account, leaves behind. Changes are pure: they may run more than once. */
export interface Learnt {
  readonly sessionId: string
  readonly session?: (current: SessionMemory, find: FindAccount) => SessionMemory
  readonly reasoning?: readonly ReasoningEntry[]
  readonly refusedFields?: readonly Omit<RefusedField, "at">[]
  readonly account?: {
    readonly id: string
    readonly change: (current: Account, all: readonly Account[]) => Account
  }
  readonly turn?: MeteredTurn
}

/** Whether there is anything to write down. */
export function isNews({ session, reasoning = [], refusedFields = [], account, turn }: Learnt): boolean {
  return [session, ...reasoning, ...refusedFields, account, turn].some((each) => each !== undefined)
}

/** What is kept of the host's sessions and turns, and of what the service said of its models and of us. */
export class SessionStore {
  protected readonly connection: Connection
  /** By its id, with no look at the file where nobody has written since. */
  protected readonly readSession = untilWritten([SESSIONS.name], readSession)
  readonly #reasoning = untilWritten([REASONING.name], readReasoning)
  readonly #modelLists = modelListReader()
  readonly #refusedFields = untilWritten([REFUSED_FIELDS.name], (database) =>
    database.all("SELECT * FROM kiro_refused_field").map((row) => REFUSED_FIELDS.read(row)),
  )

  constructor(connection: Connection) {
    this.connection = connection
  }

  session(id: string): Promise<SessionMemory> {
    return this.connection.read((database) => this.readSession(database, id), NEW_SESSION)
  }

  protected readOpening(database: Database, sessionId: string): Opening {
    return {
      reasoning: this.#reasoning(database, sessionId),
      refusedFields: this.#refusedFields(database),
      modelLists: this.#modelLists(database),
    }
  }

  /** The newest first. */
  turns({ since = 0 }: { readonly since?: number } = {}): Promise<readonly StoredTurn[]> {
    const query = "SELECT * FROM kiro_turn WHERE at >= ? ORDER BY at DESC, id DESC"
    return this.connection.read((database) => database.all(query, [since]).map(readTurn), [])
  }

  /** What one local day cost, as `localDay` writes it. */
  spentOn(day: string): Promise<DaySpent> {
    return this.connection.read((database) => spentOn(database, day), NOTHING_SPENT)
  }

  liftBudget(day: string): Promise<void> {
    return this.connection.write((database) => NOTES.write(database, { name: BUDGET_LIFT, value: day }))
  }

  modelLists(): Promise<readonly AccountModelList[]> {
    return this.connection.read(this.#modelLists, [])
  }

  setModelList(list: AccountModelList): Promise<void> {
    return this.connection.writeOr(undefined, (database) => MODEL_LISTS.write(database, { ...list }))
  }

  /** Of AWS Builder ID the start URL is "". */
  registration(place: RegistrationPlace): Promise<ClientRegistration | undefined> {
    return this.connection.read((database) => readRegistration(database, place), undefined)
  }

  saveRegistration(place: RegistrationPlace, client: ClientRegistration): Promise<void> {
    const row = { ...place, ...client }
    return this.connection.write((database) => REGISTRATIONS.write(database, row), { durable: true })
  }
}

/** The session with what was learnt of it, one after the other. */
export function withLearnt(
  session: SessionMemory,
  learnt: readonly Learnt[],
  find: FindAccount,
): SessionMemory {
  return learnt.reduce((current, { session: change }) => change?.(current, find) ?? current, session)
}

/** Writes what was learnt of sessions: the row of each is written once, whatever comes together for it. */
export function writeLearnt(
  database: Database,
  learnt: readonly Learnt[],
  { now, find }: { readonly now: number; readonly find: FindAccount },
): void {
  for (const [id, ofIt] of Map.groupBy(learnt, ({ sessionId }) => sessionId))
    if (ofIt.every(({ session }) => session === undefined)) touchSession(database, id, now)
    else {
      const session = withLearnt(readSession(database, id), ofIt, find)
      SESSIONS.write(database, { ...session, sessionId: id, updatedAt: now })
    }
  for (const { sessionId, reasoning = [], refusedFields = [], turn } of learnt) {
    for (const { toolUseIds, ...entry } of reasoning)
      for (const toolUseId of toolUseIds)
        REASONING.write(database, { ...entry, sessionId, toolUseId, at: now })
    for (const field of refusedFields) REFUSED_FIELDS.write(database, { ...field, at: now })
    if (turn !== undefined) TURNS.write(database, { ...turn, day: localDay(turn.at) })
  }
}

export const NEW_SESSION: SessionMemory = { generation: 0, overflowAnswered: false, updatedAt: 0 }

export function readSession(database: Database, id: string): SessionMemory {
  const row = database.get("SELECT * FROM kiro_session WHERE session_id = ?", [id])
  if (row === undefined) return NEW_SESSION
  const { sessionId: _, ...memory } = SESSIONS.read(row)
  return memory
}

function readReasoning(database: Database, sessionId: string): readonly ReasoningEntry[] {
  // Sorted here: most have none, and SQLite makes a sorter before it knows.
  return database
    .all("SELECT *, rowid AS place FROM kiro_reasoning WHERE session_id = ?", [sessionId])
    .toSorted(
      (one, other) =>
        Number(one["at"]) - Number(other["at"]) || Number(one["place"]) - Number(other["place"]),
    )
    .map((row) => {
      const { sessionId: _, at: __, toolUseId, ...entry } = REASONING.read(row)
      return { toolUseIds: [toolUseId], ...entry }
    })
}

/** The local day of an instant: `2026-11-29`. */
export function localDay(at: number): string {
  const date = new Date(at)
  const twoDigits = (part: number): string => String(part).padStart(2, "0")
  return `${date.getFullYear()}-${twoDigits(date.getMonth() + 1)}-${twoDigits(date.getDate())}`
}

/** Notes, to the hour, that the session is in use: in a month without it is pruned. */
function touchSession(database: Database, id: string, now: number): void {
  database.run("UPDATE kiro_session SET updated_at = ? WHERE session_id = ? AND updated_at < ?", [
    now,
    id,
    now - HOUR_MS,
  ])
}

function readTurn(row: Row): StoredTurn {
  const { id: _, ...turn } = TURNS.read(row)
  return { ...turn, day: turn.day ?? localDay(turn.at) }
}

/** A day begins at most 14 hours before it does in Greenwich, and ends at most 12 hours after it. */
export function spentOn(database: Database, day: string): DaySpent {
  const begin = Date.parse(day)
  const row = database.get(
    `SELECT TOTAL(credits) AS credits, (SELECT value FROM kiro_note WHERE name = ?) AS lifted FROM kiro_turn
     WHERE at >= ? AND at < ? AND day = ?`,
    [BUDGET_LIFT, begin - 14 * HOUR_MS, begin + 36 * HOUR_MS, day],
  )
  return { credits: Number(row?.["credits"] ?? 0), lifted: row?.["lifted"] === day }
}

/** Credits of the account's turns after an instant. */
export function creditsSince(database: Database, accountId: string, since: number): number {
  const query = "SELECT TOTAL(credits) AS credits FROM kiro_turn WHERE account_id = ? AND at > ?"
  return Number(database.get(query, [accountId, since])?.["credits"] ?? 0)
}

/** The same text gives the same object: the lists are read for every chat and seldom change. */
function modelListReader(): (database: Database) => readonly AccountModelList[] {
  let known = new Map<string, unknown>()
  return untilWritten([MODEL_LISTS.name], (database) => {
    const lists = database.all("SELECT * FROM kiro_model_list").map((row) => MODEL_LISTS.read(row))
    known = new Map(lists.map(({ models }) => [models, known.get(models) ?? parseJson(models)]))
    return lists.map((list) => ({ ...list, models: known.get(list.models) }))
  })
}

function readRegistration(
  database: Database,
  { loginRegion, startUrl }: RegistrationPlace,
): ClientRegistration | undefined {
  const row = database.get("SELECT * FROM kiro_registration WHERE login_region = ? AND start_url = ?", [
    loginRegion,
    startUrl,
  ])
  if (row === undefined) return undefined
  const { clientId, clientSecret, expiresAt } = REGISTRATIONS.read(row)
  if (clientId === "" || clientSecret === undefined) return undefined
  return { clientId, clientSecret, ...present({ expiresAt }) }
}

export type Choose = (state: ChoiceState) => Choice

/** What was read of the session and of all accounts. */
export interface Seen {
  readonly session: SessionMemory
  readonly accounts: readonly Account[]
}

export interface Look {
  readonly choice: Choice
  /** The account that the session has. */
  readonly before?: string | undefined
  readonly isOnly: boolean
}

export function lookAt({ session, accounts: all }: Seen, choose: Choose): Look {
  const { accountId, chosenAccountId } = session
  const accounts = all.filter(isThere)
  const choice = choose({ accounts, ...present({ accountId, chosenAccountId }) })
  return { choice, before: accountId, isOnly: accounts.length === 1 }
}

/**
 * The session has the account from then on, which is the one that was given last. It may have turned out meanwhile to be
 * the same person's as another one.
 */
export function givenTo(
  sessionId: string,
  accountId: string,
  mayHave: (had: string | undefined) => boolean = () => true,
): Learnt {
  return {
    sessionId,
    session(current, find) {
      const account = mayHave(current.accountId) ? find(accountId) : undefined
      return account === undefined ? current : { ...current, accountId: account.id }
    },
    account: { id: accountId, change: asLast },
  }
}

function asLast(account: Account, all: readonly Account[]): Account {
  const most = Math.max(0, ...all.filter(({ id }) => id !== account.id).map(({ assignment }) => assignment))
  return account.assignment > most ? account : { ...account, assignment: most + 1 }
}
