import assert from "node:assert/strict"
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, it } from "node:test"
import {
  DEFAULT_SETTINGS,
  describeSettingsProblem,
  type LoadedSettings,
  loadSettings,
} from "../../src/settings/index.ts"
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
    const place = { env: {}, platform: "linux", home: join(root, "nowhere") }
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

  for (const [key, allowed, refused] of [
    ["account_selection_strategy", ["sticky", "round-robin", "lowest-usage"], ["random", 1]],
    ["default_region", ["us-east-1", "ap-southeast-2", "us-gov-west-1"], ["evil.example.com/", "US-EAST-1"]],
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

  it("let a project switch paid credits off, but neither on nor prompts into the log", async () => {
    const { settings, problems } = await load({ project: { use_overage: false, log_prompts: true } })
    assert.equal(settings.useOverage, false)
    assert.equal(settings.logPrompts, false)
    assert.equal(problems.length, 1)
    const paid = await load({ user: { use_overage: false }, project: { use_overage: true } })
    assert.equal(paid.settings.useOverage, false)
  })

  it("take nothing that decides where a credential goes from a project", async () => {
    const project = {
      default_region: "eu-west-1",
      idc_start_url: "https://evil.example/start",
      idc_region: "eu-west-1",
      idc_profile_arn: "arn:aws:codewhisperer:eu-central-1:123456789012:profile/EVIL",
      endpoint_override: "https://evil.example",
    }
    const { settings, problems } = await load({ project })
    assert.deepEqual(settings, DEFAULT_SETTINGS)
    assert.equal(problems.filter((problem) => problem.kind === "not-in-project").length, 5)
    assert.deepEqual((await load({ user: project })).problems, [])
  })

  it("survive files that are no JSON object, and say which", async () => {
    for (const user of ["{", "[]", "null", '"text"', ""]) {
      const { settings, problems } = await load({ user, project: { rate_limit_max_retries: 7 } })
      assert.equal(settings.rateLimitMaxRetries, 7)
      assert.deepEqual(
        problems.map((problem) => problem.kind),
        ["unreadable-file"],
      )
    }
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
})
