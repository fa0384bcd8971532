import type { Secret } from "../../secret.ts"
import type { Account, Login } from "../account.ts"
import { type AccountChanges, hasNews } from "../draft.ts"
import { changeLogin, hasLogin, isOwing, loginHash } from "../login.ts"
import { isResting } from "../login-use.ts"
import { findCalled } from "../name.ts"
import { actedNow, buryAccount, forgetLogins, tidy } from "../owner.ts"
import type { Choice } from "../selection.ts"
import {
  accountReader,
  applyChanges,
  findNotAway,
  isThere,
  swapTokens,
  type TokenSwap,
} from "./account-rows.ts"
import { Connection, type StoreOptions } from "./connection.ts"
import { type Database, loadDatabaseDriver, passesSoon, StoreError } from "./database.ts"
import { NOTES } from "./schema.ts"
import {
  type Choose,
  creditsSince,
  givenTo,
  isNews,
  type Learnt,
  type Look,
  lookAt,
  NEW_SESSION,
  type Opening,
  type Seen,
  SessionStore,
  withLearnt,
  writeLearnt,
} from "./sessions.ts"

/** What nobody needs any more is looked for behind all news, and where there is none so often, in ms. */
const TIDY_EVERY_MS = 60 * 60_000
/**
 * What no request waits for is written down as soon as it is learnt: an account while its first request is on its way,
 * the credits of an answer before its host has said so, and may be killed. Then not again for so long, in ms.
 */
const SOON_MS = 10
/** Answers whose lessons wait for the file: those of hours. */
const MOST_UNWRITTEN = 500
/** A person has just approved it in a browser: it is worth a longer wait, in ms. */
const SIGN_IN_PATIENCE_MS = 60_000
/** A new conversation does not wait longer than this, in ms, for its account to be written down. */
const ASSIGN_PATIENCE_MS = 250

/**
 * Loads the runtime's SQLite; the file is opened by the first call that needs it, and made by the first write.
 * Rejects only where the runtime has no SQLite.
 */
export async function openAccountStore(options: StoreOptions): Promise<AccountStore> {
  const driver = options.driver ?? (await loadDatabaseDriver())
  const connection = new Connection({ notify: () => undefined, rehearse: false, ...options, driver })
  return new AccountStore(connection, options.environmentKey)
}

/** Pure: it may run more than once. */
type Change<Value> = (current: Value, all: readonly Account[]) => Value
type WholeChange = (accounts: readonly Account[]) => AccountChanges

/** `changed`: the row no longer holds `before`, or is gone. `busy`: it is worth another try. `failed`: not on the disk. */
export type SwapResult = "written" | "changed" | "busy" | "failed"

/**
 * All durable state. Reading makes no file. Every write is one short immediate transaction that re-reads what it
 * changes; a database locked for longer than about 5 s, full or read-only is told as a notice. What must be on the
 * disk rejects then with a `StoreError` (`add`, `reconcile`, `remove`, `saveRegistration`); what answers taught waits for
 * the next; the other writes are lost with a line in the log, and answer as if they had been made.
 */
export class AccountStore extends SessionStore {
  readonly #read: ReturnType<typeof accountReader>
  /** What answers taught just now, or while another program held the file or the disk was full. */
  readonly #unwritten: Learnt[] = []
  /** What they taught while the file could not be used: it waits for that as well. */
  #inMemory: readonly Learnt[] = []
  #cancelSoon: (() => void) | undefined
  #settledAt = -Infinity
  #tidiedAt = -Infinity

  constructor(connection: Connection, environmentKey: Secret | undefined) {
    super(connection)
    this.#read = accountReader(environmentKey)
  }

  /** `memory` where the file could not be used: what is kept ends with this process. */
  get kept(): "file" | "memory" {
    return this.connection.inMemory ? "memory" : "file"
  }

