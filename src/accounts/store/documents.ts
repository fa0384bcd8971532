import * as z from "zod/mini"
import { isObject, type JsonObject, parseJson, present } from "../../json.ts"
import {
  type AccountRecord,
  COOLING_REASONS,
  type ForgottenLogin,
  type Health,
  LOGIN_SOURCES,
  type LoginPlace,
  type LoginRecord,
  type Quota,
  REVOKED_REASONS,
} from "../account.ts"
import type { Database, Row } from "./database.ts"

/** The JSON documents of rows: each is read by one schema, and what is no member as it should be counts as not there. */

export const ACCOUNT_MEMBERS: readonly (keyof AccountRecord)[] = ["actedAt", "joined"]
export const LOGIN_MEMBERS: readonly (keyof LoginRecord)[] = [
  "owner",
  "successor",
  "places",
  "hashes",
  "inherited",
  "asked",
  "doubted",
  "unreadable",
  "taken",
  "once",
]

/** Sets the members that this version knows; all others stay as a newer version wrote them. */
export function patchDocument(
  database: Database,
  table: "kiro_account" | "kiro_login",
  patch: { readonly id: string; readonly next: object; readonly known: readonly string[] },
): void {
  const { id, next, known } = patch
  const row = database.get(`SELECT document FROM ${table} WHERE id = ?`, [id])
  const current = row === undefined ? undefined : column(row, "document")
  const kept = isObject(current) ? Object.entries(current).filter(([name]) => !known.includes(name)) : []
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

export function column(row: Row, name: string): unknown {
  const text = row[name]
  return typeof text === "string" ? parseJson(text) : undefined
}

/** A document of a row by its schema; `undefined` where it is none of that kind. */
function read<Value>(schema: z.ZodMiniType<Value>, value: unknown): Value | undefined {
  const result = z.safeParse(schema, value)
  return result.success ? result.data : undefined
}

/** What is no member as it should be counts as not there. */
const lenient = <Value>(schema: z.ZodMiniType<Value>) => z.catch(z.optional(schema), undefined)
const LIST = z.catch(z.array(z.unknown()), [])
const TEXTS = z.catch(z.array(z.string()), [])

/** The members of a list that are as they should be. */
function members<Value>(schema: z.ZodMiniType<Value>, list: readonly unknown[]): readonly Value[] {
  return list.flatMap((member) => read(schema, member) ?? [])
}

const PLACE = z.object({
  source: z.enum(LOGIN_SOURCES),
  key: z.string(),
  shown: lenient(z.string()),
  owed: lenient(z.boolean()),
})
const SUCCESSOR = z.object({ id: z.string(), anew: lenient(z.boolean()) })
const LOGIN_RECORD = z.object({
  owner: lenient(z.string()),
  successor: lenient(SUCCESSOR),
  places: LIST,
  hashes: TEXTS,
  inherited: TEXTS,
  asked: lenient(z.object({ at: z.number(), times: z.number(), unsupported: lenient(z.boolean()) })),
  doubted: lenient(z.number()),
  unreadable: lenient(z.number()),
  taken: lenient(z.number()),
  once: lenient(z.boolean()),
})

export function readLoginRecord(row: Row): LoginRecord | undefined {
  const record = read(LOGIN_RECORD, column(row, "document"))
  if (record === undefined || record.hashes.length === 0) return undefined
  const { places, hashes, inherited, asked, successor, ...rest } = record
  return {
    places: members(PLACE, places).map(readPlace),
    hashes,
    inherited,
    ...present({
      ...rest,
      asked: asked && readAsked(asked),
      successor: successor && readSuccessor(successor),
    }),
  }
}

function readAsked({
  at,
  times,
  unsupported,
}: {
  at: number
  times: number
  unsupported?: boolean | undefined
}) {
  return { at, times, ...present({ unsupported }) }
}

function readPlace({ source, key, ...rest }: z.infer<typeof PLACE>): LoginPlace {
  return { source, key, ...present(rest) }
}

function readSuccessor({ id, anew }: z.infer<typeof SUCCESSOR>): NonNullable<LoginRecord["successor"]> {
  return { id, ...present({ anew }) }
}

const ACCOUNT_RECORD = z.object({ actedAt: lenient(z.number()), joined: lenient(z.array(z.string())) })

export function readAccountRecord(value: unknown): AccountRecord | undefined {
  const record = read(ACCOUNT_RECORD, value)
  return record && present(record)
}

const FORGOTTEN = z.object({
  source: z.enum(LOGIN_SOURCES),
  sourceKey: lenient(z.string()),
  clientId: lenient(z.string()),
  fingerprint: lenient(z.string()),
  id: lenient(z.string()),
  owner: lenient(z.string()),
  successor: lenient(SUCCESSOR),
  places: lenient(z.array(PLACE)),
  hashes: lenient(z.array(z.string())),
})

export function readForgotten(value: unknown): readonly ForgottenLogin[] | undefined {
  return Array.isArray(value) ? members(FORGOTTEN, value).map(readForgottenLogin) : undefined
}

function readForgottenLogin({
  source,
  successor,
  places,
  ...rest
}: z.infer<typeof FORGOTTEN>): ForgottenLogin {
  return {
    source,
    ...present({
      ...rest,
      successor: successor && readSuccessor(successor),
      places: places?.map(readPlace),
    }),
  }
}

const HEALTH = z.object({
  state: z.string(),
  reason: lenient(z.string()),
  since: lenient(z.number()),
  until: lenient(z.number()),
  times: lenient(z.number()),
  message: lenient(z.string()),
  profiles: lenient(z.array(z.string())),
})

/** A reason that a newer version added is read as the mildest one of its state; anything else unknown is `ok`. */
export function readHealth(value: unknown): Health {
  const health = read(HEALTH, value)
  if (health === undefined) return { state: "ok" }
  const { since = 0, until, times = 1, message, profiles } = health
  if (health.state === "revoked") {
    const reason = REVOKED_REASONS.find((known) => known === health.reason) ?? "login-expired"
    return { state: "revoked", since, reason, ...present({ message }) }
  }
  if (health.state !== "cooling" || until === undefined) return { state: "ok" }
  const reason = COOLING_REASONS.find((known) => known === health.reason) ?? "throttled"
  return { state: "cooling", since, until, reason, times, ...present({ message, profiles }) }
}

const BUCKET = z.object({ used: z.number(), limit: z.number(), expiresAt: lenient(z.number()) })
const BONUS = z.extend(BUCKET, { name: z.catch(z.string(), "") })
const QUOTA = z.object({
  checkedAt: z.number(),
  used: z.number(),
  limit: z.number(),
  plan: lenient(z.string()),
  resetAt: lenient(z.number()),
  trial: lenient(BUCKET),
  bonuses: LIST,
  others: lenient(LIST),
  overage: z.catch(
    z.object({
      enabled: z.catch(z.boolean(), false),
      used: z.catch(z.number(), 0),
      cap: lenient(z.number()),
      charges: lenient(z.number()),
    }),
    { enabled: false, used: 0, cap: undefined, charges: undefined },
  ),
})

export function readQuota(value: unknown): Quota | undefined {
  const quota = read(QUOTA, value)
  if (quota === undefined) return undefined
  const { checkedAt, used, limit, plan, resetAt, trial, bonuses, others = [], overage } = quota
  const bucket = ({ expiresAt, ...rest }: z.infer<typeof BUCKET>) => ({ ...rest, ...present({ expiresAt }) })
  return {
    checkedAt,
    used,
    limit,
    bonuses: members(BONUS, bonuses).map(({ name, ...rest }) => ({ name, ...bucket(rest) })),
    overage: {
      enabled: overage.enabled,
      used: overage.used,
      ...present({ cap: overage.cap, charges: overage.charges }),
    },
    ...present({
      plan,
      resetAt,
      trial: trial && bucket(trial),
      others: others.length === 0 ? undefined : members(BONUS, others),
    }),
  }
}

export function readHosts(value: unknown): { readonly [plane: string]: string } {
  return read(z.record(z.string(), z.string()), value) ?? {}
}
