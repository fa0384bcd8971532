import { isObject, type JsonObject } from "../../json.ts"
import { type Check, type Finding, good, problem } from "./finding.ts"
import { type ConfigFile, readConfigFiles } from "./opencode-config.ts"

const OUR_NPM = "@ai-sdk/openai-compatible"

/** Settings of OpenCode's own that would keep the provider `kiro` from us, or were meant for another plugin. */
export const providerCheck: Check = {
  title: "The provider kiro",
  async look(context) {
    const findings = readConfigFiles(context).flatMap(findingsOf)
    return findings.length > 0 ? findings : [good("nothing else claims it")]
  },
}

function findingsOf({ path, document = {} }: ConfigFile): Finding[] {
  const disabled: unknown = document["disabled_providers"]
  const enabled: unknown = document["enabled_providers"]
  return [
    ...(Array.isArray(disabled) && disabled.includes("kiro")
      ? [problem(`${path} disables the provider kiro`, 'Take "kiro" out of disabled_providers.')]
      : []),
    ...(Array.isArray(enabled) && !enabled.includes("kiro")
      ? [problem(`${path} enables other providers only`, 'Put "kiro" into enabled_providers.')]
      : []),
    ...claims(document).map((claim) =>
      problem(`${path} gives the provider kiro another home: ${claim}`, `Take it out: the plugin sets it.`),
    ),
  ]
}

/** Packages and URLs of another provider, as lines of the configuration. */
function claims(document: JsonObject): readonly string[] {
  const kiro = child(child(document, "provider"), "kiro")
  const models = Object.entries(child(kiro, "models")).map(([id, model]): [string, JsonObject] => [
    `provider.kiro.models.${id}.provider`,
    child(isObject(model) ? model : {}, "provider"),
  ])
  const places: readonly (readonly [string, JsonObject])[] = [["provider.kiro", kiro], ...models]
  return [
    ...places.flatMap(([at, { npm, api }]) => [
      ...(typeof npm === "string" && npm !== OUR_NPM ? [`${at}.npm is ${npm}`] : []),
      ...(typeof api === "string" ? [`${at}.api is set`] : []),
    ]),
    ...("baseURL" in child(kiro, "options") ? ["provider.kiro.options.baseURL is set"] : []),
  ]
}

function child(parent: JsonObject, key: string): JsonObject {
  const value = parent[key]
  return isObject(value) ? value : {}
}
