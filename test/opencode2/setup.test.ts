import assert from "node:assert/strict"
import { existsSync, readdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterEach, beforeEach, describe, it } from "node:test"
import { encodeModelLists } from "../../src/kiro/index.ts"
import { offeredModels } from "../../src/kiro/models/index.ts"
import { AGENT_HEADER, PURPOSE_HEADER } from "../../src/host/index.ts"
import { offerProvider } from "../../src/opencode2/models.ts"
import { setUp } from "../../src/opencode2/setup.ts"
import { silentLog } from "../../src/runtime.ts"
import { pathsFor } from "../../src/settings/index.ts"
import { VERSION } from "../../src/version.ts"
import { FAILURES, finish, neverAnswers, startFakeKiro, stream, text } from "../support/fake-kiro/index.ts"
import { createToken } from "../support/fake-kiro/oidc.ts"
import { needsPosixPaths } from "../support/posix.ts"
import { temporaryFolder } from "../support/temporary-folder.ts"
import { eventually, within } from "../support/clock.ts"
import { isObject } from "../../src/json.ts"
import { Lab, PROVIDER } from "./lab.ts"
import { read } from "./support.ts"

let lab: Lab
beforeEach(async () => {
  lab = new Lab(await startFakeKiro())
})
afterEach(() => lab.close())

