import { accountName } from "../../accounts/index.ts"
import { createMessageDecoder } from "../../eventstream/index.ts"
import { type ChatOutcome, createGateway } from "../../gateway/index.ts"
import { importLogins } from "../../import/index.ts"
import { isObject, type JsonObject, parseJson } from "../../json.ts"
import { type ChatUsage, readChatRequest } from "../../openai/index.ts"
import type { Fetch } from "../../runtime.ts"
import { accountRules, type Place } from "../../settings/index.ts"
import { type Context, openContext } from "../context.ts"
import { type DoctorContext, type Finding, good, note, problem } from "./finding.ts"

const MOST_REQUESTS = 3
const MODELS = ["claude-haiku-4-5", "auto"]

/**
 * Two tiny turns of one conversation, sent as every message is, and what they happen to show: hosts, profile, cache,
 * usage, stop reasons. No variant is tried, nothing is repeated, and no value but numbers and the service's own words
 * for things is told.
 */
export async function liveCheck({ place, terminal }: DoctorContext): Promise<readonly Finding[]> {
  // A token that is renewed for this needs its home on the disk.
  const context = await openContext(place, terminal, "trial")
  try {
    return await talk(context, place)
  } finally {
    await context.close()
  }
}

async function talk(context: Context, place: Place): Promise<readonly Finding[]> {
  const { store, tokens, lookUps, sources, runtime } = context
  const by = { store, sources, clock: runtime.clock, identify: context.identify, tokens }
  const importNow = async (): Promise<undefined> => void (await importLogins(by))
  await importNow()
  const seen: Seen[] = []
  const gateway = createGateway({
    runtime: { ...runtime, fetch: watched(runtime.fetch, seen) },
    settings: { ...context.settings, maxRequestIterations: 1, rateLimitMaxRetries: 0 },
    currentSettings: async () => ({
      accountRules: accountRules(context.settings.accountRules, place),
      dailyCreditBudget: context.settings.dailyCreditBudget,
    }),
    store,
    tokens,
    importLogins: importNow,
    lookUps,
    notify: () => undefined,
  })
  const sessionId = `ses_doctor_${runtime.randomUUID()}`
  const ask = async (model: string, messages: readonly object[]): Promise<Said> => {
    const signal = AbortSignal.timeout(60_000)
    const request = readChatRequest({ model, messages, stream: true })
    return saidBy(await gateway.chat({ request, sessionId, purpose: "main", signal }))
  }
  try {
    const findings: Finding[] = []
    const refusals: Finding[] = []
    const first = { role: "user", content: "Answer with the word: yes" }
    for (const model of MODELS) {
      const said = await ask(model, [first])
      const finding = tell(`the first message to ${model}`, said, context)
      if (said.outcome === "refused") {
        refusals.push(finding)
        continue
      }
      const messages = [
        first,
        { role: "assistant", content: said.text },
        { role: "user", content: "Once more" },
      ]
      const second = tell("the second message of the same session", await ask(model, messages), context)
      findings.push(finding, second)
      break
    }
    // A plan may lack the first model.
    const refused = findings.length === 0 ? refusals : refusals.map(({ text }) => note(text))
    const session = await store.session(sessionId)
    const account = session.accountId === undefined ? undefined : await store.get(session.accountId)
    if (account !== undefined) findings.push(note(`account: ${accountName(account)}`))
    return [...refused, ...findings, ...seen.flatMap(protocolOf)]
  } finally {
    await gateway.close()
  }
}

type Said =
  | { readonly outcome: "answered"; readonly text: string; readonly usage: string }
  | { readonly outcome: "refused"; readonly message: string }

async function saidBy(outcome: ChatOutcome): Promise<Said> {
  if (outcome.outcome === "refusal") return { outcome: "refused", message: outcome.refusal.message }
  let text = ""
  let usage = "no usage"
  for await (const { chunks, end } of outcome.answer.batches) {
    for (const chunk of chunks) {
      text += chunk.delta.content ?? ""
      if (chunk.usage !== undefined) usage = usageText(chunk.usage)
    }
    if (end?.outcome === "failed") return { outcome: "refused", message: end.refusal.message }
  }
  return { outcome: "answered", text, usage }
}

function usageText({ prompt_tokens, completion_tokens, prompt_tokens_details }: ChatUsage): string {
  const cached = prompt_tokens_details?.cached_tokens ?? 0
  return `${prompt_tokens} tokens in (${cached} from the cache), ${completion_tokens} out`
}

function tell(what: string, said: Said, { command }: Context): Finding {
  if (said.outcome === "answered") return good(`${what} was answered: ${said.usage}`)
  const remedy = `Do what it says; if nothing helps, report it with: \`${command} doctor --live --report\``
  return problem(`${what} was refused: ${said.message}`, remedy)
}

interface Seen {
  readonly host: string
  readonly hasProfile: boolean
  status?: number
  readonly events: Map<string, number>
  readonly facts: string[]
}

/** Sees what is sent and answered, and lets no more than a few requests through. */
function watched(ask: Fetch, seen: Seen[]): Fetch {
  return async (url, init) => {
    if (seen.length >= MOST_REQUESTS) throw new Error("no further request is sent for a diagnosis")
    const body = typeof init.body === "string" ? parseJson(init.body) : undefined
    const entry: Seen = {
      host: new URL(url).host,
      hasProfile: isObject(body) && typeof body["profileArn"] === "string",
      events: new Map(),
      facts: [],
    }
    seen.push(entry)
    const response = await ask(url, init)
    entry.status = response.status
    if (!response.ok || response.body === null) return response
    const [ours, theirs] = response.body.tee()
    void readEvents(ours, entry)
    return new Response(theirs, response)
  }
}

async function readEvents(body: ReadableStream<Uint8Array>, entry: Seen): Promise<void> {
  const decoder = createMessageDecoder()
  try {
    for await (const bytes of body)
      for (const { headers, payload } of decoder.push(bytes)) {
        const type = String(headers.get(":event-type") ?? headers.get(":exception-type") ?? "?")
        entry.events.set(type, (entry.events.get(type) ?? 0) + 1)
        const document = parseJson(new TextDecoder().decode(payload))
        if (/metadata|metering|usage|stop|exception/i.test(type) && isObject(document))
          entry.facts.push(`${type} ${shapeOf(document)}`)
      }
  } catch {
    // The gateway reads the same bytes and says what is wrong with them.
  }
}

/** Names and numbers; of texts only short words such as a stop reason. */
function shapeOf(document: JsonObject): string {
  return JSON.stringify(document, (_, value: unknown) => {
    if (typeof value !== "string") return value
    return /^[A-Za-z_ -]{1,40}$/.test(value) ? value : `(${value.length} characters)`
  })
}

function protocolOf(
  { host, hasProfile, status = 0, events, facts }: Seen,
  index: number,
): readonly Finding[] {
  const counts = [...events].map(([type, count]) => `${type} ${count}`).join(", ")
  const profile = hasProfile ? "with a profileArn" : "without a profileArn"
  return [
    note(`request ${index + 1}: ${host}, ${profile}, status ${status}; ${counts}`),
    ...facts.map((fact) => note(`request ${index + 1}: ${fact}`)),
  ]
}
