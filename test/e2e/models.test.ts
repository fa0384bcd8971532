import assert from "node:assert/strict"
import { existsSync, readFileSync, rmSync } from "node:fs"
import { join } from "node:path"
import { before, describe, it } from "node:test"
import { asObject, type JsonObject } from "../../src/json.ts"
import { offeredModels } from "../../src/kiro/models/index.ts"
import { FAKE_MODELS, type FakeKiro, type ReceivedRequest } from "../support/fake-kiro/index.ts"
import { seedKiroCliStore } from "../support/kiro-cli-store.ts"
import {
  createSandbox,
  type OpencodeServer,
  runOpencode,
  type Sandbox,
  writeJson,
} from "../support/opencode/index.ts"
import { NOBODY, openServerStage } from "./setup.ts"

/** What people have in opencode.json from an older plugin: a part of the models, named by them. */
const OLDER_BLOCK: unknown = JSON.parse(readFileSync("test/e2e/older-block.json", "utf8"))

/** The models as OpenCode takes them after every merge, by id. */
async function describeModels(
  sandbox: Sandbox,
  environment: Record<string, string> = {},
): Promise<ReadonlyMap<string, JsonObject>> {
  const { stdout } = await runOpencode(sandbox, ["models", "kiro", "--verbose"], { environment })
  const documents = stdout.split(/^kiro\/\S+$/m).slice(1)
  const models = documents.map((document) => JSON.parse(document) as JsonObject)
  return new Map(models.map((model) => [String(model["id"]), model]))
}

function at(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>((inner, key) => asObject(inner)[key], value)
}

const fieldsOf = ({ body }: ReceivedRequest): unknown => at(body, "additionalModelRequestFields")
const wireIdOf = ({ body }: ReceivedRequest): unknown =>
  at(body, "conversationState", "currentMessage", "userInputMessage", "modelId")

