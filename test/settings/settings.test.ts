import assert from "node:assert/strict"
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, it } from "node:test"
import {
  DEFAULT_SETTINGS,
  describeSettingsProblem,
  followSettings,
  openSettings,
  type LoadedSettings,
  loadSettings,
} from "../../src/settings/index.ts"
import { needsLinks } from "../support/posix.ts"
import { temporaryFolder } from "../support/temporary-folder.ts"

const root = temporaryFolder()

let places = 0

function load(files: {
  readonly user?: unknown
  readonly project?: unknown
  readonly env?: Record<string, string>
}): Promise<LoadedSettings> {
  places += 1
  const home = join(root, String(places))
  const projectDirectory = join(home, "project")
  mkdirSync(join(home, ".config", "opencode"), { recursive: true })
  mkdirSync(join(projectDirectory, ".opencode"), { recursive: true })
  const write = (path: string, content: unknown): void => {
    if (content !== undefined)
      writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content))
  }
  write(join(home, ".config", "opencode", "kiro.json"), files.user)
  write(join(projectDirectory, ".opencode", "kiro.json"), files.project)
  return loadSettings({
    env: files.env ?? {},
    platform: "linux",
    home,
    project: { directory: projectDirectory, worktree: "/" },
  })
}

describe("settings", () => {
  it("are the defaults where there is no file", async () => {
    assert.deepEqual(await load({}), { settings: DEFAULT_SETTINGS, problems: [] })
  })

  it("are overridden by the project's file, and both by the environment", async () => {
    const { settings, problems } = await load({
      user: { rate_limit_max_retries: 1, max_request_iterations: 30, use_overage: false },
      project: { max_request_iterations: 40, usage_sync_max_retries: 1 },
      env: { KIRO_USAGE_SYNC_MAX_RETRIES: "2", KIRO_ENABLE_LOG_API_REQUEST: "true", KIRO_DEFAULT_REGION: "" },
    })
    assert.deepEqual(problems, [])
    assert.deepEqual(settings, {
      ...DEFAULT_SETTINGS,
      rateLimitMaxRetries: 1,
      maxRequestIterations: 40,
      useOverage: false,
      usageSyncMaxRetries: 2,
      enableLogApiRequest: true,
    })
  })

  it("take a null for a key that is not there, without a word", async () => {
    const user = { log_level: "debug", toasts: null, idc_region: null }
    const { settings, problems } = await load({ user, project: { rate_limit_max_retries: null } })
    assert.deepEqual(settings, { ...DEFAULT_SETTINGS, logLevel: "debug" })
    assert.deepEqual(problems, [])
  })

  it("are those of the whole repository where it is started in one of its folders", async () => {
    const worktree = join(root, "repository")
    const directory = join(worktree, "packages", "one")
    const write = (folder: string, values: object): void => {
      mkdirSync(join(folder, ".opencode"), { recursive: true })
      writeFileSync(join(folder, ".opencode", "kiro.json"), JSON.stringify(values))
    }
    write(root, { toasts: false })
    write(worktree, { rate_limit_max_retries: 1, usage_sync_max_retries: 1, use_overage: false })
    write(directory, { usage_sync_max_retries: 2, use_overage: true })
    const place = { env: {}, platform: process.platform, home: join(root, "nowhere") }
    const { settings } = await loadSettings({ ...place, project: { directory, worktree } })
    assert.deepEqual(settings, {
      ...DEFAULT_SETTINGS,
      rateLimitMaxRetries: 1,
      usageSyncMaxRetries: 2,
      useOverage: false,
    })
    const alone = await loadSettings({ ...place, project: { directory, worktree: "/" } })
    assert.deepEqual(alone.settings, { ...DEFAULT_SETTINGS, usageSyncMaxRetries: 2 })
  })

  it("replace only a bad value, and name its key and allowed range once", async () => {
    const { settings, problems } = await load({
      user: { rate_limit_retry_delay_ms: 999, rate_limit_max_retries: 2, use_overage: "no" },
    })
    assert.deepEqual(settings, { ...DEFAULT_SETTINGS, rateLimitMaxRetries: 2 })
    const texts = problems.map(describeSettingsProblem)
    assert.equal(texts.length, 2)
    assert.match(texts[0] ?? "", /rate_limit_retry_delay_ms .*from 1000 to 60000/)
    assert.match(texts[1] ?? "", /use_overage .*true or false/)
  })

  it("check the range of a number in the environment", async () => {
    const { settings, problems } = await load({
      env: { KIRO_REQUEST_TIMEOUT_MS: "1", KIRO_USE_OVERAGE: "perhaps" },
    })
    assert.deepEqual(settings, DEFAULT_SETTINGS)
    assert.deepEqual(
      problems.map((problem) => problem.kind),
      ["bad-value", "bad-value"],
    )
  })

  it("name the variable that has a bad value: who looks for it knows it by no other name", async () => {
    const env = { KIRO_TOASTS: "perhaps", KIRO_FALLBACK_MODELS: '{"a":"b"}', KIRO_WEB_SEARCH_ENABLED: "x" }
    const texts = (await load({ env })).problems.map(describeSettingsProblem)
    assert.deepEqual(texts, [
      "toasts in the environment (KIRO_TOASTS) must be true or false; it is ignored.",
      "fallback_models.a in the environment (KIRO_FALLBACK_MODELS) must be a list of model ids; it is ignored.",
      "web_search_enabled in the environment (KIRO_WEB_SEARCH_ENABLED) must be true or false; it is ignored.",
    ])
  })

  it("take a blank variable of the environment for none, and no blanks around a value", async () => {
    const env = { KIRO_DEFAULT_REGION: "  ", KIRO_USE_OVERAGE: "", KIRO_TOASTS: " false\n" }
    const { settings, problems } = await load({ env })
    assert.deepEqual(problems, [])
    assert.deepEqual(settings, { ...DEFAULT_SETTINGS, toasts: false })
  })

  it("take no part of a text in the environment for the whole", async () => {
    for (const text of ["1,5", "5 credits", "3;", "7 8", "[4"]) {
      const { settings, problems } = await load({ env: { KIRO_DAILY_CREDIT_BUDGET: text } })
      assert.deepEqual([settings.dailyCreditBudget, problems.length], [undefined, 1], text)
    }
    const cut = await load({ env: { KIRO_FALLBACK_MODELS: '{"claude-opus-5":["claude-sonnet-5"]' } })
    assert.deepEqual([cut.settings.fallbackModels, cut.problems.length], [{}, 1])
    const { settings } = await load({ env: { KIRO_FALLBACK_MODELS: '{"a":["b",],} // mine' } })
    assert.deepEqual(settings.fallbackModels, { a: ["b"] })
  })

  for (const [key, allowed, refused] of [
    ["account_selection_strategy", ["sticky", "round-robin", "lowest-usage"], ["random", 1]],
    [
      "default_region",
      ["us-east-1", "ap-southeast-2", "us-gov-west-1", "eusc-de-east-1"],
      ["evil.example.com/", "US-EAST-1"],
    ],
    [
      "idc_start_url",
      ["https://d-1.awsapps.com/start"],
      ["http://d-1.awsapps.com/start", "https://u:p@x.example/"],
    ],
    [
      "idc_profile_arn",
      ["arn:aws:codewhisperer:eu-central-1:123456789012:profile/ABC"],
      ["arn:aws:iam::1:x"],
    ],
    ["rate_limit_retry_delay_ms", [1000, 60_000], [999, 60_001, 1000.5, "2000"]],
    ["rate_limit_max_retries", [0, 10], [-1, 11]],
    ["max_request_iterations", [5, 10, 1000], [4, 1001]],
    ["request_timeout_ms", [30_000, 60_000, 600_000], [29_999, 600_001]],
    ["token_expiry_buffer_ms", [30_000, 300_000], [29_999, 300_001]],
    ["usage_sync_max_retries", [0, 5], [-1, 6]],
    ["account_reserve", [0, 50], [-1, 51, 0.5]],
    ["daily_credit_budget", [0.5, 100_000], [0, -1, "5"]],
    ["endpoint_override", ["https://x.example", "http://127.0.0.1:8080"], ["http://x.example", "file:///x"]],
  ] as const)
    it(`allow for ${key} its range and nothing else`, async () => {
      for (const value of allowed)
        assert.deepEqual((await load({ user: { [key]: value } })).problems, [], String(value))
      for (const value of refused)
        assert.deepEqual(
          (await load({ user: { [key]: value } })).problems.map((problem) => problem.kind),
          ["bad-value"],
          String(value),
        )
    })

  it("let a project switch off what costs, writes or follows, but not on", async () => {
    const keys = [
      "use_overage",
      "auto_sync_kiro_cli",
      "web_search",
      "web_search_enabled",
      "enable_log_api_request",
      "log_prompts",
    ]
    const all = (value: boolean) => Object.fromEntries(keys.map((key) => [key, value]))
    const on = await load({ user: all(false), project: all(true) })
    assert.deepEqual(on.settings, {
      ...DEFAULT_SETTINGS,
      useOverage: false,
      autoSyncKiroCli: false,
    })
    assert.deepEqual(
      on.problems.map((problem) => problem.kind === "not-in-project" && problem.key),
      keys,
    )
    const off = await load({ user: all(true), project: all(false) })
    assert.deepEqual(off, { settings: on.settings, problems: [] })
  })

  it("take nothing from a project that decides where a credential goes, what is spent or what is written", async () => {
    const project = {
      default_region: "eu-west-1",
      idc_start_url: "https://evil.example/start",
      idc_region: "eu-west-1",
      idc_profile_arn: "arn:aws:codewhisperer:eu-central-1:123456789012:profile/EVIL",
      endpoint_override: "https://evil.example",
      account_rules: [{ account: "evil" }],
      daily_credit_budget: 1_000_000,
      account_reserve: 50,
      fallback_models: { "claude-haiku-4-5": ["claude-opus-5"] },
      log_level: "debug",
    }
    const { settings, problems } = await load({ project })
    assert.deepEqual(settings, DEFAULT_SETTINGS)
    assert.equal(problems.filter((problem) => problem.kind === "not-in-project").length, 10)
    assert.match(
      problems.map(describeSettingsProblem).join("\n"),
      /^endpoint_override in .*kiro\.json is ignored: a repository may not decide where a login goes, /m,
    )
    assert.deepEqual((await load({ user: project })).problems, [])
  })

  it("survive files that are no JSON object, say which, and then use no paid credits", async () => {
    for (const user of ["[]", "null", '"text"', "", "[".repeat(100_000)]) {
      const { settings, problems } = await load({ user, project: { rate_limit_max_retries: 7 } })
      assert.equal(settings.rateLimitMaxRetries, 7)
      assert.equal(settings.useOverage, false)
      assert.deepEqual(
        problems.map((problem) => problem.kind),
        ["unreadable-file"],
      )
      assert.match(problems.map(describeSettingsProblem).join(), /kiro\.json is ignored: .* No paid credits/)
    }
  })

  it("take comments and trailing commas", async () => {
    const user = '{\n  // mine\n  "toasts": false, /* and */ "rate_limit_max_retries": 7,\n}\n'
    assert.deepEqual(await load({ user }), {
      settings: { ...DEFAULT_SETTINGS, toasts: false, rateLimitMaxRetries: 7 },
      problems: [],
    })
  })

  it("are what can be read of a broken file, without paid credits, and the line of the fault is named", async () => {
    const user = '{\n  "use_overage": true,\n  "toasts": false\n  "rate_limit_max_retries": 7\n'
    const { settings, problems } = await load({ user })
    assert.deepEqual(settings, {
      ...DEFAULT_SETTINGS,
      toasts: false,
      rateLimitMaxRetries: 7,
      useOverage: false,
    })
    assert.match(problems.map(describeSettingsProblem).join(), /kiro\.json is broken at line 4/)
  })

  it("use no paid credits while a file is broken, whoever else allows them", async () => {
    const env = { KIRO_USE_OVERAGE: "true" }
    for (const broken of ['{ "toasts": false', "[]"])
      for (const files of [{ user: broken }, { user: { use_overage: true }, project: broken }])
        assert.equal((await load({ ...files, env })).settings.useOverage, false)
    assert.equal((await load({ user: { use_overage: false }, env })).settings.useOverage, true)
  })

  it(
    "use none either while the file is a link that leads nowhere: it may forbid them",
    needsLinks,
    async () => {
      const home = join(root, "linked")
      mkdirSync(join(home, ".config", "opencode"), { recursive: true })
      symlinkSync(join(home, "away", "kiro.json"), join(home, ".config", "opencode", "kiro.json"))
      const place = { env: {}, platform: "linux", home }
      const { settings, problems } = await loadSettings(place)
      assert.equal(settings.useOverage, false)
      assert.match(
        problems.map(describeSettingsProblem).join(),
        /kiro\.json is ignored: it leads to no file\. No paid credits/,
      )
      mkdirSync(join(home, "away"))
      writeFileSync(join(home, "away", "kiro.json"), '{"toasts": false}')
      assert.deepEqual(await loadSettings(place), {
        settings: { ...DEFAULT_SETTINGS, toasts: false },
        problems: [],
      })
    },
  )

  it("hold rules, a budget, a reserve, other models and web search", async () => {
    const account_rules = [{ project: "~/work/*", account: "a1", fallback: false }]
    const user = {
      account_rules,
      daily_credit_budget: 12.5,
      account_reserve: 20,
      fallback_models: { "claude-opus-5": ["claude-sonnet-5"] },
      web_search_enabled: true,
    }
    assert.deepEqual(await load({ user }), {
      settings: {
        ...DEFAULT_SETTINGS,
        accountRules: account_rules,
        dailyCreditBudget: 12.5,
        accountReserve: 20,
        fallbackModels: { "claude-opus-5": ["claude-sonnet-5"] },
        webSearch: true,
      },
      problems: [],
    })
    const { settings } = await load({
      env: { KIRO_ACCOUNT_RULES: JSON.stringify(account_rules), KIRO_DAILY_CREDIT_BUDGET: "5" },
    })
    assert.deepEqual(settings.accountRules, account_rules)
    assert.equal(settings.dailyCreditBudget, 5)
  })

  it("leave out the word of other models that is wrong, and take the others", async () => {
    const fallback_models = {
      "claude-opus-5": ["", "claude-sonnet-5", 7, " claude-haiku-4-5 "],
      auto: "claude-sonnet-5",
      "claude-sonnet-5": ["  "],
    }
    for (const layers of [
      { user: { fallback_models } },
      { env: { KIRO_FALLBACK_MODELS: JSON.stringify(fallback_models) } },
    ]) {
      const { settings, problems } = await load(layers)
      assert.deepEqual(settings.fallbackModels, {
        "claude-opus-5": ["claude-sonnet-5", "claude-haiku-4-5"],
        "claude-sonnet-5": [],
      })
      assert.equal(problems.length, 1)
      assert.match(
        problems.map(describeSettingsProblem).join(),
        /^fallback_models\.claude-opus-5\[0\] in .* must be a model's id; it is ignored/,
      )
    }
    assert.deepEqual((await load({ user: { fallback_models: 7 } })).settings.fallbackModels, {})
  })

  it("name the part of a rule that is wrong, and never let a misspelt rule hold for everything", async () => {
    const { settings, problems } = await load({
      user: { account_rules: [{ account: "a1" }, { agnet: "build", account: "a2" }], daily_credit_budget: 0 },
    })
    assert.deepEqual(settings, DEFAULT_SETTINGS)
    assert.deepEqual(
      problems.map((problem) => problem.kind === "bad-value" && problem.key),
      ["account_rules[1]", "daily_credit_budget"],
    )
  })

  it("accept the keys of older plugins without a word, and name a key that nobody knows", async () => {
    const { problems } = await load({
      user: { auth_server_port_start: 19847, effort: "high", use_overege: false },
    })
    assert.deepEqual(
      problems.map((problem) => problem.kind === "unknown-key" && problem.key),
      ["use_overege"],
    )
  })

  it("never repeat a bad value", async () => {
    const texts = (await load({ user: { idc_region: "ksk_verysecret" } })).problems.map(
      describeSettingsProblem,
    )
    assert.doesNotMatch(texts.join("\n"), /ksk_/)
  })

  it("are followed from the first look on, whatever a start read before", async () => {
    const home = join(root, "followed late")
    const file = join(home, ".config", "opencode", "kiro.json")
    mkdirSync(join(home, ".config", "opencode"), { recursive: true })
    const place = { env: {}, platform: "linux", home }
    const start = openSettings(place)
    writeFileSync(file, '{ "daily_credit_budget": 7 }')
    assert.equal((await start.load()).settings.dailyCreditBudget, undefined)
    assert.equal((await followSettings(place)()).dailyCreditBudget, 7)
  })

  it("are followed where the user's own file changes, as long as it can be read, and read again only then", async () => {
    const home = join(root, "followed")
    const file = join(home, ".config", "opencode", "kiro.json")
    mkdirSync(join(home, ".config", "opencode"), { recursive: true })
    const place = { env: {}, platform: "linux", home }
    const current = followSettings(place)
    assert.equal(await current(), DEFAULT_SETTINGS)
    writeFileSync(file, '{ "daily_credit_budget": 7 }')
    const changed = await current()
    assert.equal(changed.dailyCreditBudget, 7)
    assert.equal(await current(), changed)
    for (const broken of ['{ "account_rules": [', "[]"]) {
      writeFileSync(file, broken)
      assert.equal(await current(), changed)
    }
    writeFileSync(file, '{ "daily_credit_budget": 8 }')
    assert.equal((await current()).dailyCreditBudget, 8)
    rmSync(file)
    assert.equal((await current()).dailyCreditBudget, undefined)
    rmSync(join(home, ".config", "opencode"), { recursive: true })
    writeFileSync(join(home, ".config", "opencode"), "")
    assert.equal((await current()).dailyCreditBudget, undefined)
  })
})
