import type { JsonObject } from "../json.ts"
import { keyOf, KEYS, SETTING_NAMES } from "./keys.ts"
import { DEFAULT_SETTINGS } from "./settings.ts"

/** The JSON schema of kiro.json, which the package ships as `kiro.schema.json`. */
export function settingsJsonSchema(): JsonObject {
  const properties = SETTING_NAMES.map((name) => {
    const { rule, description } = KEYS[name]
    const value = DEFAULT_SETTINGS[name]
    return [keyOf(name), { description, ...rule.schema, ...(value === undefined ? {} : { default: value }) }]
  })
  const ignored = { description: "Ignored; accepted for old files." }
  return {
    $schema: "http://json-schema.org/draft-07/schema#",
    title: "kiro.json of opencode-kiro-auth",
    type: "object",
    properties: {
      $schema: { type: "string" },
      ...Object.fromEntries(properties),
      auth_server_port_start: ignored,
      auth_server_port_range: ignored,
    },
  }
}
