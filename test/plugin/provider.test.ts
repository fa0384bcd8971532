import assert from "node:assert/strict"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, it } from "node:test"
import { readOffer } from "../../src/host/index.ts"
import { encodeModelLists } from "../../src/kiro/index.ts"
import { offeredModels } from "../../src/kiro/models/index.ts"
import { injectProvider } from "../../src/plugin/provider.ts"
import { VERSION } from "../../src/version.ts"
import { temporaryFolder } from "../support/temporary-folder.ts"

const BASE_URL = "https://kiro.invalid/v1"
const answer = async (): Promise<Response> => new Response()

interface InjectedModel {
  readonly [key: string]: unknown
  readonly name: string
  readonly limit: { readonly context: number; readonly output: number }
  readonly variants: Readonly<Record<string, unknown>>
}

interface Injected {
  readonly [key: string]: unknown
  readonly options: Readonly<Record<string, unknown>>
  readonly models: Readonly<Record<string, InjectedModel>>
}

interface Start {
  /** The ids of a live list; there is none where it is empty. */
  readonly listed?: readonly string[]
  /** The version that wrote the file of lists: only its own is ready to be offered. */
  readonly by?: string
  readonly argv?: readonly string[]
}

async function inject(
  config: { [key: string]: unknown },
  { listed = [], by = VERSION, argv = [] }: Start = {},
): Promise<Injected> {
  const path = join(temporaryFolder(), "kiro-models.json")
  const models = listed.map((modelId) => ({ modelId }))
  const list = { accountId: "a", serviceRegion: "us-east-1", fetchedAt: 1, models }
  if (models.length > 0) writeFileSync(path, encodeModelLists([list], by))
  await injectProvider({ config, fetch: answer, baseURL: BASE_URL, offer: await readOffer(path), argv })
  return (config["provider"] as { readonly kiro: Injected }).kiro
}

const kiro = (user: unknown): Promise<Injected> => inject({ provider: { kiro: user } })

describe("the injected provider", async () => {
  it("is complete without any configuration", async () => {
    const provider = await inject({})
    assert.equal(provider["npm"], "@ai-sdk/openai-compatible")
    assert.deepEqual(provider.options, {
      timeout: false,
      headerTimeout: false,
      chunkTimeout: false,
      apiKey: "kiro",
      baseURL: BASE_URL,
      fetch: answer,
    })
    assert.deepEqual(
      Object.keys(provider.models),
      offeredModels().map((model) => model.id),
    )
    for (const model of Object.values(provider.models))
      assert.deepEqual(model["provider"], { npm: "@ai-sdk/openai-compatible", api: BASE_URL })
  })

  it("leaves other providers alone", async () => {
    const config: { [key: string]: unknown } = { provider: { other: { name: "Other" } } }
    await inject(config)
    assert.deepEqual((config["provider"] as { other: unknown }).other, { name: "Other" })
  })

  for (const odd of [undefined, null, "x", [], { models: null }, { models: { a: null } }, { options: 3 }])
    it(`survives ${JSON.stringify(odd)} in its place`, async () =>
      assert.ok((await kiro(odd)).models["claude-opus-5"]))

  it("shows the credit multiplier in the name", async () => {
    assert.equal(
      (await inject({})).models["claude-opus-4-5-thinking"]?.name,
      "Claude Opus 4.5 Thinking (2.2x)",
    )
  })

  it("puts the fifteen ids of older configurations last in OpenCode's picker", async () => {
    const ids = Object.entries((await inject({})).models)
      .toSorted(([, one], [, other]) =>
        String(one["release_date"]) < String(other["release_date"]) ? 1 : -1,
      )
      .map(([id]) => id)
    assert.equal(ids[0], "auto")
    const older = ids.slice(-15).toSorted()
    assert.deepEqual(older, [
      "claude-haiku-4-5",
      "claude-opus-4-5",
      "claude-opus-4-5-thinking",
      "claude-opus-4-6",
      "claude-opus-4-6-1m",
      "claude-opus-4-6-1m-thinking",
      "claude-opus-4-6-thinking",
      "claude-sonnet-4-5",
      "claude-sonnet-4-5-1m",
      "claude-sonnet-4-5-thinking",
      "claude-sonnet-4-6",
      "claude-sonnet-4-6-1m",
      "claude-sonnet-4-6-1m-thinking",
      "claude-sonnet-4-6-thinking",
      "qwen3-coder-480b",
    ])
  })

  it("lets attach to a model what it takes", async () => {
    const { models } = await inject({})
    assert.equal(models["claude-haiku-4-5"]?.["attachment"], true)
    assert.equal(models["qwen3-coder-480b"]?.["attachment"], false)
  })

  it("makes Haiku the small model, without thinking", async () => {
    const haiku = (await inject({})).models["claude-haiku-4-5"]
    assert.equal(haiku?.["family"], "claude-haiku")
    assert.equal(haiku["reasoning"], false)
    assert.ok(
      Object.values(haiku.variants).every((variant) => JSON.stringify(variant) === '{"disabled":true}'),
    )
  })

  it("offers budgets on the older models and the schema's efforts on the others", async () => {
    const { models } = await inject({})
    assert.deepEqual(models["claude-sonnet-4-5"]?.variants["low"], {
      thinkingConfig: { thinkingBudget: 8192 },
    })
    assert.deepEqual(models["claude-opus-4-6"]?.variants["max"], {
      thinkingConfig: { thinkingBudget: 32_768 },
    })
    assert.deepEqual(models["claude-opus-4-6"]?.variants["xhigh"], { disabled: true })
    assert.deepEqual(models["claude-opus-5"]?.variants["xhigh"], { reasoningEffort: "xhigh" })
    assert.deepEqual(models["gpt-5-6-sol"]?.variants["none"], { reasoningEffort: "none" })
  })
})

