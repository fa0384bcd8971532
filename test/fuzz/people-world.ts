import assert from "node:assert/strict"
import { basename } from "node:path"
import {
  type Account,
  type DatabaseDriver,
  isShut,
  type Login,
  ownerOf,
  recordOf,
} from "../../src/accounts/index.ts"
import { Home, isSound } from "../accounts/people.ts"
import type { UsageCall } from "../accounts/people-service.ts"
import { PEOPLE, type Person, type ProcessName, type Sequence, type Step } from "./people-steps.ts"

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
/**
 * After so long with the usage call up every back-off is over, and every access token too; after another while where it
 * was said to be unsupported.
 */
const LEARNT_BY = HOUR
const SUPPORTED_BY = DAY + MINUTE
/** An unnamed login at rest is gone by then. */
const FORGOTTEN_BY = 91 * DAY

/** Steps after which nobody may be the poorer for it. */
const NO_LOSS_OF_OURS: readonly Step["do"][] = [
  "is removed",
  "is removed while its pair is renewed",
  "is signed out by the service",
  // A program that was away while we renewed may use up its old one before it gets ours.
  "kiro-cli renews",
  "the Amazon Q CLI renews",
  "the IDE renews",
]

const PROGRAMS = ["kiro-cli", "amazon-q", "kiro-ide"] as const
type Program = (typeof PROGRAMS)[number]

function tokenOf(login: Login): string {
  return (login.kind === "api-key" ? login.key : login.tokens.accessToken).reveal()
}

/** A login, or what is left of one. */
type KnownLogin = Parameters<typeof recordOf>[0]

/** A home in which a sequence happens, and what is known beside it to judge it by. */
export class World {
  readonly #home: Home
  readonly #other: Home
  readonly #wrong: string[] = []
  /** People who may not answer. */
  readonly #shut = new Set<Person>()
  #everShut = false
  /** Nothing of theirs is kept once they are named. */
  readonly #removed = new Set<string>()
  /** Who did something since: back as soon as anything of theirs has their name. What has it before that still goes. */
  readonly #returning = new Set<string>()
  /** Of those whose accounts were never named, where they were signed in: elsewhere nobody can know them again. */
  readonly #nameless = new Map<Person, Set<string>>()
  /** From when on everybody's owner could be learnt, if the usage call stays up. */
  #learntFrom = -Infinity
  #supportedFrom = -Infinity
  /** Whose API key the processes have in their environments; and whether one ever had. */
  readonly #keys = new Map<ProcessName, Person | undefined>()
  #hadKey = false
  #wasSetBack = false
  /** What kiro-cli's store has that is away. */
  #away: string | undefined
  /** An older version renewed what its own program may have renewed as well. */
  #olderRenewed = false
  /** People whose pair an older version put into the row of another sign-in. */
  readonly #adopted = new Set<string>()
  /** The user took the risk that a superseded pair is sent. */
  #forced = false
  /** People of whom a program had a newer pair that nobody but it ever saw: what we have of theirs may be superseded. */
  readonly #losers = new Set<string>()
  /** The people whose working refresh token we had before the step. */
  #had: ReadonlySet<string> = new Set()
  /** What was stored, and all that was there, when they were judged. */
  #judged = ""
  #seen = ""

  constructor(folder: string, driver: DatabaseDriver | undefined) {
    this.#home = new Home(folder, undefined, driver)
    this.#other = new Home(folder, this.#home, driver)
    this.#home.service.onSent = (refreshToken, superseded) => this.#judgeSent(refreshToken, superseded)
  }

  async live({ steps, endsWell }: Sequence): Promise<void> {
    for (const step of steps) {
      await this.#take(step)
      await this.#judge(step.do)
    }
    if (endsWell) await this.#endWell()
  }

  async end(): Promise<void> {
    await this.#home.end()
    await this.#other.end()
    this.#home.empty()
  }

