import assert from "node:assert/strict"
import { readdirSync } from "node:fs"
import { join } from "node:path"
import { after, afterEach, before, describe, it } from "node:test"
import { openDatabase, readOverview } from "../../src/accounts/index.ts"
import { asObject } from "../../src/json.ts"
import { systemClock } from "../../src/runtime.ts"
import type { SelectionStrategy } from "../../src/settings/index.ts"
import {
  type AccountOptions,
  type FakeAccount,
  type FakeKiro,
  finish,
  json,
  metering,
  pause,
  text,
} from "../support/fake-kiro/index.ts"
import { createToken } from "../support/fake-kiro/oidc.ts"
import { usageDocument } from "../support/fake-kiro/usage.ts"
import { readKiroCliRow, seedKiroCliStore } from "../support/kiro-cli-store.ts"
import { seedOlderPluginStore } from "../support/older-plugin-store.ts"
import {
  type OpencodeServer,
  type PromptOptions,
  startOpencodeServer,
  type Turn,
  writeJson,
} from "../support/opencode/index.ts"
import { emptyDatabase, openServerStage, type ServerStage } from "./setup.ts"
import { eventually } from "../support/clock.ts"

interface Stage extends ServerStage {
  readonly accounts: readonly FakeAccount[]
  /** Until then the service keeps to itself what is used of the accounts. */
  tellUsage(): void
}

/** Two accounts of an older plugin and one of kiro-cli, of which the first has most of its credits left. */
async function openStage(): Promise<Stage> {
  const told = Promise.withResolvers<void>()
  // Whoever asks, and however often.
  const holdBack = (account: FakeAccount): void =>
    account.scripts.next("GetUsageLimits", [
      async () => {
        holdBack(account)
        await told.promise
        return json(usageDocument(account, { withEmail: true }))
      },
    ])
  const used = (credits: number): AccountOptions => ({ usage: { used: credits, limit: 50 } })
  const stage = await openServerStage({
    account: used(5),
    async signIn({ fake, sandbox }) {
      for (const credits of [30, 45]) fake.account(used(credits))
      fake.accounts.forEach(holdBack)
      await seedOlderPluginStore(join(sandbox.config, "kiro.db"), fake.accounts.slice(0, 2))
      await seedKiroCliStore({ path: sandbox.kiroCliStore, accounts: fake.accounts.slice(2) })
    },
  })
  return { ...stage, accounts: [...stage.fake.accounts], tellUsage: told.resolve }
}

async function choose(
  { fake, sandbox, server }: Stage,
  strategy: SelectionStrategy,
  further: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  const settings = { endpoint_override: fake.url, account_selection_strategy: strategy, ...further }
  writeJson(join(sandbox.config, "kiro.json"), settings)
  await server.startAnew()
}

/** One new session for each name, all at once; its name is its message. */
async function converse(
  server: OpencodeServer,
  fake: FakeKiro,
  names: readonly string[],
  options: PromptOptions = {},
): Promise<void> {
  for (const _ of names) fake.answer(text("answered"), metering(0.1), finish())
  await Promise.all(
    names.map(async (name) => {
      const { parts } = await server.prompt(await server.newSession(), name, options)
      assert.ok(
        parts.some((part) => part["text"] === "answered"),
        name,
      )
    }),
  )
}

/** The accounts that the named sessions were served by, as indexes of `accounts`. */
function servedBy(
  { fake, accounts }: Pick<Stage, "fake" | "accounts">,
  names: readonly string[],
): readonly number[] {
  return names.map((name) => {
    const served = new Set(fake.chats.filter((chat) => chat.text.includes(name)).map((chat) => chat.account))
    assert.equal(served.size, 1, name)
    return accounts.findIndex((account) => served.has(account))
  })
}

function counts(indexes: readonly number[]): readonly number[] {
  return [0, 1, 2].map((account) => indexes.filter((index) => index === account).length)
}

const named = (wave: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `session-${wave}-${index}.`)

