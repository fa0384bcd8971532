import assert from "node:assert/strict"
import { mkdirSync, readdirSync, readFileSync, rmdirSync, utimesSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { after, before, beforeEach, describe, it } from "node:test"
import {
  type Account,
  type AccountStore,
  type Credential,
  type NoToken,
  recordOf,
  type SourceStore,
  type TokenKeeper,
} from "../../src/accounts/index.ts"
import { importLogins, openSources } from "../../src/import/index.ts"
import { type Clock, systemClock } from "../../src/runtime.ts"
import { Secret } from "../../src/secret.ts"
import { DEFAULT_SETTINGS } from "../../src/settings/index.ts"
import {
  failure,
  FAILURES,
  type FakeAccount,
  type FakeKiro,
  startFakeKiro,
} from "../support/fake-kiro/index.ts"
import {
  accountOf,
  EXPIRED,
  leftovers,
  loginOf,
  onlyLogin,
  openKeeper,
  openStore,
  realRuntime,
  skewedClock,
} from "./setup.ts"
import { temporaryFolder } from "../support/temporary-folder.ts"

type Answer = Credential | NoToken

function tokenOf(answer: Answer): string {
  assert.ok(answer.state === "token", JSON.stringify(answer))
  return answer.accessToken.reveal()
}

describe("the keeper of tokens", () => {
  let fake: FakeKiro
  let person: FakeAccount
  let folder: string
  let store: AccountStore
  let keeper: TokenKeeper

  before(async () => {
    fake = await startFakeKiro()
  })
  after(() => fake.close())
  beforeEach(async () => {
    person = fake.account()
    folder = temporaryFolder()
    store = await openStore(folder)
    keeper = openKeeper({ folder, url: fake.url, store })
  })

  const fresh = async (...rejected: Secret[]): Promise<Answer> => {
    const [account] = await store.list()
    assert.ok(account)
    return keeper.fresh({ account, rejected })
  }
  const stored = async (): Promise<ReturnType<typeof onlyLogin>> => onlyLogin((await store.list())[0])
  /** An account whose token has ended, and the lock of its refresh, which somebody else holds. */
  const lockedByAnother = async (): Promise<{ readonly account: Account; readonly lock: string }> => {
    await store.add(accountOf(loginOf(person, EXPIRED)))
    const [account] = await store.list()
    assert.ok(account)
    const lock = join(folder, `kiro-refresh.lock-${onlyLogin(account).id}`)
    mkdirSync(lock)
    return { account, lock }
  }

  it("gives a valid token at once, without a request", async () => {
    await store.add(accountOf(loginOf(person, Date.now() + 3_600_000)))
    const token = person.accessToken
    assert.equal(tokenOf(await fresh()), token)
    await keeper.close()
    assert.equal(person.refreshCount, 0)
  })

  it("gives a token that ends soon at once, and renews it in the background", async () => {
    await store.add(accountOf(loginOf(person, Date.now() + 60_000)))
    const old = person.accessToken
    assert.equal(tokenOf(await fresh()), old)
    await keeper.close()
    assert.equal(person.refreshCount, 1)
    assert.equal((await stored()).tokens.accessToken.reveal(), person.accessToken)
    assert.equal(tokenOf(await fresh()), person.accessToken)
  })

  it("waits for a refresh where less than 30 s are left, once for all that wait", async () => {
    await store.add(accountOf(loginOf(person, Date.now() + 20_000)))
    const answers = await Promise.all([fresh(), fresh(), fresh(), fresh()])
    assert.deepEqual(new Set(answers.map(tokenOf)), new Set([person.accessToken]))
    assert.equal(person.refreshCount, 1)
    const { tokens } = await stored()
    assert.equal(tokens.refreshToken?.reveal(), person.refreshToken)
    assert.ok(tokens.expiresAt > Date.now() + 3_590_000)
    await keeper.close()
    assert.deepEqual(leftovers(folder), [])
  })

  it("refreshes a rejected token once, for everybody who was rejected with it", async () => {
    await store.add(accountOf(loginOf(person, Date.now() + 3_600_000)))
    const rejected = new Secret(person.accessToken)
    const [one, two] = await Promise.all([fresh(rejected), fresh(rejected)])
    assert.equal(tokenOf(one), person.accessToken)
    assert.equal(tokenOf(two), person.accessToken)
    // Who comes later finds the new token in the row.
    assert.equal(tokenOf(await fresh(rejected)), person.accessToken)
    assert.equal(person.refreshCount, 1)
  })

  it("counts the expiry from its own clock, however wrong that is", async () => {
    for (const offset of [-3 * 3_600_000, 3 * 3_600_000]) {
      const home = temporaryFolder()
      const clock = skewedClock(offset)
      const own = await openStore(home)
      const other = fake.account()
      await own.add(accountOf(loginOf(other, clock.now() - 1000)))
      const skewed = openKeeper({ folder: home, url: fake.url, store: own, runtime: realRuntime({ clock }) })
      const [account] = await own.list()
      assert.ok(account)
      assert.equal(tokenOf(await skewed.fresh({ account })), other.accessToken)
      const { expiresAt } = onlyLogin((await own.list())[0]).tokens
      assert.ok(Math.abs(expiresAt - clock.now() - 3_600_000) < 10_000)
      const [again] = await own.list()
      assert.ok(again)
      assert.equal(tokenOf(await skewed.fresh({ account: again })), other.accessToken)
      await skewed.close()
      assert.equal(other.refreshCount, 1)
    }
  })

  it("marks a login whose refresh token is dead, and its account where that was the last one", async () => {
    await store.add(accountOf(loginOf(person, EXPIRED)))
    person.revoke()
    const answer = await fresh()
    assert.ok(answer.state === "none")
    assert.equal(answer.reason, "revoked")
    const [account] = await store.list()
    assert.equal(account?.health.state, "revoked")
    assert.ok((await stored()).revoked)
    const requests = fake.received("CreateToken").length
    assert.ok((await fresh()).state === "none")
    assert.equal(fake.received("CreateToken").length, requests)
  })

  it("marks it too where the service rejected a token that has long to live, and refuses to renew it", async () => {
    await store.add(accountOf(loginOf(person, Date.now() + 3_600_000)))
    person.revoke()
    const answer = await fresh(new Secret(person.accessToken))
    assert.ok(answer.state === "none")
    assert.equal(answer.reason, "revoked")
    assert.ok((await stored()).revoked)
  })

  it("takes a refusal without a reason for the first one where the one before it is yet to come", async () => {
    const eve = fake.account({ kind: "social" })
    await store.add(accountOf(loginOf(eve, EXPIRED, { kind: "social" })))
    eve.revoke()
    const doubtOf = async (): Promise<number> => recordOf(await stored()).doubted ?? 0
    const runtime = realRuntime({ clock: skewedClock(3_600_000) })
    const ahead = openKeeper({ folder, url: fake.url, store, runtime })
    const [account] = await store.list()
    assert.ok(account)
    await ahead.fresh({ account })
    await ahead.close()
    assert.ok((await doubtOf()) > Date.now())
    const answer = await fresh()
    assert.ok(answer.state === "none")
    assert.equal(answer.reason, "service")
    assert.ok((await doubtOf()) <= Date.now())
    assert.equal((await stored()).revoked, undefined)
  })

  it("asks for a new login where a token has ended and no refresh token is beside it", async () => {
    const login = loginOf(person, EXPIRED)
    assert.ok(login.kind === "idc")
    const { refreshToken: _, ...tokens } = login.tokens
    await store.add(accountOf({ ...login, tokens }))
    const requests = fake.received("CreateToken").length
    const answer = await fresh()
    assert.ok(answer.state === "none")
    assert.equal(answer.reason, "revoked")
    assert.match(answer.message, /no refresh token/)
    assert.equal((await store.list())[0]?.health.state, "revoked")
    assert.equal(fake.received("CreateToken").length, requests)
  })

  it("says that the registration is what ended", async () => {
    const login = loginOf(person, EXPIRED)
    assert.ok(login.kind === "idc")
    const client = { ...login.client, clientSecret: new Secret("ended"), expiresAt: EXPIRED }
    await store.add(accountOf({ ...login, client }))
    const answer = await fresh()
    assert.ok(answer.state === "none")
    assert.match(answer.message, /registration has expired/)
  })

  it("falls to the account's other login, and keeps the account", async () => {
    const dead = fake.account()
    await store.add(accountOf(loginOf(dead, EXPIRED + 1), loginOf(person, EXPIRED)))
    dead.revoke()
    assert.equal(tokenOf(await fresh()), person.accessToken)
    const [account] = await store.list()
    assert.equal(account?.health.state, "ok")
    assert.deepEqual(
      account?.logins.map(({ revoked }) => revoked !== undefined),
      [true, false],
    )
  })

  /** The account has two valid logins of one person: their tokens, the one that lasts longer first. */
  const twoLogins = async (): Promise<readonly [Secret, Secret]> => {
    const HOUR = 3_600_000
    const first = new Secret(person.accessToken)
    const longest = loginOf(person, Date.now() + HOUR)
    person.signIn(person.client.clientId)
    await store.add(accountOf(longest, { ...loginOf(person, Date.now() + HOUR / 2), id: "second" }))
    return [first, new Secret(person.accessToken)]
  }

  it("gives the other login's token at once where one was refused, and renews the refused one behind it", async () => {
    const [first, second] = await twoLogins()
    assert.equal(tokenOf(await fresh(first)), second.reveal())
    await keeper.close()
    assert.equal(person.refreshCount, 1)
    const [account] = await store.list()
    assert.ok(account?.logins.every(({ revoked }) => revoked === undefined))
    assert.equal(tokenOf(await fresh()), person.accessToken)
  })

  it("renews a refused login where the others were refused as well", async () => {
    const [first, second] = await twoLogins()
    assert.equal(tokenOf(await fresh(first, second)), person.accessToken)
    assert.equal(person.refreshCount, 1)
  })

  it("never disables a token that is still valid for a refresh that failed early", async () => {
    await store.add(accountOf(loginOf(person, Date.now() + 100_000)))
    const token = person.accessToken
    person.revoke()
    assert.equal(tokenOf(await fresh()), token)
    await keeper.close()
    assert.equal((await stored()).revoked, undefined)
    assert.equal(tokenOf(await fresh()), token)
  })

  it("leaves the login as it was where the service has a bad day", async () => {
    await store.add(accountOf(loginOf(person, EXPIRED)))
    fake.next("CreateToken", FAILURES.internalError)
    const answer = await fresh()
    assert.ok(answer.state === "none")
    assert.equal(answer.reason, "service")
    assert.equal((await stored()).revoked, undefined)
    assert.equal(tokenOf(await fresh()), person.accessToken)
  })

  it("learns the profile of a social login with its first refresh, and keeps one that it has", async () => {
    const social = fake.account({ kind: "social" })
    const [named = ""] = social.profileArns
    const login = { kind: "social" as const, provider: "google" as const }
    await store.add(accountOf(loginOf(social, EXPIRED, login)))
    assert.equal(tokenOf(await fresh()), social.accessToken)
    await keeper.close()
    assert.equal((await stored()).profileArn, named)
    await store.updateLogin((await stored()).id, (held) => ({ ...held, profileArn: "arn:another" }))
    keeper = openKeeper({ folder, url: fake.url, store })
    await fresh(new Secret(social.accessToken))
    await keeper.close()
    assert.equal(social.refreshCount, 2)
    assert.equal((await stored()).profileArn, "arn:another")
  })

  it("goes on with a refresh whose caller went away", async () => {
    await store.add(accountOf(loginOf(person, EXPIRED)))
    const leaving = new AbortController()
    const [account] = await store.list()
    assert.ok(account)
    const waiting = keeper.fresh({ account, signal: leaving.signal })
    leaving.abort(new Error("gone"))
    await assert.rejects(waiting, /gone/)
    await keeper.close()
    assert.equal(person.refreshCount, 1)
    assert.equal((await stored()).tokens.refreshToken?.reveal(), person.refreshToken)
  })

  it("serves an API key as it is, and has nothing where it was rejected", async () => {
    const key = new Secret("ksk_1")
    await store.add(accountOf({ kind: "api-key", id: "key", source: "own", key }))
    const answer = await fresh()
    assert.ok(answer.state === "token")
    assert.equal(answer.tokenType, "API_KEY")
    const refused = await fresh(key)
    assert.ok(refused.state === "none")
  })

  it("uses the environment's API key only as long as it is in the environment, and keeps nothing but its hash", async () => {
    const processWith = async (variables: Record<string, string>): Promise<readonly string[]> => {
      const sources = openSources({
        place: { env: variables, platform: "linux", home: folder },
        settings: DEFAULT_SETTINGS,
        effects: { clock: systemClock, random: Math.random },
      })
      const environmentKey = sources.find(({ key }) => key !== undefined)?.key
      const own = await openStore(folder, { environmentKey })
      await importLogins({ store: own, sources, clock: systemClock })
      const one = openKeeper({ folder, url: fake.url, store: own, sources })
      const accounts = one.here(await own.list())
      const answers = await Promise.all(accounts.map((account) => one.fresh({ account })))
      for (const name of readdirSync(folder).filter((each) => each.startsWith("kiro.db")))
        assert.doesNotMatch(readFileSync(join(folder, name), "latin1"), /ksk_/, name)
      await own.close()
      return answers.map((answer) => (answer.state === "token" ? answer.accessToken.reveal() : answer.reason))
    }
    for (const key of ["ksk_1", "ksk_2", "ksk_3"])
      assert.deepEqual(await processWith({ KIRO_API_KEY: key }), [key])
    assert.deepEqual(await processWith({}), [])
    assert.deepEqual(await processWith({ KIRO_API_KEY: "ksk_1" }), ["ksk_1"])
  })

  it("looks once more a second after a refusal: whoever used the token up was about to write its pair", async () => {
    await store.add(accountOf(loginOf(person, EXPIRED)))
    const { tokens: before } = await stored()
    const other = await openStore(folder)
    const clock: Clock = {
      ...systemClock,
      async sleep(ms, signal) {
        if (ms === 1000)
          other.compareAndSwapTokens({
            loginId: (await stored()).id,
            before,
            after: {
              accessToken: new Secret("theirs"),
              refreshToken: new Secret("r"),
              expiresAt: Date.now() + 3_600_000,
            },
          })
        return systemClock.sleep(ms, signal)
      },
    }
    fake.next("CreateToken", failure({ status: 400, body: { error: "invalid_grant" } }))
    const late = openKeeper({ folder, url: fake.url, store, runtime: realRuntime({ clock }) })
    const [account] = await store.list()
    assert.ok(account)
    assert.equal(tokenOf(await late.fresh({ account })), "theirs")
    assert.equal((await store.list())[0]?.health.state, "ok")
    await other.close()
  })

  it("leaves a pair alone that took the place of the refused one at the last moment", async () => {
    await store.add(accountOf(loginOf(person, EXPIRED)))
    const { id: loginId, tokens: before } = await stored()
    const after = { ...before, accessToken: new Secret("theirs"), refreshToken: new Secret("r") }
    const late = new Proxy(store, {
      get(target, name) {
        // Whoever used the token up writes their pair just before we write that it was refused.
        if (name === "update") target.compareAndSwapTokens({ loginId, before, after })
        const member: unknown = Reflect.get(target, name, target)
        return typeof member === "function" ? member.bind(target) : member
      },
    })
    person.revoke()
    const [account] = await store.list()
    assert.ok(account)
    const refusing = openKeeper({ folder, url: fake.url, store: late })
    assert.equal((await refusing.fresh({ account })).state, "none")
    const kept = await stored()
    assert.equal(kept.tokens.accessToken.reveal(), "theirs")
    assert.equal(kept.revoked, undefined)
    assert.equal((await store.list())[0]?.health.state, "ok")
    await refusing.close()
  })

  it("waits for the holder of the lock as long as ever where a laptop sleeps meanwhile, or the clock is set", async () => {
    const { account, lock } = await lockedByAnother()
    const before = fake.received("CreateToken").length
    const sentMeanwhile: number[] = []
    let offset = 0
    const clock: Clock = {
      ...systemClock,
      now: () => Date.now() + offset,
      async sleep() {
        offset += 3_600_000
        sentMeanwhile.push(fake.received("CreateToken").length - before)
        if (sentMeanwhile.length === 20) rmdirSync(lock)
        await systemClock.turn()
      },
    }
    const waiting = openKeeper({ folder, url: fake.url, store, runtime: realRuntime({ clock }) })
    assert.equal(tokenOf(await waiting.fresh({ account })), person.accessToken)
    assert.equal(sentMeanwhile.length, 20)
    assert.deepEqual(new Set(sentMeanwhile), new Set([0]))
    assert.equal(fake.received("CreateToken").length, before + 1)
    await waiting.close()
  })

  it("renews without the lock at last where its holder lives on and never gives it back", async () => {
    const { account, lock } = await lockedByAnother()
    let waitedMs = 0
    const clock: Clock = {
      ...systemClock,
      async sleep(ms) {
        waitedMs += ms
        utimesSync(lock, waitedMs, waitedMs)
        await systemClock.turn()
      },
    }
    const waiting = openKeeper({ folder, url: fake.url, store, runtime: realRuntime({ clock }) })
    assert.equal(tokenOf(await waiting.fresh({ account })), person.accessToken)
    // A refresh of 20 s, and 15 s until a lock is stale.
    assert.ok(waitedMs >= 35_000 && waitedMs < 36_000, String(waitedMs))
    assert.equal(person.refreshCount, 1)
    await waiting.close()
    rmdirSync(lock)
  })

  it("renews nothing while all is in memory, though there were room for the pair in a file", async () => {
    writeFileSync(join(folder, "file"), "")
    const away = await openStore(join(folder, "file"))
    const account = accountOf(loginOf(person, EXPIRED))
    await away.reconcile(() => ({ put: [account], gone: [] }))
    assert.equal(away.kept, "memory")
    const before = fake.received("CreateToken").length
    const inMemory = openKeeper({ folder, url: fake.url, store: away })
    const answer = await inMemory.fresh({ account })
    assert.ok(answer.state === "none")
    assert.equal(answer.reason, "database")
    assert.equal(fake.received("CreateToken").length, before)
    await inMemory.close()
    await away.close()
  })

  it("sends nothing any more once its end has waited for long enough", async () => {
    const place = { source: "kiro-cli", key: "data.sqlite3#kirocli:odic:token" } as const
    const own = loginOf(person, EXPIRED)
    await store.add(accountOf({ ...own, record: { ...recordOf(own), places: [place] } }))
    const [account] = await store.list()
    assert.ok(account)
    const slow = Promise.withResolvers<void>()
    const kiroCli: SourceStore = {
      source: "kiro-cli",
      has: () => true,
      fingerprint: () => "",
      async read() {
        await slow.promise
        return { logins: [{ login: own, place }], problems: [], unread: [] }
      },
      writeBack: async () => "unavailable",
    }
    const clock: Clock = {
      ...systemClock,
      deadline(ms, expired) {
        if (ms === 5000) expired()
        return () => undefined
      },
    }
    const runtime = realRuntime({ clock })
    const ending = openKeeper({ folder, url: fake.url, store, runtime, sources: [kiroCli] })
    const before = fake.received("CreateToken").length
    const asking = ending.fresh({ account })
    const closing = ending.close()
    slow.resolve()
    assert.equal((await asking).state, "none")
    await closing
    assert.equal(fake.received("CreateToken").length, before)
    assert.equal((await stored()).revoked, undefined)
  })

  it("shares one refresh between several keepers of one process", async () => {
    await store.add(accountOf(loginOf(person, EXPIRED)))
    const [account] = await store.list()
    assert.ok(account)
    const keepers = [keeper, ...[1, 2, 3].map(() => openKeeper({ folder, url: fake.url, store }))]
    const before = fake.received("CreateToken").length
    const answers = await Promise.all(keepers.map((each) => each.fresh({ account })))
    assert.deepEqual(new Set(answers.map(tokenOf)), new Set([person.accessToken]))
    // Requests, and not only those that were answered: a second one may end the whole sign-in.
    assert.equal(fake.received("CreateToken").length, before + 1)
    await Promise.all(keepers.map((each) => each.close()))
    assert.deepEqual(leftovers(folder), [])
  })

  it("never puts a token into an answer that is printed", async () => {
    await store.add(accountOf(loginOf(person, EXPIRED)))
    fake.next("CreateToken", failure({ status: 400, body: { error: "invalid_request" } }))
    const printed = JSON.stringify([await fresh(), await fresh()])
    for (const secret of [person.accessToken, person.refreshToken, person.client.clientSecret])
      assert.ok(!printed.includes(secret))
  })
})
