import { isDeepStrictEqual } from "node:util"
import type { LanguageModelV3 } from "@ai-sdk/provider"
import { asObject } from "../../../src/json.ts"
import type { FakeOpenCode2 } from "./host.ts"
import {
  connect,
  createIntegrationDomain,
  type Answer,
  type Attempt,
  type Method,
  type StoredCredential,
} from "./integrations.ts"
import {
  createModelDomain,
  createProviderDomain,
  configTransforms,
  resolveModel,
  type ModelInfo,
  type ProviderEditor,
  type ProviderRecord,
} from "./models.ts"
import { createSdkLoader, type SdkLoader } from "./sdk.ts"
import { FakeSession, type SessionOptions } from "./session.ts"
import { createDomain, createHooks, type Registration } from "./state.ts"

interface Event {
  readonly type: string
  readonly data: object
}

interface Command {
  readonly name: string
  readonly description?: string
  readonly execute: (input: { sessionID: string; prompt: string; delivery?: string }) => unknown
}

interface WebSearch {
  readonly id: string
  readonly name: string
  readonly execute: (
    input: { query: string },
    options: { signal: AbortSignal },
  ) => Promise<readonly unknown[]>
}

/** One directory of a host, with what the plugin registered there. */
export class FakeLocation {
  readonly where: { readonly directory: string; readonly workspaceID?: string }
  state: "active" | "failed" | "closed" = "closed"
  error: unknown
  /** What commands and plugins wrote into sessions without a model. */
  readonly synthetic: { readonly sessionID: string; readonly text: string }[] = []
  readonly rpc: Map<string, { readonly definition: unknown; readonly handlers: unknown }> = new Map()
  readonly #host: FakeOpenCode2
  readonly #registrations: Registration[] = []
  /** It outlives every reload of the plugin. */
  readonly #sdkHooks = createHooks(this.#registrations)
  readonly #sessionHooks = createHooks(this.#registrations)
  readonly #otherHooks = createHooks(this.#registrations)
  readonly #loader: SdkLoader = createSdkLoader(this.#sdkHooks)
  readonly #providers
  readonly #models
  readonly #integrations = createIntegrationDomain(this.#registrations)
  readonly #commands
  readonly #searches
  readonly #listeners = new Set<(event: Event) => void>()
  #cleanup: unknown

