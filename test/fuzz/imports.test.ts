import assert from "node:assert/strict"
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { describe, it } from "node:test"
import * as fc from "fast-check"
import { loginHash, type SourceStore, takeIn } from "../../src/accounts/index.ts"
import {
  builderToken,
  cliDatabase,
  externalToken,
  registration,
  socialToken,
  sourcesOf,
  sqlite,
  tokens,
} from "../import/stores.ts"
import { casesOf } from "./runs.ts"
import { removeFolder } from "../support/secrets.ts"

const SECRETS = ["aoaBUILDER", "aorBUILDER", "secret-builder", "aoaSOCIAL", "aorSOCIAL", "eyJ0eXAi", "0.AXoA"]
const NEXT = tokens("aoaNEXT", "aorNEXT", 1e15)

const OLDER_COLUMNS =
  "id email real_email auth_method region oidc_region client_id client_secret profile_arn start_url refresh_token access_token expires_at unhealthy_reason".split(
    " ",
  )

const odd = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }) as fc.Arbitrary<unknown>,
  fc.constantFrom<unknown>(
    1e300,
    -1,
    "2026-13-45T99:99:99Z",
    "9".repeat(400),
    "https://[",
    "http://x",
    "us-east-1/",
  ),
)
/** A document with some of its fields left out, replaced or spelt in the other way, or no document at all. */
const mutated = (document: object): fc.Arbitrary<string> =>
  fc
    .tuple(
      fc.dictionary(fc.constantFrom(...Object.keys(document), "provider", "authMethod", "__proto__"), odd, {
        maxKeys: 3,
      }),
      fc.subarray(Object.keys(document), { minLength: Object.keys(document).length - 2 }),
      fc.boolean(),
      fc.option(fc.nat(400)),
    )
    .map(([replaced, kept, camel, cut]) => {
      const fields = {
        ...Object.fromEntries(kept.map((key) => [key, Reflect.get(document, key)])),
        ...replaced,
      }
      const spelt = Object.entries(fields).map(([key, value]) => [camel ? camelCase(key) : key, value])
      const text = JSON.stringify(Object.fromEntries(spelt))
      return cut === null ? text : text.slice(0, cut)
    })

const cliValue = fc.oneof(
  mutated(builderToken),
  mutated(registration),
  mutated(socialToken),
  mutated(externalToken),
  odd.map((value) => JSON.stringify(value) ?? ""),
)
const cliRows = fc.array(
  fc.tuple(
    fc.constantFrom("kirocli", "codewhisperer", "amazonq"),
    fc.constantFrom("odic", "oidc", "social", "external-idp", "?"),
    fc.constantFrom("token", "device-registration"),
    cliValue,
    fc.constantFrom("TEXT", "BLOB", "INTEGER"),
  ),
  { maxLength: 5 },
)
const state = fc.array(
  fc.tuple(
    fc.constantFrom("api.codewhisperer.profile", "auth.idc.start-url", "auth.idc.region"),
    odd.map((value) => JSON.stringify(value) ?? ""),
  ),
  { maxLength: 3 },
)
/** Where the file is damaged, as a share of its length, and the byte that comes there. */
const damage = fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(255)), { maxLength: 3 })

describe("whatever another program's store holds", () => {
  it("of kiro-cli, it gives logins and problems, and no secret in a problem", () =>
    checked(fc.tuple(cliRows, state, damage), 60, async (home, [rows, states, damaged]) => {
      const file = cliDatabase(home)
      await sqlite(file, (database) => {
        database.run("CREATE TABLE auth_kv (key TEXT, value)")
        database.run("CREATE TABLE state (key TEXT, value)")
        for (const [program, flow, part, value, type] of rows)
          database.run(`INSERT INTO auth_kv VALUES (?, CAST(? AS ${type}))`, [
            `${program}:${flow}:${part}`,
            value,
          ])
        for (const [key, value] of states) database.run("INSERT INTO state VALUES (?, ?)", [key, value])
      })
      spoil(file, damaged)
    }))

  it("of the Kiro IDE, it gives logins and problems, and no secret in a problem", () =>
    checked(fc.tuple(cliValue, cliValue, cliValue), 150, async (home, [token, beside, profile]) => {
      const folder = join(home, ".aws", "sso", "cache")
      write(join(folder, "kiro-auth-token.json"), token)
      write(join(folder, `${"a".repeat(40)}.json`), beside)
      write(join(home, ".config", "Kiro", "User", "globalStorage", "kiro.kiroagent", "profile.json"), profile)
    }))

  const column = fc.oneof(
    fc.constantFrom("idc", "social", "desktop", "aoaBUILDER", "us-east-1", 1e300, null),
    fc.string(),
  )
  // The id is what a problem calls the row by.
  const named = fc.oneof(fc.constantFrom("a", "b", 1e300, null), fc.string())
  const olderRow = fc.record(
    Object.fromEntries(OLDER_COLUMNS.map((name) => [name, name === "id" ? named : column])) as Record<
      string,
      typeof column
    >,
  )

  it("of an older plugin, it gives logins and problems, and no secret in a problem", () =>
    checked(
      fc.tuple(fc.subarray(OLDER_COLUMNS, { minLength: 3 }), fc.array(olderRow, { maxLength: 4 }), damage),
      60,
      async (home, [columns, rows, damaged]) => {
        const file = join(home, ".config", "opencode", "kiro.db")
        await sqlite(file, (database) => {
          database.run(`CREATE TABLE accounts (${columns.join(", ")})`)
          for (const row of rows)
            database.run(
              `INSERT INTO accounts VALUES (${columns.map(() => "?").join(", ")})`,
              columns.map((name) => row[name] ?? null),
            )
        })
        spoil(file, damaged)
      },
    ))
})

/** Makes a home for each case, reads all its sources, and does with each login what is ever done with one. */
function checked<Value>(
  cases: fc.Arbitrary<Value>,
  usual: number,
  fill: (home: string, value: Value) => Promise<void>,
): Promise<void> {
  const property = fc.asyncProperty(cases, async (value) => {
    const home = mkdtempSync(join(tmpdir(), "kiro-fuzz-"))
    try {
      await fill(home, value)
      for (const source of sourcesOf(home)) await useSource(source)
    } finally {
      removeFolder(home)
    }
  })
  return fc.assert(property, casesOf(usual))
}

async function useSource(source: SourceStore): Promise<void> {
  assert.equal(typeof source.fingerprint(), "string")
  const { logins, problems } = await source.read()
  const told = problems.map(({ message, key = "" }) => `${message} ${key}`).join("\n")
  for (const secret of SECRETS) assert.ok(!told.includes(secret), told)
  const { put } = takeIn([], { offered: logins, now: 1, byUser: false })
  assert.ok(put.length <= logins.length)
  for (const { login, place } of logins) {
    assert.ok(source.has(place))
    if (login.kind === "api-key") continue
    await source.writeBack({ place, replaces: [loginHash(login)], after: NEXT })
    await source.read()
  }
}

function spoil(file: string, damaged: readonly (readonly [number, number])[]): void {
  if (damaged.length === 0) return
  const bytes = readFileSync(file)
  for (const [share, byte] of damaged) bytes[Math.floor(share * (bytes.length - 1))] = byte
  writeFileSync(file, bytes)
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
}

function camelCase(name: string): string {
  return name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
}
