import { isObject, type JsonObject } from "../../json.ts"
import { type Check, type DoctorContext, type Finding, good, problem } from "./finding.ts"
import { type Edit, editConfig } from "./mend.ts"
import { type ConfigFile, isOurs } from "./opencode-config.ts"
import { stampOf } from "./plugin.ts"

const OUR_NPM = "@ai-sdk/openai-compatible"

/** Settings of OpenCode's own that would keep the provider `kiro` from us, or were meant for another plugin. */
export const providerCheck: Check = {
  title: "The provider kiro",
  async look(context) {
    const { configs, entries } = context
    const findings = configs.flatMap((file) => findingsOf(context, file))
    if (findings.length > 0) return findings
    const pasted = configs.find(({ document }) => isObject(child(document ?? {}, "provider")["kiro"]))
    if (pasted === undefined) return [good("nothing else claims it")]
    if (entries.some(isOurs))
      return [good(`the models that ${pasted.path} names are laid over those of the plugin`)]
    return [
      problem(
        `${pasted.path} has a provider.kiro block, and no plugin that answers it: "undefined/chat/completions"`,
        "List the plugin (see above); the block may stay.",
      ),
    ]
  },
}

function findingsOf(context: DoctorContext, { path, document = {} }: ConfigFile): readonly Finding[] {
  const edit = (edits: readonly Edit[]) => async () => editConfig(path, edits, stampOf(context))
  const disabled: unknown = document["disabled_providers"]
  const enabled: unknown = document["enabled_providers"]
  const claimed = claims(document)
  return [
    ...(Array.isArray(disabled) && disabled.includes("kiro")
      ? [
          problem(
            `${path} disables the provider kiro`,
            'Take "kiro" out of disabled_providers.',
            edit([{ path: ["disabled_providers"], value: disabled.filter((id) => id !== "kiro") }]),
          ),
        ]
      : []),
    ...(Array.isArray(enabled) && !enabled.includes("kiro")
      ? [
          problem(
            `${path} enables other providers only`,
            'Put "kiro" into enabled_providers.',
            edit([{ path: ["enabled_providers"], value: "kiro", insert: true }]),
          ),
        ]
      : []),
    ...claimed.map(({ text, at }) =>
      problem(
        `${path} gives the provider kiro another home: ${text}`,
        "Take it out: the plugin sets it.",
        edit([{ path: [...at], value: undefined }]),
      ),
    ),
  ]
}

interface Claim {
  readonly text: string
  readonly at: readonly string[]
}

/** Packages and URLs of another provider. */
function claims(document: JsonObject): readonly Claim[] {
  return ["provider", "providers"].flatMap((key) => {
    const kiro = child(child(document, key), "kiro")
    const models = Object.entries(child(kiro, "models")).map(([id, model]) => ({
      at: [key, "kiro", "models", id, "provider"],
      value: child(isObject(model) ? model : {}, "provider"),
    }))
    const homes = [{ at: [key, "kiro"], value: kiro }, ...models].flatMap(({ at, value }): Claim[] => {
      const { npm, api } = value
      return [
        ...(typeof npm === "string" && npm !== OUR_NPM
          ? [{ text: `${at.join(".")}.npm is ${npm}`, at: [...at, "npm"] }]
          : []),
        ...(typeof api === "string" ? [{ text: `${at.join(".")}.api is set`, at: [...at, "api"] }] : []),
      ]
    })
    const hasUrl = child(kiro, "options")["baseURL"] !== undefined
    const url = { text: `${key}.kiro.options.baseURL is set`, at: [key, "kiro", "options", "baseURL"] }
    return hasUrl ? [...homes, url] : homes
  })
}

function child(parent: JsonObject, key: string): JsonObject {
  const value = parent[key]
  return isObject(value) ? value : {}
}