describe("setup", () => {
  it("does nothing at all for the preview that OpenCode 1 gives it", async () => {
    const domain = new Proxy({}, { get: () => assert.fail("it was used") })
    const context = {
      options: {},
      agent: domain,
      aisdk: { sdk: domain, language: domain },
      catalog: domain,
      command: domain,
      integration: domain,
      plugin: { add: domain, remove: domain },
      reference: domain,
      skill: domain,
    }
    const home = temporaryFolder()
    const place = { env: {}, platform: "linux", home }
    for (const preview of [context, { ...context, session: {} }])
      assert.equal(await setUp({ context: preview, place, providerUrl: PROVIDER }), undefined)
    await new Promise((resolve) => setTimeout(resolve, 100))
    assert.deepEqual(readdirSync(home), [])
  })

  it("says of the first versions that they are too old, and harms nothing", async () => {
    lab.change = (context) => ({ ...context, provider: undefined, model: undefined, catalog: {} })
    const { project } = await lab.open()
    assert.equal(project.models().size, 0)
    await eventually(() => /older than 2\.0\.4/.test(lab.log()))
  })

  it("does without what a version lacks, with one line in the log", async () => {
    await lab.signInWithKiroCli()
    const names = ["aisdk", "command", "integration", "event", "location"]
    const lacking = Object.fromEntries(names.map((name) => [name, undefined]))
    lab.change = (context) => ({ ...context, ...lacking })
    const { project } = await lab.open()
    const turn = await project.session({ model: "kiro/claude-sonnet-4-5" }).prompt("Hello")
    assert.match(turn.text, /Hello from/)
    const lines = lab
      .log()
      .split("\n")
      .filter((line) => /lacks some parts/.test(line))
    assert.equal(lines.length, 1)
    assert.match(lines[0] ?? "", /aisdk\.hook.*integration\.transform.*command\.transform/)
  })

  it("does without a part whose reading throws, and takes one that is a function", async () => {
    await lab.signInWithKiroCli()
    lab.change = (context) => {
      const session = Object.assign(() => undefined, context["session"])
      const changed = { ...context, session }
      for (const part of ["aisdk", "command", "integration", "event", "rpc", "websearch"])
        Object.defineProperty(changed, part, {
          get() {
            throw new Error(`there is no ${part}`)
          },
        })
      return changed
    }
    const { project } = await lab.open()
    const turn = await project.session({ model: "kiro/claude-sonnet-4-5" }).prompt("Hello")
    assert.match(turn.text, /Hello from/)
  })

  it("waits for no part that the host never takes", async () => {
    const never = () => new Promise<never>(() => undefined)
    const hanging = { transform: never, reload: never, hook: never, register: never }
    const parts = ["provider", "model", "integration", "command", "websearch", "aisdk", "rpc"]
    lab.change = (context) => ({
      ...context,
      ...Object.fromEntries(parts.map((part) => [part, hanging])),
    })
    await within(4500, lab.open())
    await eventually(() => /has not taken a part.*websearch\.transform/.test(lab.log()))
  })

  it("is a whole one also where the host's drafts are frozen", async () => {
    const models = [{ id: "claude-new-9", providerID: "kiro", settings: { baseURL: "https://x.example" } }]
    const answers: unknown[] = []
    const update = (_provider: string, _id: string, change: (draft: object) => unknown): void =>
      void answers.push(...models.map((model) => change(Object.freeze({ ...model }))))
    const integration = (_id: string, change: (draft: object) => unknown): void =>
      void answers.push(change(Object.freeze({ id: "kiro" })))
    lab.change = (context) => ({
      ...context,
      model: { transform: (offer: (editor: object) => void) => offer({ list: () => models, update }) },
      integration: { transform: (offer: (editor: object) => void) => offer({ update: integration }) },
    })
    await lab.open()
    assert.deepEqual(answers.at(-1), { id: "kiro", name: "Kiro" })
    const [model] = answers
    assert.ok(isObject(model))
    assert.deepEqual(model["settings"], { location: join(lab.home, "project") })
    assert.doesNotMatch(lab.log(), /refused a part/)
  })

  it("names a request's purpose also where its headers are frozen or absent", async () => {
    let hook: (event: object) => unknown = () => assert.fail("there is no hook")
    const session = { hook: (_name: string, callback: typeof hook) => void (hook = callback) }
    lab.change = (context) => ({ ...context, session })
    await lab.open()
    const named = { [PURPOSE_HEADER]: "title", [AGENT_HEADER]: "build" }
    for (const headers of [{ own: "1" }, Object.freeze({ own: "1" })]) {
      const event = { kind: "title", agent: "build", headers }
      hook(event)
      assert.deepEqual(event.headers, { own: "1", ...named })
    }
    const bare = { kind: "title", agent: { id: "build" } }
    hook(bare)
    assert.deepEqual(bare, { ...bare, headers: named })
    hook(Object.freeze({ kind: "title", headers: Object.freeze({}) }))
  })

  it("names an agent also whose name no header takes, and obeys the rule for it", async () => {
    const rule = { agent: "план", account: "nobody", fallback: false }
    const settings = { endpoint_override: lab.fake.url, account_rules: [rule] }
    lab.write(".config/opencode/kiro.json", JSON.stringify(settings))
    await lab.signInWithKiroCli()
    lab.change = (context) => {
      const session = context["session"] as { hook: (...given: readonly unknown[]) => unknown }
      const hook = (name: string, callback: (event: object) => void, options: object): unknown =>
        session.hook(
          name,
          (event: { headers: Record<string, string> }) => {
            callback(event)
            for (const value of Object.values(event.headers)) assert.match(value, /^[ -~]*$/)
          },
          options,
        )
      return { ...context, session: { ...session, hook } }
    }
    const { project } = await lab.open()
    const turn = await project.session({ model: "kiro/auto", agent: "план" }).prompt("Hello")
    assert.match(turn.failure?.message ?? "", /your rule for the agent план/)
    assert.match((await project.session({ model: "kiro/auto" }).prompt("Hello")).text, /Hello from/)
  })

  it(
    "obeys a project's rule in a worktree made elsewhere, and books there what it costs",
    needsPosixPaths,
    async () => {
      const [main, tree] = [join(lab.home, "work", "app"), join(lab.home, "trees", "one")]
      const rule = { project: join(main, "web"), account: "nobody", fallback: false }
      const settings = { endpoint_override: lab.fake.url, account_rules: [rule] }
      lab.write(".config/opencode/kiro.json", JSON.stringify(settings))
      await lab.signInWithKiroCli()
      const project = { id: "prj_1", directory: tree, canonical: main }
      lab.change = (context) => {
        const { directory } = context["location"] as { directory: string }
        return { ...context, location: { directory, project } }
      }
      const host = lab.host()
      const say = async (folder: string) =>
        (await host.open(join(tree, folder))).session({ model: "kiro/auto" }).prompt("Hello")
      assert.match((await say("web")).failure?.message ?? "", /your rule for .*app.web/)
      assert.match((await say("api")).text, /Hello from/)
      const store = await lab.openStore()
      await eventually(async () => (await store.turns()).length === 1)
      assert.deepEqual(
        (await store.turns()).map((turn) => turn.project),
        [main],
      )
      await store.close()
    },
  )

  it("hears no events any more behind its cleanup, also where the host takes no signal", async () => {
    const heard: string[] = []
    const events = {
      [Symbol.asyncIterator]: () => ({
        next: () => {
          heard.push("next")
          return new Promise<never>(() => undefined)
        },
        return: async () => ({ done: true, value: void heard.push("return") }),
      }),
    }
    lab.change = (context) => ({ ...context, event: { subscribe: async () => events } })
    const { host } = await lab.open()
    await eventually(() => heard.length === 1)
    await host[Symbol.asyncDispose]()
    await eventually(() => heard.length === 2)
    assert.deepEqual(heard, ["next", "return"])
  })

  it("hears events again where the host has ended them, or did not give any, and looks for what it missed", async () => {
    const subscribed: string[] = []
    lab.change = (context) => {
      const { directory } = context["location"] as { directory: string }
      const events = context["event"] as { subscribe: (options: object) => unknown }
      const subscribe = (options: object): unknown => {
        const isFirst = !subscribed.includes(directory)
        subscribed.push(directory)
        if (!isFirst) return events.subscribe(options)
        if (directory.endsWith("one")) throw new Error("not now")
        return (async function* none() {})()
      }
      return { ...context, event: { subscribe } }
    }
    const host = lab.host()
    for (const name of ["one", "two"]) await host.open(join(lab.home, name))
    const put = (): void => {
      const { accessToken } = lab.fake.account({ kind: "api-key" })
      host.credentials.put("kiro", { type: "key", key: accessToken }, "Kiro")
    }
    await eventually(() => subscribed.length === 2)
    await new Promise((resolve) => setTimeout(resolve, 100))
    put()
    await eventually(async () => (await lab.accounts()).length === 1)
    await eventually(() => subscribed.length === 4)
    put()
    await host.announce("credential.updated", { integrationID: "kiro" })
    await eventually(async () => (await lab.accounts()).length === 2)
    await host[Symbol.asyncDispose]()
    await new Promise((resolve) => setTimeout(resolve, 2500))
    assert.equal(subscribed.length, 4)
  })

  it("makes no file and asks nobody before the first message, without a login too", async () => {
    const { project } = await lab.open()
    assert.ok(project.models().size > 20)
    assert.deepEqual(readdirSync(join(lab.home, ".config", "opencode")), ["kiro.json"])
    assert.deepEqual(readdirSync(lab.home), [".config"])
    assert.deepEqual(lab.fake.requests, [])
    const turn = await project.session({ model: "kiro/auto" }).prompt("Hello")
    assert.match(turn.failure?.message ?? "", /no account is signed in/)
    assert.deepEqual(turn.waits, [])
  })
})