  /**
   * The accounts that were not removed, the oldest first. An unnamed login that rests behind another is no account of
   * its own: it is there only where `resting` asks for it.
   */
  async list({ resting = false }: { readonly resting?: boolean } = {}): Promise<readonly Account[]> {
    const all = (await this.listAll()).filter(isThere)
    return resting ? all : all.filter((each) => !isResting(each, this.#now()))
  }

  /** The same with all that says whose a login is: the tombstones of the removed ones, and keys of other processes. */
  listAll(): Promise<readonly Account[]> {
    return this.connection.read((database) => this.#look(database), [])
  }

  /** Also by the id of an account that turned out to be the same person's, as every other method takes it. */
  async get(id: string): Promise<Account | undefined> {
    return findNotAway(await this.listAll(), id)
  }

  /** Keeps a new sign-in. */
  async add(account: Account): Promise<Account> {
    const put: WholeChange = () => ({ put: [account], gone: [] })
    const options = { durable: true, patienceMs: SIGN_IN_PATIENCE_MS }
    await this.connection.write((database) => this.#apply(database, put), options)
    return account
  }

  /** The same object back means no change. */
  async update(id: string, change: Change<Account>): Promise<Account | undefined> {
    const all = await this.listAll()
    const seen = findNotAway(all, id)
    const expected = seen && change(seen, all)
    if (expected === seen) return seen
    return this.connection.writeOr(expected, (database) => this.#change(database, id, change))
  }

  /** Changes a login, whoever has it by now. One of a removed account goes as soon as it owes nothing. */
  async updateLogin(loginId: string, change: (current: Login) => Login): Promise<void> {
    const holder = (await this.listAll()).find((each) => hasLogin(each, loginId))
    if (holder === undefined) return
    await this.update(holder.id, (account) => {
      const changed = changeLogin(account, loginId, change)
      if (changed === account || account.removedAt === undefined) return changed
      return forgetLogins(changed, (each) => !isOwing(each))
    })
  }

  /** Who has the login, and was not removed. */
  async holderOf(loginId: string): Promise<Account | undefined> {
    return (await this.listAll()).find((each) => each.removedAt === undefined && hasLogin(each, loginId))
  }

  /** Leaves a tombstone; of its pairs only those that another program's store lacks, until they are there. */
  async remove(id: string): Promise<void> {
    const bury: Change<Account> = (current, all) =>
      current.removedAt === undefined ? buryAccount(current, actedNow(all, this.#now())) : current
    await this.connection.write((database) => this.#change(database, id, bury), { durable: true })
    await this.connection.forgetDeleted()
  }

  /** One pure change over all accounts, removed ones included: imports, a user id that became known. */
  async reconcile(change: WholeChange): Promise<AccountChanges> {
    const expected = change(await this.listAll())
    const isNew = hasNews(expected)
    const write = (database: Database): AccountChanges => this.#apply(database, change)
    const changes = isNew ? await this.connection.write(write, { durable: true, passing: true }) : expected
    await this.#forgetRemoved(changes)
    if (isNew || Math.abs(this.#now() - this.#tidiedAt) > TIDY_EVERY_MS) await this.#tidy()
    return changes
  }

  /**
   * One synchronous attempt, on the disk when it returns "written"; never in memory. Clears the login's `revoked`, and
   * every place that it has owes the new pair.
   */
  compareAndSwapTokens(swap: TokenSwap): SwapResult {
    const attempt = this.connection.attempt((database) => swapTokens(database, this.#look(database), swap), {
      durable: true,
    })
    if (!attempt.done) return passesSoon(attempt.failure) ? "busy" : "failed"
    if (!attempt.value) return "changed"
    return this.connection.inMemory ? "failed" : "written"
  }

  /** The hash of the pair that the row of a login holds in the file; one synchronous look. */
  peek(
    loginId: string,
  ): { readonly outcome: "row"; readonly hash: string } | { readonly outcome: "none" | "unavailable" } {
    const attempt = this.connection.attempt((database) => this.#look(database), { durable: true })
    if (!attempt.done || this.connection.inMemory) return { outcome: "unavailable" }
    const login = attempt.value.flatMap(({ logins }) => logins).find(({ id }) => id === loginId)
    return login === undefined ? { outcome: "none" } : { outcome: "row", hash: loginHash(login) }
  }

  /** Rejects with a `StoreError` where nothing can be kept now: no login is begun and no pair renewed then. */
  mustKeep(): Promise<void> {
    // A file that nothing is written to may be read-only, or on a full disk, and nobody is told.
    return this.connection.write((database) => NOTES.write(database, { name: "kept", value: "yes" }), {
      durable: true,
    })
  }

  /**
   * Gives a session its account, over all processes one after the other. Where there is only one account its session
   * waits for no write: it is written down behind its request, or with what the answer taught. While another process
   * holds the database the choice is made from what can be read and written down later. `seen`: just now, by whoever
   * asks; what is chosen among several is chosen by what the transaction reads.
   */
  async assign(sessionId: string, choose: Choose, seen?: Seen): Promise<Choice> {
    const look = seen === undefined ? await this.#consider(sessionId, choose) : lookAt(seen, choose)
    const { choice: first, before, isOnly } = look
    if (first.account === undefined || first.kept) return first
    // Another process may give the session an account until then.
    const later = givenTo(sessionId, first.account.id, (had) => had === before)
    const choice = isOnly ? undefined : await this.#assignNow(sessionId, choose)
    if (choice === undefined) this.rememberSoon(later)
    return choice ?? first
  }

  /** The same choice, for what is not to decide which account the session gets. */
  async consider(sessionId: string, choose: Choose): Promise<Choice> {
    return (await this.#consider(sessionId, choose)).choice
  }

  /** Writes it down with all that was to be written soon; where that can't be, it waits for what comes next. */
  remember(learnt: Learnt): Promise<void> {
    this.#add(learnt)
    return this.settle()
  }

  /** Has it written down soon: the answers of a moment cost two transactions. Here it counts at once. */
  rememberSoon(learnt: Learnt): void {
    if (!this.#add(learnt)) return
    const waitMs = Math.max(0, SOON_MS - Math.abs(this.#now() - this.#settledAt))
    if (waitMs === 0 && learnt.turn !== undefined) return void this.settle()
    this.#cancelSoon ??= this.connection.clock.deadline(waitMs, () => void this.settle())
  }

  /** What a chat of the session begins with, in one look. */
  opening(sessionId: string): Promise<Opening & Seen> {
    return this.connection.read(
      (database) => ({ ...this.readOpening(database, sessionId), ...this.#see(database, sessionId) }),
      { session: NEW_SESSION, reasoning: [], refusedFields: [], modelLists: [], accounts: [] },
    )
  }

  /** Writes down, in one transaction, all that was to be written soon. */
  async settle(): Promise<void> {
    this.#cancelSoon?.()
    this.#cancelSoon = undefined
    if (this.#unwritten.length === 0 && this.#inMemory.length === 0) return
    this.#settledAt = this.#now()
    const all = (): readonly Learnt[] => [...this.#inMemory, ...this.#unwritten]
    const whenKept = (): void => {
      this.#inMemory = this.connection.inMemory ? all().slice(0, MOST_UNWRITTEN) : []
      this.#unwritten.length = 0
    }
    const change = (database: Database): void =>
      this.#write(database, this.connection.inMemory ? this.#unwritten : all())
    try {
      await this.connection.write(change, { whenKept })
    } catch (error) {
      if (!(error instanceof StoreError)) throw error
      // Whatever else it is, it would stand in the way of all that comes.
      if (error.failure === "failed") this.#unwritten.length = 0
    }
  }

  /** Waits for writes under way, then closes the file. */
  close(): Promise<void> {
    // The last chance of what memory alone has.
    this.connection.lookNow()
    void this.settle()
    return this.connection.close()
  }

  /** Whether it waits for the next write: not where it is no news, or too much waits already. */
  #add(learnt: Learnt): boolean {
    const isTaken = isNews(learnt) && this.#unwritten.length < MOST_UNWRITTEN
    if (isTaken) this.#unwritten.push(learnt)
    return isTaken
  }

  #now(): number {
    return this.connection.clock.now()
  }

  #look(database: Database): readonly Account[] {
    return this.#read(database, this.#now())
  }

  /** Nobody waits for a database that does not take it now. */
  async #tidy(): Promise<void> {
    this.#tidiedAt = this.#now()
    const change: WholeChange = (accounts) => tidy(accounts, this.#now())
    const expected = change(await this.listAll())
    if (!hasNews(expected)) return
    const write = (database: Database): AccountChanges => this.#apply(database, change)
    const options = { durable: true, passing: true, patienceMs: 0 }
    await this.#forgetRemoved(await this.connection.writeOr(expected, write, options))
  }

  #apply(database: Database, change: WholeChange): AccountChanges {
    const accounts = this.#look(database)
    return applyChanges(database, accounts, change(accounts))
  }

  async #forgetRemoved({ put }: AccountChanges): Promise<void> {
    if (put.some(({ removedAt }) => removedAt !== undefined)) await this.connection.forgetDeleted()
  }

  /** The accounts, and the session as it is with what is to be written soon. */
  #see(database: Database, sessionId: string): Seen {
    const learnt = this.#unwritten.filter((each) => each.sessionId === sessionId)
    const session = withLearnt(this.readSession(database, sessionId), learnt, this.#finder(database))
    return { session, accounts: this.#look(database) }
  }

  #consider(sessionId: string, choose: Choose): Promise<Look> {
    const whenAbsent = { choice: choose({ accounts: [] }), isOnly: false }
    return this.connection.read((database) => this.#lookIn(database, sessionId, choose), whenAbsent)
  }

  async #assignNow(sessionId: string, choose: Choose): Promise<Choice | undefined> {
    const assign = (database: Database): Choice => {
      const { choice } = this.#lookIn(database, sessionId, choose)
      if (choice.account !== undefined && !choice.kept)
        this.#write(database, [givenTo(sessionId, choice.account.id)])
      return choice
    }
    return this.connection.writeOr(undefined, assign, { patienceMs: ASSIGN_PATIENCE_MS })
  }

  #lookIn(database: Database, sessionId: string, choose: Choose): Look {
    const spent = ({ id, quota }: Account): number =>
      quota === undefined ? 0 : creditsSince(database, id, quota.checkedAt)
    return lookAt(this.#see(database, sessionId), (state) => choose({ ...state, spent }))
  }

  #finder(database: Database): (id: string) => Account | undefined {
    return (id) => findCalled(this.#look(database), id)
  }

  #write(database: Database, all: readonly Learnt[]): void {
    writeLearnt(database, all, { now: this.#now(), find: this.#finder(database) })
    for (const { account } of all)
      if (account !== undefined) this.#change(database, account.id, account.change)
  }

  #change(database: Database, id: string, change: Change<Account>): Account | undefined {
    const accounts = this.#look(database)
    const current = findCalled(accounts, id)
    const next = current && change(current, accounts)
    if (next !== undefined && next !== current) applyChanges(database, accounts, { put: [next], gone: [] })
    return next
  }
}
