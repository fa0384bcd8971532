import { loadingTrouble } from "../settings/index.ts"
import type { ChatGateway } from "../gateway/index.ts"
import { refusalError } from "./errors.ts"
import type { RegistryEntry } from "./language-model.ts"

/**
 * Where the language models find their gateway. OpenCode 2 loads the provider's module once for all locations of its
 * process, and may keep an older copy of it than the plugin's: both know this place, and nothing else of each other.
 */
const REGISTRY_KEY: symbol = Symbol.for("opencode-kiro-auth/1")

export type Registry = Map<string, Entered>

interface Entered extends RegistryEntry {
  /** Of the same location, and not left yet. */
  earlier?: Entered | undefined
  /** Aborted when its plugin begins to end, which may take as long as a refresh that was sent. */
  readonly ending?: AbortSignal | undefined
}

/**
 * Enters a location, and gives back what takes it out again: only itself, never another one of the same location. The
 * last that entered answers; the plugin may be there twice, found in a folder and named in the configuration. The
 * location is what the settings of its models name.
 */
export function enterRegistry(location: string, gateway: ChatGateway, ending?: AbortSignal): () => void {
  const model = async (): Promise<RegistryEntry> => {
    const { createRegistryEntry } = await import("./language-model.ts").catch((cause: unknown) => {
      throw refusalError({ status: 400, message: loadingTrouble(cause) })
    })
    return createRegistryEntry(gateway)
  }
  const registry = openRegistry()
  const entry: Entered = {
    earlier: registry.get(location),
    ending,
    async *stream(call) {
      yield* (await model()).stream(call)
    },
    generate: async (call) => (await model()).generate(call),
  }
  registry.set(location, entry)
  return () => {
    const { earlier } = entry
    for (let each = registry.get(location); each !== undefined; each = each.earlier)
      if (each.earlier === entry) each.earlier = earlier
    if (registry.get(location) !== entry) return
    if (earlier === undefined) registry.delete(location)
    else registry.set(location, earlier)
  }
}

function openRegistry(): Registry {
  const shared = globalThis as { [REGISTRY_KEY]?: Registry }
  return (shared[REGISTRY_KEY] ??= new Map())
}