describe("what the version before this one left ready", () => {
  it("is not offered: the lists beside it are, as they are where nothing is ready", async () => {
    const listed = ["auto", "claude-opus-5.5", "brand-new"]
    const config = {
      model: "kiro/glm-5",
      provider: { kiro: { models: { fast: { id: "claude-haiku-4.5" } } } },
    }
    const ready = await inject({ ...config }, { listed })
    assert.equal(ready.models["brand-new"]?.["release_date"], "rank 0016")
    assert.deepEqual(await inject({ ...config }, { listed, by: "0.0.9" }), ready)
  })
})

describe("the offer of kiro-models.json", () => {
  const models = [{ modelId: "auto" }, { modelId: "brand-new" }]
  const lists = [{ accountId: "a", serviceRegion: "us-east-1", fetchedAt: 1, models }]
  const idsOf = async (offered: object): Promise<readonly string[]> => {
    const path = join(temporaryFolder(), "kiro-models.json")
    writeFileSync(path, JSON.stringify({ version: 1, lists, offered }))
    return (await readOffer(path)).models.map(({ id }) => id)
  }

  it("is made of its lists where another version made one ready, or where nothing is in what is ready", async () => {
    const [only] = (await readOffer(join(temporaryFolder(), "none.json"))).models
    assert.deepEqual(await idsOf({ by: VERSION, models: [only] }), [only?.id])
    for (const offered of [
      { by: "0.0.9", models: [only] },
      { by: VERSION, models: [] },
    ])
      assert.ok((await idsOf(offered)).includes("brand-new"))
  })

  it("is made of its lists where any member of a model that was made ready is not as it should be", async () => {
    const all = (await readOffer(join(temporaryFolder(), "none.json"))).models
    const model = all.find(({ variants }) => Object.keys(variants).length > 0)
    assert.ok(model !== undefined)
    assert.deepEqual(await idsOf({ by: VERSION, models: [model] }), [model.id])
    const nested = [
      { input: ["text", 1] },
      { variants: { low: 1, high: null } },
      { contextWindow: 0 },
      { maxOutputTokens: -1 },
    ]
    const wrong = [...Object.keys(model).map((member) => ({ [member]: null })), ...nested]
    for (const change of wrong)
      assert.ok(
        (await idsOf({ by: VERSION, models: [{ ...model, ...change }] })).includes("brand-new"),
        JSON.stringify(change),
      )
  })

  it("is the built-in one, without a word, where there is no such file yet", async () => {
    const { models: offered, problem } = await readOffer(join(temporaryFolder(), "none.json"))
    assert.equal(problem, undefined)
    assert.equal(offered.length, offeredModels().length)
  })
})

