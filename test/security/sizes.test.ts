import assert from "node:assert/strict"
import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from "node:fs"
import { createServer, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import { join } from "node:path"
import { after, before, describe, it } from "node:test"
import { readBody } from "../../src/runtime.ts"
import { loadSettings, readSmallFile } from "../../src/settings/index.ts"
import { builderToken, cliDatabase, sourcesOf, sqlite, writeCliStore } from "../import/stores.ts"
import { temporaryFolder } from "../support/temporary-folder.ts"

const MEGABYTE = 1_000_000
const POSIX = process.platform === "win32" ? { skip: "no such devices here" } : {}

describe("an input without end", () => {
  let folder = ""
  let server: Server
  let sentBytes = 0

  before(async () => {
    folder = temporaryFolder()
    // Sends until nobody listens any more.
    server = createServer((_, response) => {
      const chunk = "x".repeat(64 * 1024)
      const more = (): void => {
        while (!response.destroyed && response.write(chunk)) sentBytes += chunk.length
      }
      response.on("drain", more).on("error", () => undefined)
      more()
    })
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  })
  after(() => {
    server.closeAllConnections()
    server.close()
  })

  it("is cut where it is the body of an answer", async () => {
    const { port } = server.address() as AddressInfo
    const text = await readBody(await fetch(`http://127.0.0.1:${port}`), new AbortController().signal)
    assert.ok(text.length > 4 * MEGABYTE && text.length < 6 * MEGABYTE, String(text.length))
    assert.ok(sentBytes < 100 * MEGABYTE, String(sentBytes))
  })

  it("is not opened where a repository's kiro.json is a link to a device", POSIX, async () => {
    const project = join(folder, "project")
    mkdirSync(join(project, ".opencode"), { recursive: true })
    symlinkSync("/dev/zero", join(project, ".opencode", "kiro.json"))
    const place = {
      env: {},
      platform: process.platform,
      home: folder,
      project: { directory: project, worktree: "/" },
    }
    const { problems } = await loadSettings(place)
    assert.deepEqual(
      problems.map((problem) => problem.kind === "unreadable-file" && problem.reason),
      ["it is not a file"],
    )
  })

  it("is not read where it is a file of ours, of the host, or of another program", () => {
    const file = join(folder, "large.json")
    writeFileSync(file, "{}")
    assert.deepEqual(readSmallFile(file), { state: "text", text: "{}" })
    truncateSync(file, 100 * MEGABYTE)
    assert.deepEqual(readSmallFile(file), { state: "failed", message: "is too large" })
  })

  it("is no token where it is a value of an older plugin's table", async () => {
    const home = join(folder, "older")
    const file = join(home, ".config", "opencode", "kiro.db")
    await sqlite(file, (database) => {
      database.run(
        "CREATE TABLE accounts (id TEXT PRIMARY KEY, auth_method TEXT, refresh_token TEXT, access_token TEXT, expires_at INTEGER, profile_arn TEXT)",
      )
      const insert = "INSERT INTO accounts VALUES (?, 'desktop', 'aorOLDER', ?, 9e12, ?)"
      database.run(insert, ["endless token", "a".repeat(2 * MEGABYTE), null])
      database.run(insert, ["endless profile", "aoaOLDER", "p".repeat(2 * MEGABYTE)])
    })
    const source = sourcesOf(home).find((each) => each.source === "older-plugin")
    const { logins, problems } = (await source?.read()) ?? {}
    assert.deepEqual(
      problems?.map(({ key, message }) => [key, message]),
      [["accounts endless token", "holds no token pair"]],
    )
    assert.deepEqual(
      logins?.map(({ login }) => login.profileArn),
      [undefined],
    )
  })

  it("is cut, and so is no login, where it is a value in kiro-cli's store", async () => {
    const home = join(folder, "home")
    const endless = { ...builderToken, access_token: "a".repeat(2 * MEGABYTE) }
    await writeCliStore(cliDatabase(home), { "kirocli:social:token": endless })
    const [source] = sourcesOf(home)
    const { logins, problems } = (await source?.read()) ?? {}
    assert.deepEqual(logins, [])
    assert.deepEqual(
      problems?.map(({ message }) => message),
      ["is not a JSON object"],
    )
  })
})
