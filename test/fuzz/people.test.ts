import assert from "node:assert/strict"
import { existsSync, mkdtempSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { after, describe, it } from "node:test"
import * as fc from "fast-check"
import { Home, type Rotation, type UsageCall } from "../accounts/people.ts"
import { removeFolder } from "../support/secrets.ts"
import { casesOf } from "./runs.ts"

const MINUTE = 60_000
const HOUR = 60 * MINUTE
/** After so long with the usage call up every back-off is over. */
const LEARNT_BY = 16 * MINUTE
/** In memory where that is offered: each step is a dozen writes that wait for the disk. */
const SCRATCH = existsSync("/dev/shm") ? "/dev/shm" : tmpdir()

const person = fc.constantFrom("A", "B")
const steps = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ do: fc.constant("signs in to kiro-cli"), person }) },
    { weight: 5, arbitrary: fc.record({ do: fc.constant("kiro-cli renews") }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant("signs in to the IDE"), person }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant("the IDE renews") }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("is removed while its pair is renewed"), person }) },
    {
      weight: 9,
      arbitrary: fc.record({
        do: fc.constant("asks"),
        session: fc.constantFrom("1", "2"),
        process: fc.constantFrom("one", "one", "other"),
      }),
    },
    {
      weight: 5,
      arbitrary: fc.record({
        do: fc.constant("time passes"),
        ms: fc.constantFrom(MINUTE, 20 * MINUTE, HOUR / 2, 2 * HOUR, 30 * HOUR),
      }),
    },
    {
      weight: 5,
      arbitrary: fc.record({
        do: fc.constant("the usage call"),
        is: fc.constantFrom<UsageCall>("up", "up", "down", "refused", "unsupported"),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        do: fc.constant("the service rotates"),
        how: fc.constantFrom<Rotation>("single-use", "repeated", "tolerant"),
      }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("signs in here"), person }) },
    {
      weight: 1,
      arbitrary: fc.record({
        do: fc.constantFrom("is switched off", "is switched on", "is removed"),
        person,
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ do: fc.constantFrom("has no credits", "has credits", "is suspended"), person }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        do: fc.constantFrom(
          "kiro-cli signs out",
          "the IDE signs out",
          "an older plugin copies kiro-cli's login",
          "the clock jumps ahead",
          "the clock jumps back",
          "kiro-cli's store goes away",
          "kiro-cli's store comes back",
          "OpenCode restarts",
          "the import is asked for",
        ),
      }),
    },
  ) as fc.Arbitrary<Step>,
  { minLength: 4, maxLength: 18 },
)

type Step = {
  readonly do: string
  readonly person?: string
  readonly session?: string
  readonly process?: string
  readonly ms?: number
  readonly is?: UsageCall
  readonly how?: Rotation
}

/** Two processes on one home. */
interface Homes {
  readonly home: Home
  readonly other: Home
}

/** What is known beside the home itself, to judge it by. */
interface Knowledge {
  /** People who may not answer, and since when the usage call was up without a break. */
  readonly shut: Set<string>
  /** Of those whose accounts were never named, where they were signed in: elsewhere nobody can know them again. */
  readonly nameless: Map<string, Set<string>>
  upSince: number
  /** The user took the risk that a superseded pair is sent. */
  forced: boolean
}

async function take({ home, other }: Homes, known: Knowledge, step: Step): Promise<void> {
  const { person: who = "A" } = step
  const { service, clock } = home
  switch (step.do) {
    case "signs in to kiro-cli":
      comesTo(known, who, "kiro-cli")
      return void (await home.signsIn(who))
    case "kiro-cli renews":
      return void (await home.cliRenews())
    case "signs in to the IDE":
      comesTo(known, who, "kiro-ide")
      return void home.ideSignsIn(who)
    case "the IDE renews":
      return void home.ideRenews()
    case "the IDE signs out":
      return home.ideSignsOut()
    case "asks": {
      const answer = await (step.process === "other" ? other : home).asks(step.session)
      const isLearnt = service.usage === "up" && clock.now() - known.upSince > LEARNT_BY
      if (isLearnt)
        assert.ok(!known.shut.has(answer.by), `${answer.by} answered, who is off, removed or suspended`)
      return
    }
    case "time passes":
      return clock.advance(step.ms ?? 0)
    case "the usage call":
      if (service.usage !== "up" && step.is === "up") known.upSince = clock.now()
      service.usage = step.is ?? "up"
      return
    case "the service rotates":
      service.rotation = step.how ?? "single-use"
      return
    case "signs in here":
      clock.advance(1)
      known.shut.delete(who)
      return void (await home.signsInHere(who))
    case "is switched off":
      await shut(home, known, who)
      return home.disable(who)
    case "is switched on":
      clock.advance(1)
      known.shut.delete(who)
      known.forced = true
      return home.enable(who)
    case "is removed":
      await shut(home, known, who)
      await home.remove(who)
      clock.advance(1)
      return
    case "is removed while its pair is renewed":
      return removeMeanwhile({ home, other }, known, who)
    case "has no credits":
      return void service.exhausted.add(who)
    case "has credits":
      return void service.exhausted.delete(who)
    case "is suspended":
      return void service.suspended.add(who)
    case "an older plugin copies kiro-cli's login":
      return home.olderPluginCopies()
    case "the clock jumps ahead":
    case "the clock jumps back":
      clock.advance(step.do === "the clock jumps ahead" ? 8 * HOUR : -8 * HOUR)
      known.upSince = clock.now()
      return
    case "kiro-cli signs out":
      return home.cliSignsOut()
    case "kiro-cli's store goes away":
      return home.cliGoesAway()
    case "kiro-cli's store comes back":
      return home.cliComesBack()
    case "OpenCode restarts":
      return home.restart()
    case "the import is asked for":
      clock.advance(1)
      known.shut.clear()
      known.forced = true
      return home.takeIn(true)
  }
}

