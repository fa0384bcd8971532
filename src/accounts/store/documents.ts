import * as z from "zod/mini"
import { isObject, type JsonObject, parseJson, present } from "../../json.ts"
import {
  COOLING_REASONS,
  type ForgottenLogin,
  type Health,
  LOGIN_SOURCES,
  REVOKED_REASONS,
} from "../account.ts"
import type { Database } from "./database.ts"

/** The JSON documents of rows: each is read by one schema, and what is no member as it should be counts as not there. */

/** What has no value is left out. */
function record<Shape extends z.core.$ZodShape>(shape: Shape) {
  return z.pipe(
    z.object(shape),
    z.transform((members: z.output<z.ZodMiniObject<Shape>>) => present(members)),
  )
}

/** What is no member as it should be counts as not there. */
function lenient<Schema extends z.ZodMiniType>(schema: Schema) {
  return z.catch(z.optional(schema), undefined)
}

/** The members of a list that are as they should be. */
function listOf<Schema extends z.ZodMiniType>(schema: Schema) {
  return z.pipe(
    z.array(z.unknown()),
    z.transform((list) =>
      list.flatMap((member): z.output<Schema>[] => {
        const { success, data } = z.safeParse(schema, member)
        return success ? [data] : []
      }),
    ),
  )
}

/** `undefined` for what is no such document. */
function reader<Value>(schema: z.ZodMiniType<Value>): (value: unknown) => Value | undefined {
  return (value) => {
    const { success, data } = z.safeParse(schema, value)
    return success ? data : undefined
  }
}

const TEXTS = z.catch(z.array(z.string()), [])
const PLACE = record({
  source: z.enum(LOGIN_SOURCES),
  key: z.string(),
  shown: lenient(z.string()),
  owed: lenient(z.boolean()),
})
const SUCCESSOR = record({ id: z.string(), anew: lenient(z.boolean()) })

const LOGIN_MEMBERS = {
  owner: lenient(z.string()),
  successor: lenient(SUCCESSOR),
  places: z.catch(listOf(PLACE), []),
  hashes: z.array(z.string()).check(z.minLength(1)),
  inherited: TEXTS,
  asked: lenient(record({ at: z.number(), times: z.number(), unsupported: lenient(z.boolean()) })),
  doubted: lenient(z.number()),
  unreadable: lenient(z.number()),
  taken: lenient(z.number()),
  once: lenient(z.boolean()),
}

/** One that names no pair was not written by any version that knows of documents. */
export const readLoginRecord = reader(record(LOGIN_MEMBERS))

const ACCOUNT_MEMBERS = { actedAt: lenient(z.number()), joined: lenient(z.array(z.string())) }

export const readAccountRecord = reader(record(ACCOUNT_MEMBERS))

/** A version without records has left the place and the hash of the last pair alone. */
export const readForgotten = reader(
  listOf(
    z.pipe(
      record({
        source: z.enum(LOGIN_SOURCES),
        sourceKey: lenient(z.string()),
        fingerprint: lenient(z.string()),
        id: lenient(z.string()),
        owner: lenient(z.string()),
        successor: lenient(SUCCESSOR),
        places: lenient(z.array(PLACE)),
        hashes: TEXTS,
      }),
      z.transform(({ source, sourceKey: key, fingerprint: shown, id, ...rest }): ForgottenLogin => {
        const { places = key === undefined ? [] : [{ source, key, ...present({ shown }) }] } = rest
        const hashes = [...new Set([...rest.hashes, ...(shown === undefined ? [] : [shown])])]
        const known = { ...rest, places, hashes, inherited: [] }
        return { kind: "forgotten", source, ...present({ id }), record: known }
      }),
    ),
  ),
)

/** With what such a version looks for. */
export function forgottenEntry({ id, source, record: known }: ForgottenLogin): JsonObject {
  const { owner, successor, places, hashes } = known
  const older = { sourceKey: places[0]?.key, fingerprint: hashes.at(-1) }
  return { source, ...older, id, owner, successor, places, hashes }
}

/** A reason that a newer version added is read as the mildest one of its state; anything else unknown is `ok`. */
export const readHealth = reader(
  z.pipe(
    record({
      state: z.string(),
      reason: lenient(z.string()),
      since: z.catch(z.number(), 0),
      until: lenient(z.number()),
      times: z.catch(z.number(), 1),
      message: lenient(z.string()),
      profiles: lenient(z.array(z.string())),
    }),
    z.transform(({ state, until, reason: named, times, profiles, ...rest }): Health => {
      if (state === "revoked") {
        const reason = REVOKED_REASONS.find((known) => known === named) ?? "login-expired"
        return { state, reason, ...rest }
      }
      if (state !== "cooling" || until === undefined) return { state: "ok" }
      const reason = COOLING_REASONS.find((known) => known === named) ?? "throttled"
      return { state, until, reason, times, ...rest, ...present({ profiles }) }
    }),
  ),
)

const BUCKET = { used: z.number(), limit: z.number(), expiresAt: lenient(z.number()) }
const BONUSES = listOf(record({ ...BUCKET, name: z.catch(z.string(), "") }))

export const readQuota = reader(
  record({
    checkedAt: z.number(),
    used: z.number(),
    limit: z.number(),
    plan: lenient(z.string()),
    resetAt: lenient(z.number()),
    trial: lenient(record(BUCKET)),
    bonuses: z.catch(BONUSES, []),
    others: lenient(BONUSES.check(z.minLength(1))),
    overage: z.catch(
      record({
        enabled: z.catch(z.boolean(), false),
        used: z.catch(z.number(), 0),
        cap: lenient(z.number()),
        charges: lenient(z.number()),
      }),
      { enabled: false, used: 0 },
    ),
  }),
)

export const readHosts = reader(z.record(z.string(), z.string()))

/** The members of each document that this version knows. */
const KNOWN = { kiro_account: Object.keys(ACCOUNT_MEMBERS), kiro_login: Object.keys(LOGIN_MEMBERS) }

/** Sets the members that this version knows; all others stay as a newer version wrote them. */
export function patchDocument(database: Database, table: keyof typeof KNOWN, id: string, next: object): void {
  const text = database.get(`SELECT document FROM ${table} WHERE id = ?`, [id])?.["document"]
  const current = typeof text === "string" ? parseJson(text) : undefined
  const kept = Object.entries(isObject(current) ? current : {}).filter(
    ([name]) => !KNOWN[table].includes(name),
  )
  const members = Object.entries(next).map(([name, value]): [string, unknown] => [
    name,
    name === "places" && isObject(current) ? patchPlaces(value, current["places"]) : value,
  ])
  const document = JSON.stringify(Object.fromEntries([...kept, ...members]))
  database.run(`UPDATE ${table} SET document = ? WHERE id = ?`, [document, id])
}

function patchPlaces(places: unknown, before: unknown): unknown {
  if (!Array.isArray(places) || !Array.isArray(before)) return places
  return places.map((place: JsonObject) => {
    const known = before.find(
      (other) => isObject(other) && other["source"] === place["source"] && other["key"] === place["key"],
    )
    return { ...(known as JsonObject | undefined), ...place }
  })
}
