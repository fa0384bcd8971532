/** Loads a built package, has one message answered, takes its files away, and does all that an open window may still do. */
import assert from "node:assert/strict"
import { mkdirSync, renameSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import type { Hooks } from "@opencode-ai/plugin"
import { chatThrough } from "../plugin/chat-through.ts"
import { filesOf } from "./production.ts"
import { startFakeKiro } from "../support/fake-kiro/index.ts"
import { kiroCliStoreOf, seedKiroCliStore } from "../support/kiro-cli-store.ts"
import type { InstanceOptions } from "../../src/plugin/instance.ts"

type Input = InstanceOptions["input"]

const [, , folder = "", change = ""] = process.argv
const home = process.env["HOME"] ?? ""
const dist = join(folder, "dist")
const fake = await startFakeKiro()
const account = fake.account()
fake.account({ kind: "social" })
const config = join(home, ".config", "opencode")
mkdirSync(config, { recursive: true })
await seedKiroCliStore({ path: kiroCliStoreOf(home), accounts: [account] })

// No setting leads to the fake: what judges settings must be there afterwards although nothing has called for it.
const network = globalThis.fetch
globalThis.fetch = Object.assign(
  (address: string | URL | Request, init?: RequestInit) => {
    const { host, pathname, search } = new URL(String(address))
    const headers = new Headers(init?.headers)
    headers.set("x-kiro-original-host", host)
    return network(`${fake.url}${pathname}${search}`, { ...init, headers })
  },
  { preconnect: () => {} },
)

const { default: plugin }: { default: { server(input: Input): Promise<Hooks> } } = await import(
  pathToFileURL(join(dist, "index.js")).href
)
const first = await open()
if (change === "removed before it") {
  renameSync(dist, `${dist}-before`)
  const response = await send(first)
  assert.equal(response.status, 400)
  assert.match(
    await response.text(),
    /"Kiro: files of the plugin can't be loaded \([A-Za-z_]+\)\. Restart OpenCode\."/,
  )
  console.log("done")
  process.exit()
}
await ask(first)

if (change === "uninstalled") renameSync(join(folder, "node_modules"), join(folder, "packages-before"))
if (change !== "rebuilt") renameSync(dist, `${dist}-before`)
else for (const { path } of filesOf({ folder: dist })) writeFileSync(path, "export const another = 'build'\n")

account.expire()
await ask(first)
assert.equal(account.refreshCount, 1)
// Nobody can sign in with what is not there.
if (change === "uninstalled") await end(first)

// After a login OpenCode makes its plugins anew; another folder has settings of its own.
writeFileSync(join(config, "kiro.json"), JSON.stringify({ toasts: false, rate_limit_max_retries: 4 }))
const second = await open()
await ask(second)
const methods = second.auth?.methods ?? []
assert.equal(methods.length, 4)
for (const [index, answers] of [
  {},
  { provider: "Google" },
  {},
  { api_key: fake.account({ kind: "api-key" }).accessToken },
].entries()) {
  const method = methods[index]
  if (method?.type !== "oauth") throw new Error("a method of another type")
  const begun = await method.authorize(answers)
  if (index < 2) assert.match(begun.url, /^https?:/)
}
await end(first, second)

async function end(...instances: readonly Hooks[]): Promise<never> {
  for (const instance of instances) await instance.dispose?.()
  await fake.close()
  console.log("done")
  // The sign-ins that were begun would still wait for the user.
  process.exit()
}

async function open(): Promise<Hooks> {
  return plugin.server({ directory: home, worktree: home, client: { tui: { showToast: async () => true } } })
}

async function ask(hooks: Hooks): Promise<void> {
  const response = await send(hooks)
  const text = await response.text()
  assert.equal(response.status, 200, text)
}

async function send(hooks: Hooks): Promise<Response> {
  const chat = await chatThrough(hooks)
  return chat({ model: "claude-sonnet-4-5", stream: true, messages: [{ role: "user", content: "hi" }] })
}
