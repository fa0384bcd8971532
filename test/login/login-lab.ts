import { mkdtempSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type Account, type AccountStore, openAccountStore } from "../../src/accounts/index.ts"
import type { AccountModelList } from "../../src/kiro/index.ts"
import type { AuthHook } from "@opencode-ai/plugin"
import { authHook } from "../../src/plugin/login/auth-hook.ts"
import { createLoginControl } from "../../src/plugin/login/control.ts"
import type { ImportOutcome, LoginDependencies, LoginMessage } from "../../src/plugin/login/dependencies.ts"
import { createLogin } from "../../src/plugin/login/methods.ts"
import { type Runtime, silentLog, systemRuntime } from "../../src/runtime.ts"
import { DEFAULT_SETTINGS, type Settings } from "../../src/settings/index.ts"
import { fakeClock, type FakeClock } from "../support/clock.ts"
import { type FakeKiro, startFakeKiro } from "../support/fake-kiro/index.ts"
import { removeFolder } from "../support/secrets.ts"

/** A sign-in with everything real but the clock and the service. */
export interface LoginLab {
  readonly fake: FakeKiro
  readonly clock: FakeClock
  readonly runtime: Runtime
  readonly store: AccountStore
  readonly authFile: string
  readonly told: LoginMessage[]
  readonly opened: string[]
  readonly models: AccountModelList[]
  readonly dependencies: LoginDependencies
  settings: Settings
  importOutcome: ImportOutcome
  readonly controller: AbortController
  hook(): AuthHook
  /** Runs a method as the host does: answers, then the callback. */
  signIn(method: number, answers?: Record<string, string>): Promise<unknown>
  accounts(): Promise<readonly Account[]>
  close(): Promise<void>
}

export const AWS = 0
export const SOCIAL = 1
export const IMPORT = 2
export const API_KEY = 3

export async function openLab(): Promise<LoginLab> {
  const folder = mkdtempSync(join(tmpdir(), "kiro-login-"))
  const clock = fakeClock()
  const fake = await startFakeKiro({ now: clock.now })
  const runtime = { ...systemRuntime(silentLog), clock }
  const store = await openAccountStore({
    path: join(folder, "kiro.db"),
    clock,
    log: silentLog,
    random: () => 0.5,
  })
  const controller = new AbortController()
  const lab: LoginLab = {
    fake,
    clock,
    runtime,
    store,
    authFile: join(folder, "auth.json"),
    told: [],
    opened: [],
    models: [],
    settings: { ...DEFAULT_SETTINGS, endpointOverride: fake.url },
    importOutcome: { added: [], updated: [], unchanged: [], problems: [] },
    controller,
    get dependencies() {
      return dependenciesOf(lab)
    },
    async signIn(method, answers = {}) {
      const chosen = lab.hook().methods[method]
      if (chosen?.type !== "oauth") throw new Error("no such method")
      const authorization = await chosen.authorize(answers)
      if (authorization.method !== "auto") throw new Error("not by code")
      return authorization.callback()
    },
    hook: () =>
      authHook({ defaults: () => lab.settings, methods: async () => createLogin(lab.dependencies) }),
    accounts: () => store.list(),
    async close() {
      controller.abort()
      await store.close()
      await fake.close()
      removeFolder(folder)
    },
  }
  return lab
}

function dependenciesOf(lab: LoginLab): LoginDependencies {
  const { runtime } = lab
  return {
    runtime,
    version: "test",
    settings: lab.settings,
    store: lab.store,
    control: createLoginControl({
      client: { runtime, version: "test", endpointOverride: lab.fake.url },
      defaultRegion: lab.settings.defaultRegion,
      keepModels: async (list) => void lab.models.push(list),
    }),
    importLogins: async () => lab.importOutcome,
    authFile: lab.authFile,
    openBrowser: (url) => void lab.opened.push(url),
    tell: (message) => void lab.told.push(message),
    signal: lab.controller.signal,
  }
}
