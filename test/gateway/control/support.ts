import { randomUUID } from "node:crypto"
import type { ControlClient, ControlTarget } from "../../../src/gateway/control/call.ts"
import type { Runtime } from "../../../src/runtime.ts"
import { silentLog } from "../../../src/runtime.ts"
import { Secret } from "../../../src/secret.ts"
import { type FakeClock, fakeClock } from "../../support/clock.ts"
import type { FakeKiro } from "../../support/fake-kiro/index.ts"

export interface Control {
  readonly clock: FakeClock
  readonly client: ControlClient
  readonly target: ControlTarget
  /** Hosts that no connection reaches. */
  readonly unreachable: Set<string>
}

/** A client of the control plane for one account of the fake, on a clock of its own. */
export function controlOf(fake: FakeKiro, accessToken: string, target: Partial<ControlTarget> = {}): Control {
  const clock = fakeClock()
  const unreachable = new Set<string>()
  const runtime: Runtime = {
    fetch: async (url, init) => {
      const host = new Headers(init.headers).get("x-kiro-original-host") ?? ""
      if (unreachable.has(host))
        throw new TypeError("fetch failed", {
          cause: Object.assign(new Error(`no ${host}`), { code: "ENOTFOUND" }),
        })
      return fetch(url, init)
    },
    clock,
    log: silentLog,
    random: () => 0.5,
    randomUUID,
  }
  return {
    clock,
    unreachable,
    client: { runtime, endpointOverride: fake.url },
    target: { serviceRegion: "us-east-1", access: { accessToken: new Secret(accessToken) }, ...target },
  }
}