describe("the offered models", () => {
  it("are those of the catalogue, all of them by our module, with their variants", async () => {
    const { project } = await lab.open()
    const models = [...project.models().values()]
    assert.deepEqual(
      models.map(({ id }) => id),
      offeredModels().map(({ id }) => id),
    )
    for (const model of models) {
      assert.equal(model.package, `aisdk:${PROVIDER}`)
      assert.equal(model.settings?.["location"], project.where.directory)
      assert.equal(model.canonical, undefined)
    }
    const sonnet = project.models().get("kiro/claude-sonnet-4-5")
    assert.deepEqual(sonnet?.limit, { context: 200_000, output: 64_000 })
    assert.deepEqual(sonnet.capabilities, { tools: true, input: ["text", "image", "pdf"], output: ["text"] })
    assert.deepEqual(sonnet.variants, [
      { id: "low", settings: { thinkingBudget: 8192 } },
      { id: "medium", settings: { thinkingBudget: 16_384 } },
      { id: "high", settings: { reasoningEffort: "high" } },
      { id: "max", settings: { thinkingBudget: 32_768 } },
    ])
    assert.deepEqual(project.models().get("kiro/claude-haiku-4-5")?.variants, [])
  })

  it("stand in order by their dates, those of older configurations last, and none is as new as another's", async () => {
    const { project } = await lab.open()
    const models = [...project.models().values()]
    const released = models.map(({ time }) => time.released)
    assert.deepEqual(
      released,
      [...new Set(released)].toSorted((one, other) => other - one),
    )
    assert.deepEqual([models[0]?.id, models.at(-1)?.id], ["auto", "qwen3-coder-480b"])
    assert.equal(
      models.findIndex(({ id }) => id === "claude-opus-4-6"),
      models.length - 15,
    )
    assert.ok((released[0] ?? Infinity) < Date.UTC(1970, 0, 2))
    // A twin says what it is by its name.
    assert.equal(
      project.models().get("kiro/claude-opus-4-6-1m-thinking")?.name,
      "Claude Opus 4.6 (1M Context) Thinking (2.2x)",
    )
  })

  it("stay ours where a pasted block of OpenCode 1 names another package", async () => {
    await lab.signInWithKiroCli()
    const providers = {
      kiro: {
        name: "Work Kiro",
        package: "aisdk:@ai-sdk/openai-compatible",
        settings: { baseURL: "https://${ELSEWHERE}/v1" },
        models: {
          "claude-sonnet-4-5": {
            name: "Mine",
            package: "aisdk:@ai-sdk/anthropic",
            settings: { baseURL: "https://${ELSEWHERE}/v1" },
          },
          fast: { modelID: "claude-haiku-4.5", name: "Fast" },
          wide: { modelID: "claude-opus-4.6" },
          "claude-next-9": { family: "Mine" },
          "claude-opus-9": { name: "Opus 9" },
        },
      },
    }
    const { project } = await lab.open({ providers })
    const ours = `aisdk:${PROVIDER}`
    await eventually(() => [...project.models().values()].every((model) => model.package === ours))
    assert.equal(project.provider("kiro")?.provider.package, ours)
    assert.equal(project.provider("kiro")?.provider.name, "Work Kiro")
    assert.equal(project.models().get("kiro/claude-sonnet-4-5")?.name, "Mine")
    assert.deepEqual(Object.keys(project.models().get("kiro/claude-sonnet-4-5")?.settings ?? {}), [
      "location",
    ])
    for (const model of ["claude-sonnet-4-5", "fast"]) {
      const turn = await project.session({ model: `kiro/${model}` }).prompt("Hello")
      assert.match(turn.text, /Hello from/, JSON.stringify(turn.failure))
    }
    assert.equal(project.models().get("kiro/claude-next-9")?.["family"], "Mine")
    assert.ok(
      project
        .models()
        .get("kiro/claude-opus-9")
        ?.variants.some(({ id }) => id === "high"),
    )
    const fast = project.models().get("kiro/fast")
    assert.equal(fast?.name, "Fast")
    assert.deepEqual(fast.limit, { context: 200_000, output: 64_000 })
    assert.equal(project.models().get("kiro/wide")?.limit.context, 1_000_000)
    const asked = lab.fake.requests.filter(({ operation }) => operation === "GenerateAssistantResponse")
    assert.match(JSON.stringify(asked[1]?.body), /claude-haiku-4\.5/)
  })

  it("are given to the host once where the user's configuration takes none of them away", async () => {
    const given: string[] = []
    lab.change = (context) => {
      const counted = (name: "provider" | "model"): object => {
        const domain = context[name] as { transform: (offer: unknown) => unknown }
        return { ...domain, transform: (offer: unknown) => (given.push(name), domain.transform(offer)) }
      }
      return { ...context, provider: counted("provider"), model: counted("model") }
    }
    await lab.open({ providers: { kiro: { name: "Work Kiro", models: { auto: { name: "Mine" } } } } })
    await new Promise((resolve) => setTimeout(resolve, 200))
    assert.deepEqual(given, ["provider", "model"])
  })

  it("stay away where a policy of the host takes the provider out, also one that comes later", async () => {
    const providers = { kiro: { package: "aisdk:@ai-sdk/openai", models: { fast: {} } } }
    const { host, project } = await lab.open({ providers })
    await eventually(() => project.provider("kiro")?.provider.package === `aisdk:${PROVIDER}`)
    host.denied.add("kiro")
    await project.rebuild()
    assert.equal(project.provider("kiro"), undefined)
  })

  it("follow a live list that a sign-in brought, without a restart", async () => {
    lab.fake.models = lab.fake.models.slice(0, 2)
    const { project } = await lab.open()
    const before = project.models().size
    const person = lab.fake.account({ kind: "api-key" })
    await (await project.login("kiro", "api-key", { api_key: person.accessToken })).complete()
    await eventually(() => project.models().size !== before)
  })

  it("follow a sign-in in the terminal UI, and what is done with an account there", async () => {
    lab.fake.models = lab.fake.models.slice(0, 2)
    const { project } = await lab.open()
    const before = project.models().size
    const call = (method: string, input: object) => project.call("opencode-kiro-auth", method, input)
    const { accessToken } = lab.fake.account({ kind: "api-key" })
    await call("signIn", { method: "api-key", answers: { api_key: accessToken }, attempt: "one" })
    await eventually(() => project.models().size !== before)
    const [account] = await lab.accounts()
    await call("act", { act: "remove", account: account?.id })
    await eventually(() => project.models().size === before)
  })

  it("follow it in every location that hears of the sign-in", async () => {
    lab.fake.models = lab.fake.models.slice(0, 2)
    const host = lab.host()
    const [here, there] = [await host.open(join(lab.home, "one")), await host.open(join(lab.home, "two"))]
    const before = there.models().size
    const person = lab.fake.account({ kind: "api-key" })
    await (await here.login("kiro", "api-key", { api_key: person.accessToken })).complete()
    await eventually(() => there.models().size !== before)
  })

  it("are news to the host only where the lists say something else", async () => {
    const path = join(temporaryFolder(), "kiro-models.json")
    const list = (modelId: string, fetchedAt: number): void => {
      const models = [{ modelId }]
      const lists = [{ accountId: "a", serviceRegion: "us-east-1", fetchedAt, models }]
      writeFileSync(path, encodeModelLists(lists, VERSION))
    }
    list("auto", 1)
    const offered = await offerProvider({ path, providerUrl: PROVIDER, location: "/a", log: silentLog })
    list("auto", 2)
    assert.equal(await offered.refresh(), false)
    list("brand-new", 3)
    assert.equal(await offered.refresh(), true)
    assert.equal(await offered.refresh(), false)
  })
})

