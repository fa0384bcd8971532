import type { AnswerBatch, ChatGateway } from "../gateway/index.ts"
import {
  AGENT_HEADER,
  gatewayOf,
  type Host,
  loadAccountsRpc,
  PURPOSE_HEADER,
  startHost,
} from "../host/index.ts"
import { asObject, isObject, present } from "../json.ts"
import { atMost } from "../runtime.ts"
import type { Place } from "../settings/index.ts"
import { PROVIDER_ID } from "../version.ts"
import { answerOf, type Call, kindOfContext, locationOf, methodOf, textIn } from "./context.ts"
import { offerLogins, readConnections } from "./integration.ts"
import { offerProvider, type OfferedProvider } from "./models.ts"
import { createKiro } from "./provider.ts"
import { enterRegistry } from "./registry.ts"

export interface SetupOptions {
  /** As the host gives it. */
  readonly context: unknown
  readonly place: Place
  /** Of the built provider module: a `file:` URL that the host imports by itself. */
  readonly providerUrl: string
}

/** Takes the plugin out of its location: calls in flight end with a refusal that the host repeats. */
export type Cleanup = () => Promise<void>

/**
 * Puts our provider, its models and its logins into one location of OpenCode 2. Locations share a process, and of ours
 * nothing but the registry. Does nothing at all for the preview that OpenCode 1 calls it with.
 */
export async function setUp(options: SetupOptions): Promise<Cleanup | undefined> {
  const { context, place, providerUrl } = options
  const kind = kindOfContext(context)
  if (kind === "preview") return undefined
  const { key, project } = locationOf(context)
  // A server has nowhere to show anything: errors, the state of a connection and the panel say it.
  const host = startHost({ place, project, show: () => undefined })
  const { log, paths } = host
  if (kind === "too-old") {
    log.error("this OpenCode is older than 2.0.4, the first that takes a provider from a plugin")
    return undefined
  }
  const reload = methodOf(context, "provider", "reload")
  const models = await offerProvider({ path: paths.models, providerUrl, location: key, log })
  const connections = readConnections(host, context)
  const refresh = async (): Promise<void> => {
    if (await models.refresh()) await reload?.()
  }
  const look = (): void => host.inBackground(connections.look, "the credentials of OpenCode were not read")
  // A sign-in, in whichever location or program, and a chat bring both.
  const renew = (): void => {
    host.inBackground(refresh, "the new models were not offered")
    look()
  }
  const leave = enterRegistry(
    key,
    locationGateway(host, connections.chosen, () => later(host, renew)),
    host.signal,
  )

  const { use, missing } = createRegistrar(host, context)
  await use(["provider", "transform"], models.offer)
  await use(["model", "transform"], models.pinModels)
  await use(["session", "hook"], "model.request", nameRequest, { providerID: PROVIDER_ID })
  await use(["aisdk", "hook"], "sdk", modelsByHook(host, providerUrl), { providerID: PROVIDER_ID })
  // The forms of a sign-in show its defaults.
  const { webSearch } = await host.readSettings()
  await use(["integration", "transform"], offerLogins(host, renew))
  await use(["command", "transform"], offerCommand(host, context))
  const { ACCOUNTS_RPC, accountsRpcHandlers } = await loadAccountsRpc()
  await use(["rpc", "register"], ACCOUNTS_RPC, accountsRpcHandlers({ host, place, project, changed: renew }))
  await use(["websearch", "transform"], offerSearch(host, webSearch))
  host.inBackground(() => pinLast({ host, context, models }), "the models were not pinned again")
  if (missing.length > 0) log.warn("this OpenCode lacks some parts, which are done without", { missing })
  watchCredentials(host, methodOf(context, "event", "subscribe"), renew)
  look()
  host.warmUp()
  return async () => {
    try {
      await host.close()
    } finally {
      // Not before: a refresh that was sent is waited for, and who asks meanwhile waits for the next plugin.
      leave()
    }
  }
}

/**
 * Transforms are replayed in the order in which they came, and the host's own for the user's configuration comes behind
 * those of all plugins that start with it: as a rule at once, else when the slowest of them has started. Where it took
 * nothing away, or the host does not tell, ours stand as they are.
 */
