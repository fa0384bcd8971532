import type { ChatGateway } from "../gateway/index.ts"
import type { RegistryEntry } from "./language-model.ts"

/**
 * Where the language models find their gateway. OpenCode 2 loads the provider's module once for all locations of its
 * process, and may keep an older copy of it than the plugin's: both know this place, and nothing else of each other.
 */
const REGISTRY_KEY: symbol = Symbol.for("opencode-kiro-auth/1")

export type Registry = Map<string, RegistryEntry>

/**
 * Enters a location, and gives back what takes it out again: only itself, never a later one of the same location.
 * The location is what the settings of its models name.
 */
export function enterRegistry(location: string, gateway: ChatGateway): () => void {
  const model = async (): Promise<RegistryEntry> => {
    const { createRegistryEntry } = await import("./language-model.ts")
    return createRegistryEntry(gateway)
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
