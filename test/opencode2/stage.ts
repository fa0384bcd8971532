import { type Harness, type HarnessOptions, startHarness } from "../gateway/harness.ts"
import type { FakeKiro } from "../support/fake-kiro/index.ts"
import type { FakeLocation, FakeSession, SessionOptions } from "../support/fake-opencode2/index.ts"
import { openHost } from "./small-plugin.ts"

/** A real gateway over a real store, before the fake Kiro and behind the fake OpenCode 2. */
export interface Stage extends AsyncDisposable {
  readonly harness: Harness
  readonly fake: FakeKiro
  readonly project: FakeLocation
  session(model: string, options?: Omit<SessionOptions, "model">): FakeSession
}

/** One account is signed in where no others are. */
export async function openStage(options: HarnessOptions = {}): Promise<Stage> {
  const harness = await startHarness({ accounts: ["only"], ...options })
  const opened = await openHost(
    { chat: (call) => harness.gateway.chat(call) },
    { onWait: (ms) => harness.clock.advance(ms) },
  )
  return {
    harness,
    fake: harness.fake,
    project: opened.project,
    session: (model, more) => opened.project.session({ ...more, model }),
    async [Symbol.asyncDispose]() {
      await opened[Symbol.asyncDispose]()
      await harness[Symbol.asyncDispose]()
    },
  }
}
