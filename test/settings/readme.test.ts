import assert from "node:assert/strict"
import { readFileSync } from "node:fs"
import { describe, it } from "node:test"
import { asObject, isObject, type JsonObject } from "../../src/json.ts"
import { ABOUT, SCHEMA } from "../../src/settings/schema.ts"

/** Accepted for old files, and told to nobody. */
const SILENT = new Set(["$schema", "web_search_enabled", "auth_server_port_start", "auth_server_port_range"])

describe("the README's table of options", () => {
  const readme = readFileSync("README.md", "utf8")
  const options = readme.slice(readme.indexOf("## Options"), readme.indexOf("## What is stored where"))
  const rows = new Map(
    [...options.matchAll(/^\| (`[^|]*`) \| ([^|]*) \| (.*) \|$/gm)].flatMap(([, names = "", value, words]) =>
      names.split(", ").map((name) => [name.replaceAll("`", ""), { value, words }] as const),
    ),
  )
  const schema: unknown = JSON.parse(readFileSync("kiro.schema.json", "utf8"))
  const properties = asObject(asObject(schema)["properties"])
  const keys = Object.entries(properties).filter(([name]) => !SILENT.has(name))

  it("has each key of the schema and no other", () => {
    assert.deepEqual([...rows.keys()].toSorted(), keys.map(([name]) => name).toSorted())
  })

  it("says the default of each, and what else may stand there", () => {
    for (const [name, property] of keys) {
      const { value = "", words = "" } = rows.get(name) ?? {}
      assert.ok(isObject(property))
      assert.equal(value, defaultOf(property), name)
      for (const choice of choicesOf(property)) assert.ok(`${value} ${words}`.includes(`\`${choice}\``), name)
      const [, least, most] = /(\d+)–(\d+)/.exec(words) ?? []
      assert.equal(most === undefined ? undefined : Number(most), property["maximum"], name)
      // Some lower bounds of older versions are still taken.
      if (least !== undefined) assert.ok(Number(least) >= Number(property["minimum"]), name)
    }
  })

  it("names what a project may not set, and what it may not switch on", () => {
    for (const [wish, sentence] of [
      ["set", /Only your own file and the environment count for ([^.]*)\./],
      ["switch on", /A project may switch off, but not on: ([^.]*)\./],
    ] as const) {
      const named = [...(sentence.exec(options)?.[1] ?? "").matchAll(/`([^`]+)`/g)].map((match) => match[1])
      const meant = Object.entries(SCHEMA.shape).flatMap(([name, key]) =>
        ABOUT.get(key)?.projectMayNot === wish && !SILENT.has(name) ? [name] : [],
      )
      assert.deepEqual(named.toSorted(), meant.toSorted(), wish)
    }
  })
})

function defaultOf(property: JsonObject): string {
  const value = property["default"]
  if (value === undefined) return "–"
  return `\`${typeof value === "string" ? value : JSON.stringify(value)}\``
}

function choicesOf(property: JsonObject): readonly unknown[] {
  return Array.isArray(property["enum"]) ? property["enum"] : []
}
