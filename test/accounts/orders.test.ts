import assert from "node:assert/strict"
import { beforeEach, describe, it } from "node:test"
import { openDatabase, restingUnder, successorsIn } from "../../src/accounts/index.ts"
import { join } from "node:path"
import { sqlite } from "../import/stores.ts"
import { temporaryFolder } from "../support/temporary-folder.ts"
import { Home } from "./people.ts"
import type { Pair } from "./people-service.ts"

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** A and B are people; `cliRenews` is kiro-cli's own renewal; two hours end every access token. */
describe("orders of events", () => {
  let home: Home
  beforeEach(() => {
    home = new Home(temporaryFolder())
  })
  const shown = async (): Promise<number> => (await (await home.store()).list()).length
  const whys = async (session?: string): Promise<readonly string[]> => {
    const answer = await home.asks(session)
    assert.equal(answer.by, "nobody")
    return "unavailable" in answer ? answer.unavailable.map(({ reason }) => reason) : []
  }
  /** The account goes when kiro-cli's store, which is away, lacks its renewed pair. */
  const isRemovedWhileOwed = async (person: string): Promise<void> => {
    await home.signsIn(person)
    await home.servedBy()
    home.endAccessTokens()
    home.cliGoesAway()
    await home.servedBy()
    home.clock.advance(HOUR)
    assert.equal(await home.servedBy(), person)
    await home.remove(person)
  }
  /** How many logins each account of theirs has that has any. */
  const rowsOf = async (person: string): Promise<readonly number[]> =>
    (await home.accountsOf(person)).flatMap(({ logins }) => (logins.length > 0 ? [logins.length] : []))
  /** The refresh tokens that were sent though another one had taken their place. */
  const supersededOnes = (): readonly string[] =>
    home.service.sent.flatMap((each) => (each.superseded ? [each.refreshToken] : []))
  const superseded = (): number => supersededOnes().length
  /** Nor to ask whose the logins are that nobody uses. */
  const sendsNoneSuperseded = async (): Promise<void> => {
    await (await home.keeper()).learnOwners()
    assert.equal(superseded(), 0)
  }

  it("1: an ordinary renewal is invisible: the same account, one usage call, no notice", async () => {
    await home.signsIn("A")
    const first = await home.asks()
    const calls = home.service.usageCalls
    home.clock.advance(HOUR / 2)
    await home.cliRenews()
    const second = await home.asks()
    assert.deepEqual(second, first)
    assert.equal(home.service.usageCalls, calls + 1)
    assert.equal(await shown(), 1)
    assert.deepEqual(home.notices, [])
    await home.check()
  })

  it("2: with the usage call down the newest pair serves in the end, and the middle one is never sent", async () => {
    await home.signsIn("A")
    await home.servedBy()
    home.service.usage = "down"
    await home.cliRenews()
    const middle = await home.cliPair()
    await home.servedBy()
    await home.cliRenews()
    await home.servedBy()
    home.endAccessTokens()
    assert.equal(await home.servedBy(), "A")
    assert.ok(!home.service.sent.some(({ refreshToken }) => refreshToken === middle?.refreshToken))
    assert.equal(superseded(), 0)
  })

  it("3: another person signs in: the conversation goes on with its own, and there are two accounts", async () => {
    await home.signsIn("A")
    assert.equal(await home.servedBy("a"), "A")
    await home.signsIn("B")
    home.endAccessTokens()
    assert.equal(await home.servedBy("a"), "A")
    assert.equal(await shown(), 2)
    assert.equal(superseded(), 0)
  })

  it("3, put back: what kiro-cli renewed from a backup is its person's own again, and the pair of before goes", async () => {
    await home.signsIn("A")
    await home.takeIn()
    await home.signsIn("B")
    assert.equal(await home.servedBy(), "A")
    await home.cliIsPutBack()
    await home.cliRenews()
    assert.equal(await home.servedBy(), "A")
    assert.deepEqual(await rowsOf("A"), [1])
    const renewed = (await home.cliPair())?.refreshToken ?? ""
    assert.ok((await home.refreshTokens()).ours.includes(renewed))
    home.endAccessTokens()
    assert.equal(await home.servedBy(), "A")
    assert.equal(superseded(), 0)
  })

  it("1, put back: of two whom nobody can name the one that lost kiro-cli's row to the other's backup serves on", async () => {
    home.service.usage = "down"
    await home.signsIn("A")
    await home.servedBy()
    await home.signsIn("B")
    await home.takeIn()
    await home.cliIsPutBack()
    await home.takeIn()
    home.endAccessTokens()
    assert.equal(await home.servedBy(), "B")
  })

  it("1, put back and renewed again: the pair that lost kiro-cli's row to the backup leaves no row behind", async () => {
    home.service.rotation = "tolerant"
    await home.signsIn("A")
    await home.servedBy()
    home.service.usage = "down"
    await home.cliRenews()
    await home.servedBy()
    await home.cliIsPutBack()
    await home.servedBy()
    await home.cliRenews()
    await home.takeIn()
    home.service.usage = "up"
    home.clock.advance(20 * MINUTE)
    assert.equal(await home.servedBy(), "A")
    assert.deepEqual(
      (await (await home.store()).listAll()).map(({ logins }) => logins.length),
      [1],
    )
  })

  it("1, put back, and then another person's: what the one put back was renewed to is not forgotten by that", async () => {
    await home.signsIn("A")
    await home.servedBy()
    home.service.usage = "down"
    await home.cliRenews()
    await home.servedBy()
    await home.cliIsPutBack()
    await home.servedBy()
    await home.signsIn("B")
    home.service.usage = "up"
    await home.takeIn()
    for (let round = 0; round < 3; round += 1) {
      home.endAccessTokens()
      const served = [await home.servedBy("session"), await home.servedBy("another")]
      assert.deepEqual(served.toSorted(), ["A", "B"])
    }
    assert.equal(superseded(), 0)
  })

  it("2, refused: who rested behind a newer sign-in that the service ended serves on with its own pair", async () => {
    home.service.usage = "down"
    await home.signsIn("A")
    assert.equal(await home.servedBy(), "A")
    await (await home.keeper()).learnOwners()
    const newer = await home.signsIn("A")
    home.service.usage = "up"
    await home.takeIn()
    home.endAccessTokens()
    home.service.end(newer)
    for (let renewal = 0; renewal < 3; renewal += 1) {
      assert.equal(await home.servedBy(), "A", `after renewal ${renewal}`)
      home.endAccessTokens()
    }
  })

  it("2, refused, and the sign-in anew behind it too: the oldest of the person's pairs serves on", async () => {
    const beside = new Home(home.folder, home)
    home.service.usage = "down"
    await home.signsIn("A")
    assert.equal(await home.servedBy(), "A")
    const middle = await home.signsIn("A")
    assert.equal(await home.servedBy(), "A")
    home.client = "registered-anew"
    const newest = await home.signsIn("A")
    home.service.usage = "up"
    assert.equal(await beside.servedBy(), "A")
    home.service.end(newest)
    home.endAccessTokens()
    assert.equal(await home.servedBy(), "A")
    home.service.end(middle)
    for (let renewal = 0; renewal < 3; renewal += 1) {
      home.endAccessTokens()
      assert.equal(await home.servedBy(), "A", `after renewal ${renewal}`)
    }
    assert.equal(superseded(), 0)
    await beside.end()
  })

  it("2, refused and replaced: whoever was behind that serves on", async () => {
    home.service.usage = "refused"
    await home.signsIn("A")
    assert.equal(await home.servedBy("a"), "A")
    const newer = await home.signsIn("B")
    await home.takeIn()
    home.service.end(newer)
    home.endAccessTokens()
    for (const session of ["a", "b"]) await home.servedBy(session)
    await home.signsInAgain("B")
    assert.equal((await home.accountsOf("B")).length, 1)
    for (let renewal = 0; renewal < 2; renewal += 1) {
      home.endAccessTokens()
      assert.equal(await home.servedBy("a"), "A")
    }
  })

  it("4: another person signs in while the usage call is down; when it is up again the first one answers", async () => {
    await home.signsIn("A")
    await home.servedBy()
    home.service.usage = "down"
    await home.signsIn("B")
    await home.servedBy()
    home.endAccessTokens()
    await home.servedBy()
    home.service.usage = "up"
    home.service.exhausted.add("B")
    assert.equal(await home.servedBy(), "A")
    assert.equal(superseded(), 0)
  })

  it("5: one that was never named rests behind another person's, and the error says so", async () => {
    home.service.usage = "down"
    await home.signsIn("A")
    await home.servedBy()
    await home.signsIn("B")
    home.endAccessTokens()
    home.service.usage = "up"
    home.service.exhausted.add("B")
    assert.ok((await whys()).includes("resting"))
    const accounts = await (await home.store()).list({ resting: true })
    const shownOnes = await (await home.store()).list()
    assert.equal(shownOnes.length, 1)
    const [newer] = shownOnes
    assert.ok(newer)
    assert.equal(restingUnder(newer, accounts, home.clock.now()).length, 1)
    await home.enable("A")
    assert.equal(await home.servedBy(), "A")
  })

  it("5, refused: what rests is sent once by its user's word, and behind a refusal it is no more", async () => {
    home.service.usage = "down"
    await home.signsIn("A")
    await home.takeIn()
    const first = (await home.cliPair())?.refreshToken
    await home.signsIn("B")
    await home.takeIn()
    home.service.endOne("A", "first")
    home.endAccessTokens()
    await home.enable("A")
    assert.equal(await home.servedBy(), "B")
    home.clock.advance(HOUR)
    assert.equal(await home.servedBy(), "B")
    assert.equal(home.service.sent.filter(({ refreshToken }) => refreshToken === first).length, 1)
    assert.equal(await shown(), 1)
    home.clock.advance(DAY)
    await home.cliRenews()
    await home.takeIn()
    assert.deepEqual(await rowsOf("A"), [])
  })

  /** Whether whoever is not listed is shown under somebody who is. */
  const areAllShown = async (): Promise<boolean> => {
    const store = await home.store()
    const [listed, all] = [await store.list(), await store.list({ resting: true })]
    const under = listed.flatMap((account) => restingUnder(account, all, home.clock.now()))
    return new Set([...listed, ...under]).size === all.length
  }

  it("5, behind what took no place of it: it is listed there all the same", async () => {
    home.service.usage = "down"
    await home.signsIn("A")
    await home.olderPluginCopies()
    home.clock.advance(MINUTE)
    await home.cliRenews()
    home.endAccessTokens()
    await home.servedBy()
    assert.ok(await areAllShown())
  })

  it("5, behind another person's sign-in after a sign-out that was seen: it is listed there", async () => {
    home.service.usage = "down"
    await home.signsIn("A")
    await home.servedBy()
    await home.cliSignsOut()
    home.endAccessTokens()
    await home.servedBy()
    home.clock.advance(MINUTE)
    await home.signsIn("B")
    home.endAccessTokens()
    await home.asks("new")
    assert.ok(await areAllShown())
  })

  /** How far the login that kiro-cli shows may be used. */
  const barredInCli = async (): Promise<string | undefined> => {
    const shows = (await home.cliPair())?.refreshToken
    const logins = (await (await home.store()).list({ resting: true })).flatMap((account) => account.logins)
    return logins.find((login) => login.kind !== "api-key" && login.tokens.refreshToken?.reveal() === shows)
      ?.barred
  }

  it("6, in two places: what the user took in frees what stands there, and nothing elsewhere", async () => {
    await home.signsIn("A")
    await home.takeIn()
    home.service.usage = "down"
    await home.disable("A")
    home.clock.advance(MINUTE)
    home.ideSignsIn("C")
    await home.takeIn(true)
    await home.signsIn("B")
    await home.takeIn()
    assert.equal(await barredInCli(), "held")
    await home.takeIn(true)
    assert.equal(await barredInCli(), undefined)
  })

  it("6: the renewed pair of a person who is off is not used", async () => {
    await home.signsIn("A")
    await home.servedBy()
    home.service.usage = "down"
    await home.cliRenews()
    await home.servedBy()
    await home.disable("A")
    const store = await home.store()
    const named = (await store.list({ resting: true })).filter(({ userId }) => userId !== undefined)
    assert.equal(named.length, 1)
    await assert.doesNotReject(home.check())
    assert.deepEqual(new Set(await whys()), new Set(["disabled"]))
  })

  it("6, with only the named one switched off: its renewed pair is held", async () => {
    await home.signsIn("A")
    await home.servedBy()
    home.service.usage = "down"
    await home.cliRenews()
    await home.servedBy()
    const store = await home.store()
    const [named] = (await store.list()).filter(({ userId }) => userId !== undefined)
    assert.ok(named)
    await home.switches(named.id, "off")
    assert.deepEqual(new Set(await whys()), new Set(["disabled", "held"]))
    home.endAccessTokens()
    assert.deepEqual(new Set(await whys()), new Set(["disabled", "held"]))
  })

  /** The one account that is named, and not what rests or is held beside it. */
  const named = async (): Promise<string> => {
    const accounts = (await (await home.store()).list()).filter(({ userId }) => userId !== undefined)
    assert.equal(accounts.length, 1)
    return accounts[0]?.id ?? ""
  }

  for (const act of ["off", "removed"] as const)
    it(`6, imported by its user before, ${act}: what it is renewed to is held for all that`, async () => {
      await home.signsIn("A")
      await home.takeIn(true)
      await home.servedBy()
      home.service.usage = "down"
      home.clock.advance(HOUR / 2)
      await home.cliRenews()
      assert.equal(await home.servedBy(), "A")
      if (act === "off") await home.switches(await named(), "off")
      else await (await home.store()).remove(await named())
      assert.ok((await whys()).includes("held"))
    })

  for (const act of ["off", "removed"] as const)
    it(`6, a copy, ${act}: what kiro-cli renewed it to before its store was there is held`, async () => {
      await home.signsIn("A")
      await home.olderPluginCopies()
      home.cliGoesAway()
      assert.equal(await home.servedBy(), "A")
      if (act === "off") await home.disable("A")
      else await home.remove("A")
      home.service.usage = "down"
      home.cliComesBack()
      await home.cliRenews()
      assert.equal(await home.servedBy(), "nobody")
      assert.ok((await whys()).includes("held"))
    })

  for (const act of ["off", "removed"] as const)
    it(`6, ${act} behind a sign-in by a clock that was ahead: stays ${act}`, async () => {
      await home.signsIn("A")
      await home.servedBy()
      home.service.usage = "down"
      home.clock.advance(8 * HOUR)
      await home.signsInHere("A")
      home.clock.advance(MINUTE - 8 * HOUR)
      if (act === "off") await home.switches(await named(), "off")
      else await (await home.store()).remove(await named())
      home.service.usage = "up"
      home.clock.advance(MINUTE)
      await (await home.keeper()).learnOwners()
      await whys("new")
    })

  for (const act of ["off", "removed"] as const)
    it(`6, ${act} after kiro-cli was signed out: who signs in there on another registration is held`, async () => {
      await home.signsIn("A")
      await home.servedBy()
      home.service.usage = "down"
      await home.cliSignsOut()
      home.endAccessTokens()
      assert.equal(await home.servedBy(), "A")
      if (act === "off") await home.disable("A")
      else await home.remove("A")
      home.client = "another-client"
      home.clock.advance(1)
      await home.signsIn("A")
      assert.ok((await whys()).includes("held"))
    })

  it("6, removed beside an unnamed login of theirs: who imports that later stays, also once it is named", async () => {
    await home.signsInHere("A")
    await home.servedBy()
    await (await home.keeper()).learnOwners()
    home.service.usage = "down"
    await home.signsIn("A")
    await home.takeIn()
    await (await home.store()).remove(await named())
    home.clock.advance(1)
    await home.takeIn(true)
    home.service.usage = "up"
    home.clock.advance(20 * MINUTE)
    await (await home.keeper()).learnOwners()
    assert.equal(await home.servedBy(), "A")
  })

  it("6, removed by a clock that was ahead: who is taken in later is not removed once more", async () => {
    await home.signsIn("A")
    await home.servedBy()
    home.service.usage = "down"
    home.clock.advance(8 * HOUR)
    await home.remove("A")
    home.clock.advance(MINUTE - 8 * HOUR)
    await home.cliRenews()
    assert.ok((await whys()).includes("held"))
    await home.enable("A")
    assert.equal(await home.servedBy(), "A")
    home.service.usage = "up"
    home.clock.advance(MINUTE)
    await (await home.keeper()).learnOwners()
    assert.equal(await home.servedBy(), "A")
  })

  for (const act of ["on", "off and on"] as const)
    it(`6, switched ${act} where another login of theirs serves: what rests beside that is not sent`, async () => {
      await home.signsInHere("A")
      home.clock.advance(10 * MINUTE)
      await home.signsIn("A")
      await home.servedBy()
      await (await home.keeper()).learnOwners()
      home.service.usage = "down"
      home.clock.advance(10 * MINUTE)
      await home.cliRenews()
      await home.servedBy()
      home.endAccessTokens()
      const account = await named()
      if (act === "off and on") await home.switches(account, "off")
      await home.switches(account, "on")
      for (const session of ["a", "b"]) await home.asks(session)
      await sendsNoneSuperseded()
    })

  it("6, switched on once kiro-cli has renewed it: it rests until its user says so of that", async () => {
    home.service.usage = "down"
    await home.signsIn("A")
    await home.servedBy()
    await home.disable("A")
    await home.cliRenews()
    await whys("new")
    home.endAccessTokens()
    await home.cliRenews()
    const [first] = await (await home.store()).list()
    assert.ok(first)
    await home.switches(first.id, "on")
    await home.asks()
    assert.equal(superseded(), 0)
    assert.equal(await home.cliRenews(), true)
  })

  it("6, meanwhile: what its predecessor's account was switched off for since it was chosen is not renewed", async () => {
    await home.signsIn("A")
    await home.servedBy()
    home.service.usage = "down"
    await home.cliRenews()
    await home.takeIn()
    home.endAccessTokens()
    const store = await home.store()
    const [named, renewed] = await store.list({ resting: true })
    assert.ok(named?.userId !== undefined && renewed !== undefined)
    const other = new Home(home.folder, home)
    await other.switches(named.id, "off")
    const answer = await (await home.keeper()).fresh({ account: renewed })
    assert.ok(answer.state === "none" && answer.reason === "held")
    assert.deepEqual(home.service.sent, [])
  })

  it("7: one that was never named and was removed stays out when it is renewed", async () => {
    home.service.usage = "down"
    await home.signsIn("A")
    await home.servedBy()
    await home.remove("A")
    await home.cliRenews()
    home.service.usage = "up"
    assert.equal(await home.servedBy(), "nobody")
    home.endAccessTokens()
    assert.equal(await home.servedBy(), "nobody")
  })

  it("8: the renewals of one who is off are held, one after the other", async () => {
    await home.signsIn("A")
    await home.servedBy()
    await home.disable("A")
    home.service.usage = "down"
    for (let round = 0; round < 2; round += 1) {
      await home.cliRenews()
      assert.ok((await whys()).includes("held"))
    }
    assert.equal(await shown(), 2)
    home.service.usage = "up"
    assert.deepEqual(await whys(), ["disabled"])
    assert.equal((await home.accountsOf("A")).length, 1)
  })

  it("8, once their tokens have ended: of the held ones only the newest is renewed to be asked whose it is", async () => {
    await home.signsIn("A")
    await home.servedBy()
    await home.disable("A")
    home.service.usage = "down"
    for (let round = 0; round < 3; round += 1) {
      await home.cliRenews()
      await home.takeIn()
    }
    home.endAccessTokens()
    home.service.usage = "up"
    assert.equal(await home.servedBy(), "nobody")
    assert.equal(superseded(), 0)
    assert.ok(home.service.isCurrent((await home.cliPair())?.refreshToken ?? ""))
    assert.equal(await shown(), 1)
  })

  it("8, where another person takes the place then: the held pair is kept, and serves when its user is on again", async () => {
    await home.signsIn("A")
    assert.equal(await home.servedBy("a"), "A")
    await home.disable("A")
    home.service.usage = "down"
    await home.cliRenews()
    await home.takeIn()
    const renewed = await home.cliPair()
    await home.signsIn("B")
    await home.takeIn()
    await (await home.keeper()).learnOwners()
    assert.ok((await home.refreshTokens()).ours.includes(renewed?.refreshToken ?? ""))
    home.service.usage = "up"
    home.clock.advance(20 * MINUTE)
    await home.takeIn()
    home.endAccessTokens()
    await home.enable("A")
    assert.equal(await home.servedBy("a"), "A")
    assert.equal(superseded(), 0)
  })

  it("9: who was removed and signs in here again stays, also where the name comes only afterwards", async () => {
    await home.signsIn("A")
    await home.servedBy()
    const [before] = await home.accountsOf("A")
    await home.remove("A")
    await home.cliSignsOut()
    home.service.usage = "down"
    home.clock.advance(1000)
    await home.signsInHere("A")
    assert.equal(await home.servedBy(), "A")
    home.service.usage = "up"
    home.clock.advance(120_000)
    assert.equal(await home.servedBy(), "A")
    const [again, ...others] = await (await home.store()).listAll()
    assert.deepEqual(others, [])
    assert.equal(again?.id, before?.id)
    assert.equal(again?.removedAt, undefined)
  })

  it("9, by a clock that was ahead: who was removed then and signs in here, or asks for the import, is back", async () => {
    for (const act of ["signs in here", "asks for the import"] as const) {
      home = new Home(temporaryFolder())
      await home.signsIn("A")
      await home.servedBy()
      await home.remove("A")
      home.clock.advance(-8 * HOUR)
      if (act === "signs in here") await home.signsInHere("A")
      else await home.takeIn(true)
      assert.equal(await home.servedBy(), "A", act)
      assert.equal(await shown(), 1)
    }
  })

  it("9, by the import: who was removed is back under every id that they had", async () => {
    await home.signsIn("A")
    await home.servedBy()
    const { id } = await home.signsInHere("A")
    const store = await home.store()
    const joined = await store.get(id)
    assert.ok(joined !== undefined && joined.id !== id)
    await home.remove("A")
    home.clock.advance(1)
    await home.takeIn(true)
    assert.equal((await store.get(id))?.id, joined.id)
    assert.equal(await home.servedBy(), "A")
  })

  it("10: who is off and signs in here is on", async () => {
    await home.signsIn("A")
    await home.servedBy()
    await home.disable("A")
    home.clock.advance(1000)
    await home.signsInHere("A")
    assert.equal(await home.servedBy(), "A")
    assert.equal(await shown(), 1)
  })

  for (const [when, wait] of [
    ["", 0],
    [", also where its token has ended by then", 2 * HOUR],
  ] as const)
    it(`10, elsewhere: who is off, or removed, does not answer by a sign-in to another program${when}`, async () => {
      for (const act of ["off", "removed"] as const) {
        home = new Home(temporaryFolder())
        await home.signsIn("A")
        await home.servedBy()
        await (act === "off" ? home.disable("A") : home.remove("A"))
        home.clock.advance(1)
        home.ideSignsIn("A")
        home.clock.advance(wait)
        assert.equal(await home.servedBy(), "nobody", act)
        home.ideSignsIn("B")
        assert.equal(await home.servedBy(), "B")
      }
    })

  it("10, refused: who is off does not answer by a sign-in whose access token the service ended early", async () => {
    await home.signsInHere("A")
    await home.disable("A")
    await home.signsIn("A")
    home.service.rejectAccessTokens()
    assert.equal(await home.servedBy(), "nobody")
    assert.equal(await home.servedBy(), "nobody")
  })

  it("10, by a key: who is off, or removed, does not answer by their API key either", async () => {
    for (const act of ["off", "removed"] as const) {
      home = new Home(temporaryFolder())
      await home.signsIn("A")
      await home.servedBy()
      await (act === "off" ? home.disable("A") : home.remove("A"))
      await home.restart({ keyOf: "A" })
      assert.equal(await home.servedBy(), "nobody", act)
      await home.restart({ keyOf: "B" })
      assert.equal(await home.servedBy(), "B")
    }
  })

  it("10, by a key that was there before: who is switched off since does not answer by it", async () => {
    await home.restart({ keyOf: "A" })
    await home.signsIn("A")
    assert.equal(await home.servedBy(), "A")
    // A process without the key sees no account in it.
    await new Home(home.folder, home).disable("A")
    assert.equal((await home.asks("session", false)).by, "nobody")
  })

  it("10, before: who is off does not answer by an older sign-in whose token had ended unnamed", async () => {
    home.service.usage = "down"
    home.ideSignsIn("A")
    await home.servedBy()
    home.endAccessTokens()
    home.service.usage = "up"
    const { id } = await home.signsInHere("A")
    await home.switches(id, "off")
    assert.equal(await home.servedBy(), "nobody")
    assert.equal(await shown(), 1)
  })

  it("10, by a key of another process: who was switched off there does not answer by a sign-in that this one finds", async () => {
    await home.restart({ keyOf: "C" })
    assert.equal(await home.servedBy(), "C")
    await home.disable("C")
    await home.signsIn("C")
    const other = new Home(home.folder, home)
    assert.equal(await other.servedBy(), "nobody")
    await home.signsIn("A")
    await home.signsIn("A")
    await home.cliRenews()
    assert.equal(await home.servedBy(), "A")
    assert.equal(await other.servedBy(), "A")
  })

  it("9, by a key: who was removed by a process that has none does not come back by it", async () => {
    await home.restart({ keyOf: "A" })
    assert.equal(await home.servedBy(), "A")
    await home.signsIn("A")
    const other = new Home(home.folder, home)
    assert.equal(await other.servedBy(), "A")
    home.endAccessTokens()
    home.service.onSent = async () => {
      home.service.onSent = undefined
      await other.remove("A")
    }
    await home.asks()
    await home.restart({ keyOf: "A" })
    assert.equal(await home.servedBy(), "nobody")
    assert.equal(await shown(), 0)
  })

  it("loses no sign-in of whom a key brought here first, when that is back after its 90 days", async () => {
    await home.restart({ keyOf: "A" })
    assert.equal(await home.servedBy(), "A")
    await home.signsInHere("A")
    const { ours } = await home.refreshTokens()
    await home.restart()
    home.clock.advance(91 * DAY)
    await home.signsIn("B")
    assert.equal(await home.servedBy(), "B")
    await home.restart({ keyOf: "A" })
    home.service.exhausted.add("B")
    assert.equal(await home.servedBy("a"), "A")
    assert.deepEqual(home.service.sent, [{ refreshToken: ours[0], superseded: false }])
  })

  it("forgets after 90 days an account that was only a key, but not that its user switched it off", async () => {
    for (const act of ["used", "off"] as const) {
      home = new Home(temporaryFolder())
      await home.restart({ keyOf: "A" })
      assert.equal(await home.servedBy(), "A")
      if (act === "off") await home.disable("A")
      await home.restart()
      home.clock.advance(91 * DAY)
      await home.signsIn("B")
      assert.equal(await home.servedBy(), "B")
      await home.restart()
      assert.equal(await shown(), 1, act)
      await home.restart({ keyOf: "A" })
      home.service.usage = "down"
      await home.asks()
      assert.equal(await shown(), 2, act)
      assert.equal(
        (await (await home.store()).list()).filter(({ enabled }) => !enabled).length,
        act === "off" ? 1 : 0,
      )
    }
  })

  it("11: behind an unnamed successor that was removed nothing is sent", async () => {
    await home.signsIn("A")
    await home.servedBy()
    home.service.usage = "down"
    await home.cliRenews()
    await home.takeIn()
    const store = await home.store()
    const [unnamed] = (await store.list()).filter(({ userId }) => userId === undefined)
    assert.ok(unnamed)
    await store.remove(unnamed.id)
    home.endAccessTokens()
    const sent = home.service.sent.length
    assert.equal(await home.servedBy(), "nobody")
    assert.equal(home.service.sent.length, sent)
  })

  it("12: an older plugin's old copy of what kiro-cli renewed since is not sent", async () => {
    const old = await home.signsIn("A")
    await sqlite(join(home.folder, ".config", "opencode", "kiro.db"), (database) => {
      database.run(
        "CREATE TABLE accounts (id TEXT, auth_method TEXT, region TEXT, client_id TEXT, client_secret TEXT, refresh_token TEXT, access_token TEXT, expires_at INTEGER)",
      )
      database.run("INSERT INTO accounts VALUES ('1', 'idc', 'us-east-1', 'client', 'secret', ?, ?, ?)", [
        old.refreshToken,
        old.accessToken,
        old.expiresAt,
      ])
    })
    home.endAccessTokens()
    await home.cliRenews()
    assert.equal(await home.servedBy(), "A")
    home.endAccessTokens()
    assert.equal(await home.servedBy(), "A")
    home.endAccessTokens()
    home.service.exhausted.add("A")
    await home.servedBy()
    assert.ok(!home.service.sent.some(({ refreshToken }) => refreshToken === old.refreshToken))
    assert.equal(await shown(), 1)
  })

  it("12, where the copy was seen first and named: it is not sent while nobody knows whose kiro-cli's is", async () => {
    await home.signsIn("A")
    await home.olderPluginCopies()
    home.cliGoesAway()
    assert.equal(await home.servedBy(), "A")
    home.cliComesBack()
    await home.cliRenews()
    home.service.usage = "down"
    await home.takeIn()
    home.endAccessTokens()
    for (let round = 0; round < 2; round += 1) assert.equal(await home.servedBy(), "A")
    assert.equal(superseded(), 0)
    assert.ok(home.service.isCurrent((await home.cliPair())?.refreshToken ?? ""))
  })

  it("12, later: nor when another person stands in kiro-cli's row, with a registration of their own", async () => {
    await home.signsIn("A")
    await home.olderPluginCopies()
    home.endAccessTokens()
    await home.cliRenews()
    assert.equal(await home.servedBy(), "A")
    home.client = "another-client"
    await home.signsIn("B")
    home.endAccessTokens()
    for (const session of ["session", "another"]) await home.servedBy(session)
    await sendsNoneSuperseded()
    assert.equal(await home.servedBy(), "A")
  })

  for (const [where, copy] of [
    ["the store of the Amazon Q CLI, which it began with,", () => home.amazonQHas()],
    ["the file beside the IDE's", () => home.cliFileHas()],
  ] as const)
    it(`12, of kiro-cli's own: what ${where} still has of before kiro-cli renewed is not sent`, async () => {
      await home.signsIn("A")
      await copy()
      home.endAccessTokens()
      await home.cliRenews()
      assert.equal(await home.servedBy("a"), "A")
      home.endAccessTokens()
      assert.equal(await home.servedBy("b"), "A")
      home.service.exhausted.add("A")
      assert.equal(await home.servedBy("b"), "nobody")
      assert.equal(superseded(), 0)
      assert.equal(await shown(), 1)
      home.service.exhausted.clear()
      home.clock.advance(31 * DAY)
      assert.equal(await home.servedBy("b"), "A")
    })

  it("12, in two kinds of places: nor is a copy that an older plugin's table and kiro-cli's own file have", async () => {
    home.service.usage = "refused"
    await home.signsIn("A")
    await home.cliFileHas()
    await home.olderPluginCopies()
    home.endAccessTokens()
    await home.cliRenews()
    for (const session of ["a", "b"]) assert.equal(await home.servedBy(session), "A")
    home.endAccessTokens()
    for (const session of ["a", "b"]) assert.equal(await home.servedBy(session), "A")
    home.service.exhausted.add("A")
    await home.servedBy("a")
    assert.equal(superseded(), 0)
  })

  const COPIES = [
    ["an older plugin's table", () => home.olderPluginCopies()],
    ["the Amazon Q CLI's store", () => home.amazonQHas()],
  ] as const
  /** What kiro-cli renewed of a copy answered, and its account was removed. */
  const isRemovedBeside = async (copy: () => Promise<void>): Promise<void> => {
    await home.signsIn("A")
    await copy()
    home.endAccessTokens()
    await home.cliRenews()
    assert.equal(await home.servedBy(), "A")
    const store = await home.store()
    const [account] = await store.list()
    assert.ok(account)
    await (await home.keeper()).settle(account)
    await store.remove(account.id)
    home.endAccessTokens()
  }

  for (const [where, copy] of COPIES) {
    it(`12, removed: nor is an old copy in ${where} sent when the account of kiro-cli's login was removed`, async () => {
      await isRemovedBeside(copy)
      await home.restart()
      assert.equal(await home.servedBy(), "nobody")
      assert.deepEqual(home.service.sent, [])
      assert.equal(await shown(), 0)
    })

    it(`12, removed and back: nor when its user comes back by another login beside an old copy in ${where}`, async () => {
      await isRemovedBeside(copy)
      home.clock.advance(1)
      await home.signsInHere("A")
      assert.equal(await home.servedBy(), "A")
      await sendsNoneSuperseded()
    })
  }

  it("12, signed out: what is left of kiro-cli's login in an older plugin's table serves on", async () => {
    await home.signsIn("A")
    await home.olderPluginCopies()
    assert.equal(await home.servedBy(), "A")
    await home.cliSignsOut()
    for (let renewal = 0; renewal < 2; renewal += 1) {
      home.endAccessTokens()
      assert.equal(await home.servedBy(), "A")
    }
  })

  /** kiro-cli renewed A's pair unseen, an older plugin has a copy of that, and B stands in kiro-cli's row. */
  const isCopiedUnseen = async (): Promise<void> => {
    await home.signsIn("A")
    assert.equal(await home.servedBy("a"), "A")
    await home.cliRenews()
    await home.olderPluginCopies()
    await home.signsIn("B")
  }

  it("12, newer: what kiro-cli renewed unseen and an older plugin copied is sent, and what it came from is not", async () => {
    await isCopiedUnseen()
    await home.takeIn()
    for (let renewal = 0; renewal < 3; renewal += 1) {
      home.endAccessTokens()
      assert.equal(await home.servedBy("a"), "A")
      assert.notEqual(await home.servedBy("b"), "nobody")
    }
    assert.equal(superseded(), 0)
    assert.deepEqual(await rowsOf("A"), [1])
  })

  it("12, newer, and renewed again: a login that was in both places leaves no row behind", async () => {
    await home.signsIn("A")
    await home.olderPluginCopies()
    home.service.usage = "down"
    await home.servedBy()
    await home.cliRenews()
    await home.olderPluginCopies()
    await home.cliRenews()
    await home.takeIn()
    home.service.usage = "up"
    home.clock.advance(20 * MINUTE)
    assert.equal(await home.servedBy(), "A")
    const logins = (await home.accountsOf("A")).flatMap((account) => account.logins)
    assert.ok(logins.length <= 2)
    assert.equal(superseded(), 0)
  })

  it("12, newer, found when the one it came from is to be renewed: that one is not sent", async () => {
    await isCopiedUnseen()
    home.endAccessTokens()
    await home.asks("a", false)
    assert.equal(superseded(), 0)
  })

  for (const [where, copy] of COPIES) {
    it(`12, newer in ${where}, signed out: what it came from is not sent`, async () => {
      await home.signsIn("A")
      assert.equal(await home.servedBy(), "A")
      await home.cliRenews()
      await copy()
      await home.cliSignsOut()
      home.endAccessTokens()
      assert.equal(await home.servedBy(), "A")
      assert.equal(superseded(), 0)
      assert.equal((await home.accountsOf("A")).length, 1)
    })

    it(`12, newer in ${where}, put back: what kiro-cli's backup has is not sent`, async () => {
      const old = await home.signsIn("A")
      assert.equal(await home.servedBy(), "A")
      await home.cliRenews()
      await copy()
      await home.cliIsPutBack()
      assert.equal((await home.cliPair())?.refreshToken, old.refreshToken)
      home.endAccessTokens()
      assert.equal(await home.servedBy(), "A")
      assert.equal(superseded(), 0)
    })
  }

  it("12, of two places: a login that was lost in both has one row after what took its part in either", async () => {
    await home.signsIn("A")
    await home.amazonQHas()
    await home.servedBy()
    await home.cliRenews()
    await home.signsIn("B", home.amazonFile)
    for (let renewal = 0; renewal < 2; renewal += 1) {
      await home.servedBy("a")
      home.endAccessTokens()
    }
    assert.equal(superseded(), 0)
    assert.deepEqual(await rowsOf("A"), [1])
  })

  /** kiro-cli's renewed pair of A serves, and what it was renewed from stands as a copy in another place. */
  const servesBeside = async (copy: () => Promise<void>): Promise<void> => {
    await home.signsIn("A")
    await copy()
    await home.cliRenews()
    await home.servedBy()
  }

  /** What nobody sees any more of a person rests behind their other login, which serves on, and goes after 90 days. */
  const restsAndGoes = async (): Promise<void> => {
    for (let renewal = 0; renewal < 2; renewal += 1) {
      home.endAccessTokens()
      assert.equal(await home.servedBy(), "A")
    }
    assert.equal(superseded(), 0)
    assert.equal((await home.accountsOf("A")).length, 1)
    home.clock.advance(91 * DAY)
    await home.signsInHere("D")
    assert.deepEqual(await rowsOf("A"), [1])
  }

  it("12, of two places: an old copy that was lost to another person rests behind what it became", async () => {
    await servesBeside(() => home.amazonQHas())
    await home.signsIn("B", home.amazonFile)
    await home.cliRenews()
    await home.servedBy()
    await restsAndGoes()
  })

  it("12, of two places: a sign-in of their own that was lost there serves where the other is refused", async () => {
    await home.signsIn("A", home.amazonFile)
    await home.signsIn("A")
    assert.equal(await home.servedBy(), "A")
    await home.signsIn("B", home.amazonFile)
    await home.cliRenews()
    await home.cliSignsOut()
    await home.servedBy()
    home.endAccessTokens()
    assert.equal(await home.servedBy(), "A")
  })

  it("12, of two places: nor where kiro-cli itself is the other person's by then", async () => {
    await servesBeside(() => home.amazonQHas())
    await home.signsIn("B", home.amazonFile)
    await home.signsIn("B")
    await home.servedBy()
    await (await home.keeper()).learnOwners()
    await restsAndGoes()
  })

  it("12, in an older plugin's table: nor is an old copy sent that was lost there, behind another person in both", async () => {
    await servesBeside(() => home.olderPluginCopies())
    await home.signsIn("B")
    await home.olderPluginCopies()
    await home.servedBy()
    await (await home.keeper()).learnOwners()
    await restsAndGoes()
  })

  it("12, in an older plugin's table: nor is an old copy sent in whose place what kiro-cli renewed of it stands", async () => {
    await home.signsIn("A")
    await home.olderPluginCopies()
    await home.cliRenews()
    home.endAccessTokens()
    await home.servedBy()
    await home.olderPluginCopies()
    await home.takeIn()
    await home.signsIn("B")
    await home.servedBy()
    await sendsNoneSuperseded()
  })

  /** Their old copy stands in an older plugin's table, what it was renewed to elsewhere; they have signed in anew. */
  const isCopiedBehindAnew = async (): Promise<Pair> => {
    await home.signsIn("A")
    await home.olderPluginCopies()
    await home.cliRenews()
    await home.amazonQHas()
    await home.servedBy()
    home.client = "another-client"
    const anew = await home.signsIn("A")
    await home.servedBy()
    return anew
  }

  it("12, in an older plugin's table: nor is an old copy sent behind a sign-in anew, while another store has its renewal", async () => {
    await isCopiedBehindAnew()
    await home.cliSignsOut()
    home.endAccessTokens()
    await home.servedBy()
    await sendsNoneSuperseded()
  })

  it("12, in an older plugin's table: nor when another person takes its place there, and the service ends the sign-in anew", async () => {
    const anew = await isCopiedBehindAnew()
    home.client = "a-third-client"
    await home.signsIn("B")
    await home.olderPluginCopies()
    await home.servedBy("b")
    home.service.end(anew)
    home.endAccessTokens()
    await home.servedBy()
    await sendsNoneSuperseded()
  })

  it("12, in an older plugin's table: nor when the service ends the sign-in anew, and the copy is not named", async () => {
    const anew = await isCopiedBehindAnew()
    home.endAccessTokens()
    home.service.end(anew)
    await home.servedBy()
    assert.equal(superseded(), 0)
  })

  it("12, in an older plugin's table: nor is one sent whose renewal was there alone, until another pair took its place", async () => {
    home.service.usage = "down"
    await home.signsIn("A")
    assert.equal(await home.servedBy(), "A")
    home.endAccessTokens()
    await home.cliRenews()
    await home.olderPluginCopies()
    home.client = "registered-anew"
    await home.signsIn("A")
    home.service.usage = "up"
    assert.equal(await home.servedBy(), "A")
    await home.olderPluginCopies()
    assert.equal(await home.servedBy(), "A")
    await sendsNoneSuperseded()
  })

  it("12, in an older plugin's table: nor is it once that copies another person's login instead", async () => {
    await home.signsIn("A")
    home.clock.advance(30 * HOUR)
    await home.olderPluginCopies()
    await home.cliRenews()
    await home.amazonQHas()
    await home.servedBy()
    home.client = "another-client"
    await home.signsIn("A")
    await home.servedBy()
    home.client = "a-third-client"
    await home.signsIn("B")
    await home.olderPluginCopies()
    await home.servedBy()
    await sendsNoneSuperseded()
  })

  it("12, put back behind another company: what was never named is not sent beside what kiro-cli renewed of it", async () => {
    home.service.usage = "down"
    await home.signsIn("A")
    await home.takeIn()
    await home.signsIn("C")
    home.endAccessTokens()
    await home.takeIn()
    await home.signsIn("B")
    await home.cliIsPutBack()
    await home.cliRenews()
    home.service.usage = "up"
    home.clock.advance(20 * MINUTE)
    await home.servedBy()
    await sendsNoneSuperseded()
  })

  it("12, newer, with kiro-cli's store away: the copy is what kiro-cli renewed, and not what stood there before that", async () => {
    await home.signsIn("A")
    await home.servedBy()
    home.service.usage = "down"
    await home.cliRenews()
    await home.servedBy()
    await home.cliRenews()
    home.endAccessTokens()
    await home.servedBy()
    await home.cliRenews()
    await home.olderPluginCopies()
    home.cliGoesAway()
    home.service.usage = "up"
    home.clock.advance(HOUR / 2)
    assert.equal(await home.servedBy(), "A")
    home.cliComesBack()
    home.endAccessTokens()
    assert.equal(await home.servedBy(), "A")
    await sendsNoneSuperseded()
  })

  it("12, newer, behind a clock that was set back: what kiro-cli shows is not merged into its copy", async () => {
    await home.signsIn("A")
    await home.olderPluginCopies()
    await home.cliRenews()
    await home.servedBy()
    home.clock.advance(-6 * HOUR)
    await home.servedBy()
    await home.signsIn("A")
    await home.olderPluginCopies()
    await home.cliRenews()
    await home.servedBy()
    home.endAccessTokens()
    assert.equal(await home.servedBy(), "A")
    await sendsNoneSuperseded()
  })

  it("12, put back behind a later sign-in that is refused: what was never named is not sent beside what kiro-cli has", async () => {
    await home.signsIn("B")
    await home.olderPluginCopies()
    await home.cliRenews()
    home.endAccessTokens()
    await home.asks()
    await home.olderPluginCopies()
    await home.asks()
    await home.signsIn("B")
    await home.asks()
    await home.cliRenews()
    await home.cliIsPutBack()
    home.endAccessTokens()
    await home.asks()
    assert.deepEqual(supersededOnes(), ["refresh-B-4"])
  })

  /** A backup brings back whom nobody can name and who has signed in anew since, and kiro-cli renews it. */
  const isPutBackBehindAnew = async (meanwhile: () => Promise<void> = async () => {}): Promise<void> => {
    home.service.usage = "down"
    await home.signsIn("B")
    await home.takeIn()
    home.client = "another-client"
    await home.signsIn("B")
    await home.takeIn()
    await meanwhile()
    home.endAccessTokens()
    await home.cliIsPutBack()
    await home.cliRenews()
  }

  it("12, put back behind a registration anew: nor where nobody has looked since", async () => {
    await isPutBackBehindAnew()
    assert.equal((await home.asks("session", false)).by, "B")
    assert.equal(superseded(), 0)
  })

  it("12, put back behind a registration anew: nor where kiro-cli's own file alone has its newer pair", async () => {
    await isPutBackBehindAnew(async () => {
      await home.cliRenews()
      await home.cliFileHas()
    })
    assert.equal((await home.asks("session", false)).by, "B")
    assert.equal(superseded(), 0)
  })

  it("12, put back behind a registration anew: what was never named is not sent beside what kiro-cli renewed of it", async () => {
    await isPutBackBehindAnew()
    home.service.usage = "up"
    home.clock.advance(20 * MINUTE)
    await home.servedBy()
    await (await home.keeper()).learnOwners()
    home.endAccessTokens()
    await home.servedBy()
    await sendsNoneSuperseded()
  })

  for (const [client, store] of [
    ["another-client", "kiro-cli's"],
    ["another-client", "the Amazon Q CLI's"],
    ["the-same-client", "the Amazon Q CLI's"],
  ] as const)
    it(`12, behind a sign-in by ${client} that is refused: nor what was renewed in ${store} store before it`, async () => {
      home.service.usage = "down"
      await home.signsIn("A")
      await home.takeIn()
      home.endAccessTokens()
      await home.cliRenews()
      home.service.usage = "up"
      home.clock.advance(20 * MINUTE)
      await home.servedBy()
      if (store === "the Amazon Q CLI's") await home.amazonQHas()
      if (client === "another-client") home.client = client
      await home.signsIn("A")
      await home.servedBy()
      await home.cliRenews()
      home.client = "client of B"
      await home.signsIn("B")
      await home.servedBy()
      home.endAccessTokens()
      home.service.exhausted.add("B")
      for (const session of ["a", "b"]) await home.asks(session)
      // Its renewal nobody has seen.
      assert.deepEqual(supersededOnes(), ["refresh-A-3"])
    })

  it("12, a third behind a second: who is named goes on, though nobody can say who the third is", async () => {
    await home.signsIn("A")
    assert.equal(await home.servedBy("a"), "A")
    await home.signsIn("C")
    await home.takeIn()
    assert.equal((await home.accountsOf("C"))[0]?.userId, "user-C")
    home.service.usage = "down"
    home.clock.advance(MINUTE)
    await home.signsIn("B")
    await home.takeIn()
    home.endAccessTokens()
    assert.equal(await home.servedBy("a"), "A")
  })

  it("12, of two places, removed: what took its part in either is held", async () => {
    home.service.usage = "down"
    await home.signsIn("A")
    await home.amazonQHas()
    await home.servedBy()
    await home.remove("A")
    home.client = "another-client"
    await home.signsIn("A")
    await home.signsIn("A", home.amazonFile)
    assert.equal(await home.servedBy(), "nobody")
  })

  it("12, removed: nor is an old copy in the Amazon Q CLI's store sent, once that shows the removed one's pair", async () => {
    await home.signsIn("B")
    await home.servedBy()
    await home.cliRenews()
    await home.amazonQHas()
    await home.remove("B")
    await home.cliRenews()
    home.endAccessTokens()
    assert.equal(await home.servedBy(), "nobody")
    await home.amazonQHas()
    await home.signsIn("C")
    assert.equal(await home.servedBy(), "C")
    await sendsNoneSuperseded()
  })

  it("12, newer: nor is an old copy sent because the clock was set back before its renewal was renewed", async () => {
    await home.signsIn("A")
    await home.amazonQHas()
    await home.cliRenews()
    home.clock.advance(-8 * 60 * MINUTE)
    assert.equal(await home.servedBy(), "A")
    home.service.rejectAccessTokens()
    assert.equal(await home.servedBy(), "A")
    home.endAccessTokens()
    assert.equal(await home.servedBy(), "A")
    await sendsNoneSuperseded()
  })

  it("12, newer: nor where kiro-cli renewed once more what was renewed behind such a clock", async () => {
    await home.signsIn("A")
    await home.olderPluginCopies()
    await home.cliRenews()
    await home.asks()
    home.clock.advance(-8 * HOUR)
    home.service.rejectAccessTokens()
    await home.asks()
    await home.olderPluginCopies()
    home.clock.advance(HOUR / 2)
    await home.cliRenews()
    assert.equal(await home.servedBy(), "A")
    home.clock.advance(9 * HOUR)
    await sendsNoneSuperseded()
  })

  it("12, newer: nor where nobody could be asked until then", async () => {
    home.service.usage = "down"
    await home.signsIn("A")
    await home.olderPluginCopies()
    await home.cliRenews()
    await home.asks()
    home.clock.advance(-8 * HOUR)
    home.service.rejectAccessTokens()
    home.clock.advance(2 * HOUR)
    await home.asks()
    await home.olderPluginCopies()
    await home.cliRenews()
    await home.asks()
    home.service.usage = "up"
    home.clock.advance(20 * MINUTE)
    assert.equal(await home.servedBy(), "A")
    const copy = (await (await home.store()).list({ resting: true })).find(
      ({ userId }) => userId === undefined,
    )
    assert.ok(copy)
    home.clock.advance(9 * HOUR)
    await (await home.keeper()).fresh({ account: copy })
    await sendsNoneSuperseded()
  })

  it("12, newer: nor what the Amazon Q CLI has, whose place a login had that ended behind such a clock", async () => {
    await home.signsIn("A", home.amazonFile)
    home.clock.advance(-8 * HOUR)
    await home.asks()
    await home.signsIn("A")
    await home.amazonQHas()
    home.clock.advance(MINUTE)
    await home.cliRenews()
    await home.asks()
    home.endAccessTokens()
    assert.equal(await home.servedBy(), "A")
    await sendsNoneSuperseded()
  })

  it("12, newer, off: the copy of who is off holds nobody else who stands in kiro-cli's row", async () => {
    await home.signsIn("A")
    await home.servedBy()
    await home.disable("A")
    await home.cliRenews()
    await home.olderPluginCopies()
    await home.signsIn("B")
    home.endAccessTokens()
    assert.equal(await home.servedBy(), "B")
    assert.equal(superseded(), 0)
  })

  it("13: a pair that is owed to kiro-cli when its account is removed is paid, then deleted", async () => {
    await isRemovedWhileOwed("A")
    home.cliComesBack()
    await home.takeIn()
    const held = await home.cliPair()
    assert.ok(home.service.isCurrent(held?.refreshToken ?? ""))
    const database = await openDatabase(join(home.folder, "kiro.db"), { readonly: true })
    assert.equal(database.all("SELECT * FROM kiro_login").length, 0)
    database.close()
    await home.takeIn()
    assert.equal(await shown(), 0)
  })

  it("13, where its user signs in here before the store comes back: it is paid all the same", async () => {
    await isRemovedWhileOwed("A")
    home.clock.advance(1)
    await home.signsInHere("A")
    home.cliComesBack()
    await home.takeIn()
    assert.ok(home.service.isCurrent((await home.cliPair())?.refreshToken ?? ""))
    assert.equal(await shown(), 1)
    assert.equal(await home.servedBy(), "A")
  })

  it("14: while kiro-cli's store is away nothing is sent; when it is back its newer pair is taken", async () => {
    await home.signsIn("A")
    const first = await home.asks()
    await home.cliRenews()
    home.endAccessTokens()
    home.cliGoesAway()
    assert.equal(await home.servedBy(), "nobody")
    assert.deepEqual(home.service.sent, [])
    home.cliComesBack()
    const again = await home.asks()
    assert.deepEqual(again, first)
    assert.equal(await shown(), 1)
    assert.equal(superseded(), 0)
  })

  it("14, where the store never comes back: after the first hour its login serves for good", async () => {
    home.ideSignsIn("A")
    assert.equal(await home.servedBy(), "A")
    home.endAccessTokens()
    home.ideSignsOut()
    assert.equal(await home.servedBy(), "nobody")
    home.clock.advance(HOUR)
    for (let renewal = 0; renewal < 3; renewal += 1) {
      assert.equal(await home.servedBy(), "A", `after renewal ${renewal}`)
      home.endAccessTokens()
    }
    assert.equal(superseded(), 0)
  })

  it("15: two processes that take in one pair make one row of it", async () => {
    await home.signsIn("A")
    const other = new Home(home.folder, home)
    await Promise.all([home.takeIn(), other.takeIn()])
    assert.equal((await (await home.store()).listAll()).length, 1)
    assert.equal((await (await other.store()).listAll())[0]?.logins.length, 1)
  })

  it("15, killed: a pair that waits for the database is no new login to who reads it in another store of kiro-cli's", async () => {
    await home.signsIn("A")
    await home.signsIn("B", home.amazonFile)
    await home.takeIn()
    await (await home.keeper()).learnOwners()
    home.endAccessTokens()
    const renews = async (person: string): Promise<void> => {
      for (const account of await home.accountsOf(person)) await (await home.keeper()).fresh({ account })
    }
    home.service.usage = "down"
    home.pairsWait = true
    await renews("B")
    home.pairsWait = false
    await home.isKilled()
    await renews("A")
    assert.equal((await (await home.store()).listAll()).length, 2)
    home.service.exhausted.add("A")
    home.endAccessTokens()
    assert.equal(await home.servedBy(), "B")
    assert.equal(superseded(), 0)
  })

  /** The pair of whoever asks comes, and the process is killed before the database took it. */
  const isKilledRenewing = async (): Promise<void> => {
    home.endAccessTokens()
    home.pairsWait = true
    await home.asks()
    home.pairsWait = false
    await home.isKilled()
  }

  it("15, killed: a removed person does not answer with a pair that waited, before anybody asked whose it is", async () => {
    await home.signsInHere("A")
    await home.remove("A")
    home.clock.advance(1)
    await home.signsIn("A")
    await isKilledRenewing()
    const answer = await home.asks("session", false)
    assert.equal(answer.by, "nobody")
  })

  it("15, killed: whose a pair is that waited is learnt as of any other", async () => {
    home.ideSignsIn("A")
    await home.servedBy()
    home.service.usage = "down"
    await home.signsIn("A")
    await home.takeIn()
    home.endAccessTokens()
    home.pairsWait = true
    const [, account] = await home.accountsOf("A")
    assert.ok(account)
    await (await home.keeper()).fresh({ account })
    home.pairsWait = false
    await home.isKilled()
    home.service.usage = "up"
    home.clock.advance(20 * MINUTE)
    await (await home.keeper()).learnOwners()
    assert.equal((await home.accountsOf("A")).length, 1)
  })

  it("8 of the rules: a pair that we know, and an older version puts into another row, stays in one", async () => {
    for (const usage of ["up", "down"] as const) {
      home = new Home(temporaryFolder())
      home.service.usage = usage
      await home.signsIn("A")
      assert.equal(await home.servedBy(), "A")
      await home.signsIn("B")
      await home.takeIn()
      assert.equal(await home.olderVersion("adopts late"), "A")
      for (let renewal = 0; renewal < 2; renewal += 1) {
        await home.servedBy("b")
        home.endAccessTokens()
      }
      assert.deepEqual(await rowsOf("B"), [1], usage)
      assert.deepEqual(await rowsOf("A"), [], usage)
      assert.equal(superseded(), 0, usage)
    }
  })

  it("8 of the rules: what an older version takes from kiro-cli is renewed with kiro-cli's registration", async () => {
    for (const looks of [true, false]) {
      home = new Home(temporaryFolder())
      await home.signsIn("A")
      assert.equal(await home.servedBy(), "A")
      home.client = "client of C"
      await home.signsIn("C")
      await home.takeIn()
      home.endAccessTokens()
      await home.cliRenews()
      assert.equal(await home.olderVersion("adopts late"), "A")
      await home.asks("session", looks)
      for (let renewal = 0; renewal < 2; renewal += 1) {
        assert.equal(await home.servedBy("c"), "C")
        home.endAccessTokens()
      }
      assert.equal(superseded(), 0)
      const clients = (await home.accountsOf("C")).flatMap(({ logins }) =>
        logins.map((login) => login.kind === "idc" && login.client.clientId),
      )
      assert.deepEqual(clients, ["client of C"])
    }
  })

  it("8 of the rules: a backup's renewed pair that an older version puts into a row is no sign-in anew", async () => {
    await isPutBackBehindAnew()
    assert.equal(await home.olderVersion("adopts"), "B")
    home.service.usage = "up"
    home.clock.advance(20 * MINUTE)
    await home.servedBy()
    home.endAccessTokens()
    await home.servedBy()
    await sendsNoneSuperseded()
  })

  it("8 of the rules: a copy rests behind a login that an older version wrote over, while another store has that", async () => {
    await home.signsIn("A")
    await home.olderPluginCopies()
    await home.cliRenews()
    await home.amazonQHas()
    await home.servedBy()
    home.client = "client of B"
    await home.signsIn("B")
    assert.equal(await home.olderVersion("adopts"), "A")
    home.endAccessTokens()
    await home.olderPluginCopies()
    assert.equal(await home.servedBy(), "B")
    await sendsNoneSuperseded()
  })

  it("8 of the rules: none rests behind what an older version wrote over once the pair that it wrote is refused", async () => {
    await home.signsIn("A", home.amazonFile)
    await home.signsIn("A")
    await home.servedBy()
    home.endAccessTokens()
    home.cliGoesAway()
    assert.equal(await home.servedBy(), "A")
    home.clock.advance(HOUR / 2)
    await home.olderVersion("renews")
    home.clock.advance(2 * HOUR)
    await home.servedBy()
    home.cliComesBack()
    await home.cliRenews()
    await home.asks()
    assert.equal(await home.servedBy(), "A")
  })

  it("8 of the rules: what an older version wrote over is not whose the pair is that it wrote", async () => {
    await home.signsIn("B")
    await home.servedBy("of B")
    await home.cliRenews()
    await isKilledRenewing()
    await home.signsIn("A")
    assert.equal(await home.olderVersion("adopts"), "B")
    await home.cliRenews()
    await home.servedBy("of B")
    await sendsNoneSuperseded()
  })

  it("8 of the rules: what an older version renews rests not behind what is left of itself, whose end is told more finely", async () => {
    await home.signsIn("A")
    await home.amazonQHas()
    await home.servedBy()
    home.clock.advance(0.5)
    await home.olderVersion("renews")
    for (let renewal = 0; renewal < 2; renewal += 1) {
      assert.equal(await home.servedBy(), "A")
      home.endAccessTokens()
    }
    assert.equal(await home.servedBy(), "A")
  })

  it("8 of the rules: behind what an older version renewed a backup's renewed pair is in use, and none before it is sent", async () => {
    await home.signsIn("A")
    assert.equal(await home.servedBy("of A"), "A")
    home.clock.advance(1)
    await home.signsIn("B")
    await home.servedBy("of B")
    await home.cliIsPutBack()
    await home.cliRenews()
    await home.olderVersion("renews")
    home.endAccessTokens()
    await home.servedBy("of A")
    await sendsNoneSuperseded()
  })

  it("8 of the rules: what an older version renews goes on holding whoever took its place", async () => {
    await home.signsIn("B")
    home.service.usage = "down"
    await home.takeIn()
    await home.remove("B")
    await home.cliRenews()
    await home.servedBy()
    await home.signsIn("B")
    assert.equal(await home.servedBy(), "nobody")
    await home.olderVersion("renews")
    home.service.usage = "up"
    home.clock.advance(20 * MINUTE)
    assert.equal(await home.servedBy(), "nobody")
  })

  it("goes on with what its user took in beside who is off, also what kiro-cli renews it to, named or not", async () => {
    for (const usage of ["up", "down"] as const) {
      home = new Home(temporaryFolder())
      home.service.usage = usage
      await home.signsIn("A")
      await home.servedBy()
      home.service.usage = "down"
      await home.disable("A")
      await home.cliRenews()
      assert.equal(await home.servedBy(), "nobody", usage)
      await home.takeIn(true)
      for (let renewal = 0; renewal < 3; renewal += 1) {
        assert.equal(await home.servedBy(), "A", usage)
        home.clock.advance(MINUTE)
        await home.cliRenews()
      }
      home.endAccessTokens()
      assert.equal(await home.servedBy(), "A", usage)
      await sendsNoneSuperseded()
    }
  })

  it("leaves one row of each who take turns in kiro-cli by backups, and one link between them", async () => {
    await home.signsIn("A")
    await home.servedBy()
    for (let round = 0; round < 6; round += 1) {
      home.clock.advance(MINUTE)
      await home.signsIn("B")
      await home.servedBy()
      await home.cliIsPutBack()
      await home.servedBy()
    }
    assert.deepEqual(await rowsOf("B"), [1])
    const links = (await home.accountsOf("A")).flatMap(({ logins }) => logins.flatMap(successorsIn))
    assert.equal(links.length, 1)
  })

  it("leaves one row after 60 renewals", async () => {
    await home.signsIn("A")
    const first = await home.asks()
    for (let round = 0; round < 60; round += 1) {
      home.clock.advance(HOUR / 2)
      await home.cliRenews()
      await home.takeIn()
    }
    assert.deepEqual(await home.asks(), first)
    const accounts = await (await home.store()).listAll()
    assert.deepEqual(
      accounts.map(({ logins }) => logins.length),
      [1],
    )
  })

  it("shows one account after 30 renewals of which nobody learns whose they are, and keeps nothing after 90 days", async () => {
    home.service.usage = "unsupported"
    await home.signsIn("A")
    for (let round = 0; round < 30; round += 1) {
      home.clock.advance(HOUR)
      await home.cliRenews()
      assert.equal(await home.servedBy(), "A")
    }
    home.clock.advance(HOUR / 2)
    assert.equal(await shown(), 1)
    home.clock.advance(91 * DAY)
    await home.cliRenews()
    await home.takeIn()
    home.clock.advance(2 * HOUR)
    await home.cliRenews()
    await home.takeIn()
    home.clock.advance(2 * HOUR)
    await home.takeIn()
    assert.ok((await (await home.store()).listAll()).length <= 3)
    assert.equal(superseded(), 0)
  })

  it("keeps nothing after 90 days of what rests, also where kiro-cli has shown nothing new since", async () => {
    home.service.usage = "unsupported"
    await home.signsIn("A")
    for (let round = 0; round < 3; round += 1) {
      home.clock.advance(HOUR)
      await home.cliRenews()
      assert.equal(await home.servedBy(), "A")
    }
    assert.ok((await (await home.store()).listAll()).length > 1)
    home.clock.advance(91 * DAY)
    await home.takeIn()
    assert.equal((await (await home.store()).listAll()).length, 1)
    assert.equal(await home.servedBy(), "A")
    assert.equal(superseded(), 0)
  })

  it("keeps for 90 days whose place was taken long after their token had ended", async () => {
    home.service.usage = "down"
    await home.signsIn("A")
    await home.takeIn()
    home.clock.advance(100 * DAY)
    await home.signsIn("B")
    await home.takeIn()
    for (let days = 0; days < 90; days += 30) {
      await home.restart()
      await home.takeIn()
      assert.equal((await home.accountsOf("A")).length, 1, String(days))
      home.clock.advance(30 * DAY - HOUR)
    }
    home.clock.advance(DAY)
    await home.takeIn()
    assert.equal((await home.accountsOf("A")).length, 0)
  })

  it("keeps as long a copy that had ended long before it was found beside kiro-cli's own", async () => {
    home.service.usage = "down"
    await home.signsIn("A")
    await home.olderPluginCopies()
    home.clock.advance(100 * DAY)
    await home.cliRenews()
    await home.takeIn()
    await home.restart()
    await home.takeIn()
    assert.equal((await (await home.store()).list({ resting: true })).length, 2)
    home.clock.advance(91 * DAY)
    await home.takeIn()
    assert.equal((await (await home.store()).list({ resting: true })).length, 1)
  })

  it("tells a family that the service ended as a login that is needed, and asks no more", async () => {
    await home.signsIn("A")
    await home.servedBy()
    const held = await home.cliPair()
    home.endAccessTokens()
    await home.cliRenews()
    home.service.renew(held?.refreshToken ?? "")
    home.endAccessTokens()
    await home.takeIn()
    assert.equal(await home.servedBy(), "nobody")
    const sent = home.service.sent.length
    assert.ok(sent <= 2, String(sent))
    for (let round = 0; round < 5; round += 1) assert.equal(await home.servedBy(), "nobody")
    assert.equal(home.service.sent.length, sent)
    const accounts = await (await home.store()).list()
    assert.ok(accounts.every(({ health }) => health.state === "revoked"))
  })
})