const PINNED_AGAIN_AFTER_MS: readonly number[] = [0, 2000]

async function pinLast({
  host,
  context,
  models,
}: {
  readonly host: Host
  readonly context: unknown
  readonly models: OfferedProvider
}): Promise<void> {
  for (const ms of PINNED_AGAIN_AFTER_MS) {
    await host.clock.sleep(ms, host.signal)
    const listed = answerOf(await methodOf(context, "model", "list")?.())
    if (!Array.isArray(listed) || models.arePinned(listed)) continue
    const { use } = createRegistrar(host, context)
    await use(["provider", "transform"], models.pinProvider)
    await use(["model", "transform"], models.pinModels)
  }
}

/** A host that never says that it took a part would never get the plugin. */
const REGISTERED_WITHIN_MS = 3000

interface Registrar {
  /** Gives a part to the host by the method at this path, and waits for it, but not for long. Never rejects. */
  use(path: readonly string[], ...values: readonly unknown[]): Promise<void>
  /** The paths that this host has not. */
  readonly missing: readonly string[]
}

function createRegistrar({ clock, log }: Host, context: unknown): Registrar {
  const missing: string[] = []
  const deadline = clock.now() + REGISTERED_WITHIN_MS
  return {
    missing,
    async use(path, ...values) {
      const part = path.join(".")
      const call = methodOf(context, ...path)
      if (call === undefined) return void missing.push(part)
      try {
        const taken = Promise.resolve(call(...values)).then(() => true)
        const isTaken = await atMost(Math.max(0, deadline - clock.now()), taken, clock)
        if (isTaken !== true) log.warn("OpenCode has not taken a part yet, and is not waited for", { part })
      } catch (error) {
        log.warn("OpenCode refused a part of the plugin", { part, error })
      }
    },
  }
}

/**
 * Says in the headers of a request what it is for and which agent asks: nothing else tells the language model. It must
 * not throw, which would fail the request.
 */
function nameRequest(event: unknown): void {
  if (!isObject(event)) return
  const agent = textIn(event, "agent") ?? textIn(event["agent"], "id")
  const names = present({
    [PURPOSE_HEADER]: textIn(event, "kind"),
    // A header takes no more than ASCII.
    [AGENT_HEADER]: agent && encodeURIComponent(agent.toWellFormed()),
  })
  const headers = isObject(event["headers"]) ? event["headers"] : undefined
  if (headers !== undefined && Object.isExtensible(headers)) Object.assign(headers, names)
  else if (Object.isExtensible(event)) Object.assign(event, { headers: { ...headers, ...names } })
}

/** The same models once more, for a host that does not import a package by its address. */
function modelsByHook(host: Host, providerUrl: string): (event: unknown) => void {
  return (event) => {
    if (!isObject(event) || (event["sdk"] !== undefined && event["sdk"] !== null)) return
    if (!(textIn(event, "package") ?? "").includes(providerUrl)) return
    host.log.info("the models are made by the hook: OpenCode did not import them by their address")
    Reflect.set(event, "sdk", createKiro(event["options"]))
  }
}

/** The gateway of a location, with the account that was chosen there. */
function locationGateway(
  host: Host,
  chosen: () => Promise<string | undefined>,
  ended: () => void,
): ChatGateway {
  const gateway = gatewayOf(host)
  return {
    async chat(call) {
      const outcome = await gateway.chat({ ...call, preferredAccountId: await chosen() })
      if (outcome.outcome === "refusal") {
        // Of an account, maybe, that wants its user.
        ended()
        return outcome
      }
      const { head, batches } = outcome.answer
      return { outcome: "answer", answer: { head, batches: andThen(batches, ended) } }
    },
  }
}

async function* andThen(
  batches: AsyncIterable<AnswerBatch>,
  done: () => void,
): AsyncGenerator<AnswerBatch, void> {
  try {
    yield* batches
  } finally {
    done()
  }
}

/** The look-ups behind a chat take this long, and may bring a new list of models. */
const LOOKED_UP_AFTER_MS = 5000