describe("a call", () => {
  it("is answered by the gateway of its own location", async () => {
    await lab.signInWithKiroCli()
    const host = lab.host()
    const [one, two] = [await host.open(join(lab.home, "one")), await host.open(join(lab.home, "two"))]
    for (const project of [one, two]) {
      const turn = await project.session({ model: "kiro/claude-sonnet-4-5#high" }).prompt("Hello")
      assert.match(turn.text, /Hello from/)
    }
    await one.close()
    const turn = await two.session({ model: "kiro/claude-sonnet-4-5" }).prompt("Hello")
    assert.match(turn.text, /Hello from/)
  })

  it("in flight ends at a reload with an error that the host repeats, and the new plugin answers", async () => {
    await lab.signInWithKiroCli()
    const { project } = await lab.open()
    let asked = 0
    lab.fake.onRequest = () => void (asked += 1)
    let answer: () => void = () => undefined
    const slow = new Promise<void>((resolve) => (answer = resolve))
    lab.fake.next("GenerateAssistantResponse", async () => {
      await slow
      return stream(text("too late"), finish())
    })
    const pending = project.session({ model: "kiro/claude-sonnet-4-5" }).prompt("Hello")
    await eventually(() =>
      lab.fake.requests.some(({ operation }) => operation === "GenerateAssistantResponse"),
    )
    await project.reload()
    answer()
    const turn = await pending
    assert.equal(turn.failure, undefined)
    assert.match(turn.text, /Hello from/)
    assert.equal(turn.waits.length, 1)
  })

  it("that begins while the plugin ends, which may take long, is answered by the next one", async () => {
    await lab.signInWithKiroCli({ expiresAt: Date.now() + 60_000 })
    const renewal = Promise.withResolvers<void>()
    lab.fake.next("CreateToken", async (request) => {
      await renewal.promise
      return createToken(lab.fake, request)
    })
    const { project } = await lab.open()
    assert.match((await project.session({ model: "kiro/auto" }).prompt("Hello")).text, /Hello from/)
    await eventually(() => lab.fake.requests.some(({ operation }) => operation === "CreateToken"))
    const { language } = await project.resolve("kiro/auto")
    const reloaded = project.reload()
    const parts = read(language)
    await new Promise((resolve) => setTimeout(resolve, 2500))
    renewal.resolve()
    await reloaded
    assert.equal((await parts).at(-1)?.type, "finish")
  })

  it("that was throttled leaves no question behind that a cleanup waits for", async () => {
    const settings = { endpoint_override: lab.fake.url, rate_limit_max_retries: 0 }
    lab.write(".config/opencode/kiro.json", JSON.stringify(settings))
    await lab.signInWithKiroCli()
    lab.fake.next("GenerateAssistantResponse", FAILURES.throttled)
    lab.fake.next("GetUsageLimits", ...Array.from({ length: 4 }, () => neverAnswers))
    const { project } = await lab.open()
    assert.equal((await read((await project.resolve("kiro/auto")).language)).at(-1)?.type, "error")
    await eventually(() => lab.fake.requests.some(({ operation }) => operation === "GetUsageLimits"))
    await within(2000, project.close())
  })

  it("goes through the hook where the host does not import by address", async () => {
    await lab.signInWithKiroCli()
    const { project } = await lab.open()
    const model = project.models().get("kiro/auto")
    const event: { sdk?: unknown; [field: string]: unknown } = {
      model,
      package: PROVIDER,
      options: { ...model?.settings },
    }
    await project.hook("sdk", event)
    assert.equal(typeof event.sdk, "object")
    // A hook that throws fails the call.
    await project.hook("sdk", Object.freeze({ ...event, sdk: undefined }))
    await eventually(() => /made by the hook/.test(lab.log()))
  })
})

