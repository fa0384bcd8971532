import * as z from "zod/mini"
import { DEFAULT_SETTINGS } from "../../src/settings/index.ts"
import { ABOUT, ALIASES, SCHEMA } from "../../src/settings/schema.ts"

/** The JSON schema of kiro.json, which the package ships as `kiro.schema.json`. */
export function settingsJsonSchema(): object {
  const { properties } = z.toJSONSchema(SCHEMA, {
    target: "draft-7",
    io: "input",
    override: ({ zodSchema, jsonSchema }) => {
      delete jsonSchema.readOnly
      const about = ABOUT.get(zodSchema)
      if (about !== undefined) jsonSchema.description = about.description
    },
  })
  const defaults: ReadonlyMap<string, unknown> = new Map(
    Object.entries(DEFAULT_SETTINGS).map(([name, value]) => [snakeCase(name), value]),
  )
  const described = Object.keys(SCHEMA.shape).map((key) => [
    key,
    { ...Object(properties?.[key]), ...(defaults.has(key) && { default: defaults.get(key) }) },
  ])
  const ignored = { description: "Ignored; accepted for old files." }
  return {
    $schema: "http://json-schema.org/draft-07/schema#",
    title: "kiro.json of opencode-kiro-auth",
    type: "object",
    properties: {
      $schema: { type: "string" },
      ...Object.fromEntries(described),
      ...Object.fromEntries(
        [...ALIASES].map(([alias, key]) => [alias, { description: `The same as ${key}.`, type: "boolean" }]),
      ),
      auth_server_port_start: ignored,
      auth_server_port_range: ignored,
    },
  }
}

function snakeCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}
