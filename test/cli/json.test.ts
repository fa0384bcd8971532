import assert from "node:assert/strict"
import { readFileSync } from "node:fs"
import { afterEach, beforeEach, describe, it } from "node:test"
import { isObject } from "../../src/json.ts"
import { seedKiroCliStore } from "../support/kiro-cli-store.ts"
import { secretsIn } from "../support/secrets.ts"
import { type DoctorLab, openDoctorLab } from "./doctor-lab.ts"

/** Each key, and what stands in it where the README says that; `?` behind the key: it may be absent. */
type Shape = ReadonlyMap<string, { readonly optional: boolean; readonly shape: Shape | undefined }>

/** Reads `{ a, b?: { c }, d: [{ e }] }`: a list has the shape of what is in it. */
function readShape(text: string): Shape {
  const tokens = text.match(/[{}?]|\w+/g) ?? []
  const read = (): Shape => {
    const keys = new Map<string, { optional: boolean; shape: Shape | undefined }>()
    for (let token = tokens.shift(); token !== undefined && token !== "}"; token = tokens.shift()) {
      const optional = tokens[0] === "?"
      if (optional) tokens.shift()
      const isNested = tokens[0] === "{"
      if (isNested) tokens.shift()
      keys.set(token, { optional, shape: isNested ? read() : undefined })
    }
    return keys
  }
  tokens.shift()
  return read()
}

function assertShape(value: unknown, shape: Shape, at: string): void {
  if (Array.isArray(value)) return value.forEach((each: unknown) => assertShape(each, shape, at))
  assert.ok(isObject(value), at)
  for (const key of Object.keys(value))
    assert.ok(shape.has(key), `${at} has ${key}: ${JSON.stringify(value)}`)
  for (const [key, { optional, shape: within }] of shape) {
    assert.ok(optional || value[key] !== undefined, `${at} lacks ${key}`)
    if (within !== undefined && value[key] !== undefined) assertShape(value[key], within, `${at}.${key}`)
  }
}

describe("the documents for machines", () => {
  const readme = readFileSync("README.md", "utf8")
  const rows = [...readme.matchAll(/^\| (`[a-z].*?|what failed) \| `(\{ .*? \})`/gm)].map(
    ([, named = "", text = ""]) => ({ named, shape: readShape(text) }),
  )
  const shapeOf = (named: string): Shape => {
    const row = rows.find((each) => each.named.startsWith(named))
    assert.ok(row !== undefined, named)
    return row.shape
  }
  let lab: DoctorLab
  beforeEach(async () => {
    lab = await openDoctorLab()
  })
  afterEach(() => lab.close())

  it("are what the README says, and hold no secret", async () => {
    const company = lab.fake.account({ kind: "identity-center" })
    await seedKiroCliStore({ path: lab.sandbox.kiroCliStore, accounts: [lab.account, company] })
    const name = "work"
    for (const [named, ...args] of [
      ["`import`", "import", "--dry-run"],
      ["`import`", "import"],
      ["`accounts`, `usage`", "usage"],
      ["`accounts`, `usage`", "accounts"],
      ["`usage --days N`", "usage", "--days", "2"],
      ["`budget`", "budget"],
      ["`doctor`", "doctor", "--fix"],
      ["`update`", "update"],
      ["what failed", "accounts", "enable", "nobody"],
      ["what failed", "acounts"],
    ] as const) {
      const ran = await lab.run(...args, "--json")
      assertShape(ran.json, shapeOf(named), args.join(" "))
      assert.deepEqual(secretsIn(ran.out + ran.err), [], args.join(" "))
    }
    const { json } = await lab.run("accounts", "--json")
    const [id] = /[0-9a-f]{32}/.exec(JSON.stringify(json)) ?? []
    assertShape(
      (await lab.run("accounts", "label", id ?? "", name, "--json")).json,
      shapeOf("`accounts label`"),
      "label",
    )
    for (const verb of ["disable", "enable", "profile", "remove"]) {
      const named = verb === "profile" ? "`accounts profile ACCOUNT`" : "`accounts label`"
      assertShape((await lab.run("accounts", verb, name, "--json")).json, shapeOf(named), verb)
    }
  })
})
