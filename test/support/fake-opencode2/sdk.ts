import type { LanguageModelV3 } from "@ai-sdk/provider"
import type { ModelInfo } from "./models.ts"
import type { Hooks } from "./state.ts"

/** Who answers a model's calls, after `core/aisdk.ts` and the built-in dynamic loader of SDKs. */

interface SdkEvent {
  readonly model: ModelInfo
  readonly package: string
  readonly options: Record<string, unknown>
  sdk?: { languageModel(id: string): LanguageModelV3 } | undefined
}

interface LanguageEvent {
  readonly model: ModelInfo
  readonly sdk: SdkEvent["sdk"]
  readonly options: Record<string, unknown>
  language?: LanguageModelV3
}

/** SDKs of these are rewritten to packages of the host's own: no hook of a plugin ever sees them. */
const NATIVE = new Set([
  "@ai-sdk/openai-compatible",
  "@ai-sdk/anthropic",
  "@ai-sdk/openai",
  "@ai-sdk/amazon-bedrock",
])

export interface SdkLoader {
  readonly language: (model: ModelInfo) => Promise<LanguageModelV3>
  /** Kept per location, never let go of: a reload of the plugin does not reach them. */
  readonly cached: () => number
}

export function createSdkLoader(hooks: Hooks): SdkLoader {
  const sdks = new Map<string, SdkEvent["sdk"]>()
  const languages = new Map<string, LanguageModelV3>()
  return {
    cached: () => languages.size,
    async language(model) {
      const { providerID, id, modelID, settings, headers, body, limit } = model
      const key = JSON.stringify({
        providerID,
        id,
        modelID,
        package: model.package,
        settings,
        headers,
        body,
        limit,
      })
      const known = languages.get(key)
      if (known !== undefined) return known
      if (model.package?.startsWith("aisdk:") !== true)
        throw new Error(`native package ${String(model.package)}: no plugin answers this model`)
      const name = model.package.slice("aisdk:".length)
      if (NATIVE.has(name)) throw new Error(`native package for ${name}: no plugin answers this model`)
      const options = {
        name: model.canonical ?? providerID,
        ...settings,
        headers,
        body,
        fetch: (): never => {
          throw new Error("the host's fetch is not ours to use")
        },
      }
      const sdkKey = JSON.stringify({ providerID, package: name, settings, headers, body })
      let sdk = sdks.get(sdkKey)
      if (sdk === undefined) {
        const event: SdkEvent = { model, package: name, options }
        event.sdk = await loadSdk(name, options)
        // All hooks run: none stops at an SDK that is there already.
        await hooks.trigger("sdk", event, providerID)
        sdk = event.sdk
        if (sdk === undefined) throw new Error("No AISDK provider plugin returned an SDK")
        sdks.set(sdkKey, sdk)
      }
      const event: LanguageEvent = { model, sdk, options }
      await hooks.trigger("language", event, providerID)
      const language = event.language ?? sdk.languageModel(modelID ?? id)
      if (language.specificationVersion !== "v3") throw new Error("only AI SDK v6 models are supported")
      languages.set(key, language)
      return language
    },
  }
}

/** A `file://` address is imported as it is; the first export that begins with `create` makes the SDK. */
async function loadSdk(name: string, options: Record<string, unknown>): Promise<SdkEvent["sdk"]> {
  if (!name.startsWith("file://")) throw new Error(`nothing is installed here: ${name}`)
  const module: Record<string, unknown> = await import(name)
  const factory = Object.keys(module).find((key) => key.startsWith("create"))
  const create = factory === undefined ? undefined : module[factory]
  if (typeof create !== "function") throw new Error(`no provider factory export in ${name}`)
  return Reflect.apply(create, undefined, [options]) as SdkEvent["sdk"]
}
