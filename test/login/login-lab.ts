import { join } from "node:path"
import type { AuthHook } from "@opencode-ai/plugin"
import type { Account, AccountStore } from "../../src/accounts/index.ts"
import { openAccounts } from "../../src/gateway/index.ts"
import { type AccountLine, createManagement, type Management } from "../../src/host/manage.ts"
import type { ImportOutcome } from "../../src/import/index.ts"
import { type Logins, openLogins } from "../../src/login/index.ts"
import { adoptApiKey } from "../../src/plugin/auth-file.ts"
import { authHook } from "../../src/plugin/auth-hook.ts"
import { managing } from "../../src/plugin/manage-accounts.ts"
import type { LoginToast } from "../../src/plugin/toasts.ts"
import { type Runtime, silentLog, systemRuntime } from "../../src/runtime.ts"
import { DEFAULT_SETTINGS, pathsFor, type Settings } from "../../src/settings/index.ts"
import { fakeClock, type FakeClock } from "../support/clock.ts"
import { type FakeKiro, startFakeKiro } from "../support/fake-kiro/index.ts"
import { temporaryFolder } from "../support/temporary-folder.ts"

/** A sign-in with everything real but the clock and the service. */
export interface LoginLab {
  readonly fake: FakeKiro
  readonly clock: FakeClock
  readonly runtime: Runtime
  readonly store: AccountStore
  /** OpenCode's folders and ours are in it. */
  readonly home: string
  readonly authFile: string
  readonly told: LoginToast[]
  readonly opened: string[]
  settings: Settings
  importOutcome: ImportOutcome
  readonly controller: AbortController
  /** What the menu knows. */
  known: readonly AccountLine[]
  changes: number
  logins(): Logins
  management(): Management
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
  const home = temporaryFolder()
  const clock = fakeClock()
  const fake = await startFakeKiro({ now: clock.now })
  const runtime = { ...systemRuntime(silentLog), clock }
  const settings = { ...DEFAULT_SETTINGS, endpointOverride: fake.url }
  const place = { env: {}, platform: "linux", home }
  const paths = pathsFor(place)
  const notify = (): void => undefined
  const opened = await openAccounts({ runtime, settings, paths, sources: [], notify })
  const { store, client, lookUps } = opened
  const controller = new AbortController()
  const lab: LoginLab = {
    fake,
    clock,
    runtime,
    store,
    home,
    authFile: join(home, "auth.json"),
    told: [],
    opened: [],
    settings,
    importOutcome: { added: [], updated: [], unchanged: [], problems: [] },
    controller,
    known: [],
    changes: 0,
    management: () =>
      createManagement({
        accounts: opened,
        logins: lab.logins(),
        settings: lab.settings,
        paths,
        place,
        runtime,
        signal: controller.signal,
      }),
    logins: () =>
      openLogins({
        client,
        store,
        settings: lab.settings,
        offerModels: lookUps.offerModels,
        importLogins: async () => lab.importOutcome,
        openBrowser: (url) => void lab.opened.push(url),
        signal: controller.signal,
      }),
    async signIn(method, answers = {}) {
      const chosen = lab.hook().methods[method]
      if (chosen?.type !== "oauth") throw new Error("no such method")
      const authorization = await chosen.authorize(answers)
      if (authorization.method !== "auto") throw new Error("not by code")
      return authorization.callback()
    },
    hook: () =>
      authHook({
        defaults: () => lab.settings,
        managing: () => managing(lab.known),
        adoptApiKey,
        desk: async () => ({
          logins: lab.logins(),
          management: lab.management(),
          project: { directory: join(home, "project", "packages", "one"), worktree: join(home, "project") },
          changed: () => void (lab.changes += 1),
          log: silentLog,
          authFile: lab.authFile,
          tell: (toast) => void lab.told.push(toast),
          fit: (text) => text,
          signal: controller.signal,
        }),
      }),
    accounts: () => store.list(),
    async close() {
      controller.abort()
      await opened.close()
      await fake.close()
    },
  }
  return lab
}