/** Each test goes on where the one before it ended: first nobody is signed in. */
describe("the models in OpenCode", { concurrency: false }, () => {
  let fake: FakeKiro
  let sandbox: Sandbox
  let server: OpencodeServer
  before(async () => {
    ;({ fake, sandbox, server } = await openServerStage(NOBODY))
  })

  it("are all there with one line of configuration, and no sign-in", async () => {
    const ids = offeredModels().map((model) => model.id)
    assert.deepEqual([...(await server.models()).keys()].toSorted(), ids.toSorted())
  })

  it("keep what the user wrote of them, and lose nothing else", async () => {
    const project = join(sandbox.project, "opencode.json")
    writeJson(project, { provider: { kiro: { models: OLDER_BLOCK } } })
    await server.startAnew()
    const models = await server.models()
    assert.equal(models.size, offeredModels().length)
    const own = models.get("claude-sonnet-4-6-thinking")
    assert.equal(own?.["name"], "My thinking Sonnet")
    assert.deepEqual(own["limit"], { context: 200_000, output: 64_000 })
    assert.equal(at(models.get("claude-opus-4-6-1m"), "capabilities", "input", "pdf"), false)
    assert.equal(at(own, "variants", "max", "thinkingConfig", "thinkingBudget"), 32_768)
    assert.equal(at(own, "variants", "medium", "thinkingConfig", "thinkingBudget"), 16_384)
    rmSync(project)
  })

  it("are listed whatever an older plugin left in auth.json, and hidden where they are disabled", async () => {
    for (const entry of [{ type: "oauth", refresh: "a|b|c", access: "x", expires: 0, accountId: 3 }, null]) {
      writeJson(join(sandbox.data, "auth.json"), { kiro: entry })
      await server.startAnew()
      assert.equal((await server.models()).size, offeredModels().length, JSON.stringify(entry))
    }
    writeJson(join(sandbox.data, "auth.json"), { kiro: { type: "api", key: "x" } })
    const project = join(sandbox.project, "opencode.json")
    writeJson(project, { disabled_providers: ["kiro"] })
    await server.startAnew()
    assert.equal((await server.models()).size, 0)
    assert.match(JSON.stringify(await server.get("/config/providers")), /"id":"opencode"/)
    rmSync(project)
  })

  it("can't be taken over by a kiro entry of the public catalogue", async () => {
    const other = createSandbox()
    try {
      const catalogue = join(other.root, "catalogue.json")
      writeJson(catalogue, { kiro: strangeProvider() })
      const environment = { OPENCODE_MODELS_PATH: catalogue, KIRO_API_KEY: "ksk_of_the_user" }
      const models = await describeModels(other, environment)
      assert.equal(models.size, offeredModels().length)
      assert.doesNotMatch(JSON.stringify([...models.values()]), /strange|ksk_of_the_user/)
      const haiku = models.get("claude-haiku-4-5")
      assert.deepEqual(haiku?.["limit"], { context: 200_000, output: 64_000 })
      assert.deepEqual(haiku["variants"], {})
      assert.equal(haiku["status"], "active")
    } finally {
      other.remove()
    }
  })

  it("that the service adds or takes away for an account are so at the next start", async () => {
    await seedKiroCliStore({ path: sandbox.kiroCliStore, accounts: [fake.account()] })
    await server.startAnew()
    const [first] = FAKE_MODELS
    assert.ok(first)
    const before = await server.models()
    assert.ok(before.has("glm-5"))
    assert.ok(!before.has("claude-brand-new-9-1"))
    fake.models = [
      ...FAKE_MODELS.filter((model) => model.modelId !== "glm-5"),
      {
        ...first,
        modelId: "claude-brand-new-9.1",
        modelName: "Claude Brand New 9.1",
        rateMultiplier: 3,
        maxInputTokens: 500_000,
      },
    ]
    await server.prompt(await server.newSession(), "hello")
    while (!existsSync(join(sandbox.config, "kiro-models.json")))
      await new Promise((resolve) => setTimeout(resolve, 50))
    await server.startAnew()
    const models = await server.models()
    assert.ok(!models.has("glm-5"))
    assert.equal(models.get("claude-brand-new-9-1")?.["name"], "Claude Brand New 9.1 (3x)")
    assert.deepEqual(models.get("claude-brand-new-9-1")?.["limit"], { context: 500_000, output: 64_000 })
  })

  it("think as the chosen variant says, and the title does not", async () => {
    fake.forget()
    const session = await server.newSession()
    for (const [model, variant] of [
      ["claude-sonnet-4-6", "low"],
      ["claude-sonnet-4-6", "max"],
      ["claude-opus-5", "xhigh"],
      ["gpt-5-6-sol", "none"],
      ["claude-opus-4-6-1m-thinking", undefined],
      ["claude-sonnet-4-5", "low"],
      ["claude-sonnet-4-5", undefined],
    ] as const)
      await server.prompt(session, "hello", { model, ...(variant && { variant }) })
    const effort = (word: string): object => ({
      thinking: { type: "adaptive", display: "summarized" },
      output_config: { effort: word },
      max_tokens: 32_000,
    })
    assert.deepEqual(
      fake.chats.map((chat) => [wireIdOf(chat), fieldsOf(chat)]),
      [
        ["claude-sonnet-4.6", effort("low")],
        ["claude-sonnet-4.6", effort("max")],
        ["claude-opus-5", effort("xhigh")],
        ["gpt-5.6-sol", { reasoning: { effort: "none" } }],
        ["claude-opus-4.6", effort("high")],
        ["claude-sonnet-4.5", undefined],
        ["claude-sonnet-4.5", undefined],
      ],
    )
    const tags = fake.chats.map((chat) =>
      chat.text.includes("<max_thinking_length>8192</max_thinking_length>"),
    )
    assert.deepEqual(tags, [false, false, false, false, false, true, false])
    const [title, ...more] = fake
      .received("GenerateAssistantResponse")
      .filter((request) => !fake.chats.includes(request))
    assert.equal(more.length, 0)
    assert.equal(title && wireIdOf(title), "claude-haiku-4.5")
    assert.equal(title && fieldsOf(title), undefined)
    assert.deepEqual(fake.refused, [])
  })
})

/** An entry that would break every model of ours if it had a say. */
function strangeProvider(): object {
  const model = (id: string): object => ({
    id,
    name: "strange",
    family: "strange",
    attachment: false,
    reasoning: true,
    reasoning_options: [{ type: "effort", values: ["low", "strange"] }],
    temperature: true,
    tool_call: false,
    status: "deprecated",
    release_date: "2026-01-01",
    last_updated: "2026-01-01",
    open_weights: false,
    modalities: { input: ["text"], output: ["text"] },
    cost: { input: 5, output: 5 },
    limit: { context: 1, input: 1, output: 1 },
    provider: { npm: "@strange/model", api: "https://strange.invalid" },
    experimental: { modes: { fast: { provider: { body: { speed: "strange" } } } } },
  })
  const ids = ["claude-haiku-4-5", "claude-opus-4.5", "strange-1"]
  return {
    id: "kiro",
    name: "strange",
    env: ["KIRO_API_KEY"],
    npm: "@strange/provider",
    api: "https://strange.invalid/v1",
    models: Object.fromEntries(ids.map((id) => [id, model(id)])),
  }
}