describe("signing in", () => {
  it("is offered in four ways, each in a form", async () => {
    const { project } = await lab.open()
    assert.equal(project.integration("kiro")?.name, "Kiro")
    const methods = project.methods("kiro")
    assert.deepEqual(
      methods.map(({ type, id, label }) => [type, id, label]),
      [
        ["oauth", "aws", "AWS Builder ID or IAM Identity Center"],
        ["oauth", "social", "Google or GitHub"],
        ["oauth", "import", "Import from kiro-cli or Kiro IDE"],
        ["oauth", "api-key", "API key"],
      ],
    )
    const pattern = (key: string): RegExp => {
      const field = methods.flatMap(({ form = [] }) => form).find((each) => each.key === key)
      return new RegExp(String(field && "pattern" in field ? field["pattern"] : ""), "v")
    }
    for (const typed of [
      "",
      "d-9067642ac7",
      "https://d-9067642ac7.awsapps.com/start/#/",
      "Builder ID",
      "x.awsapps.com",
    ])
      assert.match(typed, pattern("start_url"))
    assert.doesNotMatch("hello", pattern("start_url"))
    for (const typed of ["", "eu-north-1", "EU North 1", "us-gov-west-1"])
      assert.match(typed, pattern("login_region"))
    assert.doesNotMatch("Stockholm", pattern("login_region"))
    assert.match("arn:aws:codewhisperer:eu-central-1:123456789012:profile/ABC", pattern("profile_arn"))
    assert.match("ksk_0123456789abcdef", pattern("api_key"))
    assert.doesNotMatch("sk-ant-0123456789", pattern("api_key"))
  })

  it("keeps the tokens here and leaves OpenCode a marker that names the account", async () => {
    lab.fake.account()
    const { host, project } = await lab.open()
    const attempt = await project.login("kiro", "aws", { start_url: "" })
    assert.match(attempt.url, /user_code=/)
    assert.match(attempt.instructions, /^Code: [A-Z0-9-]+ /)
    const stored = await attempt.complete()
    assert.match(stored.label, /^Builder ID ··[0-9a-f]{4}$/)
    const [account] = await lab.accounts()
    const [login] = account?.logins ?? []
    assert.ok(login?.kind === "idc")
    const kept = JSON.stringify(host.credentials.stored)
    for (const secret of [login.tokens.accessToken, login.tokens.refreshToken, login.client.clientSecret])
      assert.ok(secret !== undefined && !kept.includes(secret.reveal()))
    assert.ok(stored.value.type === "oauth" && stored.value.expires > Date.UTC(2099, 0, 1))
    const turn = await project.session({ model: "kiro/auto" }).prompt("Hello")
    assert.match(turn.text, /Hello from/)
  })

  it("more than once lets `auth switch` choose for new conversations, and an old one keeps its account", async () => {
    const { host, project } = await lab.open()
    const people = [lab.fake.account({ kind: "api-key" }), lab.fake.account({ kind: "api-key" })]
    const stored = []
    for (const { accessToken } of people)
      stored.push(await (await project.login("kiro", "api-key", { api_key: accessToken })).complete())
    assert.notEqual(stored[0]?.label, stored[1]?.label)
    const old = project.session({ model: "kiro/auto" })
    const askedBy = async (session = project.session({ model: "kiro/auto" })): Promise<number> => {
      const before = lab.fake.requests.length
      assert.match((await session.prompt("Hello")).text, /Hello from/)
      const chat = lab.fake.requests
        .slice(before)
        .find(({ operation }) => operation === "GenerateAssistantResponse")
      return people.findIndex(({ accessToken }) => chat?.headers["authorization"] === `Bearer ${accessToken}`)
    }
    await askedBy(old)
    for (const which of [0, 1, 0]) {
      const id = stored[which]?.id ?? ""
      host.credentials.switchTo("kiro", id)
      await host.announce("credential.switched", { integrationID: "kiro", credentialID: id })
      await eventually(async () => (await askedBy()) === which)
      assert.equal(await askedBy(), which)
    }
    const first = await askedBy(old)
    host.credentials.switchTo("kiro", stored[1 - first]?.id ?? "")
    await host.announce("credential.switched", { integrationID: "kiro" })
    assert.equal(await askedBy(old), first)
  })

  it("more than once lets `auth switch` choose from the very first message on, and right behind a switch", async () => {
    const { host, project } = await lab.open()
    const spent = lab.fake.account({ kind: "api-key", usage: { used: 40 } })
    const people = [spent, lab.fake.account({ kind: "api-key" })]
    const stored = []
    for (const { accessToken } of people)
      stored.push(await (await project.login("kiro", "api-key", { api_key: accessToken })).complete())
    const isAskedOf = async (person: number): Promise<void> => {
      await project.session({ model: "kiro/auto" }).prompt("Hello")
      const asked = lab.fake.chats.at(-1)?.headers["authorization"]
      assert.equal(asked, `Bearer ${people[person]?.accessToken}`)
    }
    host.credentials.switchTo("kiro", stored[0]?.id ?? "")
    await project.reload()
    await isAskedOf(0)
    for (const person of [1, 0]) {
      host.credentials.switchTo("kiro", stored[person]?.id ?? "")
      project.emit({ type: "credential.switched", data: { integrationID: "kiro" } })
      await isAskedOf(person)
    }
  })

  it("chooses nothing where it is the only one: the account with the most credits left is asked", async () => {
    const { host, project } = await lab.open()
    const spent = lab.fake.account({ kind: "api-key", usage: { used: 40 } })
    await (await project.login("kiro", "api-key", { api_key: spent.accessToken })).complete()
    const fresh = lab.fake.account({ usage: { used: 1 } })
    await project.call("opencode-kiro-auth", "signIn", {
      method: "aws",
      answers: { start_url: "builder-id" },
    })
    await eventually(async () => (await lab.accounts()).filter(({ quota }) => quota).length === 2)
    await host.announce("credential.updated", {})
    await new Promise((resolve) => setTimeout(resolve, 100))
    await project.session({ model: "kiro/auto" }).prompt("Hello")
    const chat = lab.fake.requests.find(({ operation }) => operation === "GenerateAssistantResponse")
    assert.equal(chat?.headers["authorization"], `Bearer ${fresh.accessToken}`)
  })

  it("to the one account again chooses nothing either, whatever else is among the credentials", async () => {
    const { host, project } = await lab.open()
    const { accessToken } = lab.fake.account({ kind: "api-key", usage: { used: 40 } })
    const foreign = {
      type: "oauth",
      methodID: "old",
      access: "aoaAAAA",
      refresh: "aorAAAA",
      expires: 1,
    } as const
    host.credentials.put("kiro", foreign, "Kiro")
    const signIn = async () => (await project.login("kiro", "api-key", { api_key: accessToken })).complete()
    const fresh = lab.fake.account({ usage: { used: 1 } })
    await (await project.login("kiro", "aws", { start_url: "" })).complete()
    host.credentials.remove(host.credentials.stored.at(-1)?.id ?? "")
    for (const _ of [1, 2]) {
      await signIn()
      await new Promise((resolve) => setTimeout(resolve, 200))
      await project.session({ model: "kiro/auto" }).prompt("Hello")
      assert.equal(lab.fake.chats.at(-1)?.headers["authorization"], `Bearer ${fresh.accessToken}`)
    }
  })

  it("shows why it failed", async () => {
    const { project } = await lab.open()
    for (const [method, answer, words] of [
      ["aws", { start_url: "company.okta.com" }, /kiro-cli login/],
      ["import", {}, /No login of kiro-cli/],
      ["api-key", { api_key: "ksk_0123456789abcdef" }, /refused this API key/],
    ] as const)
      await assert.rejects((await project.login("kiro", method, answer)).complete(), words)
    assert.deepEqual(await lab.accounts(), [])
  })

  it("by import names the account that was found", async () => {
    await lab.signInWithKiroCli()
    const { project } = await lab.open()
    const stored = await (await project.login("kiro", "import")).complete()
    assert.match(stored.label, /^Builder ID ··/)
  })

  it("takes in a key that was given to OpenCode itself", async () => {
    const person = lab.fake.account({ kind: "api-key" })
    const { host, project } = await lab.open()
    host.credentials.put("kiro", { type: "key", key: person.accessToken }, "Kiro")
    await host.announce("credential.updated", { integrationID: "kiro" })
    await eventually(async () => (await lab.accounts())[0]?.userId === person.userId)
    assert.ok(!lab.log().includes(person.accessToken))
    const [account] = await lab.accounts()
    // Its models are the last that is asked for.
    await eventually(() => existsSync(pathsFor(lab.place).models))
    const asked = lab.fake.requests.length
    await host.announce("credential.updated", {})
    await new Promise((resolve) => setTimeout(resolve, 100))
    assert.equal(lab.fake.requests.length, asked)
    await project.call("opencode-kiro-auth", "act", { act: "remove", account: account?.id })
    await host.announce("credential.updated", {})
    await new Promise((resolve) => setTimeout(resolve, 100))
    assert.deepEqual(await lab.accounts(), [])
  })

  it("keeps no key that the host has from the environment alone", async () => {
    const { accessToken } = lab.fake.account({ kind: "api-key" })
    const environment = { type: "env", name: "KIRO_KEY_OF_MINE" }
    const asked: string[] = []
    const connection = {
      active: async () => (asked.push("active"), environment),
      resolve: async () => ({ type: "key", key: accessToken }),
      status: async () => void asked.push("status"),
    }
    lab.change = (context) => ({ ...context, integration: { ...Object(context["integration"]), connection } })
    const { host, project } = await lab.open()
    await host.announce("credential.updated", {})
    await project.session({ model: "kiro/auto" }).prompt("Hello")
    await eventually(() => asked.length > 1)
    await new Promise((resolve) => setTimeout(resolve, 200))
    assert.deepEqual(await lab.accounts(), [])
    assert.ok(!asked.includes("status"))
  })

  it("is not hindered by what another version or plugin left behind", async () => {
    await lab.signInWithKiroCli()
    const { host, project } = await lab.open()
    host.credentials.put("kiro", { type: "key", key: "kept-by-opencode-kiro-auth" }, "Kiro")
    host.credentials.put(
      "kiro",
      { type: "oauth", methodID: "old", access: "aoaAAAA", refresh: "aorAAAA", expires: 1 },
      "Kiro 2",
    )
    await host.announce("credential.switched", { integrationID: "kiro", credentialID: "crd_2" })
    const turn = await project.session({ model: "kiro/auto" }).prompt("Hello")
    assert.match(turn.text, /Hello from/)
    assert.equal((await lab.accounts()).length, 1)
    assert.deepEqual(host.credentials.statuses, [])
  })

  it("is asked for at the connection where its account needs it", async () => {
    lab.fake.account()
    const { host, project } = await lab.open()
    await (await project.login("kiro", "aws", { start_url: "" })).complete()
    const [account] = await lab.accounts()
    const store = await lab.openStore()
    await store.update(account?.id ?? "", (current) => ({
      ...current,
      health: { state: "revoked", since: 1, reason: "login-expired" },
    }))
    await host.announce("credential.updated", {})
    const said = () => JSON.stringify(host.credentials.statuses.at(-1)?.status ?? "nothing")
    await eventually(() => /needs_auth.*the login of Builder ID ··.* has ended/.test(said()))
    await host.announce("credential.updated", {})
    await store.update(account?.id ?? "", (current) => ({ ...current, health: { state: "ok" } }))
    await host.announce("credential.updated", {})
    await eventually(() => said() === '"nothing"')
    await store.update(account?.id ?? "", (current) => ({
      ...current,
      health: { state: "revoked", since: 1, reason: "login-expired" },
    }))
    await host.announce("credential.updated", {})
    await eventually(() => /needs_auth/.test(said()))
    // The same is told once, however often it is looked at.
    const told = host.credentials.statuses.map(({ status }) => JSON.stringify(status))
    assert.ok(told.every((status, index) => status !== told[index - 1] || index === 0))
    await store.update(account?.id ?? "", (current) => ({ ...current, health: { state: "ok" } }))
    await store.close()
    // The host keeps what was said by the plugin that it takes out.
    await project.reload()
    await eventually(() => said() === '"nothing"')
  })

  it("is asked for at the connection of a login that a message found ended", async () => {
    const person = lab.fake.account({ kind: "api-key" })
    const { host, project } = await lab.open()
    await (await project.login("kiro", "api-key", { api_key: person.accessToken })).complete()
    lab.fake.intercept(() => true, FAILURES.invalidBearer)
    const turn = await project.session({ model: "kiro/auto" }).prompt("Hello")
    assert.match(turn.failure?.message ?? "", /refused/)
    await eventually(() => /needs_auth.*refused/.test(JSON.stringify(host.credentials.statuses.at(-1) ?? "")))
  })

  it("is asked for at a connection whose account was removed, and no more once that is back", async () => {
    const person = lab.fake.account({ kind: "api-key" })
    const { host, project } = await lab.open()
    const said = () => JSON.stringify(host.credentials.statuses.at(-1)?.status ?? "nothing")
    const remove = async (): Promise<void> => {
      const [account] = await lab.accounts()
      await project.call("opencode-kiro-auth", "act", { act: "remove", account: account?.id })
      await eventually(() => /needs_auth.*was removed/.test(said()))
    }
    const signIn = async () =>
      (await project.login("kiro", "api-key", { api_key: person.accessToken })).complete()
    await signIn()
    await remove()
    const turn = await project.session({ model: "kiro/auto" }).prompt("Hello")
    assert.match(turn.failure?.message ?? "", /no account is signed in/)
    await signIn()
    await eventually(() => said() === '"nothing"')
    host.credentials.put("kiro", { type: "key", key: person.accessToken }, "Kiro")
    await remove()
  })

  it("is not asked for at a connection of which nothing is known here", async () => {
    await lab.signInWithKiroCli()
    const { host, project } = await lab.open()
    await (await project.login("kiro", "import")).complete()
    host.credentials.put(
      "kiro",
      {
        type: "oauth",
        methodID: "aws",
        access: "kept-by-opencode-kiro-auth:0123456789abcdef",
        refresh: "x",
        expires: 1,
      },
      "Kiro 2",
    )
    await host.announce("credential.updated", {})
    await new Promise((resolve) => setTimeout(resolve, 200))
    assert.ok(host.credentials.statuses.every(({ status }) => !/needs_auth/.test(JSON.stringify(status))))
  })

  it("still names its account once that turned out to be the same person's as another", async () => {
    lab.fake.account()
    const { host, project } = await lab.open()
    await (await project.login("kiro", "aws", { start_url: "" })).complete()
    const store = await lab.openStore()
    await store.reconcile((accounts) => ({
      gone: accounts.map(({ id }) => ({ id, into: "older" })),
      put: accounts.map((account) => ({
        ...account,
        id: "older",
        health: { state: "revoked", since: 1, reason: "login-expired" },
        record: { ...account.record, joined: [account.id] },
      })),
    }))
    await store.close()
    await host.announce("credential.updated", {})
    await eventually(() => /needs_auth/.test(JSON.stringify(host.credentials.statuses.at(-1) ?? "")))
  })
})