describe("a user's own provider", async () => {
  it("is merged over ours, key by key", async () => {
    const provider = await kiro({
      name: "Work Kiro",
      options: { headerTimeout: 1000, mine: true },
      models: { "claude-opus-4-6": { name: "Mine", limit: { context: 200_000, output: null } } },
    })
    assert.equal(provider["name"], "Work Kiro")
    assert.equal(provider.options["headerTimeout"], 1000)
    assert.equal(provider.options["mine"], true)
    assert.equal(provider.models["claude-opus-4-6"]?.name, "Mine")
    assert.deepEqual(provider.models["claude-opus-4-6"].limit, { context: 200_000, output: 64_000 })
    assert.ok(provider.models["auto"])
  })

  it("can't move the package, the URL or the fetch", async () => {
    const provider = await kiro({
      npm: "evil",
      api: "https://evil.invalid",
      options: { baseURL: "https://evil.invalid", fetch: "x" },
      models: { auto: { provider: { npm: "evil", api: "https://evil.invalid" } } },
    })
    assert.doesNotMatch(JSON.stringify(provider), /evil/)
    assert.equal(provider.options["fetch"], answer)
  })

  it("may define a variant that we switch off, change one of ours and disable one", async () => {
    const { models } = await kiro({
      models: {
        "claude-haiku-4-5": { variants: { high: { reasoningEffort: "high" } } },
        "claude-opus-4-5": {
          variants: { low: { thinkingConfig: { thinkingBudget: 4000 } }, max: { disabled: true } },
        },
      },
    })
    assert.deepEqual(models["claude-haiku-4-5"]?.variants["high"], { reasoningEffort: "high" })
    assert.deepEqual(models["claude-opus-4-5"]?.variants["low"], { thinkingConfig: { thinkingBudget: 4000 } })
    assert.deepEqual((models["claude-opus-4-5"].variants["max"] as { disabled: boolean }).disabled, true)
  })

  it("gets limits for a model that nobody knows", async () => {
    const { models } = await kiro({ models: { "claude-next-9": {} } })
    assert.deepEqual(models["claude-next-9"]?.limit, { context: 200_000, output: 64_000 })
    assert.equal(models["claude-next-9"]["id"], "kiro/claude-next-9")
  })

  it("keeps the wire id it gave a model", async () => {
    const { models } = await kiro({ models: { fast: { id: "claude-haiku-4.5", name: "Fast" } } })
    assert.equal(models["fast"]?.["id"], "kiro/claude-haiku-4.5")
    assert.equal(models["fast"]["family"], "claude-haiku")
  })

  it("keeps a chosen model that the list does not offer", async () => {
    const config = {
      model: "kiro/glm-5",
      small_model: "kiro/",
      agent: { build: { model: "kiro/claude-opus-5.5" } },
      command: { review: { model: "kiro/qwen3-coder-next" } },
    }
    const { models } = await inject(config, { listed: ["auto"] })
    assert.ok(models["glm-5"])
    assert.ok(models["qwen3-coder-next"])
    assert.equal(models[""], undefined)
    assert.equal(models["claude-opus-5.5"]?.["id"], "kiro/claude-opus-5.5")
    assert.equal(models["minimax-m2-5"], undefined)
  })

  it("need not name a model that the command line does, in another spelling than the list", async () => {
    for (const words of [
      ["-m", "kiro/claude-sonnet-4.5-20250929"],
      ["--model=kiro/claude-sonnet-4.5-20250929"],
      ["-m=kiro/claude-sonnet-4.5-20250929"],
    ]) {
      const argv = ["opencode", "run", ...words, "Hello"]
      const { models, whitelist } = await inject({}, { argv })
      const model = models["claude-sonnet-4.5-20250929"]
      assert.equal(model?.name, "Claude Sonnet 4.5 (1.3x)")
      assert.equal(model["id"], "kiro/claude-sonnet-4.5-20250929")
      assert.ok(Array.isArray(whitelist) && whitelist.includes("claude-sonnet-4.5-20250929"))
    }
  })
})
