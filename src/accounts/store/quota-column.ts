import { isObject, type JsonObject, numberField, stringField } from "../../json.ts"
import type { Quota } from "../account.ts"
import { present } from "./row.ts"

export function readQuota(value: unknown): Quota | undefined {
  if (!isObject(value)) return undefined
  const bucket = readBucket(value)
  const checkedAt = numberField(value, "checkedAt")
  if (bucket === undefined || checkedAt === undefined) return undefined
  return {
    checkedAt,
    used: bucket.used,
    limit: bucket.limit,
    bonuses: readBonuses(value["bonuses"]),
    overage: readOverage(value["overage"]),
    ...present({
      plan: stringField(value, "plan"),
      resetAt: numberField(value, "resetAt"),
      trial: readBucket(value["trial"]),
    }),
  }
}

function readBucket(value: unknown): { used: number; limit: number; expiresAt?: number } | undefined {
  if (!isObject(value)) return undefined
  const used = numberField(value, "used")
  const limit = numberField(value, "limit")
  if (used === undefined || limit === undefined) return undefined
  return { used, limit, ...present({ expiresAt: numberField(value, "expiresAt") }) }
}

function readBonuses(value: unknown): Quota["bonuses"] {
  if (!Array.isArray(value)) return []
  return value.filter(isObject).flatMap((each: JsonObject) => {
    const bucket = readBucket(each)
    return bucket === undefined ? [] : [{ name: stringField(each, "name") ?? "", ...bucket }]
  })
}

function readOverage(value: unknown): Quota["overage"] {
  if (!isObject(value)) return { enabled: false, used: 0 }
  return {
    enabled: value["enabled"] === true,
    used: numberField(value, "used") ?? 0,
    ...present({ cap: numberField(value, "cap"), charges: numberField(value, "charges") }),
  }
}