/** One home, and what is signed in there one after the other. Its first OpenCode is open all the while. */
describe("several accounts in the real OpenCode", { concurrency: false }, () => {
  let stage: Stage
  const others: OpencodeServer[] = []
  before(async () => {
    stage = await openStage()
  })
  after(() => Promise.all(others.map((server) => server.close())))

  describe("of an older plugin and of kiro-cli", { concurrency: false }, () => {
    afterEach(() => assert.deepEqual(stage.fake.refused, []))

    it("are chosen by the most remaining credits once those are known, by lowest-usage", async () => {
      const { sandbox, fake, server } = stage
      const first = named("a", 3)
      await converse(server, fake, first)
      assert.deepEqual(counts(servedBy(stage, first)), [1, 1, 1])
      stage.tellUsage()
      await untilQuotasKnown(join(sandbox.config, "kiro.db"))
      const second = named("b", 3)
      await converse(server, fake, second)
      assert.deepEqual(counts(servedBy(stage, second)), [3, 0, 0])
    })

    it("do not pause a chat that streams while another process holds their database, and answer a new one meanwhile", () =>
      streamsWhileHeld(stage))

    it("stay on one account by sticky", async () => {
      await choose(stage, "sticky")
      const names = named("c", 4)
      await converse(stage.server, stage.fake, names)
      assert.equal(new Set(servedBy(stage, names)).size, 1)
    })

    it("serve a new conversation as a rule says for its agent or its model, whoever was asked for its title", async () => {
      const { fake, sandbox, server } = stage
      const ids = await idsOf(join(sandbox.config, "kiro.db"), stage.accounts)
      const rules = [
        { agent: "plan", account: ids[1] },
        { model: "claude-opus-*", account: ids[0] },
      ]
      await choose(stage, "sticky", { account_rules: rules })
      const names = ["session-r-0.", "session-r-1."] as const
      await converse(server, fake, [names[0]], { agent: "plan" })
      await converse(server, fake, [names[1]], { model: "claude-opus-4-6" })
      assert.deepEqual(servedBy(stage, names), [1, 0])
      const isTitled = (name: string): boolean =>
        fake
          .received("GenerateAssistantResponse")
          .some((request) => !fake.chats.includes(request) && JSON.stringify(request.body).includes(name))
      // OpenCode asks for a title beside the answer.
      await eventually(() => names.every(isTitled))
    })

    it("serve parallel sessions in turn by round-robin", async () => {
      await choose(stage, "round-robin")
      const names = named("d", 6)
      await converse(stage.server, stage.fake, names)
      assert.deepEqual(counts(servedBy(stage, names)), [2, 2, 2])
    })

    it("are shared by three OpenCode processes on one home", async () => {
      // The first has made OpenCode's own database: of several at once in a new home, OpenCode 1.18 lets some fail.
      others.push(...(await Promise.all([2, 3].map(() => startOpencodeServer(stage.sandbox)))))
      const servers = [stage.server, ...others]
      const names = servers.map((_, index) => named(`e${index}`, 2))
      await Promise.all(servers.map((server, index) => converse(server, stage.fake, names[index] ?? [])))
      assert.deepEqual(counts(servedBy(stage, names.flat())), [2, 2, 2])
      const overview = await readOverview({ path: join(stage.sandbox.config, "kiro.db"), now: Date.now() })
      assert.equal(overview?.accounts.length, 3)
    })
  })

  describe("of which none is left, with one expired single-use token in kiro-cli", () => {
    it("are three processes that make one refresh, and all are answered", async () => {
      const { fake, sandbox, server } = stage
      const servers = [server, ...others]
      const account = fake.account()
      account.expire()
      fake.forget()
      await signInAlone(stage, servers, { account, expiresAt: Date.now() - 3_600_000 })
      const allAtWork = Promise.all(servers.map(atWork))
      fake.next("CreateToken", async (request) => {
        await allAtWork
        // From there it is a moment to the lock.
        await systemClock.sleep(1000)
        return createToken(fake, request)
      })
      await Promise.all(servers.map((each, index) => converse(each, fake, named(`f${index}`, 1))))
      assert.equal(servers.length, 3)
      assert.equal(account.refreshCount, 1)
      assert.equal(fake.received("CreateToken").length, 1)
      const row = await readKiroCliRow(sandbox.kiroCliStore, "kirocli:odic:token")
      assert.equal((row as { refresh_token: string }).refresh_token, account.refreshToken)
      const left = readdirSync(sandbox.config).filter((name) => /\.lock|\.spill/.test(name))
      assert.deepEqual(left, [])
    })
  })

  describe("of two people with one kiro-cli", () => {
    it("are each their own: a conversation goes on with its own while the other signs in", async () => {
      const { fake, sandbox, server } = stage
      const ann = fake.account({ usage: { used: 45, limit: 50 } })
      const bob = fake.account({ usage: { used: 5, limit: 50 } })
      const database = join(sandbox.config, "kiro.db")
      await signInAlone(stage, [server, ...others], { account: ann })
      await choose(stage, "lowest-usage")
      const session = await server.newSession()
      const say = async (words: string, where = session): Promise<void> => {
        fake.answer(text("answered"), metering(0.1), finish())
        await server.prompt(where, words)
      }
      await say("session-of-ann-1.")
      await untilNamed(database, [ann.userId])
      // With Ann's own registration, so that nothing but the service's answer tells the two apart.
      bob.signIn(ann.client.clientId)
      const registration = await readKiroCliRow(sandbox.kiroCliStore, REGISTRATION)
      await seedKiroCliStore({ path: sandbox.kiroCliStore, accounts: [bob] })
      const cli = await openDatabase(sandbox.kiroCliStore)
      cli.get("PRAGMA busy_timeout = 5000")
      cli.run("UPDATE auth_kv SET value = ? WHERE key = ?", [JSON.stringify(registration), REGISTRATION])
      cli.close()
      await systemClock.sleep(5500)
      await say("session-of-ann-2.")
      await untilNamed(database, [ann.userId, bob.userId])
      await say("session-of-bob-1.", await server.newSession())
      await say("session-of-ann-3.")
      const words = ["session-of-ann-1.", "session-of-ann-2.", "session-of-ann-3.", "session-of-bob-1."]
      assert.deepEqual(servedBy({ fake, accounts: [ann, bob] }, words), [0, 0, 0, 1])
    })
  })
})