  async #take(step: Step): Promise<void> {
    const home = this.#home
    const { service, clock } = home
    switch (step.do) {
      case "signs in to kiro-cli":
        await this.#comesTo(step.person, "kiro-cli")
        if (step.registers) home.client = `client-${clock.now()}-${step.person}`
        return void (await home.signsIn(step.person))
      case "kiro-cli renews":
        await this.#programRenews("kiro-cli", () => home.cliRenews())
        // A backup that was put back may have brought whoever renews there.
        return this.#isSeenInKiroCli()
      case "signs in to the Amazon Q CLI":
        await this.#comesTo(step.person, "amazon-q")
        return void (await home.signsIn(step.person, home.amazonFile))
      case "the Amazon Q CLI renews":
        return this.#programRenews("amazon-q", () => home.cliRenews(home.amazonFile))
      case "the Amazon Q CLI has what kiro-cli has":
        await this.#displaces("amazon-q")
        await this.#isCopiedTo("amazon-q")
        return home.amazonQHas()
      case "kiro-cli keeps its login in a file too":
        await this.#isCopiedTo("kiro-cli's file")
        return home.cliFileHas()
      case "kiro-cli signs out":
        await this.#displaces("kiro-cli")
        return home.cliSignsOut()
      case "signs in to the IDE":
        await this.#comesTo(step.person, "kiro-ide")
        return void home.ideSignsIn(step.person)
      case "the IDE renews":
        return this.#programRenews("kiro-ide", async () => home.ideRenews())
      case "the IDE signs out":
        await this.#displaces("kiro-ide")
        return home.ideSignsOut()
      case "an older plugin copies kiro-cli's login":
        await this.#isCopiedTo("older-plugin")
        return home.olderPluginCopies()
      case "an older version of ours renews":
        // What it renews by a clock that was set back ends before what that was renewed from, and nothing tells.
        if (this.#wasSetBack) return
        this.#olderRenewed = true
        return void (await home.olderVersion("renews"))
      case "an older version of ours adopts what kiro-cli has":
        return this.#adoptByOlder()
      case "kiro-cli's store goes away":
        this.#away = (await this.#pairIn("kiro-cli")) ?? this.#away
        return home.cliGoesAway()
      case "kiro-cli's store comes back":
        return this.#comeBack()
      case "kiro-cli's store is put back":
        return this.#putBack()
      case "asks":
        return this.#ask(step)
      case "time passes":
        return clock.advance(step.ms)
      case "the clock jumps ahead":
      case "the clock jumps back":
        this.#wasSetBack ||= step.do === "the clock jumps back"
        clock.advance(step.do === "the clock jumps ahead" ? 8 * HOUR : -8 * HOUR)
        this.#learntFrom = clock.now() + LEARNT_BY
        return
      case "the usage call":
        return this.#usageIs(step.is)
      case "the service rotates":
        service.rotation = step.how
        return
      case "access tokens are rejected":
        return service.rejectAccessTokens()
      case "signs in here":
        return this.#byUser([step.person], async () => void (await home.signsInHere(step.person)))
      case "signs in again here":
        return this.#byUser([step.person], () => home.signsInAgain(step.person))
      case "gives a key":
        return this.#byUser([step.person], () => home.givesKey(step.person))
      case "is switched off":
        await this.#isShut(home, step.person)
        return home.disable(step.person)
      case "is switched on":
        // Whoever was removed is nobody who could be.
        if ((await home.accountsOf(step.person)).length === 0) return
        return this.#byUser([step.person], async () => {
          await home.enable(step.person)
          const logins = (await (await home.store()).listAll()).flatMap((account) => account.logins)
          this.#forced ||= logins.some((login) => recordOf(login).once === true)
        })
      case "is removed":
        await this.#isRemoved(home, step.person)
        await home.remove(step.person)
        clock.advance(1)
        return
      case "is removed while its pair is renewed":
        return this.#removeMeanwhile(step.person)
      case "is signed out by the service":
        return service.endOne(step.person, step.which)
      case "has no credits":
        return void service.exhausted.add(step.person)
      case "has credits":
        return void service.exhausted.delete(step.person)
      case "is suspended":
        return void service.suspended.add(step.person)
      case "OpenCode restarts":
        this.#keys.set(step.process, step.keyOf)
        if (step.keyOf !== undefined) {
          this.#hadKey = true
          this.#isSeenIn(step.keyOf, "environment")
        }
        return this.#process(step.process).restart({ keyOf: step.keyOf })
      case "OpenCode is killed with a pair that waits":
        return this.#dieWaiting(this.#process(step.process))
      case "the import is asked for":
        this.#forced = true
        return this.#byUser(PEOPLE, () => home.takeIn(true))
      default:
        return step satisfies never
    }
  }

  /** Of two programs with one pair the second ends the whole sign-in, of which the access token still says whose it is. */
  async #programRenews(program: Program, renew: () => Promise<boolean>): Promise<void> {
    const pair = await this.#pairIn(program)
    const family = pair === undefined ? undefined : this.#home.service.familyOf(pair)
    await renew()
    if (family?.alive === false) this.#losers.add(family.person)
  }

  /** Whoever is in it was signed in there all the while. */
  async #comeBack(): Promise<void> {
    this.#home.cliComesBack()
    this.#away = undefined
    await this.#isSeenInKiroCli()
  }

  async #isSeenInKiroCli(): Promise<void> {
    const person = await this.#personInKiroCli()
    if (person !== undefined) this.#isSeenIn(person, "kiro-cli")
  }

  async #personInKiroCli(): Promise<Person | undefined> {
    const pair = await this.#pairIn("kiro-cli")
    return pair === undefined ? undefined : (this.#home.service.familyOf(pair)?.person as Person | undefined)
  }

  /** A newer pair that only its program had is overwritten. */
  async #putBack(): Promise<void> {
    await this.#displaces("kiro-cli")
    await this.#home.cliIsPutBack()
    const person = await this.#personInKiroCli()
    if (person !== undefined) this.#isBefore(person, "kiro-cli")
  }

  async #isCopiedTo(place: string): Promise<void> {
    for (const person of PEOPLE)
      if ((await this.#programsOf(person)).includes("kiro-cli")) this.#isSeenIn(person, place)
  }

  async #dieWaiting(home: Home): Promise<void> {
    home.pairsWait = true
    home.clock.advance(2 * HOUR)
    await home.asks()
    home.pairsWait = false
    await home.isKilled()
  }

  /** The row keeps the registration of whoever was in it: what was renewed meanwhile seems a sign-in anew by that. */
  async #adoptByOlder(): Promise<void> {
    const pair = await this.#pairIn("kiro-cli")
    const over = await this.#home.olderVersion("adopts")
    const adopted = pair === undefined ? undefined : this.#home.service.familyOf(pair)?.person
    if (over === undefined || adopted === undefined) return
    this.#losers.add(over)
    this.#adopted.add(adopted)
  }

  #process(name: ProcessName): Home {
    return name === "other" ? this.#other : this.#home
  }

  async #ask({ process, session, looks }: Extract<Step, { do: "asks" }>): Promise<void> {
    const home = this.#process(process)
    const answer = await home.asks(session, looks && home.hasNews)
    if (!("accountId" in answer)) return
    const by = answer.by as Person
    if (!this.#shut.has(by) || (await this.#isLostSightOf(by, answer.accountId))) return
    assert.ok(!this.#isLearnt, `${by} answered, who is off or removed`)
  }

  #usageIs(usage: UsageCall): void {
    const { service, clock } = this.#home
    if (service.usage === "unsupported") this.#supportedFrom = clock.now() + SUPPORTED_BY
    if (service.usage !== "up") this.#learntFrom = clock.now() + LEARNT_BY
    service.usage = usage
  }

  get #isLearnt(): boolean {
    const { service, clock } = this.#home
    const now = clock.now()
    return service.usage === "up" && now > this.#learntFrom && now > this.#supportedFrom
  }

  /** What a user does is later than whatever was before it. */
  async #byUser(people: readonly Person[], act: () => Promise<void>): Promise<void> {
    this.#home.clock.advance(1)
    for (const person of people) {
      this.#shut.delete(person)
      if (this.#removed.has(person)) this.#returning.add(person)
    }
    await act()
  }

  async #isRemoved(home: Home, person: Person): Promise<void> {
    await this.#isShut(home, person)
    this.#removed.add(person)
    this.#returning.delete(person)
  }

  async #isShut(home: Home, person: Person): Promise<void> {
    const accounts = await home.accountsOf(person)
    if (accounts.length === 0) return
    this.#shut.add(person)
    this.#everShut = true
    const isNameless = accounts.some(({ userId }) => userId === undefined)
    const places = new Set(accounts.flatMap(({ logins }) => logins.flatMap((login) => this.#placesOf(login))))
    const keys = [...this.#keys.values()].includes(person) ? ["environment"] : []
    const programs = await this.#programsOf(person)
    const everywhere = [...programs, ...(await this.#copiesOf(person)), ...keys]
    // Behind another person's login nobody can know them again.
    for (const program of PROGRAMS)
      if (!programs.includes(program) && (await this.#pairIn(program)) !== undefined) places.delete(program)
    // Signed in elsewhere already, where nobody can know them again.
    if (isNameless && everywhere.some((place) => !places.has(place))) this.#shut.delete(person)
    if (isNameless) this.#nameless.set(person, places)
    else this.#nameless.delete(person)
  }

  /** Whoever was never named, and was seen to have left the place that answers now, is nobody that can be known again. */
  async #isLostSightOf(person: Person, accountId: string): Promise<boolean> {
    if (!this.#nameless.has(person)) return false
    const accounts = await (await this.#home.store()).listAll()
    const answering = accounts.find(({ id }) => id === accountId)?.logins ?? []
    const here = new Set(answering.flatMap((login) => this.#placesOf(login)))
    const gone = accounts.filter(isShut).flatMap(({ logins, forgotten = [] }) => [...logins, ...forgotten])
    const theirs = gone.filter(
      (login) => this.#home.service.familyOfHash(recordOf(login).hashes.at(-1) ?? "")?.person === person,
    )
    const isElsewhere = (login: KnownLogin): boolean =>
      !this.#placesOf(login).some((place) => here.has(place)) && recordOf(login).successors === undefined
    return theirs.every(isElsewhere)
  }

  /** Where it stands. */
  #placesOf(login: KnownLogin): readonly string[] {
    return recordOf(login).places.map(({ source, key }) => {
      // Windows has its own way of writing a path.
      if (key.endsWith(basename(this.#home.cliTokenFile))) return "kiro-cli's file"
      return key.startsWith(this.#home.amazonFile) ? "amazon-q" : source
    })
  }

  async #pairIn(program: Program): Promise<string | undefined> {
    const { cliFile, amazonFile } = this.#home
    if (program === "kiro-ide") return this.#home.idePair()?.refreshToken
    return (await this.#home.cliPair(program === "kiro-cli" ? cliFile : amazonFile))?.refreshToken
  }

  async #programsOf(person: Person): Promise<readonly Program[]> {
    const found: Program[] = []
    for (const program of PROGRAMS) {
      const pair = await this.#pairIn(program)
      if (pair !== undefined && this.#home.service.familyOf(pair)?.person === person) found.push(program)
    }
    return found
  }

  /** Where else a pair of theirs was copied to. */
  async #copiesOf(person: Person): Promise<readonly string[]> {
    const { service } = this.#home
    const copies = [
      ["kiro-cli's file", this.#home.idePair(this.#home.cliTokenFile)?.refreshToken],
      ["older-plugin", await this.#home.olderPair()],
    ] as const
    return copies.flatMap(([place, pair]) =>
      pair !== undefined && service.familyOf(pair)?.person === person ? place : [],
    )
  }

  /** Of somebody who was never named nobody can tell who that is in another place. */
  #isSeenIn(person: Person, source: string): void {
    if (this.#nameless.get(person)?.has(source) === false) this.#shut.delete(person)
  }

  async #comesTo(person: Person, program: Program): Promise<void> {
    this.#isSeenIn(person, program)
    this.#isBefore(person, program)
    await this.#displaces(program)
  }

  /** Behind another person's login nobody can know them again either. */
  #isBefore(person: Person, program: Program): void {
    for (const [other, places] of this.#nameless) if (other !== person) places.delete(program)
  }

  async #displaces(program: Program): Promise<void> {
    const away = program === "kiro-cli" ? this.#away : undefined
    const displaced = (await this.#pairIn(program)) ?? away
    if (displaced === undefined) return
    const { ours } = await this.#home.refreshTokens()
    const family = this.#home.service.familyOf(displaced)
    if (family !== undefined && !ours.includes(displaced)) this.#losers.add(family.person)
  }

  /** Removed by another process while a pair of theirs is on its way: the programs that have the old one get it. */
  async #removeMeanwhile(person: Person): Promise<void> {
    const [home, other] = [this.#home, this.#other]
    const { service, clock } = home
    // For what it renews itself it would wait.
    await other.restart({ keyOf: this.#keys.get("other") })
    const judge = service.onSent
    let removed = false
    service.onSent = async (refreshToken, superseded) => {
      await judge?.(refreshToken, superseded)
      if (removed || service.familyOf(refreshToken)?.person !== person) return
      removed = true
      await this.#isRemoved(other, person)
      await other.remove(person)
      clock.advance(1)
    }
    clock.advance(2 * HOUR)
    const before = this.#peopleOf((await home.refreshTokens()).theirs)
    await home.asks()
    service.onSent = judge
    await home.restart()
    if (!removed) return
    const after = this.#peopleOf((await home.refreshTokens()).theirs)
    assert.ok(
      after.has(person) || !before.has(person) || this.#forced || this.#losers.has(person),
      `another program of ${person} was signed out`,
    )
  }

  /** Nobody's superseded refresh token is sent once its successor is there. */
  async #judgeSent(refreshToken: string, superseded: boolean): Promise<void> {
    const { service } = this.#home
    if (!superseded || this.#forced) return
    const { ours, theirs } = await this.#home.refreshTokens()
    const current = service.currentOf(refreshToken) ?? ""
    if (!ours.includes(current) && !theirs.includes(current)) return
    const person = service.familyOf(refreshToken)?.person
    if (await this.#isExcused(refreshToken, current)) {
      if (person !== undefined) this.#losers.add(person)
    } else if (service.rotation === "single-use")
      this.#wrong.push(`${refreshToken} was sent, though ${current} is there`)
  }

  /** Whether nothing that we can see tells that the current one is its successor. */
  async #isExcused(refreshToken: string, current: string): Promise<boolean> {
    const person = this.#home.service.familyOf(refreshToken)?.person
    if (this.#adopted.has(person ?? "")) return true
    return (await this.#isBehindAnother(refreshToken, current)) || this.#isBesideBackwards(refreshToken)
  }

  /**
   * Whether another person is known, or shown by a registration of their own, to have taken its place, and nobody knows of
   * the current one whose it is: a backup was put back and renewed, and by the store alone that may be anybody's.
   */
  async #isBehindAnother(refreshToken: string, current: string): Promise<boolean> {
    const logins = await this.#logins()
    const [sent, newest] = [holderOf(logins, refreshToken), holderOf(logins, current)]
    const successor = sent && recordOf(sent).successors?.[0]
    const next = logins.find(({ id }) => id === successor?.id)
    const [owner, nextOwner] = [sent && ownerOf(sent), next && ownerOf(next)]
    const isOther = successor?.anew === true || (nextOwner !== undefined && nextOwner !== owner)
    const isKnown = newest !== undefined && ownerOf(newest) !== undefined
    return owner !== undefined && isOther && !isKnown
  }

  /**
   * Whether it is an older plugin's copy of before the clock was set back. What is signed in by that clock ends before it, as
   * what a backup brings does: both rest, and when the one is let go after 90 days nobody can tell which was the newer.
   */
  async #isBesideBackwards(refreshToken: string): Promise<boolean> {
    return this.#wasSetBack && holderOf(await this.#logins(), refreshToken)?.source === "older-plugin"
  }

  async #logins(): Promise<readonly Login[]> {
    return (await (await this.#home.store()).listAll()).flatMap((account) => account.logins)
  }

  async #judge(after: Step["do"]): Promise<void> {
    const { stored, all } = await this.#home.stamps()
    if (all !== this.#seen) await this.#judgeKept(after, stored)
    this.#seen = all
    if (this.#wrong.length > 0) assert.fail(this.#wrong.join("; "))
  }

  async #judgeKept(after: Step["do"], stored: string): Promise<void> {
    const { ours, theirs } = await this.#home.refreshTokens()
    const left = this.#peopleOf([...ours, ...theirs, ...(this.#away === undefined ? [] : [this.#away])])
    for (const person of this.#had) {
      const mayGo = this.#forced || this.#losers.has(person) || this.#removed.has(person)
      if (left.has(person) || mayGo || NO_LOSS_OF_OURS.includes(after)) continue
      if (!(await this.#isReplacedByEnded(person)))
        this.#wrong.push(`the last working refresh token of ${person} was lost when "${after}"`)
    }
    this.#had = this.#peopleOf(ours)
    if (stored === this.#judged) return
    this.#judged = stored
    await this.#judgeStored()
  }

  /** By rule 4 the later sign-in of one person takes the part, also where the service has ended that one unseen. */
  async #isReplacedByEnded(person: string): Promise<boolean> {
    const { service } = this.#home
    const logins = (await (await this.#home.store()).listAll()).flatMap((account) => account.logins)
    return logins.map(recordOf).some(({ hashes, inherited }) => {
      const family = service.familyOfHash(hashes.at(-1) ?? "")
      const isEnded = family?.person === person && !family.alive
      return isEnded && inherited.some((hash) => service.familyOfHash(hash)?.alive === true)
    })
  }

  /** What must hold of the rows at every moment. */
  async #judgeStored(): Promise<void> {
    await this.#home.check()
    const accounts = await (await this.#home.store()).listAll()
    const living = accounts.filter(({ removedAt }) => removedAt === undefined)
    const named = living.flatMap(({ userId }) => userId ?? [])
    // Where its key is not set an account of the environment is not there to be joined.
    if (!this.#hadKey)
      assert.equal(new Set(named).size, named.length, `one person is two accounts: ${named.join(", ")}`)
    for (const person of this.#returning)
      if (named.includes(`user-${person}`)) {
        this.#removed.delete(person)
        this.#returning.delete(person)
      }
    await this.#judgeRenewable(accounts)
    const hashes = new Set<string>()
    for (const { logins } of accounts)
      for (const login of logins.filter(isSound)) {
        const own = recordOf(login).hashes
        const last = own.at(-1) ?? ""
        if (login.kind === "api-key") continue
        assert.ok(!hashes.has(last), "one pair is in two rows")
        hashes.add(last)
        const families = new Set(own.map((hash) => this.#home.service.familyOfHash(hash)))
        assert.ok(families.size === 1, "a login remembers another's pairs as its own")
      }
  }

  /** What was renewed is not sent, whatever makes us try it: its successor has a row, and all that was written was looked at. */
  async #judgeRenewable(accounts: readonly Account[]): Promise<void> {
    const { service } = this.#home
    if (this.#forced || service.rotation !== "single-use" || (this.#home.hasNews && this.#other.hasNews))
      return
    const logins = accounts
      .filter(({ removedAt }) => removedAt === undefined)
      .flatMap((account) => account.logins)
    const tokens = new Map(
      logins.flatMap((login) =>
        login.kind === "api-key" ? [] : [[login, login.tokens.refreshToken?.reveal() ?? ""] as const],
      ),
    )
    for (const [login, token] of tokens) {
      const current = service.currentOf(token)
      if (current === undefined || current === token || ![...tokens.values()].includes(current)) continue
      if (login.isBehind === true || login.barred !== undefined || login.revoked !== undefined) continue
      if (!(await this.#isExcused(token, current)))
        this.#wrong.push(`${token} would be sent, though ${current} is there`)
    }
  }

  /** Whatever was, in the end each person is one account, and nothing is left of what was renewed. */
  async #endWell(): Promise<void> {
    const home = this.#home
    const { service, clock } = home
    await this.#comeBack()
    service.exhausted.clear()
    this.#usageIs("up")
    await this.#settle()
    clock.advance(Math.max(LEARNT_BY, this.#supportedFrom - clock.now()) + 1)
    await this.#settle()
    await this.#judgeAble()
    this.#judgeTold(await this.#living())
    clock.advance(FORGOTTEN_BY)
    this.#had = new Set()
    // What nobody needs any more goes when something changes.
    await home.signsInHere("D")
    await this.#settle()
    this.#judgeLeft(await this.#living())
  }

  async #settle(): Promise<void> {
    for (const session of ["1", "2"]) await this.#ask({ do: "asks", session, process: "one", looks: true })
    // Whoever is not used is not asked about by itself.
    await (await this.#home.keeper()).learnOwners()
    await this.#judge("asks")
  }

  async #living(): Promise<readonly Account[]> {
    return (await this.#home.store()).list({ resting: true })
  }

  /** Whoever has a sign-in with us that works answers, where nothing is against it. */
  async #judgeAble(): Promise<void> {
    const { service } = this.#home
    // What took the place of somebody who was shut is held for ever, if nobody learns whose it is.
    if (this.#everShut || service.suspended.size > 0) return
    const accounts = await this.#living()
    // A store that is away may hold a newer pair: for an hour nothing is sent of the login that it had.
    if (accounts.some(({ logins }) => logins.some((login) => recordOf(login).unreadable !== undefined)))
      return
    // Of what ended unnamed behind another person's nobody learns any more whether theirs was renewed to it.
    const isOpen = accounts.some(
      ({ userId, logins }) => userId === undefined && logins.some((login) => login.isBehind === true),
    )
    const mayServe = ({ isBehind }: Login): boolean => !isOpen || isBehind !== true
    const named = accounts.flatMap(({ userId, health, logins }) =>
      health.state === "ok" && logins.some(mayServe) ? (userId ?? []) : [],
    )
    const able = [...this.#had].filter((person) => named.includes(`user-${person}`))
    if (able.length === 0) return
    const answer = await this.#home.asks("3")
    assert.ok(answer.by !== "nobody", `nobody answered, though ${able.join(" and ")} could`)
  }

  /** Each person is one account once all ids are known: only what can't be asked for any more is apart. */
  #judgeTold(accounts: readonly Account[]): void {
    if (this.#hadKey) return
    for (const person of PEOPLE) {
      const told = accounts.filter(
        ({ enabled, health, logins }) =>
          enabled &&
          health.state === "ok" &&
          logins.some(
            (login) =>
              login.barred === undefined &&
              login.isBehind === undefined &&
              login.revoked === undefined &&
              (login.kind !== "api-key" || ownerOf(login) !== undefined) &&
              this.#home.service.personOfValid(tokenOf(login)) === person,
          ),
      )
      assert.ok(told.length <= 1, `${person} is ${told.map(({ id }) => id).join(" and ")}`)
    }
  }

  /** A sign-in is one row, however often it was renewed. */
  #judgeLeft(accounts: readonly Account[]): void {
    // Whoever is shut holds what took the place of their login; what its user took in is kept.
    if (this.#forced || accounts.some(isShut)) return
    const rows = new Map<unknown, number>()
    for (const { logins } of accounts)
      for (const login of logins) {
        const family = this.#home.service.familyOfHash(recordOf(login).hashes.at(-1) ?? "")
        // What is left of a removed account's login may be this one renewed: nothing else stands for it.
        const isAlone = login.isBehind === true && recordOf(login).successors === undefined
        // What the service ended stays until its user acts.
        if (family?.alive !== true || isAlone) continue
        // An older version's pair works beside its program's where the service takes the old one once more.
        if (family.forked && this.#olderRenewed) continue
        rows.set(family, (rows.get(family) ?? 0) + 1)
        assert.equal(rows.get(family), 1, `a sign-in of ${family.person} has two rows`)
      }
  }

  /** The people whose working refresh token is among these. */
  #peopleOf(tokens: readonly string[]): ReadonlySet<string> {
    const people = new Set<string>()
    for (const token of tokens) {
      const family = this.#home.service.familyOf(token)
      if (family !== undefined && this.#home.service.isCurrent(token)) people.add(family.person)
    }
    return people
  }
}

function holderOf(logins: readonly Login[], token: string): Login | undefined {
  return logins.find((login) => login.kind !== "api-key" && login.tokens.refreshToken?.reveal() === token)
}
