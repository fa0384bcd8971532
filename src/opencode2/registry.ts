import type { LanguageModelV3GenerateResult, LanguageModelV3StreamPart } from "@ai-sdk/provider"
import type { Gateway } from "../gateway/index.ts"

/**
 * Where the language models find their gateway. OpenCode 2 loads the provider's module once for all locations of its
 * process, and may keep an older copy of it than the plugin's: both know this place, and nothing else of each other.
 */
const REGISTRY_KEY: symbol = Symbol.for("opencode-kiro-auth/1")

/** What answers a location's chats; it may open the gateway with the first. */
export type Door = Pick<Gateway, "chat">

/** Set by the plugin's hook on the host's model requests, read by the language model: what a request is for, and whose. */
export const PURPOSE_HEADER = "x-kiro-purpose"
export const AGENT_HEADER = "x-kiro-agent"

/** One call of a language model, as the host made it. */
export interface ModelCall {
  readonly modelId: string
  /** The options that the host gave to the factory: settings of provider, model and variant, headers, body. */
  readonly settings: unknown
  /** Those of `doStream` or `doGenerate`. */
  readonly options: unknown
  readonly signal: AbortSignal
}

/** What a location answers its calls with. Asks nothing before the first `next`, or the call of `generate`. */
export interface RegistryEntry {
  /** Batches of parts, none empty. Throws only the signal's reason; `return` closes the connection. */
  stream(call: ModelCall): AsyncGenerator<readonly LanguageModelV3StreamPart[], void>
  /** Rejects with an error in the host's own form. */
  generate(call: ModelCall): Promise<LanguageModelV3GenerateResult>
}

export type Registry = Map<string, RegistryEntry>

/**
 * Enters a location, and gives back what takes it out again: only itself, never a later one of the same location.
 * The location is what the settings of its models name.
 */
export function enterRegistry(location: string, door: Door): () => void {
  const model = async (): Promise<RegistryEntry> => {
    const { createRegistryEntry } = await import("./language-model.ts")
    return createRegistryEntry(door)
  }
  const entry: RegistryEntry = {
    async *stream(call) {
      yield* (await model()).stream(call)
    },
    generate: async (call) => (await model()).generate(call),
  }
  const registry = openRegistry()
  registry.set(location, entry)
  return () => {
    if (registry.get(location) === entry) registry.delete(location)
  }
}

function openRegistry(): Registry {
  const shared = globalThis as { [REGISTRY_KEY]?: Registry }
  return (shared[REGISTRY_KEY] ??= new Map())
}
