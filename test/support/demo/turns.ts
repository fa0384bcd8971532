import { setTimeout as sleep } from "node:timers/promises"
import type { MeteredTurn } from "../../../src/accounts/index.ts"
import { pathsFor } from "../../../src/settings/index.ts"
import type { Sandbox } from "../opencode/index.ts"
import { openStore } from "../../accounts/open-for-test.ts"

const TRIES = 30

/** What the plugin has written down of this session: its requests and their credits, oldest first. */
export async function readTurns(sandbox: Sandbox, sessionId: string): Promise<readonly MeteredTurn[]> {
  const { database } = pathsFor({ env: sandbox.environment, platform: process.platform, home: sandbox.home })
  const { store } = await openStore({ path: database })
  try {
    for (let tries = 1; ; tries += 1) {
      const turns = (await store.turns()).filter((turn) => turn.sessionId === sessionId)
      if (turns.length > 0 || tries === TRIES) return turns.toReversed()
      await sleep(100)
    }
  } finally {
    await store.close()
  }
}
