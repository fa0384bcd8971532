import {
  startFakeKiro,
  type AccountOptions,
  type FakeAccount,
  type FakeKiro,
} from "../support/fake-kiro/index.ts"
import { createSandbox, type Sandbox, type SandboxOptions } from "../support/opencode/index.ts"

export interface Stage {
  readonly fake: FakeKiro
  readonly account: FakeAccount
  readonly sandbox: Sandbox
}

/** A fake with one account and an OpenCode whose plugin speaks to it; both are gone afterwards. */
export async function withFakeAndSandbox(
  test: (stage: Stage) => Promise<void>,
  options: SandboxOptions & { readonly account?: AccountOptions } = {},
): Promise<void> {
  const fake = await startFakeKiro()
  const sandbox = createSandbox({ endpoint: fake.url, ...options })
  try {
    await test({ fake, account: fake.account(options.account), sandbox })
    if (fake.scriptErrors.length > 0) throw fake.scriptErrors[0]
  } finally {
    await fake.close()
    sandbox.remove()
  }
}