/** Until a session of this OpenCode, of which none is now, is at work. */
function atWork(server: OpencodeServer): Promise<void> {
  return new Promise((resolve) => {
    const stop = server.onEvent(({ type, properties }) => {
      const status = properties["status"]
      if (type !== "session.status" || asObject(status)["type"] !== "busy") return
      stop()
      resolve()
    })
  })
}

const REGISTRATION = "kirocli:odic:device-registration"

/** As in a new home, this person alone is signed in, with kiro-cli. */
async function signInAlone(
  { sandbox }: Stage,
  servers: readonly OpencodeServer[],
  login: { readonly account: FakeAccount; readonly expiresAt?: number },
): Promise<void> {
  await Promise.all(servers.map((server) => server.post("/instance/dispose")))
  await emptyDatabase(join(sandbox.config, "kiro.db"))
  await seedKiroCliStore({ path: sandbox.kiroCliStore, accounts: [login.account], ...login })
  await Promise.all(servers.map((server) => server.listen()))
}

/** The ids that rules name them by. */
async function idsOf(path: string, accounts: readonly FakeAccount[]): Promise<readonly string[]> {
  const database = await openDatabase(path, { readonly: true })
  const rows = database.all("SELECT id, user_id FROM kiro_account")
  database.close()
  return accounts.map(({ userId }) => String(rows.find((row) => row["user_id"] === userId)?.["id"]))
}

/** So many requests, about a tenth of a second each on an idle machine, the database is held, and a stream may not pause. */
const HELD_FOR = 30
const PAUSED_FOR = 20

async function streamsWhileHeld({ fake, sandbox, server }: Stage): Promise<void> {
  const words = Array.from({ length: 40 }, (_, index) => `word${index} `)
  const slowly = words.flatMap((word) => [...text(word), pause(100)])
  fake.answer(slowly, finish())
  // Time is counted in what else OpenCode answers meanwhile: a busy machine makes both slow.
  const beside = { answered: 0 }
  const over = new AbortController()
  const ask = async (): Promise<void> => {
    for (; !over.signal.aborted; beside.answered += 1)
      await Promise.all([server.get("/session/status"), systemClock.sleep(100)])
  }
  const answers = async (more: number): Promise<void> => {
    const until = beside.answered + more
    await eventually(() => beside.answered >= until)
  }
  const deltas: number[] = []
  const session = await server.newSession()
  const stop = server.onEvent(({ type, properties }) => {
    if (type === "message.part.delta" && properties["sessionID"] === session) deltas.push(beside.answered)
  })
  const another = await server.newSession()
  const holder = await openDatabase(join(sandbox.config, "kiro.db"))
  // OpenCode may write at this moment: then the holder waits its turn.
  holder.get("PRAGMA busy_timeout = 10000")
  const holdMeanwhile = async (): Promise<Turn> => {
    await eventually(() => deltas.length > 0)
    holder.run("BEGIN IMMEDIATE")
    try {
      fake.answer(text("second"), finish())
      const [answer] = await Promise.all([server.prompt(another, "another."), answers(HELD_FOR)])
      return answer
    } finally {
      holder.close()
    }
  }
  const asking = ask()
  const [first, second] = await Promise.all([server.prompt(session, "stream."), holdMeanwhile()])
  over.abort()
  await asking
  stop()
  assert.equal(textOf(second), "second")
  assert.equal(textOf(first), words.join("").trimEnd())
  const gaps = deltas.slice(1).map((at, index) => at - (deltas[index] ?? 0))
  assert.ok(Math.max(...gaps) < PAUSED_FOR, `${Math.max(...gaps)} other requests were answered in a pause`)
}

async function untilNamed(path: string, people: readonly string[]): Promise<void> {
  await eventually(async () => {
    const database = await openDatabase(path, { readonly: true })
    const named = database.all("SELECT user_id FROM kiro_account").map((row) => row["user_id"])
    database.close()
    return people.every((person) => named.includes(person))
  })
}

function textOf({ parts }: Turn): string {
  return parts
    .map((part) => (part.type === "text" ? String(part["text"]) : ""))
    .join("")
    .trimEnd()
}

async function untilQuotasKnown(path: string): Promise<void> {
  await eventually(async () => {
    const overview = await readOverview({ path, now: Date.now() })
    return overview?.accounts.every((account) => account.quota !== undefined) === true
  })
}
