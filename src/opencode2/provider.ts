/**
 * The module that OpenCode 2 loads as the SDK of our models. Built, it imports nothing; it holds no state: there is one
 * copy of it in a process, maybe an older one than the plugin's. Each call finds the gateway of its location by itself.
 */
import type { LanguageModelV3, LanguageModelV3CallOptions, LanguageModelV3StreamPart } from "@ai-sdk/provider"
import { asObject } from "../json.ts"
import { PROVIDER_ID } from "../version.ts"
import { refusalError } from "./errors.ts"
import type { ModelCall, RegistryEntry } from "./language-model.ts"
import type { Registry } from "./registry.ts"

/** A reload takes the plugin of a location away for a moment. */
const WAIT_MS = 2000
const LOOK_EVERY_MS = 25

/** Called by the host with the settings of a model. Never throws: what is wrong is told by the model's calls. */
export function createKiro(settings: unknown): { languageModel(modelId: string): LanguageModelV3 } {
  return {
    languageModel: (modelId) => ({
      specificationVersion: "v3",
      provider: PROVIDER_ID,
      modelId,
      supportedUrls: {},
      doStream: async (options) => ({ stream: openStream({ modelId, settings, options }) }),
      async doGenerate(options) {
        const signal = options?.abortSignal ?? new AbortController().signal
        return (await findEntry(settings, signal)).generate({ modelId, settings, options, signal })
      },
    }),
  }
}

interface Asked extends Omit<ModelCall, "signal"> {
  readonly options: LanguageModelV3CallOptions
}

/** Starts nothing before the first pull. `cancel` returns at once, whatever the gateway does about it. */
function openStream(asked: Asked): ReadableStream<LanguageModelV3StreamPart> {
  const stop = new AbortController()
  const { signal } = stop
  const abortSignal = asked.options?.abortSignal
  const abort = (): void => stop.abort(abortSignal?.reason)
  let parts: ReturnType<RegistryEntry["stream"]> | undefined
  const ended = (): void => abortSignal?.removeEventListener("abort", abort)

  async function* answer(): ReturnType<RegistryEntry["stream"]> {
    abortSignal?.addEventListener("abort", abort)
    if (abortSignal?.aborted === true) abort()
    const entry = await findEntry(asked.settings, signal)
    yield* entry.stream({ ...asked, signal })
  }

  return new ReadableStream<LanguageModelV3StreamPart>(
    {
      async pull(controller) {
        try {
          parts ??= answer()
          const { value, done } = await parts.next()
          if (signal.aborted)
            return abortSignal?.aborted === true ? controller.error(signal.reason) : undefined
          if (done !== true) return value.forEach((part) => controller.enqueue(part))
          controller.close()
        } catch (error) {
          if (abortSignal?.aborted === true) controller.error(signal.reason)
          if (signal.aborted) return
          controller.enqueue({ type: "error", error })
          controller.close()
        }
        ended()
      },
      cancel() {
        ended()
        stop.abort(new Error("nobody listens any more"))
        // It reads no further, and whoever waits for its end is told.
        void parts?.return().catch(() => undefined)
      },
    },
    { highWaterMark: 0 },
  )
}

async function findEntry(settings: unknown, signal: AbortSignal): Promise<RegistryEntry> {
  const location = asObject(settings)["location"]
  for (let waited = 0; waited <= WAIT_MS;) {
    signal.throwIfAborted()
    const registry = (globalThis as { [key: symbol]: Registry | undefined })[
      Symbol.for("opencode-kiro-auth/1")
    ]
    let entry = typeof location === "string" ? registry?.get(location) : undefined
    // However long one takes to end: the next comes a moment behind it.
    if (entry === undefined) waited += LOOK_EVERY_MS
    while (entry?.ending?.aborted === true) entry = entry.earlier
    if (entry !== undefined) return entry
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS))
  }
  throw notRunning(location)
}

function notRunning(location: unknown): Error {
  const where = typeof location === "string" ? `for ${location}` : "for this project"
  const message = `Kiro: the plugin opencode-kiro-auth is not running ${where}. \`opencode plugin list\` says whether it was removed or could not start; then restart OpenCode.`
  return refusalError({ status: 400, message })
}