  constructor(host: FakeOpenCode2, where: FakeLocation["where"]) {
    this.#host = host
    this.where = where
    this.#providers = createProviderDomain(this.#registrations)
    this.#models = createModelDomain(this.#registrations, () => this.#available())
    this.#commands = createDomain(
      () => new Map<string, Command>(),
      (data) => ({
        add: (command: Command) => void data.set(command.name, command),
        remove: (name: string) => void data.delete(name),
        list: () => [...data.values()],
        get: (name: string) => data.get(name),
      }),
      this.#registrations,
    )
    this.#searches = createDomain(
      () => ({ known: new Map<string, WebSearch>(), chosen: undefined as string | undefined }),
      (data) => ({
        add: (search: WebSearch) => void data.known.set(search.id, search),
        default: { get: () => data.chosen, set: (id: string | undefined) => void (data.chosen = id) },
      }),
      this.#registrations,
    )
  }

  /** Runs the plugin's `setup`. The first load of a file is the process's, the setup is this location's. */
  async start(): Promise<void> {
    try {
      const plugin = await this.#host.load()
      this.#cleanup = await plugin.setup(this.#context())
      const config = configTransforms(this.#host.options.providers ?? {})
      await this.#providers.transform(config.providers)
      await this.#providers.transform((editor) => this.#host.denied.forEach((id) => editor.remove(id)))
      await this.#models.transform(config.models)
      this.state = "active"
      await this.rebuild()
    } catch (error) {
      this.error = error
      this.state = "failed"
      this.#host.failures.push(error)
      await this.#unload()
    }
  }

  /** A change of the plugin's config or files: the old one is unloaded and awaited, then the new one set up. */
  async reload(): Promise<void> {
    await this.#unload()
    await this.start()
  }

  async close(): Promise<void> {
    await this.#unload()
    this.state = "closed"
  }

  async #unload(): Promise<void> {
    const cleanup = this.#cleanup
    this.#cleanup = undefined
    if (typeof cleanup === "function") await cleanup()
    for (const registration of this.#registrations.splice(0).toReversed()) await registration.dispose()
    this.#listeners.clear()
    this.rpc.clear()
  }

  /** Providers first: models are a policy over what they offer. */
  async rebuild(): Promise<void> {
    await this.#providers.reload()
    await this.#models.reload()
  }

  /** What a host that imports nothing by its address asks of a plugin. */
  async hook(name: string, event: object, providerID = "kiro"): Promise<void> {
    await this.#sdkHooks.trigger(name, event, providerID)
  }

  emit(event: Event): void {
    for (const listener of this.#listeners) listener(event)
  }

  /** By `provider/model`; only what can be chosen. */
  models(): ReadonlyMap<string, ModelInfo> {
    return new Map([...this.#models.data().models].filter(([, model]) => model.enabled))
  }

  /** What the user gets without a choice of his own, where a plugin set it. */
  defaultModel(): { readonly providerID: string; readonly modelID: string } | undefined {
    return this.#models.data().chosen
  }

  provider(id: string): ProviderRecord | undefined {
    return this.#providers.data().get(id)
  }

  #available(): ModelInfo[] {
    const isAvailable = (id: string, activation: string, integrationID = id): boolean => {
      if (activation !== "auto") return activation === "enabled"
      const hasMethods = this.#integrations.data().has(integrationID)
      return !hasMethods || this.#host.credentials.active(integrationID) !== undefined
    }
    return [...this.#providers.data().values()].flatMap(({ provider, models }) =>
      isAvailable(provider.id, provider.activation, provider.integrationID) ? [...models.values()] : [],
    )
  }

  /** With what its provider says for all of its models. */
  #asListed(model: ModelInfo): ModelInfo {
    const { provider } = this.provider(model.providerID) ?? {}
    const listed = { ...(provider?.package !== undefined && { package: provider.package }), ...model }
    return { ...listed, settings: { ...provider?.settings, ...model.settings } }
  }

  /** `provider/model#variant`, as the user names it, to what answers its calls. */
  async resolve(
    reference: string,
  ): Promise<{ readonly info: ModelInfo; readonly language: LanguageModelV3 }> {
    const [name = "", variant] = reference.split("#")
    const model = this.models().get(name)
    if (model === undefined) throw new Error(`Model not found: ${name}`)
    const record = this.#providers.data().get(model.providerID)
    if (record === undefined) throw new Error(`Provider not found: ${model.providerID}`)
    const credential = this.#host.credentials.active(record.provider.integrationID ?? model.providerID)?.value
    const apiKey = credential === undefined || credential.type === "key" ? credential?.key : credential.access
    const info = resolveModel(record.provider, model, variant, apiKey)
    return { info, language: await this.#loader.language(info) }
  }

  session(options: SessionOptions): FakeSession {
    const { onWait } = this.#host.options
    return new FakeSession(
      {
        hooks: this.#sessionHooks,
        resolve: (reference) => this.resolve(reference),
        ...(onWait !== undefined && { onWait }),
      },
      options,
    )
  }

  methods(integrationID: string): readonly Method[] {
    return (this.#integrations.data().get(integrationID)?.methods ?? []).map(({ method }) => method)
  }

  integration(id: string): { readonly id: string; readonly name: string } | undefined {
    return this.#integrations.data().get(id)
  }

  /** `/connect` or `auth login`: by the method's id, or its type. */
  async login(integrationID: string, method: string, answer: Answer = {}): Promise<Attempt> {
    const registration = (this.#integrations.data().get(integrationID)?.methods ?? []).find(
      (known) => known.method.id === method || known.method.type === method,
    )
    if (registration === undefined) throw new Error(`no method ${method} of ${integrationID}`)
    const attempt = await connect(registration, answer, this.#host.credentials)
    const complete = async (code?: string): Promise<StoredCredential> => {
      const stored = await attempt.complete(code)
      await this.#host.announce("credential.updated", { integrationID, credentialID: stored.id })
      return stored
    }
    return { ...attempt, complete }
  }

  commands(): readonly string[] {
    return [...this.#commands.data().keys()]
  }

  async command(name: string, prompt: string, sessionID = "ses_1"): Promise<void> {
    const command = this.#commands.data().get(name)
    if (command === undefined) throw new Error(`no command ${name}`)
    await command.execute({ sessionID, prompt, delivery: "queue" })
  }

  searches(): { readonly ids: readonly string[]; readonly chosen: string | undefined } {
    const { known, chosen } = this.#searches.data()
    return { ids: [...known.keys()], chosen }
  }

  async search(query: string, id: string): Promise<readonly unknown[]> {
    const search = this.#searches.data().known.get(id)
    if (search === undefined) throw new Error(`no web search ${id}`)
    return search.execute({ query }, { signal: new AbortController().signal })
  }

  /** What a TUI part, or whoever has the server's password, calls. */
  async call(id: string, method: string, input: unknown): Promise<unknown> {
    const handlers = asObject(this.rpc.get(id)?.handlers)
    const handler = handlers[method]
    if (typeof handler !== "function") throw new Error(`no rpc ${id}/${method}`)
    const result: unknown = await Reflect.apply(handler, handlers, [JSON.parse(JSON.stringify(input))])
    const told: unknown = JSON.parse(JSON.stringify(result))
    // A member that is `undefined` fails the whole call.
    if (!isDeepStrictEqual(told, result)) throw new Error(`rpc.invalid_output: ${id}/${method}`)
    return told
  }

  /** The Promise context of a plugin: `core/plugin/host.ts`. */
  #context(): object {
    const { directory, workspaceID } = this.where
    const plain = (): object => ({
      transform: async () => noRegistration,
      reload: async () => undefined,
      list: async () => ({ data: [] }),
      hook: this.#otherHooks.hook,
    })
    const { credentials, storage } = this.#host
    return {
      app: { name: "opencode", version: "2.3.0", channel: "latest" },
      location: {
        directory,
        ...(workspaceID !== undefined && { workspaceID }),
        project: { id: "prj_1", directory, canonical: directory },
      },
      options: structuredClone(this.#host.options.options ?? {}),
      agent: plain(),
      aisdk: { hook: this.#sdkHooks.hook },
      command: {
        transform: this.#commands.transform,
        reload: this.#commands.reload,
        list: async () => ({ data: [] }),
      },
      event: { subscribe: (options?: { signal?: AbortSignal }) => this.#subscribe(options?.signal) },
      experimental: { terminal: {} },
      generate: { text: async () => ({ text: "" }) },
      integration: {
        transform: this.#integrations.transform,
        reload: this.#integrations.reload,
        list: async () => ({ data: [...this.#integrations.data().keys()] }),
        get: async ({ integrationID }: { integrationID: string }) => ({
          data: {
            ...this.integration(integrationID),
            methods: this.methods(integrationID),
            connections: credentials.stored
              .filter((one) => one.integrationID === integrationID)
              .map(({ id, label }) => ({ type: "credential", id, label })),
          },
        }),
        connection: {
          active: async (id: string) => {
            // They stand in a database.
            await new Promise((resolve) => setTimeout(resolve, 20))
            const active = credentials.active(id)
            return active && { type: "credential", id: active.id, integrationID: id, label: active.label }
          },
          resolve: async ({ id }: { id: string }) =>
            structuredClone(credentials.stored.find((one) => one.id === id)?.value),
          status: async (status: { integrationID: string; status: unknown }) =>
            void credentials.statuses.push(status),
        },
      },
      mcp: plain(),
      model: {
        transform: this.#models.transform,
        reload: async () => this.rebuild(),
        list: async () => ({ data: [...this.models().values()].map((model) => this.#asListed(model)) }),
        default: async () => ({ data: this.defaultModel() ?? null }),
      },
      permission: { hook: this.#otherHooks.hook },
      plugin: { list: async () => ({ data: [] }) },
      provider: {
        transform: async (callback: (editor: ProviderEditor) => unknown) => {
          const registration = await this.#providers.transform(callback)
          await this.#models.reload()
          return registration
        },
        reload: async () => this.rebuild(),
        list: async () => ({ data: [...this.#providers.data().values()].map(({ provider }) => provider) }),
      },
      reference: plain(),
      rpc: {
        register: async (definition: { id?: string }, handlers: unknown) => {
          const id = definition.id ?? ""
          this.rpc.set(id, { definition, handlers })
          return { dispose: async () => void this.rpc.delete(id) }
        },
      },
      session: {
        hook: this.#sessionHooks.hook,
        synthetic: async ({ sessionID, text }: { sessionID: string; text: string }) =>
          void this.synthetic.push({ sessionID, text }),
        get: async ({ sessionID }: { sessionID: string }) => ({ id: sessionID }),
        prompt: async () => undefined,
        generate: async () => ({ text: "" }),
        interrupt: async () => undefined,
      },
      shell: { hook: this.#otherHooks.hook },
      skill: plain(),
      storage: {
        get: async (key: string) => structuredClone(storage.get(key)),
        set: async (key: string, value: unknown) => void storage.set(key, JSON.parse(JSON.stringify(value))),
        remove: async (key: string) => void storage.delete(key),
        scan: async (prefix = "") => [...storage].filter(([key]) => key.startsWith(prefix)),
      },
      tool: plain(),
      vcs: plain(),
      websearch: { transform: this.#searches.transform, reload: this.#searches.reload },
      worktree: plain(),
    }
  }

  async *#subscribe(signal: AbortSignal | undefined): AsyncGenerator<Event, void> {
    const queue: Event[] = []
    let wake = (): void => undefined
    const listener = (event: Event): void => {
      queue.push(event)
      wake()
    }
    const isOver = (): boolean => signal?.aborted === true || !this.#listeners.has(listener)
    this.#listeners.add(listener)
    signal?.addEventListener("abort", () => wake())
    try {
      while (!isOver()) {
        const event = queue.shift()
        if (event !== undefined) yield event
        else await new Promise<void>((resolve) => (wake = resolve))
      }
    } finally {
      this.#listeners.delete(listener)
    }
  }
}

const noRegistration: Registration = { dispose: async () => undefined }
