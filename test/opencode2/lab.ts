import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { dirname, extname, join } from "node:path"
import type { Account, AccountStore } from "../../src/accounts/index.ts"
import { setUp } from "../../src/opencode2/setup.ts"
import { pathsFor, type Place } from "../../src/settings/index.ts"
import type { FakeKiro } from "../support/fake-kiro/index.ts"
import { FakeOpenCode2, type FakeLocation, type HostOptions } from "../support/fake-opencode2/index.ts"
import { cliDatabase } from "../import/stores.ts"
import { type KiroCliStoreOptions, seedKiroCliStore } from "../support/kiro-cli-store.ts"
import { temporaryFolder } from "../support/temporary-folder.ts"
import { openStore } from "../accounts/open-for-test.ts"

export const PROVIDER: string = new URL(
  `../../src/opencode2/provider${extname(import.meta.filename)}`,
  import.meta.url,
).href

/** A whole plugin in a fake host, in a home of its own, before the fake Kiro. */
export class Lab {
  readonly home: string = temporaryFolder()
  readonly fake: FakeKiro
  #hosts: FakeOpenCode2[] = []
  /** Takes parts of the context away, or puts others there. */
  change: (context: Record<string, unknown>) => object = (context) => context

  constructor(fake: FakeKiro) {
    this.fake = fake
    this.write(".config/opencode/kiro.json", JSON.stringify({ endpoint_override: fake.url }))
  }

  get place(): Place {
    return { env: {}, platform: "linux", home: this.home }
  }

  write(path: string, content: string): void {
    mkdirSync(dirname(join(this.home, path)), { recursive: true })
    writeFileSync(join(this.home, path), content)
  }

  signInWithKiroCli(options: Pick<KiroCliStoreOptions, "expiresAt"> = {}): Promise<void> {
    return seedKiroCliStore({ path: cliDatabase(this.home), accounts: [this.fake.account()], ...options })
  }

  host(options: Partial<HostOptions> = {}): FakeOpenCode2 {
    const setup = (context: Record<string, unknown>) =>
      setUp({ context: this.change(context), place: this.place, providerUrl: PROVIDER })
    const module = { default: { id: "opencode-kiro-auth", setup } }
    const host = new FakeOpenCode2({ plugin: { module }, ...options })
    this.#hosts.push(host)
    return host
  }

  async open(options: Partial<HostOptions> = {}): Promise<{ host: FakeOpenCode2; project: FakeLocation }> {
    const host = this.host(options)
    const project = await host.open(join(this.home, "project"))
    if (project.state !== "active") throw project.error
    return { host, project }
  }

  /** The accounts, as another process has them. */
  async openStore(): Promise<AccountStore> {
    return (await openStore({ path: pathsFor(this.place).database })).store
  }

  async accounts(): Promise<readonly Account[]> {
    const store = await this.openStore()
    try {
      return await store.list()
    } finally {
      await store.close()
    }
  }

  log(): string {
    try {
      return readFileSync(pathsFor(this.place).log, "utf8")
    } catch {
      return ""
    }
  }

  async close(): Promise<void> {
    for (const host of this.#hosts) await host[Symbol.asyncDispose]()
    await this.fake.close()
  }
}