describe("what the terminal UI asks", () => {
  it("is answered without a secret, and done", async () => {
    await lab.signInWithKiroCli()
    const { project } = await lab.open()
    await project.session({ model: "kiro/auto", id: "ses_7" }).prompt("Hello")
    const board = JSON.stringify(await project.call("opencode-kiro-auth", "board", { sessionId: "ses_7" }))
    assert.match(board, /"name":"Builder ID ··/)
    const [account] = await lab.accounts()
    const [login] = account?.logins ?? []
    assert.ok(login?.kind === "idc" && !board.includes(login.tokens.accessToken.reveal()))
    const act = { act: "rename", account: account?.id, name: "Work" }
    assert.match(JSON.stringify(await project.call("opencode-kiro-auth", "act", act)), /is called Work now/)
    assert.equal((await lab.accounts())[0]?.label, "Work")
  })

  it("ends with the plugin, whatever Kiro is being asked for it", async () => {
    await lab.signInWithKiroCli()
    const { project } = await lab.open()
    await project.session({ model: "kiro/auto" }).prompt("Hello")
    const [account] = await lab.accounts()
    lab.fake.intercept(({ operation }) => operation === "ListAvailableProfiles", neverAnswers)
    const asked = project.call("opencode-kiro-auth", "profiles", { account: account?.id })
    await eventually(() => lab.fake.received("ListAvailableProfiles").length > 0)
    await project.close()
    assert.match(JSON.stringify(await within(500, asked)), /ended the plugin/)
  })
})

describe("the command", () => {
  it("lists the accounts without asking a model", async () => {
    await lab.signInWithKiroCli()
    const { project } = await lab.open()
    assert.deepEqual(project.commands(), ["kiro-accounts"])
    await project.command("kiro-accounts", "", "ses_9")
    const [said] = project.synthetic
    assert.equal(said?.sessionID, "ses_9")
    assert.match(said.text, /^Builder ID ··[0-9a-f]{4} · ok/)
    assert.deepEqual(
      lab.fake.requests.filter(({ operation }) => operation === "GenerateAssistantResponse"),
      [],
    )
  })
})

describe("web search", () => {
  it("is one more to choose from, and the default only where the settings ask for it", async () => {
    await lab.signInWithKiroCli()
    const { project } = await lab.open()
    assert.deepEqual(project.searches(), { ids: ["kiro"], chosen: undefined })
    const pages = await project.search("event streams", "kiro")
    assert.match(JSON.stringify(pages), /https:\/\/e\.example/)
    lab.write(
      ".config/opencode/kiro.json",
      JSON.stringify({ endpoint_override: lab.fake.url, web_search: true }),
    )
    const wanted = await lab.open()
    assert.equal(wanted.project.searches().chosen, "kiro")
  })
  it("asks no account that the user's rules rule out", async () => {
    await lab.signInWithKiroCli()
    const account_rules = [{ account: "nobody", fallback: false }]
    const settings = { endpoint_override: lab.fake.url, account_rules }
    lab.write(".config/opencode/kiro.json", JSON.stringify(settings))
    const { project } = await lab.open()
    await assert.rejects(project.search("event streams", "kiro"), /No other account was asked: your rule/)
    assert.ok(lab.fake.requests.every(({ operation }) => operation !== "InvokeMCP"))
  })
  it("ends with the plugin, where the host goes on waiting for it", async () => {
    await lab.signInWithKiroCli()
    const { project } = await lab.open()
    lab.fake.next("InvokeMCP", neverAnswers)
    const ended = assert.rejects(project.search("event streams", "kiro"), /ended the plugin/)
    await eventually(() => lab.fake.requests.some(({ operation }) => operation === "InvokeMCP"))
    await project.reload()
    await ended
  })
})
