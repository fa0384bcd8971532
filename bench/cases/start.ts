import { execFile } from "node:child_process"
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { newAccount } from "../../src/accounts/index.ts"
import { encodeModelLists } from "../../src/kiro/index.ts"
import { VERSION } from "../../src/version.ts"
import { idcLogin } from "../../test/accounts/logins.ts"
import { openStore } from "../../test/accounts/open-for-test.ts"
import { FAKE_MODELS, modelDocument } from "../../test/support/fake-kiro/models.ts"
import type { BenchCase, Figure } from "../harness.ts"

const ROW = "import, server() and config(), over an empty plugin"
const USED = "the same with settings, accounts and a live model list"
const STARTS = 10
const PREFIX = join(tmpdir(), "kiro-bench-")
const EMPTY_PLUGIN = new URL("../empty-plugin.ts", import.meta.url)
const PLUGIN = new URL("../../dist/index.js", import.meta.url)

const SETTINGS = {
  account_selection_strategy: "round-robin",
  default_region: "eu-central-1",
  request_timeout_ms: 180_000,
  idc_start_url: "https://d-1234567890.awsapps.com/start",
  toasts: false,
}
const LISTS = [
  { accountId: "one", serviceRegion: "us-east-1", fetchedAt: 1, models: FAKE_MODELS.map(modelDocument) },
]

/** The start of the built package in a process of its own, in an empty home and in one that is used. Build it first. */
export function start(): BenchCase {
  return {
    name: "start",
    rounds: 5,
    limits: { [ROW]: { atMost: 12 }, [USED]: { atMost: 12 } },
    async round() {
      const [fresh, used] = [await mkdtemp(PREFIX), await usedHome()]
      const figures: Figure[] = []
      for (let time = 0; time < STARTS; time++) {
        // In turns, so that each stands beside an empty plugin of the same moment.
        const empty = await startMs(EMPTY_PLUGIN, fresh)
        const more = {
          fresh: (await startMs(PLUGIN, fresh)) - empty,
          used: (await startMs(PLUGIN, used)) - empty,
        }
        figures.push({ row: ROW, unit: "ms", ours: more.fresh }, { row: USED, unit: "ms", ours: more.used })
      }
      for (const home of [fresh, used]) await rm(home, { recursive: true, force: true })
      return figures
    },
  }
}

async function usedHome(): Promise<string> {
  const home = await mkdtemp(PREFIX)
  const folder = join(home, "opencode")
  await mkdir(folder)
  await writeFile(join(folder, "kiro.json"), JSON.stringify(SETTINGS))
  await writeFile(join(folder, "kiro-models.json"), encodeModelLists(LISTS, VERSION))
  const { store } = await openStore({ path: join(folder, "kiro.db") })
  for (const id of ["one", "two"]) await store.add(newAccount({ id, now: 1, logins: [idcLogin({ id })] }))
  await store.close()
  return home
}

async function startMs(plugin: URL, home: string): Promise<number> {
  const starter = new URL("../start-plugin.ts", import.meta.url)
  const env = { PATH: process.env["PATH"] ?? "", HOME: home, XDG_CONFIG_HOME: home, XDG_DATA_HOME: home }
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [fileURLToPath(starter), fileURLToPath(plugin)],
    { cwd: home, env },
  )
  return Number(stdout)
}