function later(host: Host, renew: () => void): void {
  host.inBackground(async () => {
    await host.clock.sleep(LOOKED_UP_AFTER_MS, host.signal)
    renew()
  }, "nothing was looked for behind a chat")
}

/**
 * For a command transform: the accounts and their credits, without asking a model. A server's plugin can say something
 * to every front of its host only inside a session; in the terminal UI there is also `/kiro`, in a dialog.
 */
function offerCommand(host: Host, context: unknown): (editor: unknown) => void {
  const say = methodOf(context, "session", "synthetic")
  return (editor) =>
    void methodOf(
      editor,
      "add",
    )?.({
      name: "kiro-accounts",
      description: "List the Kiro accounts and their credits",
      async execute(input: unknown) {
        const { management, importLogins } = await host.services()
        await importLogins()
        const lines = (await management.list()).map(({ name, state, credits }) =>
          [name, state, ...(credits === undefined ? [] : [credits])].join(" · "),
        )
        const text = lines.join("\n") || "No Kiro account is signed in: /connect, or `opencode auth login`."
        const sessionID = textIn(input, "sessionID")
        // `resume: false`: it stands in the session, and no model is asked about it.
        await say?.({ sessionID, text, description: "Kiro accounts", resume: false })
      },
    })
}

/** For a web search transform: one more that the user may choose; the one that is used only where the settings say so. */
function offerSearch(host: Host, isDefault: boolean): (editor: unknown) => void {
  return (editor) => {
    methodOf(
      editor,
      "add",
    )?.({
      id: PROVIDER_ID,
      name: "Kiro (costs credits)",
      async execute(input: unknown, options: unknown) {
        const query = textIn(input, "query") ?? ""
        const given = asObject(options)["signal"]
        // The host may go on waiting for one whose plugin it took out.
        const signals = given instanceof AbortSignal ? [given, host.signal] : [host.signal]
        const signal = AbortSignal.any(signals)
        const outcome = await (await host.services()).search({ query, signal })
        if (outcome.outcome === "refused") throw new Error(outcome.message)
        return outcome.pages.map(({ title, url, excerpt, publishedOn }) => ({
          title,
          url,
          content: publishedOn === undefined ? excerpt : `${publishedOn}: ${excerpt}`,
          time: {},
        }))
      },
    })
    if (isDefault) methodOf(editor, "default", "set")?.(PROVIDER_ID)
  }
}

/** How long a host is left alone that ended its events, or gave none; doubled each time. */
const HEARD_AGAIN_AFTER_MS = 2000
const LONGEST_DEAF_MS = 60_000

/** `opencode auth login`, `switch` and `logout` in another process, and `/connect` in this one. */
function watchCredentials(host: Host, subscribe: Call | undefined, renew: () => void): void {
  if (subscribe === undefined) return
  const { signal, clock, log } = host
  host.inBackground(async () => {
    for (let waitMs = HEARD_AGAIN_AFTER_MS; ; waitMs = Math.min(2 * waitMs, LONGEST_DEAF_MS)) {
      try {
        await hearCredentials(host, subscribe, renew)
      } catch (error) {
        log.info("OpenCode's events are not heard just now", { error })
      }
      await clock.sleep(waitMs, signal)
      // What was not heard meanwhile.
      renew()
    }
  }, "OpenCode's events are not heard any more")
}

/** Until the host ends its events. */
async function hearCredentials(host: Host, subscribe: Call, renew: () => void): Promise<void> {
  const { signal } = host
  const events = await subscribe({ signal })
  if (signal.aborted || !isAsyncIterable(events)) return
  const heard = events[Symbol.asyncIterator]()
  // Some versions take no signal: what is heard there is ended by hand.
  const stop = (): void => host.inBackground(async () => void (await heard.return?.()), "not ended")
  signal.addEventListener("abort", stop, { once: true })
  try {
    for (let next = await heard.next(); next.done !== true; next = await heard.next())
      if (textIn(next.value, "type")?.startsWith("credential.")) renew()
  } finally {
    signal.removeEventListener("abort", stop)
  }
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === "object" && value !== null && Symbol.asyncIterator in value
}