async function shut(home: Home, known: Knowledge, who: string): Promise<void> {
  const accounts = await home.accountsOf(who)
  if (accounts.length === 0) return
  known.shut.add(who)
  const places = accounts.flatMap(({ logins }) => logins.map(({ source }) => source))
  if (accounts.some(({ userId }) => userId === undefined)) known.nameless.set(who, new Set(places))
  else known.nameless.delete(who)
}

function comesTo(known: Knowledge, who: string, source: string): void {
  if (known.nameless.get(who)?.has(source) === false) known.shut.delete(who)
  // Behind another person's login nobody can know them again either.
  for (const [person, places] of known.nameless) if (person !== who) places.delete(source)
}

/** Removed by another process while a pair of theirs is on its way: the programs that have the old one get it. */
async function removeMeanwhile({ home, other }: Homes, known: Knowledge, who: string): Promise<void> {
  const { service, clock } = home
  const judge = service.onSent
  let removed = false
  service.onSent = async (refreshToken, superseded) => {
    await judge?.(refreshToken, superseded)
    if (removed || service.familyOf(refreshToken)?.person !== who) return
    removed = true
    await shut(other, known, who)
    await other.remove(who)
    clock.advance(1)
  }
  clock.advance(2 * HOUR)
  const before = peopleOf(home, (await home.refreshTokens()).theirs)
  await home.asks()
  service.onSent = judge
  await home.restart()
  if (!removed) return
  const after = peopleOf(home, (await home.refreshTokens()).theirs)
  assert.ok(after.has(who) || !before.has(who) || known.forced, `another program of ${who} was signed out`)
}

/** The people whose working refresh token is among these. */
function peopleOf(home: Home, tokens: Iterable<string>): Set<string> {
  const people = new Set<string>()
  for (const token of tokens) {
    const family = home.service.familyOf(token)
    if (family !== undefined && home.service.isCurrent(token)) people.add(family.person)
  }
  return people
}

const NO_LOSS_OF_OURS = [
  "is removed",
  "is removed while its pair is renewed",
  // A program that was away while we renewed may use up its old one before it gets ours.
  "kiro-cli renews",
  "the IDE renews",
]

describe("two people, kiro-cli, the IDE and OpenCode in any order of events", () => {
  const folder = mkdtempSync(join(SCRATCH, "kiro-fuzz-"))
  after(() => removeFolder(folder))

  it(
    "never mix, lose nobody's last working refresh token, and send no superseded one whose successor is there",
    { timeout: 2 ** 31 - 1 },
    () =>
      fc.assert(
        fc.asyncProperty(steps, async (wanted) => {
          const home = new Home(folder)
          const other = new Home(folder, home)
          const known: Knowledge = { shut: new Set(), nameless: new Map(), upSince: -Infinity, forced: false }
          const wrong: string[] = []
          home.service.onSent = async (refreshToken, superseded) => {
            if (!superseded || known.forced || home.service.rotation !== "single-use") return
            const { ours, theirs } = await home.refreshTokens()
            const current = home.service.currentOf(refreshToken) ?? ""
            if (ours.has(current) || theirs.has(current))
              wrong.push(`${refreshToken} was sent, though ${current} is there`)
          }
          try {
            let before = new Set<string>()
            for (const step of wanted) {
              await take({ home, other }, known, step)
              await home.check()
              const { ours, theirs } = await home.refreshTokens()
              const left = peopleOf(home, [...ours, ...theirs])
              for (const each of before)
                if (!left.has(each) && !known.forced && !NO_LOSS_OF_OURS.includes(step.do))
                  wrong.push(`the last working refresh token of ${each} was lost when "${step.do}"`)
              assert.deepEqual(wrong, [])
              before = peopleOf(home, ours)
            }
          } finally {
            await home.restart()
            await other.restart()
            await home.empty()
          }
        }),
        casesOf(150),
      ),
  )
})
